"""What Go's regexp package says about expressions that it does not take."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = frozenset("AbBaCdDsSwWzQEfnrtvpPx0")
_REPEAT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_NAMED: Final = re.compile(r"\(\?P?<(\w+)>")
_FLAGS: Final = re.compile(r"\(\?([imsU]+(-[imsU]+)?|-[imsU]+)?[:)]")
_CLASS_NAME: Final = re.compile(r"\[:\^?\w+:\]")
_MOST_REPEATS: Final = 1000


def problem(pattern: str) -> str:
    """The first complaint of Go's parser, as ``missing closing ): `(a` ``; empty when there is none."""
    open_groups = position = 0
    atom = repeated = ""  # what a repetition would repeat, and the repetition that came last
    while position < len(pattern):
        char, rest = pattern[position], pattern[position:]
        token, complaint = _token(rest)
        if complaint:
            return complaint
        if char == "(":
            open_groups += not token.endswith(")")
        elif char == ")":
            open_groups -= 1
            if open_groups < 0:
                return f"unexpected ): `{pattern}`"
        repetition = _repetition(rest)
        if repetition:
            if not atom:
                return f"missing argument to repetition operator: `{repetition}`"
            if repeated:
                return f"invalid nested repetition operator: `{repeated}{repetition}`"
            if not _countable(repetition):
                return f"invalid repeat count: `{repetition}`"
            token = repetition
            lazy = pattern[position + len(token) : position + len(token) + 1] == "?"
            token += "?" * lazy
        atom = "" if char in "(|" else token
        repeated = token if repetition else ""
        position += len(token)
    return f"missing closing ): `{pattern}`" if open_groups else ""


def _token(rest: str) -> tuple[str, str]:
    """The next token of *rest*, and what is wrong with it."""
    if rest[0] == "\\":
        return _escape(rest)
    if rest[0] == "[":
        return _class(rest)
    if rest.startswith("(?"):
        return _group(rest)
    return rest[0], ""


def _escape(rest: str) -> tuple[str, str]:
    if len(rest) == 1:
        return rest, "trailing backslash at end of expression: ``"
    char = rest[1]
    if char.isascii() and char.isalnum() and char not in _ESCAPES:
        return rest[:2], f"invalid escape sequence: `{rest[:2]}`"
    found = re.match(r"\\[pP]\{\^?\w+\}|\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\Q.*?(\\E|$)", rest)
    return (found[0] if found else rest[:2]), ""


def _class(rest: str) -> tuple[str, str]:
    position = 2 if rest.startswith("[^") else 1
    first, low = True, ""
    while position < len(rest):
        if rest[position] == "]" and not first:
            return rest[: position + 1], ""
        first = False
        named = _CLASS_NAME.match(rest, position)
        token, complaint = (named[0], "") if named else _token_in_class(rest[position:])
        if complaint:
            return rest, complaint
        position += len(token)
        if rest[position : position + 1] == "-" and rest[position + 1 : position + 2] not in ("]", ""):
            high, complaint = _token_in_class(rest[position + 1 :])
            if complaint:
                return rest, complaint
            low = token
            position += 1 + len(high)
            if len(low) == len(high) == 1 and low > high:
                return rest, f"invalid character class range: `{low}-{high}`"
    return rest, f"missing closing ]: `{rest}`"


def _token_in_class(rest: str) -> tuple[str, str]:
    return _escape(rest) if rest[0] == "\\" else (rest[0], "")


def _group(rest: str) -> tuple[str, str]:
    """The opening of a group: ``(?:``, ``(?i)``, ``(?P<name>``."""
    if rest.startswith(("(?P<", "(?<")):
        named = _NAMED.match(rest)
        end = rest.find(">")
        shown = rest if end < 0 else rest[: end + 1]
        return (named[0], "") if named else (rest, f"invalid named capture: `{shown}`")
    flags = _FLAGS.match(rest)
    if flags is not None:
        return flags[0], ""
    if len(rest) == len("(?"):
        return rest, f"missing argument to repetition operator: `{rest[1:]}`"
    odd = next((i for i, char in enumerate(rest[2:], 2) if char not in "imsU-"), len(rest) - 1)
    return rest, f"invalid or unsupported Perl syntax: `{rest[: odd + 1]}`"


def _repetition(rest: str) -> str:
    if rest[0] in "*+?":
        return rest[0]
    found = _REPEAT.match(rest)
    return found[0] if found else ""


def _countable(repetition: str) -> bool:
    found = _REPEAT.match(repetition)
    if found is None:
        return True
    least, most = int(found[1]), int(found[3]) if found[3] else -1
    return max(least, most) <= _MOST_REPEATS and (most < 0 or least <= most)
