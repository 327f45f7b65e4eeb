"""CEL text to tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim.crd.cel.errors import CompileError


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``op``, ``ident``, ``literal`` or ``end``; ``text`` names operators and identifiers."""

    kind: str
    text: str
    position: int
    value: Any = None


_TOKEN: Final = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<string>(?P<prefix>[rR][bB]?|[bB][rR]?)?(?P<quote>\"\"\"|'''|\"|'))"
    r"|(?P<float>\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<int>(?:0[xX][0-9a-fA-F]+|\d+)[uU]?)"
    r"|(?P<ident>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])"
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\?\"'`])|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<big>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))"
)
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LITERALS: Final = {"true": True, "false": False, "null": None}


def tokens(source: str) -> list[Token]:
    """The tokens of *source*, with one of kind ``end`` last. Raises CompileError."""
    out: list[Token] = []
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            raise CompileError(f"Syntax error: token recognition error at: '{source[position]}'", position)
        start, position = position, found.end()
        if found["string"] is not None:
            token, position = _string(source, start, found)
            out.append(token)
        elif found["float"] is not None:
            out.append(Token("literal", found["float"], start, float(found["float"])))
        elif found["int"] is not None:
            out.append(Token("literal", found["int"], start, int(found["int"].rstrip("uU"), 0)))
        elif found["ident"] in _LITERALS:
            out.append(Token("literal", found["ident"], start, _LITERALS[found["ident"]]))
        elif found["ident"] is not None:
            out.append(Token("op" if found["ident"] == "in" else "ident", found["ident"], start))
        elif found["op"] is not None:
            out.append(Token("op", found["op"], start))
    return [*out, Token("end", "<EOF>", len(source))]


def _string(source: str, start: int, found: re.Match[str]) -> tuple[Token, int]:
    quote, prefix = found["quote"], (found["prefix"] or "").lower()
    position = found.end()
    while not source.startswith(quote, position):
        if position >= len(source) or (len(quote) == 1 and source[position] == "\n"):
            raise CompileError(f"Syntax error: token recognition error at: '{source[start:]}'", start)
        position += 2 if source[position] == "\\" and "r" not in prefix else 1
    text: Any = source[found.end() : position]
    if "r" not in prefix:
        text = _ESCAPE.sub(_unescaped, text)
    if "b" in prefix:
        text = text.encode("latin-1" if "\\x" in source[start:position] else "utf-8")
    return Token("literal", source[start : position + len(quote)], start, text), position + len(quote)


def _unescaped(found: re.Match[str]) -> str:
    if found["simple"] is not None:
        return _SIMPLE.get(found["simple"], found["simple"])
    if found["octal"] is not None:
        return chr(int(found["octal"], 8))
    return chr(int(found["hex"] or found["u"] or found["big"], 16))
