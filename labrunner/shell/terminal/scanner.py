"""Splits a terminal's byte stream into text, controls, sequences and strings.

One compiled expression finds the next token; a sequence that the data ends in is held back until more comes,
so how the stream is cut into chunks never matters. Everything held is bounded.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

SLICE: Final = 16_384
"""Bytes decoded at a time, so that no hostile input makes one step slow."""

MAX_STRING: Final = 65_536
"""Characters kept of an OSC or DCS string; a longer one is swallowed whole."""

_PARAMETERS: Final = "[0-?]{0,255}+"
_INTERMEDIATES: Final = "[ -/]{0,3}+"

_TOKEN: Final = re.compile(
    r"((?:[ -~]*+\r\n){2,}+)"  # 1 whole lines of ASCII
    r"|([^\x00-\x1f\x7f-\x9f]++)"  # 2 printable text
    rf"|\x1b\[({_PARAMETERS})({_INTERMEDIATES}[@-~])"  # 3, 4 control sequence
    r"|([\x00-\x1a\x1c-\x1f])"  # 5 control
    r"|\x1b([\]PX^_])"  # 6 start of a string
    r"|\x1b([ -/]{1,3}+[0-~]|[0-OQ-WYZ\\`-~])"  # 7 escape sequence
    r"|([\x7f-\x9f]++)"  # 8 nothing: DEL, and C1, which UTF-8 terminals do not obey
    r"|(\x1b)"  # 9 unfinished or malformed
)
LINES, TEXT, FINAL, CONTROL, STRING, ESCAPE, IGNORED = 1, 2, 4, 5, 6, 7, 8

_UNFINISHED: Final = re.compile(rf"\x1b(?:\[{_PARAMETERS}{_INTERMEDIATES}|{_INTERMEDIATES})")
_SEQUENCE_END: Final = re.compile(r"[@-~]|(?=[\x18\x1a\x1b\x80-\U0010ffff])")
_OSC_END: Final = re.compile(r"[\x07\x18\x1a\x1b]")
_STRING_END: Final = re.compile(r"[\x18\x1a\x1b]")


class Sink(Protocol):
    """What the scanner finds, in order."""

    def lines(self, block: str) -> None:
        """Several lines of printable ASCII, each ended by CR LF."""

    def text(self, text: str) -> None:
        """Printable characters."""

    def control(self, character: str) -> None:
        """A C0 control."""

    def escape(self, sequence: str) -> None:
        """An escape sequence: intermediates and final character."""

    def csi(self, parameters: str, final: str) -> None:
        """A control sequence: parameters, then intermediates and final character."""

    def string(self, kind: str, payload: str, terminator: str) -> None:
        """A complete string. `kind` is `]` (OSC), `P` (DCS), `X`, `^` or `_`; `terminator` BEL or ESC."""


class Scanner:
    """The parser's state between two chunks."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._skipping = False
        self._string = ""
        self._parts: list[str] = []
        self._size = 0

    def feed(self, data: bytes, sink: Sink) -> None:
        """Report what `data` completes to `sink`."""
        for start in range(0, len(data), SLICE):
            text = self._decoder.decode(data[start : start + SLICE])
            self._scan(self._held + text if self._held else text, sink)

    def _scan(self, data: str, sink: Sink) -> None:
        self._held = ""
        position = 0
        while position < len(data):
            if self._string:
                position = self._collect(data, position, sink)
            elif self._skipping:
                end = _SEQUENCE_END.search(data, position)
                self._skipping = end is None
                position = end.end() if end else len(data)
            else:
                position = self._tokens(data, position, sink)
                if position < 0:
                    data, position = self._mend(data, ~position, sink), 0

    def _tokens(self, data: str, position: int, sink: Sink) -> int:
        """Report tokens from `position` on.

        Returns:
            Where to go on: the end, the start of a string's payload, or `~position` of a broken sequence.
        """
        lines, text, control, csi = sink.lines, sink.text, sink.control, sink.csi
        for match in _TOKEN.finditer(data, position):
            kind = match.lastindex
            if kind == TEXT:
                text(match[2])
            elif kind == FINAL:
                csi(match[3], match[4])
            elif kind == CONTROL:
                control(match[5])
            elif kind == LINES:
                lines(match[1])
            elif kind == ESCAPE:
                sink.escape(match[7])
            elif kind == STRING:
                self._string = match[6]
                return match.end()
            elif kind != IGNORED:
                return ~match.start()
        return len(data)

    def _mend(self, data: str, start: int, sink: Sink) -> str:
        """Deal with the escape at `start` that begins no complete sequence; returns what is left to scan."""
        unfinished = _UNFINISHED.match(data, start)
        assert unfinished is not None
        end = unfinished.end()
        if end == len(data):
            self._held = data[start:]
            return ""
        culprit = data[end]
        if culprit in "\x18\x1a":
            return data[end + 1 :]
        if culprit < " " and culprit != "\x1b":
            # Controls act at once even inside a sequence, which then goes on.
            sink.control(culprit)
            return data[start:end] + data[end + 1 :]
        if culprit == "\x7f":
            return data[start:end] + data[end + 1 :]
        if culprit < "\x7f" and culprit != "\x1b":
            self._skipping = True
        return data[end:]

    def _collect(self, data: str, position: int, sink: Sink) -> int:
        """Take payload of the open string; returns where to go on."""
        found = (_OSC_END if self._string == "]" else _STRING_END).search(data, position)
        end = found.start() if found else len(data)
        self._size += end - position
        if self._size <= MAX_STRING:
            self._parts.append(data[position:end])
        else:
            self._parts.clear()
        if found is None:
            return end
        kind, payload, complete = self._string, "".join(self._parts), self._size <= MAX_STRING
        self._string, self._size = "", 0
        self._parts.clear()
        terminator = found[0]
        if complete and terminator in "\x07\x1b":
            sink.string(kind, payload, terminator)
        # An ESC begins the ESC \ that ends the string, or another sequence: it is scanned again.
        return end if terminator == "\x1b" else end + 1
