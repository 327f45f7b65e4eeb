"""One line of expected output as a pattern: literal text with what may differ from run to run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 4000
"""Characters of a line that are compared."""

_BLANKS = re.compile(r"[ \t]+")
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


def bad_patterns(expected: str) -> list[tuple[int, str]]:
    """The `(re)` lines that do not compile: their number from 1 and the reason."""
    found = []
    for number, line in enumerate(expected.split("\n"), 1):
        if line.rstrip().endswith(" (re)"):
            try:
                re.compile(collapse(line).removesuffix(" (re)"))
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


def collapse(line: str) -> str:
    """A line with its runs of blanks as one, and none at its end."""
    return _BLANKS.sub(" ", line[:MAX_LINE]).rstrip()


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
