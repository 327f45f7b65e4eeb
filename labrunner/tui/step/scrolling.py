"""A step as a scrolling widget: rows from the cache, the bar of the selection, text selection, resizing in place."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from labrunner.content.models import Module, Step
from labrunner.tui.step.cache import StepCache
from labrunner.tui.step.marks import Marks, Target
from labrunner.tui.step.palette import PARTS, Palette
from labrunner.tui.step.rendering import Rendered
from labrunner.tui.step.theme import palette_of
from labrunner.tui.step.wrapping import Line, sliced

BAR: Final = "▌ "
NO_BAR: Final = "  "
MARGIN: Final = 1
"""Columns left free at the right."""

_NOTHING: Final = Rendered(1, [], Marks())


class StepScroll(ScrollView):
    """Shows the rows of a step. `selected` is what the bar stands beside."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"step--{part}" for part in PARTS} | {"step--bar"}
    DEFAULT_CSS: ClassVar[str] = """
    StepScroll {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .step--bar { color: $foreground; }
        &:focus > .step--bar { color: $accent; text-style: bold; }
        & > .step--heading { color: $primary; text-style: bold; }
        & > .step--code { color: $text-accent; text-style: bold; }
        & > .step--link { color: $text-primary; text-style: underline; }
        & > .step--label { text-style: bold; }
        & > .step--caution { color: $text-warning; text-style: bold; }
        & > .step--cell { background: $surface; }
        & > .step--ok { color: $text-success; }
        & > .step--failed { color: $text-error; text-style: bold; }
        & > .step--running { color: $text-warning; }
        & > .step--question { color: $text-secondary; }
        & > .step--keyword { color: $text-primary; }
        & > .step--string { color: $text-success; }
        & > .step--comment { text-style: italic; }
        & > .step--number { color: $text-warning; }
        & > .step--name { color: $text-secondary; }
    }
    """

    selected: reactive[Target | None] = reactive(None, repaint=False)

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.module: Module | None = None
        self.step: Step | None = None
        self.marks = Marks()
        self.rendered = _NOTHING
        self._cache = StepCache(self.marks)
        self._toggled: dict[tuple[str, str], frozenset[str]] = {}
        self._palette: Palette | None = None
        self._strips: dict[tuple[int, int], Strip] = {}

    # What is drawn

    def prepare(self, module: Module, step: Step) -> None:
        """Draw another step ahead, so that showing it takes no time. For when the app is idle."""
        rendered = self._get(module, step)
        for row in range(min(rendered.height, self.container_size.height)):
            rendered.line(row)

    def set_step(self, module: Module, step: Step, *, keep: bool) -> None:
        """Show a step, from its top unless `keep`."""
        if self.module is not None and self.module.id != module.id:
            self._cache.clear()
        self.module, self.step = module, step
        self._draw(keep)

    def _get(self, module: Module, step: Step) -> Rendered:
        toggled = self._toggled.get((module.id, step.id), frozenset())
        return self._cache.get(module, step, self._text_width, self.palette, toggled)

    @property
    def _text_width(self) -> int:
        # The scrollbar's column is always kept free: text must not reflow when a step grows past the window.
        width = self.container_size.width or 80
        return max(width - len(BAR) - MARGIN - self.styles.scrollbar_size_vertical, 1)

    @property
    def palette(self) -> Palette:
        """The styles of the theme in use."""
        if self._palette is None:
            parts = {part: self.get_component_rich_style(f"step--{part}", partial=True) for part in PARTS}
            self._palette = palette_of(self.rich_style, parts)
        return self._palette

    def _draw(self, keep: bool) -> None:
        """Draw the step anew; with `keep`, what is at the top of the window stays there."""
        if self.module is None or self.step is None:
            return
        before, top = self.rendered, self.scroll_offset.y
        index = before.block_at(top) if keep and 0 < top < before.height else None
        self.rendered = self._get(self.module, self.step)
        self._strips.clear()
        self.virtual_size = Size(len(BAR) + self._text_width, self.rendered.height)
        if index is not None and index < len(self.rendered.blocks):
            block = self.rendered.blocks[index]
            offset = min(top - before.starts[index], max(block.height - 1, 0))
            self.scroll_to(y=self.rendered.starts[index] + offset, animate=False)
        elif not keep:
            self.scroll_to(y=0, animate=False)
        self.refresh()

    def redraw(self, *, cell: str | None = None, question: str | None = None) -> None:
        """Draw the blocks of one cell or question anew."""
        rendered = self.rendered
        before, top = rendered.height, self.scroll_offset.y
        first = rendered.starts[rendered.block_at(top)] if 0 < top < before else 0
        at_top = rendered.block_at(top) if 0 < top < before else None
        changed = self._cache.remark(rendered, cell=cell, question=question)
        if not changed:
            return
        self._strips.clear()
        if rendered.height == before:
            for index in changed:
                self.refresh_lines(rendered.starts[index], rendered.blocks[index].height)
            return
        self.virtual_size = Size(self.virtual_size.width, rendered.height)
        if at_top is not None and rendered.starts[at_top] != first:
            self.scroll_to(y=top + rendered.starts[at_top] - first, animate=False)
        self.refresh()

    def toggle(self, target: Target) -> None:
        """Fold or unfold a `<details>`; its heading stays where it is."""
        if self.module is None or self.step is None:
            return
        key = (self.module.id, self.step.id)
        self._toggled[key] = self._toggled.get(key, frozenset()) ^ {target.id}
        self._draw(keep=True)

    # Where things are

    def row_of(self, target: Target) -> int:
        """The first row of a target's content; -1 when it is not shown."""
        index = self.rendered.find(target)
        return -1 if index is None else self.rendered.starts[index] + self.rendered.blocks[index].inset

    def in_sight(self, target: Target) -> bool:
        """Whether a target's first row is in the window."""
        row, top = self.row_of(target), self.scroll_offset.y
        return row >= 0 and top <= row < top + self.container_size.height

    def reveal(self, target: Target) -> None:
        """Scroll as little as shows the whole of a target, or as much of it as fits."""
        index = self.rendered.find(target)
        if index is None:
            return
        start = self.rendered.starts[index]
        end = start + self.rendered.blocks[index].height
        top, height = self.scroll_offset.y, self.container_size.height
        if self.row_of(target) < top or end - start > height:
            self.scroll_to(y=start, animate=False)
        elif end > top + height:
            self.scroll_to(y=end - height, animate=False)

    def target_at(self, y: int) -> Target | None:
        """What can be selected at a row of the window."""
        row = self.scroll_offset.y + y
        if not 0 <= row < self.rendered.height:
            return None
        return self.rendered.blocks[self.rendered.block_at(row)].target

    # Changes around it

    def watch_selected(self, before: Target | None, after: Target | None) -> None:
        """Move the bar."""
        for target in (before, after):
            index = self.rendered.find(target) if target is not None else None
            if index is not None:
                self.refresh_lines(self.rendered.starts[index], self.rendered.blocks[index].height)

    def on_resize(self) -> None:
        """Draw for the new width; the block at the top stays there."""
        if self.rendered is _NOTHING or self.rendered.width != self._text_width:
            self._draw(keep=True)

    def notify_style_update(self) -> None:
        """The theme or the CSS changed: every drawn row is void."""
        super().notify_style_update()
        # Textual calls this before it has worked out the component styles.
        self.call_next(self._restyle)

    def _restyle(self) -> None:
        self._palette = None
        self._strips.clear()
        if self.is_attached and self.step is not None:
            self._draw(keep=True)

    # Rows

    def render_line(self, y: int) -> Strip:
        """One row of the window."""
        width = self.size.width
        row = self.scroll_offset.y + y
        if row >= self.rendered.height:
            return Strip.blank(width, self.palette.base)
        selection = self.text_selection
        span = selection.get_span(row) if selection is not None else None
        if span is None:
            strip = self._strip(row, width)
        else:
            strip = self._filled(self._highlighted(self._line(row), span), width)
        # Only Textual's text selection asks for offsets, under the mouse; they cost too much otherwise.
        return strip.apply_offsets(0, row) if self.mouse_hover else strip

    def _strip(self, row: int, width: int) -> Strip:
        key = (row, width if self._barred(row) else -width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._filled(self._line(row), width)
        return strip

    def _filled(self, line: Line, width: int) -> Strip:
        return Strip(line).adjust_cell_length(width, self.palette.base)

    def _barred(self, row: int) -> bool:
        """Whether a row belongs to what is selected."""
        if self.selected is None:
            return False
        index = self.rendered.block_at(row)
        block = self.rendered.blocks[index]
        return block.target == self.selected and row >= self.rendered.starts[index] + block.inset

    def _line(self, row: int) -> Line:
        """A row with the bar or the room for it."""
        if self._barred(row):
            bar = self.palette.base + self.get_component_rich_style("step--bar", partial=True)
            return [Segment(BAR, bar), *self.rendered.line(row)]
        return [Segment(NO_BAR, self.palette.base), *self.rendered.line(row)]

    def _highlighted(self, line: Line, span: tuple[int, int]) -> Line:
        start, end = span
        length = sum(len(segment.text) for segment in line)
        end = length if end < 0 else end
        mark: Style = self.screen.get_component_rich_style("screen--selection")
        marked = [Segment(text, (style or Style()) + mark) for text, style, _ in sliced(line, start, end)]
        return [*sliced(line, 0, start), *marked, *sliced(line, end, length)]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as it is drawn, without the column of the bar."""
        last_row = self.rendered.height - 1
        first = max(selection.start.y, 0) if selection.start is not None else 0
        last = min(selection.end.y, last_row) if selection.end is not None else last_row
        parts = []
        for row in range(first, last + 1):
            span = selection.get_span(row)
            if span is not None:
                text = NO_BAR + "".join(segment.text for segment in self.rendered.line(row))
                start, end = max(span[0], len(NO_BAR)), len(text) if span[1] < 0 else span[1]
                parts.append(text[start:end].rstrip())
        return "\n".join(parts), "\n"
