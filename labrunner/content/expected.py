"""Comparing what a command printed with the output an author wrote down, wildcards and all.

The rules are CONTENT.md's: text is literal, runs of blanks collapse, and what differs from run to run may differ:
`...`, `-xxxx`, `10.x.x.x`, ages, timestamps, `v1.29+`. A line may end in `(glob)` or `(re)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from labrunner.content.output_patterns import bad_patterns, collapse, line_pattern

__all__ = ["LineDifference", "bad_patterns", "compare", "line_matches"]

MAX_LINES = 400
"""Lines of each side that are aligned with each other; beyond it the comparison goes line by line."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


@dataclass(frozen=True, slots=True)
class LineDifference:
    """One place where the outputs part. Line numbers count from 1; the side that has no line there is None."""

    kind: Literal["missing", "unexpected", "changed"]
    expected: str | None
    actual: str | None
    expected_line: int | None = None
    actual_line: int | None = None


def compare(expected: str, actual: str) -> list[LineDifference]:
    """Where `actual` is not what `expected` says; empty when it is. Terminal colours and trailing blanks are ignored."""
    wanted, got = _lines(expected), _lines(_ANSI.sub("", actual))
    matches, differences = _leading(wanted, got)
    if matches:
        return []
    if len(wanted) > MAX_LINES or len(got) > MAX_LINES:
        return differences
    return _aligned(wanted, got)


def line_matches(expected: str, actual: str) -> bool:
    """Whether one line is what one expected line says."""
    return line_pattern(collapse(expected)).matches(collapse(actual))


def _lines(text: str) -> list[str]:
    """Lines with blanks collapsed, without blank lines at either end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [collapse(line) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line), 0)
    return lines[first:]


def _is_gap(line: str) -> bool:
    return line.strip() in ("...", "…")


def _leading(wanted: list[str], got: list[str]) -> tuple[bool, list[LineDifference]]:
    """Whether all lines match, a gap taking the fewest lines, and else the first line that does not fit.

    Leftmost matches suffice: where a stretch between two gaps fits early, all that follows has the most room.
    """
    stretches: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(wanted, 1):
        if _is_gap(line):
            stretches.append([])
        else:
            stretches[-1].append((number, line))
    first, *others = stretches
    failed = _mismatch(first, got, 0)
    if failed is not None:
        return False, [failed]
    position = len(first)
    if not others:
        if position == len(got):
            return True, []
        return False, [LineDifference("unexpected", None, got[position], None, position + 1)]
    for stretch in others[:-1]:
        found = _find(stretch, got, position, len(got))
        if found is None:
            return False, [LineDifference("missing", stretch[0][1], None, stretch[0][0])]
        position = found + len(stretch)
    last = others[-1]
    start = len(got) - len(last)
    if start < position:
        return False, [LineDifference("missing", last[0][1], None, last[0][0])]
    failed = _mismatch(last, got, start)
    return failed is None, [] if failed is None else [failed]


def _fits(line: str, actual: str) -> bool:
    return line == actual or line_pattern(line).matches(actual)


def _mismatch(stretch: list[tuple[int, str]], got: list[str], start: int) -> LineDifference | None:
    for offset, (number, line) in enumerate(stretch):
        at = start + offset
        if at >= len(got):
            return LineDifference("missing", line, None, number)
        if not _fits(line, got[at]):
            return LineDifference("changed", line, got[at], number, at + 1)
    return None


def _find(stretch: list[tuple[int, str]], got: list[str], start: int, end: int) -> int | None:
    for at in range(start, end - len(stretch) + 1):
        if all(_fits(line, got[at + offset]) for offset, (_, line) in enumerate(stretch)):
            return at
    return None


def _aligned(wanted: list[str], got: list[str]) -> list[LineDifference]:
    """The fewest differing lines, by the longest common subsequence with gaps that cost nothing."""
    rows, columns = len(wanted), len(got)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        cost[i][columns] = cost[i + 1][columns] + (not _is_gap(wanted[i]))
    for j in range(columns - 1, -1, -1):
        cost[rows][j] = columns - j
    fits: dict[tuple[int, int], bool] = {}
    for i in range(rows - 1, -1, -1):
        gap = _is_gap(wanted[i])
        for j in range(columns - 1, -1, -1):
            if gap:
                cost[i][j] = min(cost[i + 1][j], cost[i][j + 1])
                continue
            best = 1 + min(cost[i + 1][j], cost[i][j + 1])
            fits[i, j] = _fits(wanted[i], got[j])
            cost[i][j] = min(best, cost[i + 1][j + 1]) if fits[i, j] else best
    return _walk(wanted, got, cost, fits)


def _walk(
    wanted: list[str], got: list[str], cost: list[list[int]], fits: dict[tuple[int, int], bool]
) -> list[LineDifference]:
    """Follow the cheapest way; a missing line next to an unexpected one is one changed line."""
    missing: list[int] = []
    unexpected: list[int] = []
    found: list[LineDifference] = []

    def flush() -> None:
        pairs = min(len(missing), len(unexpected))
        for i, j in zip(missing[:pairs], unexpected[:pairs], strict=True):
            found.append(LineDifference("changed", wanted[i], got[j], i + 1, j + 1))
        found.extend(LineDifference("missing", wanted[i], None, i + 1) for i in missing[pairs:])
        found.extend(LineDifference("unexpected", None, got[j], None, j + 1) for j in unexpected[pairs:])
        missing.clear()
        unexpected.clear()

    i = j = 0
    while i < len(wanted) or j < len(got):
        if i < len(wanted) and _is_gap(wanted[i]):
            flush()
            if cost[i][j] == cost[i + 1][j]:
                i += 1
            else:
                j += 1
        elif fits.get((i, j)) and cost[i][j] == cost[i + 1][j + 1]:
            flush()
            i, j = i + 1, j + 1
        elif i < len(wanted) and cost[i][j] == cost[i + 1][j] + 1:
            missing.append(i)
            i += 1
        else:
            unexpected.append(j)
            j += 1
    flush()
    return found
