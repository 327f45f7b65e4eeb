"""JSON as people write it: with a byte order mark, comments and trailing commas."""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 60


class LooseJsonError(Exception):
    """The text is no JSON, however generously it is read; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def loads(text: str) -> tuple[Any, bool]:
    """The value and whether the text had to be mended first. Raises LooseJsonError."""
    if _depth(text) > MAX_DEPTH:
        raise LooseJsonError(f"it is nested more than {MAX_DEPTH} levels deep", 1)
    try:
        return json.loads(text, strict=False), False
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_mended(text), strict=False), True
    except json.JSONDecodeError as error:
        raise LooseJsonError(error.msg, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise LooseJsonError(str(error)[:200], 1) from None


def _depth(text: str) -> int:
    """How deep brackets nest, strings skipped; one pass."""
    depth = deepest = 0
    string = escaped = False
    for char in text:
        if string:
            string, escaped = escaped or char != '"', char == "\\" and not escaped
        elif char == '"':
            string, escaped = True, False
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _mended(text: str) -> str:
    """The text without comments and trailing commas; its lines stay where they are."""
    out: list[str] = []
    position, end = 0, len(text)
    comma = -1
    while position < end:
        char = text[position]
        stop = position + 1
        if char == '"':
            while stop < end and text[stop] != '"':
                stop += 2 if text[stop] == "\\" else 1
            stop = min(stop + 1, end)
            out.append(text[position:stop])
            comma = -1
        elif text.startswith("//", position) or char == "#":
            stop = text.find("\n", position)
            stop = end if stop < 0 else stop
        elif text.startswith("/*", position):
            stop = text.find("*/", position)
            stop = end if stop < 0 else stop + 2
            out.append("\n" * text.count("\n", position, stop))
        else:
            if char in "]}" and comma >= 0:
                out[comma] = ""
            if char == ",":
                comma = len(out)
            elif not char.isspace():
                comma = -1
            out.append(char)
        position = stop
    return "".join(out)
