r"""Regular expressions of Go's RE2 syntax on Python's engine.

The differences that matter in schemas: ``\z``, named classes such as ``[[:alnum:]]``, ``\pL``, and that ``$`` matches
only at the very end.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7f", "blank": "\\t ", "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_FLAGS: Final = re.compile(r"\(\?([ims]+)\)")
_CATEGORIES: Final = {"L": "^\\W\\d_", "N": "\\d", "Lu": "A-Z", "Ll": "a-z"}


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """*pattern* ready to search with; None when Python cannot express it."""
    try:
        return re.compile(_translated(pattern), re.ASCII)
    except re.error:
        return None


def found_in(pattern: str, text: str) -> bool:
    """Whether *pattern* occurs in *text*; True when it cannot be told, so that nothing is refused wrongly."""
    expression = compiled(pattern)
    return expression is None or expression.search(text) is not None


def _translated(pattern: str) -> str:
    out: list[str] = []
    position, in_class = 0, False
    flagged = [0]  # flags set in the middle of each open group, which Python wants as groups of their own
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            escaped, position = _escape(pattern, position, in_class)
            out.append(escaped)
            continue
        named = re.compile(r"\[:(\^?)(\w+):\]").match(pattern, position) if in_class else None
        if named is not None and named[2] in _CLASSES and not named[1]:
            out.append(_CLASSES[named[2]])
            position = named.end()
            continue
        if char == "[" and not in_class:
            in_class = True
            start = position
            position += 1
            while pattern[position : position + 1] in ("^", "]") and pattern[start:position] in ("[", "[^"):
                position += 1
            out.append(pattern[start:position])
            continue
        if char == "]" and in_class:
            in_class = False
        flags = _FLAGS.match(pattern, position) if char == "(" and not in_class else None
        if flags is not None:
            out.append(f"(?{flags[1]}:")
            flagged[-1] += 1
            position = flags.end()
            continue
        if char == "(" and not in_class:
            flagged.append(0)
        elif char == ")" and not in_class and len(flagged) > 1:
            out.append(")" * flagged.pop())
        if in_class and char == "[":
            out.append("\\")
        out.append("\\Z" if char == "$" and not in_class and "(?m" not in pattern else char)
        position += 1
    return "".join(out) + ")" * flagged[0]


def _escape(pattern: str, position: int, in_class: bool) -> tuple[str, int]:
    follows = pattern[position + 1 : position + 2]
    if follows == "z":
        return "\\Z", position + 2
    if follows == "p":
        name = re.compile(r"\\p(?:\{(\w+)\}|(\w))").match(pattern, position)
        if name is not None and (name[1] or name[2]) in _CATEGORIES:
            inner = _CATEGORIES[name[1] or name[2]]
            return (inner if in_class else f"[{inner}]"), name.end()
    return pattern[position : position + 2], position + 2
