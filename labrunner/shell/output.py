"""Bounded capture of a command's terminal output, and its plain text.

`OutputCapture` takes bytes as they come and keeps the first 64 KB and the last 192 KB; `Captured` is the frozen result.
`plain_text` turns terminal bytes into the text a reader would see: escape sequences removed, carriage returns,
backspaces and erase-to-end-of-line applied, invalid UTF-8 replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 192 * 1024

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"  # OSC
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|\Z)"  # DCS, SOS, PM, APC
    r"|\x1b\[[0-?]*[ -/]*(?:(?P<final>[@-~])|\Z)"  # CSI
    r"|\x1b[ -/]*(?:[0-~]|\Z)"  # two- and three-byte escapes
    r"|\x1b"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"  # other controls; \b \t \n \r stay
)
_EDITS = re.compile(r"[^\r\x08\x1b]+|[\r\x08]|\x1b\[K")
_ERASE_LINE = "\x1b[K"


@dataclass(frozen=True, slots=True)
class Captured:
    """What was kept of a stream: its beginning, its end, and how many bytes between them were not kept."""

    head: bytes = b""
    tail: bytes = b""
    dropped: int = 0

    @property
    def size(self) -> int:
        """Bytes the command wrote in all."""
        return len(self.head) + self.dropped + len(self.tail)

    @property
    def text(self) -> str:
        """The output as a reader would see it, with a line of its own where bytes were left out."""
        if not self.dropped:
            return plain_text(self.head + self.tail)
        gap = f"\n[… {self.dropped:,} bytes not kept …]\n"
        return plain_text(self.head) + gap + plain_text(self.tail)


class OutputCapture:
    """Collects a stream within fixed memory. Never more than `head + 2 * tail` bytes and one chunk are held."""

    def __init__(self, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self._head_limit = head
        self._tail_limit = tail
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def append(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._tail_limit:
            self._drop_surplus()

    def result(self) -> Captured:
        """What has been kept so far."""
        self._drop_surplus()
        return Captured(bytes(self._head), bytes(self._tail), self._dropped)

    def _drop_surplus(self) -> None:
        surplus = len(self._tail) - self._tail_limit
        if surplus > 0:
            del self._tail[:surplus]
            self._dropped += surplus


def plain_text(data: bytes) -> str:
    """Terminal bytes as plain text; see the module's description."""
    text = data.decode("utf-8", "replace")
    text = _ESCAPES.sub(_keep_erase, text).replace("\r\n", "\n")
    if "\r" not in text and "\b" not in text:
        return text.replace(_ERASE_LINE, "")
    return "\n".join(_overwritten(line) for line in text.split("\n"))


def _keep_erase(match: re.Match[str]) -> str:
    return _ERASE_LINE if match["final"] == "K" and match[0] in ("\x1b[K", "\x1b[0K") else ""


def _overwritten(line: str) -> str:
    """One line after carriage returns, backspaces and erasing, as a terminal of unlimited width shows it."""
    if "\r" not in line and "\b" not in line:
        return line.replace(_ERASE_LINE, "")
    cells: list[str] = []
    column = 0
    for piece in _EDITS.findall(line):
        if piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        elif piece == _ERASE_LINE:
            del cells[column:]
        else:
            cells[column : column + len(piece)] = piece
            column += len(piece)
    return "".join(cells)
