"""Tables fitted to a width: columns shrink and their text wraps; where not even that fits, rows become records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from rich.segment import Segment
from rich.style import Style

from labrunner.tui.step.palette import Palette
from labrunner.tui.step.tree import Node
from labrunner.tui.step.wrapping import Line, width_of, wrap

MIN_COLUMN: Final = 6
SEPARATOR: Final = " │ "

Runs = Callable[[Node, Style], list[Segment]]
"""Gives the runs of an inline node, drawn on a style."""


@dataclass(frozen=True, slots=True)
class _Table:
    header: list[list[Segment]]
    rows: list[list[list[Segment]]]
    alignments: list[str]


def table_lines(node: Node, width: int, palette: Palette, runs: Runs) -> list[Line]:
    """The rows of a table node."""
    table = _read(node, palette, runs)
    if not table.header:
        return []
    natural = [
        max(1, *(width_of(row[column]) for row in chain([table.header], table.rows) if column < len(row)))
        for column in range(len(table.header))
    ]
    widths = fit(natural, width - len(SEPARATOR) * (len(natural) - 1))
    if widths is None:
        return _records(table, width, palette)
    rule = "─┼─".join("─" * size for size in widths)
    lines = _row(table.header, widths, table.alignments, palette)
    lines.append([Segment(rule, palette.base + palette.muted)])
    for row in table.rows:
        lines += _row(row, widths, table.alignments, palette)
    return lines


def fit(natural: Sequence[int], room: int) -> list[int] | None:
    """Column widths that fit the room, only the widest shrunk; None when columns would get too narrow to read."""
    if sum(natural) <= room:
        return list(natural)
    if room < sum(min(size, MIN_COLUMN) for size in natural):
        return None
    low, high = MIN_COLUMN, max(natural)
    while low < high:
        cap = (low + high + 1) // 2
        if sum(min(size, cap) for size in natural) <= room:
            low = cap
        else:
            high = cap - 1
    widths = [min(size, low) for size in natural]
    spare = room - sum(widths)
    for column, size in enumerate(natural):
        if spare and widths[column] < size:
            widths[column] += 1
            spare -= 1
    return widths


def _read(node: Node, palette: Palette, runs: Runs) -> _Table:
    header: list[list[Segment]] = []
    rows: list[list[list[Segment]]] = []
    alignments: list[str] = []
    for section in node.children:
        for row in section.children:
            is_head = section.kind == "thead"
            style = palette.base + palette.label if is_head else palette.base
            cells = [runs(cell.children[0], style) if cell.children else [] for cell in row.children]
            if is_head:
                header = cells
                alignments = [_alignment(cell) for cell in row.children]
            else:
                rows.append(cells)
    return _Table(header, rows, alignments)


def _alignment(cell: Node) -> str:
    style = str(cell.token.attrs.get("style", "")) if cell.token is not None else ""
    return style.removeprefix("text-align:") or "left"


def _row(
    cells: list[list[Segment]], widths: list[int], alignments: list[str], palette: Palette
) -> list[Line]:
    columns = [wrap(cell, size) for cell, size in zip(cells, widths, strict=False)]
    separator = Segment(SEPARATOR, palette.base + palette.muted)
    lines: list[Line] = []
    for number in range(max(map(len, columns), default=0)):
        line: Line = []
        for column, size in enumerate(widths):
            text = columns[column][number] if column < len(columns) and number < len(columns[column]) else []
            missing = size - width_of(text)
            before = {"right": missing, "center": missing // 2}.get(alignments[column], 0)
            line += [Segment(" " * before, palette.base)] if before else []
            line += text
            if column < len(widths) - 1:
                line += [Segment(" " * (missing - before), palette.base), separator]
        lines.append(line)
    return lines


def _records(table: _Table, width: int, palette: Palette) -> list[Line]:
    """Each row as `heading: text` lines, rows parted by a rule."""
    lines: list[Line] = []
    for number, row in enumerate(table.rows or [[]]):
        if number:
            lines.append([Segment("─" * min(width, 12), palette.base + palette.muted)])
        for column, name in enumerate(table.header):
            cell = row[column] if column < len(row) else []
            lines += wrap([*name, Segment(": ", palette.base + palette.label), *cell], width)
    return lines
