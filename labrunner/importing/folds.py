"""Folded parts of a section: `<details>` up to its end."""

from __future__ import annotations

import re
from collections.abc import Callable

from labrunner.importing.segments import Prose, Segment

_TAG = re.compile(r"<(/?)details\b", re.IGNORECASE)


def joined(parts: list[Segment]) -> list[Segment]:
    """The segments with neighbouring prose as one again."""
    out: list[Segment] = []
    lines: list[str] = []
    start = 1
    for part in [*parts, None]:
        if isinstance(part, Prose):
            start = start if lines else part.line
            lines += part.lines
            continue
        if lines:
            out.append(Prose(start, tuple(lines)))
            lines = []
        if part is not None:
            out.append(part)
    return out


def without_folds(parts: list[Segment], unwanted: Callable[[str], bool]) -> list[Segment]:
    """The segments without the folds of which a line of prose is `unwanted`; a fold that never ends stays."""
    kept: list[Segment] = []
    fold: list[Segment] = []
    depth = 0
    drop = False
    for part in parts:
        if not isinstance(part, Prose):
            (fold if depth else kept).append(part)
            continue
        for offset, line in enumerate(part.lines):
            opening = depth == 0
            for tag in _TAG.finditer(line) if "<" in line else ():
                depth = max(0, depth + (-1 if tag[1] else 1))
            one = Prose(part.line + offset, (line,))
            if opening and depth == 0:
                kept.append(one)
                continue
            fold.append(one)
            drop = drop or unwanted(line)
            if depth == 0:
                kept += [] if drop else fold
                fold, drop = [], False
    return joined(kept + fold)
