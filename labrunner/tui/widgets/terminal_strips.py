"""Rows of the emulator as strips, cached: most rows of a screen are the same as a moment ago."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.cache import LRUCache
from textual.strip import Strip

from labrunner.shell.terminal import FILLER, Row
from labrunner.tui.widgets.terminal_palette import StylePalette

_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)
CACHED_ROWS: Final = 1024


class Mark(NamedTuple):
    """Cells drawn differently: columns `start` ≤ x < `stop`, with a style on top or reversed."""

    start: int
    stop: int
    style: RichStyle | None


class RowRenderer:
    """Draws rows with one palette.

    Args:
        palette: The styles.
        expand: The emulator's text of cells (`Emulator.text`).
    """

    def __init__(self, palette: StylePalette, expand: Callable[[Row], str]) -> None:
        self.palette = palette
        self._expand = expand
        self._strips: LRUCache[tuple[Row, int, tuple[Mark, ...]], Strip] = LRUCache(CACHED_ROWS)

    def strip(self, row: Row, width: int, marks: tuple[Mark, ...] = ()) -> Strip:
        """The row as a strip of `width` cells, with marked cells on top."""
        key = (row, width, marks)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(row, width, marks)
        return strip

    def _draw(self, row: Row, width: int, marks: tuple[Mark, ...]) -> Strip:
        edges = {0, width}
        for start, stop, _ in marks:
            edges |= {min(max(start, 0), width), min(max(stop, 0), width)}
        cuts = sorted(edges)
        segments: list[Segment] = []
        for start, stop in pairwise(cuts):
            covering = [style for first, last, style in marks if first <= start < last]
            segments += self._span(row, start, stop, covering)
        return Strip(segments, width)

    def _span(self, row: Row, start: int, stop: int, covering: list[RichStyle | None]) -> list[Segment]:
        """The cells of some columns, as one segment per style."""
        segments = []
        text, styles, _ = row
        for run in _RUN.finditer(styles, start, min(stop, len(styles))):
            cells = text[run.start() : run.end()]
            shown = self._expand(Row(cells, "")) if not cells.isascii() or FILLER in cells else cells
            segments.append(Segment(shown, self._marked(self.palette[run[1]], covering)))
        missing = stop - max(start, len(styles))
        if missing > 0:
            segments.append(Segment(" " * missing, self._marked(self.palette.base, covering)))
        return segments

    @staticmethod
    def _marked(style: RichStyle, covering: list[RichStyle | None]) -> RichStyle:
        for mark in covering:
            style += RichStyle(reverse=not style.reverse) if mark is None else mark
        return style


def cell_span(row: Row, column: int) -> tuple[int, int]:
    """The columns of the character at `column`: two for a wide one."""
    text = row.text
    if text[column : column + 1] == FILLER and column:
        return column - 1, column + 1
    return column, column + (2 if text[column + 1 : column + 2] == FILLER else 1)


def columns_of(row: Row, start: int, stop: int) -> tuple[int, int]:
    """The columns of the characters `start` to `stop` of a row's text; a negative `stop` is its end."""
    positions = [column for column, cell in enumerate(row.text) if cell != FILLER]
    positions.append(len(row.text))
    last = len(positions) - 1
    first_column = positions[min(start, last)] + max(start - last, 0)
    if stop < 0:
        return first_column, max(len(row.text), first_column)
    return first_column, positions[min(stop, last)] + max(stop - last, 0)
