"""Terminal output that is waiting to be drawn: bounded, handed out in pieces, so that a flood cannot stop the app."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

PIECE: Final = 8 * 1024
LIMIT: Final = 4 * 1024 * 1024
KEPT: Final = 512 * 1024
_MODES: Final = re.compile(rb"\x1b\[\?[\d;]*[hl]")
_RESYNCHRONISE: Final = b"\x18\x1b[0m\r\n"
"""CAN ends a control sequence that was cut, SGR 0 its colours."""


class Backlog:
    """Bytes in, pieces out, in order.

    Beyond `LIMIT` bytes the oldest are dropped, as a terminal's scrollback would; what switches the terminal's modes
    (alternate screen, mouse) is kept.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self.size = 0
        self.dropped = 0

    def put(self, data: bytes) -> None:
        """Add output."""
        self._pieces.append(data)
        self.size += len(data)
        if self.size > LIMIT:
            self._shorten()

    def take(self) -> bytes:
        """The next piece, empty when there is none."""
        if not self._pieces:
            return b""
        data = self._pieces.popleft()
        if len(data) > PIECE:
            self._pieces.appendleft(data[PIECE:])
            data = data[:PIECE]
        self.size -= len(data)
        return data

    def _shorten(self) -> None:
        everything = b"".join(self._pieces)
        gone, kept = everything[:-KEPT], everything[-KEPT:]
        modes = b"".join(_MODES.findall(gone))
        self.dropped += len(gone)
        self._pieces = deque([modes + _RESYNCHRONISE, kept])
        self.size = sum(map(len, self._pieces))
