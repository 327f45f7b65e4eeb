"""What the rest of labrunner may know of a terminal emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from labrunner.shell.terminal.modes import Modes
from labrunner.shell.terminal.row import Row
from labrunner.shell.terminal.screen import Scrollback
from labrunner.shell.terminal.styles import Style


class CursorShape(Enum):
    """What DECSCUSR can ask for."""

    BLOCK = "block"
    UNDERLINE = "underline"
    BAR = "bar"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor is (columns and rows from 0) and how it looks."""

    x: int = 0
    y: int = 0
    visible: bool = True
    shape: CursorShape = CursorShape.BLOCK
    blinks: bool = False


@dataclass(frozen=True, slots=True)
class Bell:
    """The program rang (BEL). Several in a row are one event."""


@dataclass(frozen=True, slots=True)
class TitleChanged:
    """The program named its window (OSC 0 and 2)."""

    title: str


@dataclass(frozen=True, slots=True)
class OscReceived:
    """An operating system command for the host: 7 (directory), 52 (clipboard) or 133 (prompt marks)."""

    number: int
    payload: str


Event = Bell | TitleChanged | OscReceived


@dataclass(frozen=True, slots=True)
class ReportedColours:
    """The (red, green, blue) a program is told when it asks (OSC 10, 11, 12); None is not answered."""

    foreground: tuple[int, int, int] | None = None
    background: tuple[int, int, int] | None = None
    cursor: tuple[int, int, int] | None = None


class Emulator(Protocol):
    """A terminal without a window: bytes in, rows of styled cells out. It does no I/O.

    Attributes:
        colours: What colour queries are answered with.
    """

    colours: ReportedColours

    @property
    def columns(self) -> int:
        """Width in cells."""

    @property
    def rows(self) -> int:
        """Height in cells."""

    @property
    def lines(self) -> Sequence[Row]:
        """The rows to show, top first: exactly `rows` of them."""

    @property
    def cursor(self) -> Cursor:
        """The cursor to show."""

    @property
    def scrollback(self) -> Scrollback:
        """The rows above the screen, oldest first."""

    @property
    def modes(self) -> Modes:
        """The modes the program has set: what keys, pastes and the mouse must send."""

    @property
    def title(self) -> str:
        """The window title; empty until a program sets one."""

    @property
    def generation(self) -> int:
        """Grows when style ids may mean other styles than before."""

    def style(self, identifier: str) -> Style:
        """The style behind a style id of a row."""

    def text(self, row: Row) -> str:
        """A row's text as it is drawn, trailing blanks kept."""

    def feed(self, data: bytes) -> None:
        """Take output of the program. Any bytes, cut anywhere; never raises."""

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the primary screen and the scrollback are wrapped anew."""

    def take_dirty(self) -> frozenset[int]:
        """The rows that look different than at the last call, those the cursor left and entered included."""

    def take_replies(self) -> bytes:
        """What to write back to the program: answers to its queries since the last call."""

    def take_events(self) -> list[Event]:
        """What happened since the last call, oldest first."""

    @property
    def synchronized_for(self) -> float | None:
        """Seconds until a synchronized update is shown regardless; None when none is going on."""
