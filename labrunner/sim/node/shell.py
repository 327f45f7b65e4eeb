"""Reads the small shell scripts that labs put into pods: lists, loops, conditions, traps, redirections.

It is no shell. It understands what can be foretold without running anything (``echo``, ``sleep``, ``exit``, files
that come and go) and marks the rest as unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<space>[\ \t\r]+|\\\n)|(?P<comment>(?<![^\s;&|])\#[^\n]*)|
    (?P<op>&&|\|\||;;|[12&]?>>|[12&]?>(?:&[12])?|[;&|()\n<]|\{(?=\s)|\}(?=[\s;&|)]|\Z))""",
    re.VERBOSE,
)
_WORD_END: Final = frozenset(" \t\r\n;&|()<>")
_RESERVED: Final = frozenset(("do", "done", "then", "else", "elif", "fi", "}", ")"))
_STREAMS: Final = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "/proc/1/fd/1", "/proc/1/fd/2"))
FOREVER: Final = 1 << 30
LONGEST_RANGE: Final = 10_000
LONGEST_SCRIPT: Final = 65_536


class ScriptError(ValueError):
    """A script this reader cannot follow."""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: words, and the file its output goes to."""

    words: tuple[str, ...]
    writes: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """``while``/``until`` (``endless`` when the condition always holds) or ``for`` over ``values``."""

    condition: Script | None
    body: Script
    until: bool = False
    variable: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """``if``: pairs of condition and body, and the ``else`` part."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """``{ … }`` or ``( … )``."""

    body: Script


Node = Command | Loop | Condition | Group


@dataclass(frozen=True, slots=True)
class Item:
    """One pipeline of a list; ``joint`` is how it hangs on the one before: ``;``, ``&&`` or ``||``."""

    nodes: tuple[Node, ...]
    joint: str = ";"
    background: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A list of pipelines."""

    items: tuple[Item, ...] = field(default=())


def tokens(text: str) -> list[tuple[str, bool]]:
    """Words and operators; True marks an operator. Quotes are removed, ``$(…)`` is kept as part of its word."""
    out: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found:
            at = found.end()
            if found.lastgroup == "op":
                out.append((found.group(), True))
            continue
        word, at = _word(text, at)
        out.append((word, False))
    return out


def _word(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text) and text[at] not in _WORD_END:
        char = text[at]
        if char == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise ScriptError("unterminated quote")
            parts.append(text[at + 1 : end].replace("$", "\0"))
            at = end + 1
        elif char == '"':
            inner, at = _double_quoted(text, at + 1)
            parts.append(inner)
        elif char == "\\" and at + 1 < len(text):
            parts.append(text[at + 1].replace("$", "\0"))
            at += 2
        elif text.startswith("$(", at):
            end = _closing(text, at + 2)
            parts.append(text[at:end])
            at = end
        else:
            parts.append(char)
            at += 1
    return "".join(parts), at


def _double_quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text):
        char = text[at]
        if char == '"':
            return "".join(parts), at + 1
        if char == "\\" and at + 1 < len(text) and text[at + 1] in '"\\$`':
            parts.append(text[at + 1].replace("$", "\0"))
            at += 2
        elif text.startswith("$(", at):
            end = _closing(text, at + 2)
            parts.append(text[at:end])
            at = end
        else:
            parts.append(char)
            at += 1
    raise ScriptError("unterminated quote")


def _closing(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return at
    raise ScriptError("unterminated $(")


def parse(text: str) -> Script:
    """The script that *text* is. Raises ScriptError."""
    if len(text) > LONGEST_SCRIPT:
        raise ScriptError("too long to follow")
    reader = _Reader(tokens(text))
    script = reader.script()
    if not reader.done():
        raise ScriptError(f"unexpected {reader.peek()!r}")
    return script


class _Reader:
    def __init__(self, found: list[tuple[str, bool]]) -> None:
        self._tokens = found
        self._at = 0
        self._ranges = 0

    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.done() else self._tokens[self._at][0]

    def _operator(self, *texts: str) -> bool:
        return not self.done() and self._tokens[self._at][1] and self.peek() in texts

    def _take(self) -> str:
        if self.done():
            raise ScriptError("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _expect(self, text: str) -> None:
        if self._take() != text:
            raise ScriptError(f"expected {text}")

    def _skip(self) -> None:
        while self._operator(";", "\n"):
            self._take()

    def script(self) -> Script:
        items: list[Item] = []
        joint = ";"
        self._skip()
        while not self.done() and self.peek() not in _RESERVED:
            negated = self.peek() == "!" and bool(self._take())
            nodes = [self._node()]
            while self._operator("|"):
                self._take()
                nodes.append(self._node())
            background = self._operator("&")
            items.append(Item(tuple(nodes), joint, background, negated))
            if self._operator("&&", "||"):
                joint = self._take()
                self._skip()
            elif self._operator(";", "\n", "&"):
                self._take()
                joint = ";"
                self._skip()
            else:
                break
        return Script(tuple(items))

    def _node(self) -> Node:
        word = self.peek()
        if self._operator("(", "{"):
            self._take()
            body = self.script()
            self._expect(")" if word == "(" else "}")
            self._redirections()
            return Group(body)
        if word in ("while", "until"):
            self._take()
            condition = self.script()
            body = self._block("do", "done")
            self._redirections()
            return Loop(condition, body, until=word == "until")
        if word == "for":
            return self._for()
        if word == "if":
            return self._if()
        return self._command()

    def _block(self, first: str, last: str) -> Script:
        self._skip()
        self._expect(first)
        body = self.script()
        self._expect(last)
        return body

    def _for(self) -> Loop:
        self._take()
        variable = self._take()
        values: list[str] = []
        if self.peek() == "in":
            self._take()
            while not self._operator(";", "\n"):
                values.append(self._take())
        body = self._block("do", "done")
        self._redirections()
        expanded = tuple(_expand_range(values))
        self._ranges += len(expanded)
        if self._ranges > 10 * LONGEST_RANGE:
            raise ScriptError("too many values to follow")
        return Loop(None, body, variable=variable, values=expanded)

    def _if(self) -> Condition:
        self._take()
        branches: list[tuple[Script, Script]] = []
        otherwise: Script | None = None
        while True:
            condition = self.script()
            self._expect("then")
            branches.append((condition, self.script()))
            word = self._take()
            if word == "elif":
                continue
            if word == "else":
                otherwise = self.script()
                self._expect("fi")
            elif word != "fi":
                raise ScriptError(f"unexpected {word!r}")
            return Condition(tuple(branches), otherwise)

    def _redirections(self) -> tuple[str, bool]:
        writes, silent = "", False
        while not self.done() and self._tokens[self._at][1] and (">" in self.peek() or self.peek() == "<"):
            operator = self._take()
            if operator.endswith(("&1", "&2")):
                continue
            target = self._take()
            if operator == "<" or operator.startswith("2"):
                continue
            silent = True
            writes = "" if target in _STREAMS else target
            if target in ("/dev/stdout", "/dev/stderr"):
                silent = False
        return writes, silent

    def _command(self) -> Command:
        words: list[str] = []
        writes, silent = "", False
        while not self.done():
            if self._tokens[self._at][1]:
                if ">" not in self.peek() and self.peek() != "<":
                    if self.peek() in "{}" and words:
                        words.append(self._take())
                        continue
                    break
                writes, silent = self._redirections()
                continue
            words.append(self._take())
        if not words and not writes:
            raise ScriptError(f"unexpected {self.peek()!r}")
        return Command(tuple(words), writes, silent)


def _expand_range(values: list[str]) -> list[str]:
    out: list[str] = []
    for value in values:
        found = re.fullmatch(r"\{(\d+)\.\.(\d+)\}|\$\(seq (?:(\d+) )?(\d+)\)", value)
        if not found:
            out.append(value)
            continue
        first = int(found[1] or found[3] or 1)
        last = int(found[2] or found[4])
        out += [str(n) for n in range(first, min(last, first + LONGEST_RANGE) + 1)]
    return out
