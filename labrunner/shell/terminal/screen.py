"""One screen: rows, cursor, margins and tab stops, and the edits a program makes to them.

Columns and rows count from 0. Nothing here knows of escape sequences.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from labrunner.shell.terminal.clusters import ClusterTable
from labrunner.shell.terminal.modes import AUTOWRAP, INSERT, ORIGIN, Modes
from labrunner.shell.terminal.row import EMPTY, FILLER, PLAIN, Row, blank_row, delete, erase, insert, put
from labrunner.shell.terminal.styles import StyleTable


class Scrollback(deque[Row]):
    """The rows that left the top of the primary screen, oldest first, bounded by `maxlen`."""

    pushed: int = 0
    """How many rows ever went in. `pushed - len(scrollback)` is the number of the oldest one kept."""

    def push(self, rows: list[Row]) -> None:
        """Add rows at the new end."""
        self.extend(rows)
        self.pushed += len(rows)


@dataclass(frozen=True, slots=True)
class SavedCursor:
    """What DECSC keeps."""

    x: int = 0
    y: int = 0
    pending: bool = False
    style: str = PLAIN
    origin: bool = False
    charsets: tuple[str, str] = ("B", "B")
    shifted: int = 0


class Screen:
    """A grid of `columns` × `rows` cells with a cursor.

    Attributes:
        lines: Exactly `rows` rows, each at most `columns` long.
        pending: The last column was written; the next character wraps first.
        top: First row of the scroll region.
        bottom: Last row of the scroll region.
        scrollback: Where rows go that scroll off the top; None throws them away.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        modes: Modes,
        styles: StyleTable,
        clusters: ClusterTable,
        scrollback: Scrollback | None = None,
    ) -> None:
        self.columns, self.rows = columns, rows
        self.modes, self.styles, self.clusters = modes, styles, clusters
        self.scrollback = scrollback
        self.lines: list[Row] = [EMPTY] * rows
        self.x = self.y = 0
        self.pending = False
        self.style = PLAIN
        self.saved = SavedCursor()
        self.top, self.bottom = 0, rows - 1
        self.tabs = set(range(8, columns, 8))

    # Cursor

    @property
    def erase_style(self) -> str:
        """The style id erased cells get."""
        return PLAIN if self.style == PLAIN else self.styles.erased(self.style)

    def move(self, x: int, y: int) -> None:
        """Put the cursor at a position of the whole screen, kept inside it."""
        self.x = min(max(x, 0), self.columns - 1)
        self.y = min(max(y, 0), self.rows - 1)
        self.pending = False

    def address(self, x: int | None, y: int | None) -> None:
        """CUP, HPA, VPA: a position, of the scroll region when origin mode is on; None keeps one."""
        if ORIGIN in self.modes.private:
            row = self.y if y is None else min(self.top + y, self.bottom)
        else:
            row = self.y if y is None else y
        self.move(self.x if x is None else x, row)

    def up(self, count: int) -> None:
        """CUU: stops at the top margin unless it starts above it."""
        limit = self.top if self.y >= self.top else 0
        self.move(self.x, max(self.y - count, limit))

    def down(self, count: int) -> None:
        """CUD: stops at the bottom margin unless it starts below it."""
        limit = self.bottom if self.y <= self.bottom else self.rows - 1
        self.move(self.x, min(self.y + count, limit))

    def tab(self, count: int = 1) -> None:
        """HT and CHT. A tab at the last column leaves the pending wrap as it is."""
        for _ in range(min(count, self.columns)):
            self.x = min((stop for stop in self.tabs if stop > self.x), default=self.columns - 1)

    def tab_back(self, count: int = 1) -> None:
        """CBT."""
        for _ in range(min(count, self.columns)):
            self.x = max((stop for stop in self.tabs if stop < self.x), default=0)
        self.pending = False

    # Scrolling

    def line_feed(self) -> None:
        """Move down a row, scrolling at the bottom margin. Keeps the column."""
        if self.y == self.bottom:
            self.scroll_up(1)
        elif self.y < self.rows - 1:
            self.y += 1

    def reverse_line_feed(self) -> None:
        """RI: move up a row, scrolling at the top margin."""
        if self.y == self.top:
            self.scroll_down(1)
        elif self.y:
            self.y -= 1

    def scroll_up(self, count: int) -> None:
        """SU: rows leave at the top margin, into the scrollback if that is the top of the screen."""
        lines = self.lines
        count = min(count, self.bottom - self.top + 1)
        if self.top:
            lines[self.top - 1] = lines[self.top - 1]._replace(wrapped=False)
        elif self.scrollback is not None:
            self.scrollback.push(lines[:count])
        style = PLAIN if self.style == PLAIN else self.styles.erased(self.style)
        del lines[self.top : self.top + count]
        end = self.bottom + 1 - count
        lines[end:end] = [blank_row(self.columns, style)] * count

    def scroll_down(self, count: int) -> None:
        """SD: rows leave at the bottom margin."""
        self.insert_lines(count, self.top)

    def insert_lines(self, count: int, at: int) -> None:
        """Push the rows from `at` to the bottom margin down by `count` blank ones."""
        count = min(count, self.bottom - at + 1)
        self._cut_wrap(at)
        del self.lines[self.bottom + 1 - count : self.bottom + 1]
        self.lines[at:at] = [blank_row(self.columns, self.erase_style)] * count
        self._cut_wrap(self.bottom + 1)

    def delete_lines(self, count: int, at: int) -> None:
        """Remove rows at `at`, pulling those down to the bottom margin up."""
        count = min(count, self.bottom - at + 1)
        self._cut_wrap(at)
        self._cut_wrap(self.bottom + 1)
        del self.lines[at : at + count]
        end = self.bottom + 1 - count
        self.lines[end:end] = [blank_row(self.columns, self.erase_style)] * count

    def _cut_wrap(self, y: int) -> None:
        """The row before `y` no longer goes on in it."""
        if 0 < y <= self.rows and self.lines[y - 1].wrapped:
            self.lines[y - 1] = self.lines[y - 1]._replace(wrapped=False)

    # Writing

    def write(self, text: str) -> None:
        """Print text at the cursor, wrapping and inserting as the modes say."""
        ascii_only = text.isascii()
        end = self.x + len(text)
        if ascii_only and end < self.columns and not self.pending and not self.modes.ansi:
            self.lines[self.y] = put(self.lines[self.y], self.x, text, self.style * len(text))
            self.x = end
            return
        if not ascii_only:
            marks, text = self.clusters.cells(text)
            if marks:
                self._combine(marks)
            if not text:
                return
            wide = FILLER in text
        else:
            wide = False
        wraps = AUTOWRAP in self.modes.private
        inserting = INSERT in self.modes.ansi
        columns, style = self.columns, self.style
        start, length = 0, len(text)
        while start < length:
            if self.pending and wraps:
                self._wrap()
            room = columns - self.x
            chunk = text[start : start + room] if start or length > room else text
            if wide and text[start + len(chunk) : start + len(chunk) + 1] == FILLER:
                chunk = chunk[:-1]
                if not chunk:
                    if not wraps or columns < 2:
                        start += 2
                    else:
                        self.lines[self.y] = erase(self.lines[self.y], self.x, columns, PLAIN, columns)
                        self.pending = True
                    continue
            start += len(chunk)
            row = self.lines[self.y]
            if inserting:
                row = insert(row, self.x, len(chunk), PLAIN, columns)
            self.lines[self.y] = put(row, self.x, chunk, style * len(chunk))
            self.x += len(chunk)
            if self.x >= columns:
                self.x = columns - 1
                self.pending = True
                if not wraps and start < length:
                    # Everything else lands in the last column: only its last character shows.
                    start = max(start, length - 2 if text[-1] == FILLER else length - 1)
            else:
                self.pending = False

    def write_lines(self, block: str) -> None:
        """Print whole lines of ASCII, each ended by CR LF; at the bottom of the screen all in one step."""
        lines = block.split("\r\n")
        lines.pop()
        start = 0
        fits = max(map(len, lines)) <= self.columns
        while start < len(lines) and not (fits and self._at_blank_end()):
            if lines[start]:
                self.write(lines[start])
            self.x = 0
            self.pending = False
            self.line_feed()
            start += 1
        if start < len(lines):
            style, new = self.style, tuple.__new__
            rows = self.lines[:-1]
            rows += [new(Row, (line, style * len(line), False)) for line in lines[start:]]
            rows.append(EMPTY)
            if self.scrollback is not None:
                self.scrollback.push(rows[: -self.rows])
            self.lines = rows[-self.rows :]

    def _at_blank_end(self) -> bool:
        """Whether the cursor begins a blank last row that scrolls the whole screen."""
        return (
            self.y == self.bottom == self.rows - 1
            and not self.top
            and not self.x
            and not self.pending
            and not self.lines[-1].text
            and self.erase_style == PLAIN
        )

    def _wrap(self) -> None:
        row = self.lines[self.y]
        self.lines[self.y] = Row(row.text, row.styles, True)
        self.x = 0
        self.pending = False
        self.line_feed()

    def _combine(self, marks: str) -> None:
        """Add combining marks to the character before the cursor."""
        at = self.x if self.pending else self.x - 1
        row = self.lines[self.y]
        if at > 0 and row.text[at : at + 1] == FILLER:
            at -= 1
        if 0 <= at < len(row.text):
            cell = self.clusters.combine(row.text[at], marks)
            self.lines[self.y] = row._replace(text=row.text[:at] + cell + row.text[at + 1 :])

    # Erasing

    def insert_blanks(self, count: int) -> None:
        """ICH."""
        self._edit(insert(self.lines[self.y], self.x, count, self.erase_style, self.columns))

    def delete_cells(self, count: int) -> None:
        """DCH."""
        self._edit(delete(self.lines[self.y], self.x, count, self.erase_style, self.columns))

    def erase_cells(self, start: int, stop: int) -> None:
        """EL, ECH: blank part of the cursor's row."""
        stop = min(stop, self.columns)
        self._edit(erase(self.lines[self.y], start, stop, self.erase_style, self.columns))

    def _edit(self, row: Row) -> None:
        self.lines[self.y] = row
        self.pending = False

    def erase_rows(self, start: int, stop: int) -> None:
        """ED: blank whole rows."""
        self._cut_wrap(start)
        self.lines[start:stop] = [blank_row(self.columns, self.erase_style)] * (stop - start)
        self.pending = False

    def set_margins(self, top: int, bottom: int) -> None:
        """DECSTBM; an impossible region is not taken."""
        bottom = min(bottom, self.rows - 1)
        if top < bottom:
            self.top, self.bottom = top, bottom
            self.address(0, 0)
