"""A step drawn at one width: blocks, each a few rows, found by row or by what can be selected in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from labrunner.tui.step.marks import Marks, Target
from labrunner.tui.step.wrapping import Line

Draw = Callable[[Marks], list[Line]]


@dataclass(slots=True)
class Block:
    """A piece of the step that is drawn as a whole.

    `line` counts lines of the body above it (-1 where none is known), `above` is the empty row before it if there
    is one. `cell` and `question` name what its look depends on, `target` what selecting it means. Rows are
    drawn when asked for and kept until a mark changes.
    """

    line: int
    draw: Draw
    measure: Callable[[Marks], int]
    above: Line | None = None
    target: Target | None = None
    cell: str | None = None
    question: str | None = None
    height: int = 0
    draws: int = 0
    _rows: list[Line] | None = None

    def rows(self, marks: Marks) -> list[Line]:
        """The rows, the empty one above included; there are `height` of them."""
        if self._rows is None:
            self.draws += 1
            drawn = self.draw(marks)
            self._rows = drawn if self.above is None else [self.above, *drawn]
        return self._rows

    def update(self, marks: Marks) -> bool:
        """Forget the rows; whether the height changed."""
        self._rows = None
        before = self.height
        self.height = self.measure(marks) + (self.above is not None)
        return self.height != before

    @property
    def inset(self) -> int:
        """Rows above its first row of content."""
        return 0 if self.above is None else 1


@dataclass(slots=True)
class Rendered:
    """All blocks of a step at one width. `starts` are their first rows, ascending, from 0."""

    width: int
    blocks: list[Block]
    marks: Marks
    starts: list[int] = field(default_factory=list)
    height: int = 0

    def __post_init__(self) -> None:
        for block in self.blocks:
            block.update(self.marks)
        self._place(0)

    def _place(self, first: int) -> None:
        del self.starts[first:]
        row = self.starts[-1] + self.blocks[first - 1].height if first else 0
        for block in self.blocks[first:]:
            self.starts.append(row)
            row += block.height
        self.height = row

    def block_at(self, row: int) -> int:
        """The index of the block that a row belongs to; IndexError outside of the step."""
        if not 0 <= row < self.height:
            raise IndexError(row)
        return bisect_right(self.starts, row) - 1

    def line(self, row: int) -> Line:
        """One row; IndexError outside of the step."""
        index = self.block_at(row)
        return self.blocks[index].rows(self.marks)[row - self.starts[index]]

    def find(self, target: Target) -> int | None:
        """The index of the block of a target, None when it is not shown."""
        return next((n for n, block in enumerate(self.blocks) if block.target == target), None)

    def targets(self) -> list[Target]:
        """What can be selected, from top to bottom."""
        return [block.target for block in self.blocks if block.target is not None]

    def remark(self, *, cell: str | None = None, question: str | None = None) -> list[int]:
        """Have the blocks of one cell or question drawn anew; their indices."""
        changed = []
        for index, block in enumerate(self.blocks):
            if (cell is not None and block.cell == cell) or (
                question is not None and block.question == question
            ):
                changed.append(index)
                if block.update(self.marks):
                    self._place(index)
        return changed
