"""Source code as styled rows. Pygments is imported with the first code that is drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style

from labrunner.tui.step.palette import Palette
from labrunner.tui.step.wrapping import TAB, Line, clean

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_SOURCE: Final = 40_000
"""Characters; longer code is drawn in one style."""

_PLAIN: Final = ("", "text", "txt", "plain", "mermaid", "ascii", "console-output")
_PARTS: Final = (
    ("Token.Keyword", "keyword"),
    ("Token.Name.Builtin", "name"),
    ("Token.Name.Tag", "name"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Variable", "name"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Literal.Scalar", "string"),
    ("Token.Comment", "comment"),
)
"""The part of the palette for each kind of token, the first that fits."""


def code_lines(source: str) -> list[str]:
    """The rows of a fence as they are shown."""
    return clean(source.expandtabs(TAB)).removesuffix("\n").split("\n")


def highlighted(lines: list[str], language: str, palette: Palette, base: Style) -> list[Line]:
    """The same rows in colours, or in `base` alone where the language is not known."""
    lexer = None if language in _PLAIN or sum(map(len, lines)) > MAX_SOURCE else _lexer(language)
    if lexer is None:
        return [[Segment(line, base)] if line else [] for line in lines]
    styles: dict[object, Style] = {}
    rows: list[Line] = [[]]
    for kind, text in lexer.get_tokens("\n".join(lines)):
        style = styles.get(kind)
        if style is None:
            part = _part(kind)
            style = styles[kind] = base + getattr(palette, part) if part else base
        for number, piece in enumerate(text.split("\n")):
            if number:
                rows.append([])
            if piece:
                rows[-1].append(Segment(piece, style))
    if ["".join(segment.text for segment in row) for row in rows] != lines:
        return [[Segment(line, base)] if line else [] for line in lines]
    return rows


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _part(kind: object) -> str:
    name = str(kind)
    return next((part for prefix, part in _PARTS if name.startswith(prefix)), "")
