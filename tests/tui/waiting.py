"""Waiting for what an app shows, and reading its screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot

FRAMES = str.maketrans("│╭╮╰╯─▊▎▔▁", " " * 10)


def shown(app: App[int]) -> str:
    """The top screen as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(pilot: Pilot[int], condition: Callable[[], object], within: float = 20.0) -> None:
    """Let the app work until a condition holds; the screen is in the message when it never does."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"never happened; on screen:\n{shown(pilot.app)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def until_shown(pilot: Pilot[int], text: str, within: float = 20.0) -> None:
    """Wait for a text on the screen, wherever its lines break; frames do not count."""
    wanted = " ".join(text.split())
    await until(pilot, lambda: wanted in " ".join(shown(pilot.app).translate(FRAMES).split()), within)
