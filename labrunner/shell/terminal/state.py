"""Everything a program's output can change, and the sink that changes it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Final

from labrunner.shell.terminal import modes as mode
from labrunner.shell.terminal.charsets import DESIGNATED
from labrunner.shell.terminal.clusters import ClusterTable
from labrunner.shell.terminal.emulator import Bell, Cursor, CursorShape, Event, ReportedColours
from labrunner.shell.terminal.modes import Modes
from labrunner.shell.terminal.resize import resize_screen
from labrunner.shell.terminal.row import EMPTY, PLAIN, Row
from labrunner.shell.terminal.screen import SavedCursor, Screen, Scrollback
from labrunner.shell.terminal.styles import StyleTable

MAX_EVENTS: Final = 1024
MAX_REPLIES: Final = 16_384
SYNCHRONIZED_SECONDS: Final = 1.0
"""How long a program may hold the picture (mode 2026) before it is shown anyway."""


class State:
    """Both screens and what they share.

    Args:
        columns: Width in cells.
        rows: Height in cells.
        scrollback: Rows kept above the primary screen.
        clock: Monotonic seconds.
    """

    def __init__(self, columns: int, rows: int, scrollback: int, clock: Callable[[], float]) -> None:
        self.columns, self.rows, self.clock = columns, rows, clock
        self.colours = ReportedColours()
        self.scrollback = Scrollback(maxlen=scrollback)
        self.clusters = ClusterTable()
        self.styles = StyleTable(self.styles_in_use)
        self.events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self.replies = bytearray()
        self.title = ""
        self.titles: list[str] = []
        self._begin()

    def _begin(self) -> None:
        """Power-on state of all that RIS resets."""
        self.modes = Modes()
        parts = (self.columns, self.rows, self.modes, self.styles, self.clusters)
        self.primary = Screen(*parts, scrollback=self.scrollback)
        self.alternate = Screen(*parts)
        self.alternate.tabs = self.primary.tabs
        self.screen = self.primary
        self.charsets = ["B", "B"]
        self.shifted = 0
        self.translation: dict[int, int] | None = None
        self.last_text = ""
        self.shape = CursorShape.BLOCK
        self.held: tuple[tuple[Row, ...], Cursor] | None = None
        self.held_until = 0.0

    def reset(self) -> None:
        """RIS: everything but the title, as at the start."""
        self.scrollback.clear()
        self._begin()

    def soft_reset(self) -> None:
        """DECSTR: modes, margins, style and character sets, but nothing that is on the screen."""
        self.modes.soft_reset()
        screen = self.screen
        screen.top, screen.bottom = 0, self.rows - 1
        screen.style, screen.saved, screen.pending = PLAIN, SavedCursor(), False
        self.charsets, self.shifted = ["B", "B"], 0
        self.translation = None

    def styles_in_use(self) -> set[str]:
        """Every style id a row or a cursor refers to."""
        used = {self.primary.style, self.alternate.style}
        used |= {self.primary.saved.style, self.alternate.saved.style}
        held = self.held[0] if self.held else ()
        for rows in (self.scrollback, self.primary.lines, self.alternate.lines, held):
            for row in rows:
                used.update(row.styles)
        return used

    def reply(self, text: str) -> None:
        """Answer the program, unless it never reads its answers."""
        if len(self.replies) < MAX_REPLIES:
            self.replies += text.encode()

    @property
    def live_cursor(self) -> Cursor:
        """The cursor as the program last left it."""
        private = self.modes.private
        return Cursor(
            self.screen.x,
            self.screen.y,
            mode.CURSOR_VISIBLE in private,
            self.shape,
            mode.CURSOR_BLINKS in private,
        )

    # Character sets

    def designate(self, slot: int, final: str) -> None:
        """Put a character set into G0 or G1."""
        if final in DESIGNATED:
            self.charsets[slot] = final
            self.shift(self.shifted)

    def shift(self, slot: int) -> None:
        """SI and SO: choose the character set text is printed with."""
        self.shifted = slot
        self.translation = DESIGNATED[self.charsets[slot]]

    # Cursor and screens

    def save_cursor(self) -> None:
        """DECSC."""
        screen = self.screen
        screen.saved = SavedCursor(
            screen.x,
            screen.y,
            screen.pending,
            screen.style,
            mode.ORIGIN in self.modes.private,
            (self.charsets[0], self.charsets[1]),
            self.shifted,
        )

    def restore_cursor(self) -> None:
        """DECRC."""
        screen, saved = self.screen, self.screen.saved
        self.modes.switch(mode.ORIGIN, saved.origin, private=True)
        screen.move(saved.x, saved.y)
        screen.pending, screen.style = saved.pending, saved.style
        self.charsets = list(saved.charsets)
        self.shift(saved.shifted)

    def show_alternate(self, on: bool) -> None:
        """Change between the screens; cursor, style and margins go along."""
        old, new = self.screen, self.alternate if on else self.primary
        if old is not new:
            new.x, new.y, new.pending, new.style = old.x, old.y, old.pending, old.style
            new.top, new.bottom = old.top, old.bottom
            self.screen = new

    def clear_alternate(self) -> None:
        """Blank the alternate screen."""
        self.alternate.lines = [EMPTY] * self.rows

    # Synchronized updates

    def hold(self) -> None:
        """Keep showing the present picture until `release` or the timeout."""
        if self.held is None:
            self.held = (tuple(self.screen.lines), self.live_cursor)
            self.held_until = self.clock() + SYNCHRONIZED_SECONDS

    def release(self) -> None:
        """Show what was drawn meanwhile."""
        self.held = None
        self.modes.private.discard(mode.SYNCHRONIZED)

    # The scanner's sink: text and controls. Sequences are in csi.py, escapes.py and strings.py.

    def text(self, text: str) -> None:
        """Print text in the chosen character set."""
        self.last_text = text
        self.screen.write(text if self.translation is None else text.translate(self.translation))

    def lines(self, block: str) -> None:
        """Print whole lines of ASCII."""
        self.last_text = block
        if self.translation is not None:
            block = block.translate(self.translation)
        # Line drawing is not ASCII but one cell wide each, which is all that `write_lines` relies on.
        if mode.INSERT in self.modes.ansi:
            for line in block.split("\r\n")[:-1]:
                self.screen.write(line)
                self.control("\r")
                self.control("\n")
        else:
            self.screen.write_lines(block)

    def control(self, character: str) -> None:
        """Obey a C0 control."""
        screen = self.screen
        if character == "\r":
            screen.x = 0
            screen.pending = False
        elif character in "\n\v\f":
            screen.line_feed()
            if mode.NEWLINE in self.modes.ansi:
                screen.x = 0
            screen.pending = False
        elif character == "\b":
            screen.move(screen.x - 1, screen.y)
        elif character == "\t":
            screen.tab()
        elif character == "\a":
            if not self.events or self.events[-1] != Bell():
                self.events.append(Bell())
        elif character in "\x0e\x0f":
            self.shift(1 if character == "\x0e" else 0)

    def repeat(self, count: int) -> None:
        """REP: print the last character again."""
        printed = self.last_text.rstrip("\r\n")
        if printed:
            self.screen.write((printed[-1] * count).translate(self.translation or {}))

    def resize(self, columns: int, rows: int) -> None:
        """Take a new size on both screens."""
        self.release()
        self.tabs_for(columns)
        for screen in (self.primary, self.alternate):
            resize_screen(screen, columns, rows)
        self.columns, self.rows = columns, rows

    def tabs_for(self, columns: int) -> None:
        """Give columns that appear their default tab stops, and forget those of columns that go."""
        self.primary.tabs |= set(range((self.columns + 7) // 8 * 8, columns, 8))
        self.primary.tabs &= set(range(columns))


_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def printable(text: str, limit: int) -> str:
    """A title or address as it may be shown: no controls, at most `limit` characters."""
    return _UNPRINTABLE.sub("", text)[:limit]
