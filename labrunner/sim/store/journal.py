"""The journal: every change appended to one file before it is acknowledged, so that a killed server forgets nothing.

Lines of JSON, ``{"rv":…,"gr":…,"put":{…}}`` or ``{"rv":…,"gr":…,"del":"namespace/name"}``. Written with one system
call each and without fsync: they survive the death of the process (not a power cut). A torn last line is dropped.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from labrunner.sim.store.change import Change, Record

#: Bytes above which a journal of mostly dead lines is rewritten. Reading so much takes a start 0.1 s.
REWRITE_ABOVE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a put when ``obj`` is set, else a removal of ``key``."""

    rv: int
    gr: str
    key: str
    obj: Obj | None
    encoded: bytes


class Journal:
    """An append-only file. Use :meth:`entries` once, then append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size
        self._rewritten_size = self._size
        self._refused = False
        self.on_recovery: Callable[[], object] = lambda: None
        """Called when a write succeeds after some that the disk refused."""

    def entries(self) -> Iterator[Entry]:
        """Every intact line from the start. A torn tail is cut off the file; a damaged line costs itself alone."""
        good = damaged = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                good += len(line)
                entry = _entry(line)
                if entry is None:
                    damaged += 1
                else:
                    yield entry
        if damaged:
            sys.stderr.write(f"journal {self._path}: passed over {damaged} damaged lines\n")
        if good != self._size:
            lost = self._size - good
            sys.stderr.write(f"journal {self._path}: dropped {lost} bytes that were not completely written\n")
            os.ftruncate(self._fd, good)
            self._size = good

    def put(self, gr: str, record: Record) -> None:
        """Note a new version of an object. Raises ApiError (500) when the disk refuses."""
        self._write(_put(gr, record))

    def remove(self, gr: str, key: str, rv: int) -> None:
        """Note a removal. Raises ApiError (500) when the disk refuses."""
        self._write(_removal(gr, key, rv))

    def note(self, changes: Iterable[Change]) -> None:
        """Note many changes with one write. Raises ApiError (500) when the disk refuses; then none is noted."""
        lines = (
            _put(change.gr, change.after)
            if change.after is not None
            else _removal(change.gr, change.key, change.rv)
            for change in changes
        )
        self._write(b"".join(lines))

    @property
    def wants_rewrite(self) -> bool:
        """Whether it has grown so much that writing only what is alive would pay."""
        return self._size > REWRITE_ABOVE and self._size > 3 * self._rewritten_size

    def rewrite(self, rv: int, records: Iterable[tuple[str, Record]]) -> None:
        """Replace the file by the given live records, atomically."""
        fresh = self._path.with_suffix(".new")
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            lines = [_put(gr, record) for gr, record in records]
            lines.append(b'{"rv":%d,"gr":"","del":""}\n' % rv)
            _write_all(fd, b"".join(lines))
            fresh.replace(self._path)
        except OSError:
            os.close(fd)
            fresh.unlink(missing_ok=True)
            # The old file stays in use; try again when it has grown further.
            self._rewritten_size = self._size
            return
        os.close(self._fd)
        self._fd = fd
        self._size = self._rewritten_size = os.fstat(fd).st_size

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _write(self, line: bytes) -> None:
        try:
            written = os.write(self._fd, line)
            if written != len(line):
                _write_all(self._fd, line[written:])
        except OSError as error:
            self._refused = True
            os.ftruncate(self._fd, self._size)
            reason = f"the simulated cluster cannot write its journal: {error.strerror}"
            raise ApiError(500, "InternalError", f"Internal error occurred: {reason}") from error
        self._size += len(line)
        if self._refused:
            self._refused = False
            self.on_recovery()


def _put(gr: str, record: Record) -> bytes:
    return b'{"rv":%d,"gr":"%s","put":%s}\n' % (record.rv, gr.encode(), record.encoded)


def _removal(gr: str, key: str, rv: int) -> bytes:
    return b'{"rv":%d,"gr":"%s","del":%s}\n' % (rv, gr.encode(), json.dumps(key).encode())


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _entry(line: bytes) -> Entry | None:
    try:
        found = json.loads(line)
        if "put" in found:
            obj = found["put"]
            metadata = obj["metadata"]
            key = f"{metadata.get('namespace') or ''}/{metadata['name']}"
            return Entry(found["rv"], found["gr"], key, obj, line[line.index(b'"put":') + 6 : -2])
        return Entry(found["rv"], found["gr"], found["del"], None, b"")
    except (ValueError, KeyError, TypeError):
        return None
