"""labrunner's own emulator: the scanner, the state, and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from labrunner.shell.terminal.csi import control_sequence
from labrunner.shell.terminal.emulator import Cursor, Event, ReportedColours
from labrunner.shell.terminal.escapes import escape_sequence, string_sequence
from labrunner.shell.terminal.modes import Modes
from labrunner.shell.terminal.row import Row
from labrunner.shell.terminal.scanner import Scanner
from labrunner.shell.terminal.screen import Scrollback
from labrunner.shell.terminal.state import State
from labrunner.shell.terminal.styles import Style

MAX_SIZE = 4096
"""The most columns or rows; a larger size is a mistake of the window system."""


class _Sink(State):
    """The state with every kind of token wired to it."""

    def escape(self, sequence: str) -> None:
        escape_sequence(self, sequence)

    def csi(self, parameters: str, final: str) -> None:
        control_sequence(self, parameters, final)

    def string(self, kind: str, payload: str, terminator: str) -> None:
        string_sequence(self, kind, payload, terminator)


class VirtualTerminal:
    """An xterm-like terminal in pure Python; see `Emulator` for its members.

    Args:
        columns: Width in cells, at least 1.
        rows: Height in cells, at least 1.
        scrollback: Rows kept above the screen.
        clock: Monotonic seconds; only synchronized updates ask for it.
    """

    def __init__(
        self,
        columns: int = 80,
        rows: int = 24,
        *,
        scrollback: int = 10_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._state = _Sink(_bounded(columns), _bounded(rows), scrollback, clock)
        self._scanner = Scanner()
        self._shown: Sequence[Row] = ()
        self._shown_cursor = Cursor()

    @property
    def colours(self) -> ReportedColours:
        """What colour queries are answered with."""
        return self._state.colours

    @colours.setter
    def colours(self, colours: ReportedColours) -> None:
        self._state.colours = colours

    @property
    def columns(self) -> int:
        """Width in cells."""
        return self._state.columns

    @property
    def rows(self) -> int:
        """Height in cells."""
        return self._state.rows

    @property
    def lines(self) -> Sequence[Row]:
        """The rows to show; during a synchronized update, those from before it."""
        self._expire()
        held = self._state.held
        return held[0] if held else self._state.screen.lines

    @property
    def cursor(self) -> Cursor:
        """The cursor to show; during a synchronized update, where it was before."""
        self._expire()
        held = self._state.held
        return held[1] if held else self._state.live_cursor

    @property
    def scrollback(self) -> Scrollback:
        """The rows above the primary screen, oldest first."""
        return self._state.scrollback

    @property
    def modes(self) -> Modes:
        """The modes the program has set."""
        return self._state.modes

    @property
    def title(self) -> str:
        """The window title; empty until a program sets one."""
        return self._state.title

    @property
    def generation(self) -> int:
        """Grows when style ids may mean other styles than before."""
        return self._state.styles.generation

    @property
    def synchronized_for(self) -> float | None:
        """Seconds until a synchronized update is shown regardless; None when none is going on."""
        state = self._state
        return max(state.held_until - state.clock(), 0.0) if state.held else None

    def style(self, identifier: str) -> Style:
        """The style behind a style id of a row."""
        return self._state.styles[identifier]

    def text(self, row: Row) -> str:
        """A row's text as it is drawn, trailing blanks kept."""
        return self._state.clusters.shown(row.text)

    def plain(self, row: Row) -> str:
        """A row's text as the program wrote it, for copying."""
        return self._state.clusters.plain(row.text)

    def feed(self, data: bytes) -> None:
        """Take output of the program: any bytes, cut anywhere."""
        self._scanner.feed(data, self._state)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, wrapping the primary screen and the scrollback anew."""
        columns, rows = _bounded(columns), _bounded(rows)
        if (columns, rows) != (self.columns, self.rows):
            self._state.resize(columns, rows)
            self._shown = ()

    def take_dirty(self) -> frozenset[int]:
        """The rows that look different than at the last call.

        Rows are immutable, so this is a comparison of references; drawing keeps no account of changes.
        """
        lines, cursor, old = self.lines, self.cursor, self._shown_cursor
        shown = self._shown
        if len(shown) != len(lines):
            dirty = set(range(len(lines)))
        else:
            pairs = enumerate(zip(lines, shown, strict=True))
            dirty = {y for y, (row, before) in pairs if row is not before and row != before}
        if cursor != old:
            dirty |= {min(old.y, len(lines) - 1), cursor.y}
        self._shown, self._shown_cursor = tuple(lines), cursor
        return frozenset(dirty)

    def take_replies(self) -> bytes:
        """Answers to the program's queries since the last call."""
        replies = bytes(self._state.replies)
        self._state.replies.clear()
        return replies

    def take_events(self) -> list[Event]:
        """What happened since the last call, oldest first."""
        events = list(self._state.events)
        self._state.events.clear()
        return events

    def _expire(self) -> None:
        if self._state.held and self._state.clock() >= self._state.held_until:
            self._state.release()


def _bounded(size: int) -> int:
    return min(max(size, 1), MAX_SIZE)
