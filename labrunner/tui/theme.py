"""The app's two themes: quiet greys, one accent. Every state also has a sign and a word, so colour only helps."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="labrunner-dark",
    primary="#7aa2d6",
    secondary="#8f9bb3",
    accent="#7aa2d6",
    foreground="#d7dae0",
    background="#15171c",
    surface="#1b1e24",
    panel="#242830",
    success="#86c08b",
    warning="#dcb267",
    error="#e58080",
    dark=True,
)
LIGHT = Theme(
    name="labrunner-light",
    primary="#2f5f9e",
    secondary="#5b6577",
    accent="#2f5f9e",
    foreground="#22262e",
    background="#fafaf8",
    surface="#f1f1ee",
    panel="#e4e5e2",
    success="#2c6e34",
    warning="#8a5a00",
    error="#a82a2a",
    dark=False,
)
