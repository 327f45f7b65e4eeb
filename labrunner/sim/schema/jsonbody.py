"""JSON bodies, read with the complaints of Go's decoder."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from labrunner.sim.objects import Obj

#: How deep objects may be nested. Go stops at 10,000, Python's own stack far earlier.
MAX_DEPTH: Final = 150
_SHOWN_BYTES: Final = 30
#: A backslash, a pair of escaped surrogates, and (in the group) half of such a pair.
_ESCAPES: Final = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")

Pairs = list[tuple[str, Any]]


class BrokenJsonError(ValueError):
    """Not JSON; the message is Go's."""


def parse(body: bytes) -> tuple[Any, dict[int, Pairs]]:
    """The value in *body*; and, by ``id`` of each object with a key twice, all its pairs in order.

    Raises BrokenJsonError.
    """
    duplicates: dict[int, Pairs] = {}

    def gather(pairs: Pairs) -> Obj:
        made = dict(pairs)
        if len(made) != len(pairs):
            duplicates[id(made)] = pairs
        return made

    if b"\\u" in body:
        body = _ESCAPES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
    try:
        parsed = json.loads(_text(body), object_pairs_hook=gather, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError(_words(body, error)) from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and depth(parsed) > MAX_DEPTH:
        raise BrokenJsonError("exceeded max depth")
    return parsed, duplicates


def summary(body: bytes) -> str:
    """How the server shows a body that it cannot make sense of: its beginning, in hexadecimal unless JSON."""
    if not body:
        return "<empty>"
    start = body[:_SHOWN_BYTES]
    text = start.decode("utf-8", "replace") if body.startswith(b"{") else start.hex()
    return f"{text} ..." if len(body) > _SHOWN_BYTES else text


def depth(value: Any) -> int:
    """How deep *value* is nested; without recursion, as it may be deep."""
    deepest = 0
    queue = [(value, 1)]
    while queue:
        item, level = queue.pop()
        deepest = max(deepest, level)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        queue.extend((part, level + 1) for part in inner)
    return deepest


def _text(body: bytes) -> str:
    """*body* with what is not UTF-8 replaced, as Go does in strings."""
    return body.decode("utf-8", "replace")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"invalid character {name[0]!r} looking for beginning of value")


def _words(body: bytes, error: Exception) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error) if body else "unexpected end of JSON input"
    text = error.doc
    if error.pos >= len(text.rstrip()):
        return "unexpected end of JSON input"
    where = "looking for beginning of value"
    for literal in ("true", "false", "null"):
        if text[error.pos] == literal[0] and "Expecting value" in error.msg:
            return _in_literal(literal, text[error.pos :])
    if "property name" in error.msg:
        where = "looking for beginning of object key string"
    elif "delimiter" in error.msg:
        inside = "array element" if _in_array(text[: error.pos]) else "object key:value pair"
        where = f"after {inside}" if "," in error.msg else "after object key"
    elif "Extra data" in error.msg:
        where = "after top-level value"
    return f"invalid character {text[error.pos]!r} {where}"


def _in_literal(literal: str, text: str) -> str:
    for wanted, char in zip(literal, text, strict=False):
        if char != wanted:
            return f"invalid character {char!r} in literal {literal} (expecting {wanted!r})"
    return "unexpected end of JSON input"


def _in_array(text: str) -> bool:
    """Whether *text*, the beginning of a document, ends inside of an array rather than of an object."""
    closed = 0
    for char in reversed(text):
        if char in "]}":
            closed += 1
        elif char in "[{":
            if not closed:
                return char == "["
            closed -= 1
    return False
