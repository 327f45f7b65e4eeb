"""What the mouse sends to a program that asked for it, as an xterm would."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from labrunner.shell.terminal.modes import Modes, MouseTracking

_LEGACY_LIMIT: Final = 223
_MOTION: Final = 32


class Button(IntEnum):
    """xterm's button codes."""

    LEFT = 0
    MIDDLE = 1
    RIGHT = 2
    NONE = 3
    WHEEL_UP = 64
    WHEEL_DOWN = 65
    WHEEL_LEFT = 66
    WHEEL_RIGHT = 67


class Action(IntEnum):
    """What happened to the button."""

    PRESS = 0
    RELEASE = 1
    MOVE = 2


@dataclass(frozen=True, slots=True)
class MouseEvent:
    """Something the mouse did over the cell `x`, `y` (from 0)."""

    action: Action
    button: Button
    x: int
    y: int
    shift: bool = False
    alt: bool = False
    ctrl: bool = False


def encode_mouse(event: MouseEvent, modes: Modes) -> bytes:
    """The report of a mouse event; empty when the program did not ask for it."""
    tracking = modes.mouse
    if not _wanted(event, tracking):
        return b""
    code = int(event.button)
    if event.action is Action.MOVE:
        code += _MOTION
    if tracking is not MouseTracking.PRESS:
        code += 4 * event.shift + 8 * event.alt + 16 * event.ctrl
    if modes.sgr_mouse:
        final = "m" if event.action is Action.RELEASE else "M"
        return f"\x1b[<{code};{event.x + 1};{event.y + 1}{final}".encode()
    if event.action is Action.RELEASE:
        code = code & ~3 | Button.NONE
    if max(event.x, event.y) >= _LEGACY_LIMIT:
        return b""
    return b"\x1b[M" + bytes((code + 32, event.x + 33, event.y + 33))


def _wanted(event: MouseEvent, tracking: MouseTracking) -> bool:
    match event.action:
        case Action.PRESS:
            return tracking is not MouseTracking.NONE
        case Action.RELEASE:
            return tracking >= MouseTracking.CLICKS
        case Action.MOVE:
            if tracking is MouseTracking.DRAG:
                return event.button is not Button.NONE
            return tracking is MouseTracking.MOTION
