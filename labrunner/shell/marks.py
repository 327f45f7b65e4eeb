"""Splits a shell's byte stream into output and marks (OSC 133), without I/O.

A mark is `ESC ] 133 ; KIND ; field ; … BEL` where one field is `aid=NONCE` with the nonce of this session. Anything else,
a mark with another nonce included, is output: a program that prints marks of its own cannot end a cell.

The stream may arrive in any pieces: joining adjacent output, the result is always the same (tests hold this).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

MAX_MARK_BYTES = 32 * 1024
"""A mark that is longer is output. It holds a directory and the text of a command."""

_PREFIX = b"\x1b]133;"
_END = re.compile(rb"\x07|\x1b(.?)", re.DOTALL)
_TERMINATORS = (b"\x07", b"\x1b\\")
_COMMAND_ESCAPES = re.compile(r"\\(\\|x3b|x0a)")
_COMMAND_UNESCAPED = {"\\": "\\", "x3b": ";", "x0a": "\n"}


class MarkKind(StrEnum):
    """Letters A to D as in the OSC 133 convention; the others are labrunner's."""

    PROMPT_START = "A"
    PROMPT_END = "B"
    COMMAND_START = "C"
    COMMAND_END = "D"
    CONTINUATION = "P"
    CLEARED = "K"
    """The line editor has received our key and emptied the line."""
    CAPTURE = "V"
    """The shell waits for the value of a captured variable."""
    UNUSABLE = "U"
    """The shell is too old."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark. `exit_code` for A and D; `cwd` (bytes of a path) and `command` for D; `note` is the first free field."""

    kind: MarkKind
    exit_code: int | None = None
    cwd: bytes | None = None
    command: str | None = None
    note: str = ""


class MarkParser:
    """Incremental splitter for one session."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._held = b""

    def feed(self, data: bytes) -> list[bytes | Mark]:
        """Output and marks in the order they came. Keeps back what may be the beginning of a mark."""
        data = self._held + data
        self._held = b""
        items: list[bytes | Mark] = []
        start = position = 0
        while (position := data.find(_PREFIX, position)) >= 0:
            body = position + len(_PREFIX)
            end = _END.search(data, body, position + MAX_MARK_BYTES)
            if end is None or end[1] == b"":
                if len(data) - position < MAX_MARK_BYTES:
                    break
            elif (mark := self._parse(data[body : end.start()], end[0])) is not None:
                if position > start:
                    items.append(data[start:position])
                items.append(mark)
                start = position = end.end()
                continue
            position += 1
        stop = position if position >= 0 else len(data) - _possible_prefix(data, start)
        if stop > start:
            items.append(data[start:stop])
        self._held = data[stop:]
        return items

    def flush(self) -> bytes:
        """What was kept back, as output: the stream has ended."""
        held, self._held = self._held, b""
        return held

    def _parse(self, body: bytes, terminator: bytes) -> Mark | None:
        if terminator not in _TERMINATORS:
            return None
        letter, *fields = body.decode("utf-8", "replace").split(";")
        if f"aid={self._nonce}" not in fields:
            return None
        try:
            kind = MarkKind(letter)
        except ValueError:
            return None
        free = [field for field in fields if "=" not in field]
        named = dict(field.split("=", 1) for field in fields if "=" in field)
        note = free[0] if free else ""
        return Mark(
            kind,
            exit_code=int(note) if note.isascii() and note.isdigit() else None,
            cwd=unquote_to_bytes(named["cwd"]) if "cwd" in named else None,
            command=_unescape(named["cmd"]) if "cmd" in named else None,
            note=note,
        )


def _unescape(text: str) -> str:
    return _COMMAND_ESCAPES.sub(lambda match: _COMMAND_UNESCAPED[match[1]], text)


def _possible_prefix(data: bytes, start: int) -> int:
    """How many bytes at the end of `data[start:]` may be the beginning of a mark."""
    longest = min(len(_PREFIX) - 1, len(data) - start)
    return next((size for size in range(longest, 0, -1) if data.endswith(_PREFIX[:size])), 0)
