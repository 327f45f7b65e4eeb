"""Comparing what a command printed with the output an author wrote down, wildcards and all.

The rules are CONTENT.md's: text is literal, runs of blanks collapse, and what differs from run to run may differ:
`...`, `-xxxx`, `10.x.x.x`, ages, timestamps, `v1.29+`. A line may end in `(glob)` or `(re)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

MAX_LINES = 400
"""Lines of each side that are aligned with each other; beyond it the comparison goes line by line."""
MAX_LINE = 4000

_BLANKS = re.compile(r"[ \t]+")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_AGE = r"(?:\d+y)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+(?:\.\d+)?m?s)?"
_WILD = re.compile(
    r"""(?P<ellipsis>\.\.\.|…)
    |(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[ ]?[+-]\d\d:?\d\d)?)
    |(?P<date>\b[A-Z][a-z]{2},[ ]\d\d[ ][A-Z][a-z]{2}[ ]\d{4}[ ]\d\d:\d\d:\d\d[ ](?:[+-]\d{4}|[A-Z]{3})(?:[ ][A-Z]{3,4})?)
    |(?P<clock>(?<![\w:.])\d\d:\d\d:\d\d(?:\.\d+)?(?![\w:]))
    |(?P<address>(?<![\w.])(?:\d{1,3}|x)(?:\.(?:\d{1,3}|x)){3}(?![\w.]))
    |(?P<suffix>-x{3,}(?![\w]))
    |(?P<version>\bv?\d+(?:\.\d+)+\+)
    |(?P<age>(?<![\w./:%-])\d[\dydhms.]*[ydhms](?![\w./%-]))
    |(?P<blank>[ ]+)""",
    re.VERBOSE,
)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?"
_DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|[A-Z]{3})(?: [A-Z]{3,4})?"
_AGE_KEYS = ("age:", "duration:", "for:", "since:")


@dataclass(frozen=True, slots=True)
class LineDifference:
    """One place where the outputs part. Line numbers count from 1; the side that has no line there is None."""

    kind: Literal["missing", "unexpected", "changed"]
    expected: str | None
    actual: str | None
    expected_line: int | None = None
    actual_line: int | None = None


@dataclass(frozen=True, slots=True)
class LinePattern:
    """One expected line: a pattern for the whole line, and the lowest versions its groups must reach."""

    regex: re.Pattern[str] | None
    literal: str
    versions: tuple[tuple[int, ...], ...] = ()

    def matches(self, line: str) -> bool:
        """Whether a line with its blanks collapsed is what was expected."""
        if self.regex is None:
            return line == self.literal
        found = self.regex.fullmatch(line)
        if not found:
            return False
        return all(_version(found[f"v{n}"]) >= lowest for n, lowest in enumerate(self.versions))


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
    return line_pattern(_collapse(expected)).matches(_collapse(actual))


def bad_patterns(expected: str) -> list[tuple[int, str]]:
    """The `(re)` lines that do not compile: their number from 1 and the reason."""
    found = []
    for number, line in enumerate(expected.split("\n"), 1):
        if line.rstrip().endswith(" (re)"):
            try:
                re.compile(_collapse(line).removesuffix(" (re)"))
            except (re.error, OverflowError, RecursionError) as error:
                found.append((number, str(error)))
    return found


@lru_cache(maxsize=2048)
def line_pattern(line: str) -> LinePattern:
    """The pattern of an expected line whose blanks are collapsed."""
    if line.endswith(" (re)"):
        try:
            return LinePattern(re.compile(line.removesuffix(" (re)")), line)
        except (re.error, OverflowError, RecursionError):
            return LinePattern(None, line)
    if line.endswith(" (glob)"):
        return LinePattern(re.compile(_glob(line.removesuffix(" (glob)"))), line)
    return _wild_pattern(line)


def _lines(text: str) -> list[str]:
    """Lines with blanks collapsed, without blank lines at either end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [_collapse(line) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line), 0)
    return lines[first:]


def _collapse(line: str) -> str:
    return _BLANKS.sub(" ", line[:MAX_LINE]).rstrip()


def _is_gap(line: str) -> bool:
    return line.strip() in ("...", "…")


def _glob(text: str) -> str:
    """`*` is any text, `?` any character, a backslash takes either literally."""
    parts = re.findall(r"\\[*?\\]|\*+|\?|[^*?\\]+|\\", text)
    pieces = []
    for part in parts:
        if part[0] == "*":
            pieces.append(".*")
        elif part == "?":
            pieces.append(".")
        else:
            pieces.append(re.escape(part[1:] if len(part) == 2 and part[0] == "\\" else part))
    return _joined_gaps(pieces, ".*")


def _joined_gaps(pieces: Sequence[str], gap: str) -> str:
    """A pattern in which every gap but the last takes the shortest text, for good: no exponential retries."""
    runs: list[list[str]] = [[]]
    for piece in pieces:
        if piece == gap:
            runs.append([])
        else:
            runs[-1].append(piece)
    texts = ["".join(run) for run in runs]
    if len(texts) == 1:
        return texts[0]
    middle = "".join(f"(?>.*?{text})" for text in texts[1:-1] if text)
    return f"{texts[0]}{middle}.*{texts[-1]}"


def _wild_pattern(line: str) -> LinePattern:
    pieces: list[str] = []
    versions: list[tuple[int, ...]] = []
    position = 0
    for found in _WILD.finditer(line):
        pieces.append(re.escape(line[position : found.start()]))
        position = found.end()
        pieces.append(_piece(found, line, versions))
    pieces.append(re.escape(line[position:]))
    if not any(found.lastgroup != "blank" for found in _WILD.finditer(line)):
        return LinePattern(None, line)
    return LinePattern(re.compile(_joined_gaps(pieces, _GAP)), line, tuple(versions))


_GAP = ".*"


def _piece(found: re.Match[str], line: str, versions: list[tuple[int, ...]]) -> str:
    """The pattern of one wildcard; text that only looks like one stays literal."""
    text, kind = found.group(), found.lastgroup
    if kind == "ellipsis":
        return _GAP
    if kind == "time":
        return _TIME
    if kind == "date":
        return _DATE
    if kind == "clock":
        return r"\d\d:\d\d:\d\d(?:\.\d+)?"
    if kind == "suffix":
        return "-[a-z0-9]+"
    if kind == "blank":
        return " +"
    if kind == "address" and "x" in text:
        return r"\.".join(r"\d{1,3}" if part == "x" else part for part in text.split("."))
    if kind == "version":
        versions.append(_version(text))
        return rf"(?P<v{len(versions) - 1}>v?\d+(?:\.\d+)*)[\w.+-]*"
    if kind == "age" and _is_age(text, line[: found.start()]):
        return rf"(?=\d){_AGE}"
    return re.escape(text)


def _is_age(text: str, before: str) -> bool:
    """Whether kubectl would write this as an age: `250m` of CPU or a field's `30s` is none."""
    if not re.fullmatch(_AGE, text):
        return False
    words = before.split()
    if words and words[-1].endswith(":") and words[-1].lower() not in _AGE_KEYS:
        return False
    single = re.fullmatch(r"(\d+)m", text)
    return not (single and int(single[1]) > 180)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:6])


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
