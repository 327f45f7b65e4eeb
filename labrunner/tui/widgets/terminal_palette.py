"""Terminal colours and styles as Rich styles that suit the theme.

Programs choose the 16 ANSI colours for a background they cannot see. On the theme's own background each is
moved towards black or white until it can be read; on a background the program chose itself it is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from rich.color import Color
from rich.style import Style as RichStyle

from labrunner.shell.terminal import DEFAULT_COLOUR, RGB, Attribute, Style, Underline

Triplet = tuple[int, int, int]

READABLE: Final = 4.5
"""Contrast ratio wanted of text (WCAG 2, level AA)."""

ANSI: Final[tuple[Triplet, ...]] = (
    (30, 32, 38), (200, 58, 70), (60, 150, 72), (184, 140, 32), (60, 112, 214), (168, 76, 186), (38, 148, 166),
    (208, 212, 218), (108, 114, 128), (242, 98, 112), (110, 200, 114), (230, 192, 92), (122, 166, 255),
    (216, 142, 232), (98, 206, 222), (255, 255, 255),
)  # fmt: skip
"""The colours 0–15 before they are fitted to a background."""

_SAFE_LINKS: Final = ("https://", "http://", "mailto:")


def luminance(colour: Triplet) -> float:
    """WCAG relative luminance, 0 (black) to 1 (white)."""
    red, green, blue = (
        channel / 3294.6 if channel <= 10 else ((channel / 255 + 0.055) / 1.055) ** 2.4 for channel in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Triplet, other: Triplet) -> float:
    """WCAG contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)
def readable(colour: Triplet, background: Triplet) -> Triplet:
    """The colour nearest to `colour`, towards black or white, that can be read on `background`."""
    goal = 255 if luminance(background) < 0.18 else 0
    red, green, blue = colour
    for step in range(21):
        share = step / 20
        candidate = (
            round(red + (goal - red) * share),
            round(green + (goal - green) * share),
            round(blue + (goal - blue) * share),
        )
        if contrast(candidate, background) >= READABLE:
            return candidate
    return (goal, goal, goal)


class StylePalette:
    """Turns the emulator's styles into Rich styles on one background.

    Args:
        base: Style of plain cells: the theme's foreground and background.
        native: Leave the ANSI colours to the real terminal (Textual's ansi themes).
        style_of: The emulator's style of a style id.
    """

    def __init__(self, base: RichStyle, native: bool, style_of: Callable[[str], Style]) -> None:
        self.base = base
        self._native = native
        self._style_of = style_of
        self._styles: dict[str, RichStyle] = {}
        background = base.bgcolor.triplet if base.bgcolor else None
        self._background: Triplet | None = (
            (background.red, background.green, background.blue) if background else None
        )

    def __getitem__(self, identifier: str) -> RichStyle:
        style = self._styles.get(identifier)
        if style is None:
            style = self._styles[identifier] = self._convert(self._style_of(identifier))
        return style

    def _convert(self, style: Style) -> RichStyle:
        attributes = style.attributes
        own_background = style.background != DEFAULT_COLOUR
        return self.base + RichStyle(
            color=self._colour(style.foreground, fit=not own_background),
            bgcolor=self._colour(style.background, fit=False),
            # Blinking text is hard to read and cannot be turned off: it is bold instead.
            bold=bool(attributes & (Attribute.BOLD | Attribute.BLINK)) or None,
            dim=bool(attributes & Attribute.DIM) or None,
            italic=bool(attributes & Attribute.ITALIC) or None,
            reverse=bool(attributes & Attribute.REVERSE) or None,
            conceal=bool(attributes & Attribute.HIDDEN) or None,
            strike=bool(attributes & Attribute.STRIKE) or None,
            overline=bool(attributes & Attribute.OVERLINE) or None,
            underline=(style.underline not in (Underline.NONE, Underline.DOUBLE)) or None,
            underline2=(style.underline == Underline.DOUBLE) or None,
            link=style.link if style.link.startswith(_SAFE_LINKS) else None,
        )

    def _colour(self, colour: int, *, fit: bool) -> Color | None:
        if colour == DEFAULT_COLOUR:
            return None
        if colour >= RGB:
            return Color.from_rgb(colour >> 16 & 255, colour >> 8 & 255, colour & 255)
        if colour >= 16 or self._native:
            return Color.from_ansi(colour)
        triplet = ANSI[colour]
        if fit and self._background is not None:
            triplet = readable(triplet, self._background)
        return Color.from_rgb(*triplet)
