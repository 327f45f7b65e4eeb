"""Values and conditions in plain words, short enough for one line."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from labrunner.content.checks_model import Matcher


class _Missing:
    """What stands where a field is not there."""

    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()

_BARE = re.compile(r"[A-Za-z_/.][\w./:@+-]*")
_AMBIGUOUS = {"true", "false", "null", "nothing", "yes", "no"}
_WIDEST = 80
_MOST_ITEMS = 8


def phrase(value: Any) -> str:
    """One value: words bare, other texts quoted, long ones cut, absence as "nothing"."""
    if value is MISSING or value is None:
        return "nothing"
    if isinstance(value, Matcher):
        return describe(value)
    if isinstance(value, str):
        return _phrase_text(value)
    return _cut(_compact(value, depth=4))


def _phrase_text(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _AMBIGUOUS:
        return _cut(text)
    return json.dumps(_cut(text), ensure_ascii=False)


def _compact(value: Any, depth: int) -> str:
    """JSON-like and bounded in depth and width, so that no document makes it slow."""
    if isinstance(value, Matcher):
        return describe(value)
    if isinstance(value, dict):
        if depth == 0:
            return "{…}"
        items = [f"{key}: {_compact(item, depth - 1)}" for key, item in list(value.items())[:_MOST_ITEMS]]
        return "{" + ", ".join([*items, "…"] if len(value) > _MOST_ITEMS else items) + "}"
    if isinstance(value, list | tuple):
        if depth == 0:
            return "[…]"
        items = [_compact(item, depth - 1) for item in value[:_MOST_ITEMS]]
        return "[" + ", ".join([*items, "…"] if len(value) > _MOST_ITEMS else items) + "]"
    if isinstance(value, str):
        return _phrase_text(value)
    if value is None or value is MISSING:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


_OPENINGS = {
    "gt": "more than",
    "ge": "at least",
    "lt": "less than",
    "le": "at most",
    "contains": "something containing",
    "exactly": "exactly",
    "semver": "a version",
}


def describe(matcher: Matcher) -> str:
    """What a matcher wants, as the words after "wanted"."""
    op, operand = matcher.op, matcher.operand
    if op == "equals":
        return phrase(operand)
    if op in _OPENINGS:
        return f"{_OPENINGS[op]} {phrase(operand)}"
    if op == "not":
        return f"anything but {describe(operand)}"
    if op == "between":
        return f"between {phrase(operand[0])} and {phrase(operand[1])}"
    if op == "in":
        return "one of " + ", ".join(phrase(item) for item in operand)
    if op == "matches":
        return f"a match of /{_cut(str(operand))}/"
    if op == "exists":
        return "anything at all" if operand else "nothing"
    if op == "len":
        return f"a length of {describe(operand)}"
    joined = {"all": " and ", "any": " or ", "none": " nor "}.get(op, ", ").join(
        describe(part) for part in operand
    )
    return f"neither {joined}" if op == "none" else joined


def amount(number: int, noun: str) -> str:
    """`1 Pod`, `3 Pods`, `2 policies`-like counts; kinds ending in s, y, x or h follow English."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {plural(noun)}"


def plural(noun: str) -> str:
    """A kind's name for several: Pods, Ingresses, NetworkPolicies, Endpoints."""
    if noun.endswith("Endpoints"):
        return noun
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def seconds(value: float) -> str:
    """`3 s`, `0.5 s`."""
    return f"{value:.1f}".rstrip("0").rstrip(".") + " s"
