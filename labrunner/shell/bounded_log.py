"""The log file of a background cell, kept within bounds while its process writes to it.

The process writes to the file itself (opened for appending), so it outlives labrunner; `trim` is called now and then and
moves the last part aside when the file has grown too long.
"""

from __future__ import annotations

import os
from pathlib import Path

from labrunner.shell.output import plain_text

MAX_BYTES = 1024 * 1024
KEPT_BYTES = 192 * 1024


class BoundedLog:
    """A log at `path`; what `trim` kept is beside it in `path` + `.old`."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._old = path.with_name(path.name + ".old")
        self._max = max_bytes
        self._offset = 0

    def clear(self) -> None:
        """Begin anew with an empty file that only this user may read. Raises OSError."""
        self._old.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._offset = 0

    def read_new(self) -> bytes:
        """What was written since the last call, or since the last `trim`. At most the file's bound."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(self._max)
        except OSError:
            return b""
        self._offset += len(data)
        return data

    def trim(self) -> None:
        """Keep the file within its bound. Bytes written at this very moment may be lost."""
        try:
            size = self.path.stat().st_size
            if size <= self._max:
                return
            with self.path.open("rb") as file:
                file.seek(size - KEPT_BYTES)
                kept = file.read(KEPT_BYTES)
            self._old.write_bytes(kept)
            os.truncate(self.path, 0)
        except OSError:
            return
        self._offset = 0

    def text(self) -> str:
        """The last output as plain text."""
        data = b""
        for path in (self._old, self.path):
            try:
                with path.open("rb") as file:
                    file.seek(max(0, path.stat().st_size - KEPT_BYTES))
                    data += file.read(KEPT_BYTES)
            except OSError:
                continue
        return plain_text(data)

    def last_line(self) -> str:
        """The last line that says something."""
        lines = [line.strip() for line in self.text().splitlines()]
        return next((line for line in reversed(lines) if line), "")
