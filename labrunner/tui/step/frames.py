"""The room that lists and quotes leave to what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from rich.segment import Segment
from rich.style import Style

from labrunner.tui.step.wrapping import Line

MIN_ROOM: Final = 10
"""Cells; where less would be left, nesting begins anew at the left edge."""


@dataclass(slots=True)
class Frame:
    """`first` stands before the first row drawn in it, `rest` before all others; `width` cells are left."""

    first: Line
    rest: Line
    width: int
    total: int
    untouched: bool = True

    @classmethod
    def page(cls, width: int) -> Frame:
        return cls([], [], width, width)

    def copy(self) -> Frame:
        return replace(self)

    def enclose(self, lines: list[Line]) -> list[Line]:
        """The rows with what stands before them."""
        rows = []
        for line in lines:
            rows.append([*(self.first if self.untouched else self.rest), *line])
            self.untouched = False
        return rows

    def nest(self, marker: str, indent: str, style: Style) -> Frame:
        """A frame inside of this one, whose first row begins with a marker of as many cells as `indent`."""
        first, rest = [Segment(marker, style)], [Segment(indent, style)]
        if self.width - len(indent) < MIN_ROOM:
            self.untouched = False
            return Frame(first, rest, max(self.total - len(indent), 1), self.total)
        before = self.first if self.untouched else self.rest
        self.untouched = False
        return Frame([*before, *first], [*self.rest, *rest], self.width - len(indent), self.total)
