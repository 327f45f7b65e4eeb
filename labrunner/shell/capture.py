"""The stdout of a cell whose output becomes a variable.

Such a cell writes to a FIFO instead of the terminal; `StdoutChannel` hands every byte on, so that it is shown, and keeps
the beginning as the value. Everything written before the shell asks for the value is in it, even when a process that the
cell left behind keeps the FIFO open; that process's later output is still shown.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from labrunner.shell.pseudoterminal import READ_BYTES, READ_SECONDS

MAX_VALUE_BYTES = 64 * 1024
"""Longer values are cut: one variable of 128 KB keeps Linux from starting any program."""


class StdoutChannel:
    """The reading end of one cell's FIFO at `path`. Raises OSError when it cannot be made."""

    def __init__(self, path: Path, on_data: Callable[[bytes], None]) -> None:
        self._path = path
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self._value = bytearray()
        self.was_cut = False
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._loop.add_reader(self._descriptor, self._read)

    def value(self) -> bytes:
        """What the cell has written so far, as `$(…)` would give it: no NUL bytes, no newlines at the end."""
        while self._descriptor is not None and self._read_one():
            pass
        self._path.unlink(missing_ok=True)
        return bytes(self._value).replace(b"\0", b"").rstrip(b"\n")

    def close(self) -> None:
        """Stop reading; a process that still writes gets SIGPIPE."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        deadline = time.monotonic() + READ_SECONDS
        while self._descriptor is not None and self._read_one() and time.monotonic() < deadline:
            pass

    def _read_one(self) -> bool:
        assert self._descriptor is not None
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self.close()
            return False
        room = MAX_VALUE_BYTES - len(self._value)
        self._value += data[:room]
        self.was_cut = self.was_cut or len(data) > room
        self._on_data(data.replace(b"\n", b"\r\n"))
        return True
