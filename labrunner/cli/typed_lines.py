"""Lines typed or piped in, read beside the event loop without ever holding it up, not even at the program's end."""

from __future__ import annotations

import asyncio
import codecs
import os
import threading


class TypedLines:
    """The lines of a file descriptor: a terminal, a pipe or a file.

    A daemon thread reads it with `os.read`: the loop's own threads would be waited for at exit, and a thread inside
    `sys.stdin` holds a lock that the interpreter wants when it ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._over = False
        threading.Thread(target=self._read, name="typed lines", daemon=True).start()

    async def next(self) -> str | None:
        """The next line without its newline; None at the end, and ever after."""
        if self._over:
            return None
        line = await self._lines.get()
        self._over = line is None
        return line

    def end(self) -> None:
        """Whoever waits for a line gets the end."""
        self._lines.put_nowait(None)

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        kept = ""
        while piece := self._piece():
            *lines, kept = (kept + decoder.decode(piece)).split("\n")
            for line in lines:
                self._put(line.removesuffix("\r"))
        if kept:
            self._put(kept)
        self._put(None)

    def _piece(self) -> bytes:
        try:
            return os.read(self._descriptor, 65536)
        except OSError:
            # A terminal that went away reads as an error, which is an end too.
            return b""

    def _put(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return
