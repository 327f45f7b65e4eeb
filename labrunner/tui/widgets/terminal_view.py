"""An emulator's screen and scrollback as a widget, without input."""

from __future__ import annotations

from typing import Final

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color
from textual.geometry import Offset, Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from labrunner.shell.terminal import Emulator, ReportedColours, Row
from labrunner.tui.widgets.terminal_palette import StylePalette
from labrunner.tui.widgets.terminal_strips import Mark, RowRenderer, cell_span, columns_of

_UNFOCUSED_CURSOR: Final = RichStyle(underline=True)


class TerminalView(Widget):
    """Shows an emulator, its end or some way back in the scrollback.

    Args:
        emulator: What is shown.
        name: As for any widget.
        id: As for any widget.
        classes: As for any widget.
    """

    def __init__(
        self,
        emulator: Emulator,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.emulator = emulator
        self._back = 0
        self._pushed = emulator.scrollback.pushed
        self._renderer: RowRenderer | None = None
        self._generation = emulator.generation
        self._waiting = False

    def show_changes(self) -> None:
        """Ask for a repaint of what differs from the last time."""
        emulator = self.emulator
        pushed = emulator.scrollback.pushed
        scrolled, self._pushed = pushed - self._pushed, pushed
        if emulator.generation != self._generation:
            self._forget_styles()
        dirty = emulator.take_dirty()
        if emulator.modes.alternate_screen:
            self.scroll_back(-self._back)
        if self._back:
            # What the reader looks at stays where it is while the program goes on.
            self._back = min(max(self._back + scrolled, 0), len(emulator.scrollback))
            self.refresh()
        elif len(dirty) > emulator.rows // 2:
            self.refresh()
        elif dirty:
            self.refresh(*(Region(0, row, self.content_size.width, 1) for row in dirty))
        self.place_cursor()
        remaining = emulator.synchronized_for
        if remaining is not None and not self._waiting:
            self._waiting = True
            self.set_timer(remaining + 0.01, self._end_of_hold)

    def place_cursor(self) -> None:
        """Tell the real terminal where the cursor is: input methods and screen magnifiers follow it."""
        cursor = self.emulator.cursor
        if self.has_focus and not self._back:
            self.app.cursor_position = self.content_region.offset + Offset(cursor.x, cursor.y)

    def _end_of_hold(self) -> None:
        self._waiting = False
        self.show_changes()

    # Drawing

    @property
    def first_line(self) -> int:
        """The number of the top row shown, counting every row since the terminal began from 0."""
        return self.emulator.scrollback.pushed - self._back

    def line(self, number: int) -> Row | None:
        """The row of that number, from the scrollback or the screen; None when there is none (any more)."""
        scrollback = self.emulator.scrollback
        on_screen = number - scrollback.pushed
        if 0 <= on_screen < self.emulator.rows:
            return self.emulator.lines[on_screen]
        kept = on_screen + len(scrollback)
        return scrollback[kept] if 0 <= kept < len(scrollback) else None

    def render_line(self, y: int) -> Strip:
        """One row of the view."""
        width = self.content_size.width
        renderer = self._rows()
        number = self.first_line + y
        row = self.line(number)
        if row is None:
            return Strip.blank(width, renderer.palette.base)
        strip = renderer.strip(row, width, self._marks(row, number))
        if self.mouse_hover:
            # Only Textual's text selection asks for offsets, under the mouse; they cost too much otherwise.
            strip = strip.apply_offsets(0, number)
        return self._with_indicator(strip, width) if self._back and y == 0 else strip

    def _rows(self) -> RowRenderer:
        if self._renderer is None:
            palette = StylePalette(self.rich_style, self.app.native_ansi_color, self.emulator.style)
            self._renderer = RowRenderer(palette, self.emulator.text)
        return self._renderer

    def _marks(self, row: Row, number: int) -> tuple[Mark, ...]:
        """The cursor and the selection, where they are on this row."""
        marks: tuple[Mark, ...] = ()
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is not None:
            marks = (
                Mark(*columns_of(row, *span), self.screen.get_component_rich_style("screen--selection")),
            )
        cursor = self.emulator.cursor
        if cursor.visible and number == self.emulator.scrollback.pushed + cursor.y:
            style = None if self.has_focus else _UNFOCUSED_CURSOR
            marks += (Mark(*cell_span(row, cursor.x), style),)
        return marks

    def _with_indicator(self, strip: Strip, width: int) -> Strip:
        """The top row with a note on how far back the view is."""
        note = f" ↑ {self._back} of {len(self.emulator.scrollback)} rows back "[:width]
        style = self._rows().palette.base + RichStyle(reverse=True, bold=True)
        return Strip([*strip.crop(0, width - len(note)), Segment(note, style)], width)

    def _forget_styles(self) -> None:
        self._renderer = None
        self._generation = self.emulator.generation

    def notify_style_update(self) -> None:
        """The theme or the CSS changed: every drawn row is void."""
        super().notify_style_update()
        self._forget_styles()
        base = self.rich_style
        colours = [Color.from_rich_color(colour) if colour else None for colour in (base.color, base.bgcolor)]
        front, back = ((colour.r, colour.g, colour.b) if colour else None for colour in colours)
        self.emulator.colours = ReportedColours(foreground=front, background=back, cursor=front)

    def fit(self, columns: int, rows: int) -> None:
        """Give the emulator another size."""
        if (columns, rows) != (self.emulator.columns, self.emulator.rows):
            self.emulator.resize(columns, rows)
            self._back = min(self._back, len(self.emulator.scrollback))
            self._pushed = self.emulator.scrollback.pushed
            self.refresh()

    # Scrolling back

    @property
    def rows_back(self) -> int:
        """How many rows above its end the view is."""
        return self._back

    def scroll_back(self, rows: int) -> None:
        """Move the view up by `rows` (down if negative), within the scrollback."""
        back = min(max(self._back + rows, 0), len(self.emulator.scrollback))
        if back != self._back:
            self._back = back
            self.refresh()

    # Selection

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text; soft-wrapped rows are joined."""
        end = self.emulator.scrollback.pushed + self.emulator.rows
        oldest = self.emulator.scrollback.pushed - len(self.emulator.scrollback)
        first = max(selection.start.y, oldest) if selection.start is not None else oldest
        last = min(selection.end.y + 1, end) if selection.end is not None else end
        parts: list[str] = []
        for number in range(first, last):
            row, span = self.line(number), selection.get_span(number)
            if row is not None and span is not None:
                start, stop = span
                text = self.emulator.text(row)[start : None if stop < 0 else stop]
                parts += [text] if row.wrapped else [text.rstrip(), "\n"]
        return "".join(parts).rstrip("\n"), "\n"
