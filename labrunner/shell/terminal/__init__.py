"""The terminal emulator core: bytes of a program in, rows of styled cells out. No I/O, no user interface."""

from labrunner.shell.terminal.emulator import (
    Bell,
    Cursor,
    CursorShape,
    Emulator,
    Event,
    OscReceived,
    ReportedColours,
    TitleChanged,
)
from labrunner.shell.terminal.modes import Modes, MouseTracking
from labrunner.shell.terminal.row import FILLER, PLAIN, Row
from labrunner.shell.terminal.styles import DEFAULT_COLOUR, RGB, Attribute, Style, Underline
from labrunner.shell.terminal.virtual import VirtualTerminal

__all__ = [
    "DEFAULT_COLOUR",
    "FILLER",
    "PLAIN",
    "RGB",
    "Attribute",
    "Bell",
    "Cursor",
    "CursorShape",
    "Emulator",
    "Event",
    "Modes",
    "MouseTracking",
    "OscReceived",
    "ReportedColours",
    "Row",
    "Style",
    "TitleChanged",
    "Underline",
    "VirtualTerminal",
]
