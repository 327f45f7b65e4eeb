"""Fitting rows to another width: soft-wrapped rows are joined and cut anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from labrunner.shell.terminal.row import FILLER, PLAIN, Row

_WIDE: Final = re.compile(f".{FILLER}", re.DOTALL)
"""A wide character, which a screen of one column has no room for."""


def reflow(
    rows: Sequence[Row], old: int, new: int, places: Sequence[tuple[int, int]]
) -> tuple[list[Row], list[tuple[int, int]]]:
    """Lay rows out for `new` columns instead of `old`.

    Args:
        rows: Rows of the old width, oldest first.
        old: The width the rows were wrapped at.
        new: The width wanted.
        places: Positions (row, column) to follow, in order of rows.

    Returns:
        The new rows, and where each place went.
    """
    result: list[Row] = []
    moved: list[tuple[int, int]] = []
    pending = list(places)
    index = 0
    while index < len(rows):
        row = rows[index]
        here = pending and pending[0][0] == index
        if not row.wrapped and len(row.text) <= new and not here:
            result.append(row)
            index += 1
            continue
        stop = index + 1
        while stop < len(rows) and rows[stop - 1].wrapped:
            stop += 1
        text, styles, starts = _join(rows[index:stop], old)
        offsets = []
        while pending and pending[0][0] < stop:
            line, column = pending.pop(0)
            offsets.append(starts[line - index] + column)
        if len(text) > new:
            # Blanks painted to the old right edge are not content and must not become rows.
            kept = max(len(text.rstrip(" ")), min(max(offsets, default=0), len(text)))
            text, styles = text[:kept], styles[:kept]
        first = len(result)
        cuts = _cut(text, styles, new, result)
        moved += [_locate(offset, cuts, first, new) for offset in offsets]
        index = stop
    moved += [(len(result), column) for _, column in pending]
    return result, moved


def _join(rows: Sequence[Row], columns: int) -> tuple[str, str, list[int]]:
    """One logical line of soft-wrapped rows, and at which offset each began."""
    texts: list[str] = []
    styles: list[str] = []
    starts: list[int] = []
    offset = 0
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        starts.append(offset)
        text, style, _ = row
        if following is not None:
            # A wide character that did not fit leaves one column that belongs to no line.
            wide = following.text[1:2] == FILLER and len(text) == columns - 1
            missing = 0 if wide else max(columns - len(text), 0)
            text, style = text + " " * missing, style + PLAIN * missing
        texts.append(text)
        styles.append(style)
        offset += len(text)
    return "".join(texts), "".join(styles), starts


def _cut(text: str, styles: str, columns: int, result: list[Row]) -> list[int]:
    """Append a logical line cut into rows; returns the offset each begins at."""
    if columns < 2 and FILLER in text:
        text = _WIDE.sub("  ", text)
    cuts = [0]
    start = 0
    while len(text) - start > columns:
        stop = start + columns
        if text[stop] == FILLER:
            stop -= 1
        result.append(Row(text[start:stop], styles[start:stop], True))
        cuts.append(stop)
        start = stop
    result.append(Row(text[start:], styles[start:], False))
    return cuts


def _locate(offset: int, cuts: list[int], first: int, columns: int) -> tuple[int, int]:
    """Where an offset of a logical line is after the cut."""
    line = max(index for index, cut in enumerate(cuts) if cut <= offset)
    return first + line, min(offset - cuts[line], columns - 1)
