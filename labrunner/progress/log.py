"""The append-only event log. An event that `append` returned from survives a kill -9 and a power cut."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.progress.schema import migrate


class ProgressError(Exception):
    """The progress file cannot be read or written. `remedy` is a sentence for the learner."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be written. The fields are those of `Record`."""

    at: float
    module: str
    attempt: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One row: `at` is unix time in seconds, `attempt` names one run through `module`, `data` is JSON."""

    id: int
    at: float
    module: str
    attempt: str
    kind: str
    data: Mapping[str, Any]


class EventLog:
    """An open progress file. WAL lets several labrunners read and append at once; each append is one fsynced commit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            # FULL, not NORMAL: what a learner saw turn green must not be lost to a power cut, and events are rare.
            self._db.execute("PRAGMA synchronous = FULL")
            migrate(self._db)
        except (sqlite3.Error, OSError) as error:
            raise _explained(error, path) from error
        except ValueError as error:
            raise ProgressError(
                f"{path}: {error}", "Install the newer labrunner that wrote this file."
            ) from error

    def append(self, *, at: float, module: str, attempt: str, kind: str, data: Mapping[str, Any]) -> Record:
        """Write one event durably. Raises ProgressError when it could not be, and then nothing was written."""
        return self.append_all([Entry(at, module, attempt, kind, data)])[0]

    def append_all(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        """Write events that belong together durably: all of them, or, with a ProgressError, none."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                written = tuple(self._insert(entry) for entry in entries)
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error
        return written

    def _insert(self, entry: Entry) -> Record:
        # Escaped to ASCII: what a learner typed may hold surrogates, which UTF-8 has no place for.
        data = json.dumps(entry.data, separators=(",", ":"))
        cursor = self._db.execute(
            "INSERT INTO events (at, module, attempt, kind, data) VALUES (?, ?, ?, ?, ?)",
            (entry.at, entry.module, entry.attempt, entry.kind, data),
        )
        return Record(
            int(cursor.lastrowid or 0), entry.at, entry.module, entry.attempt, entry.kind, entry.data
        )

    def attempt(self, module: str, attempt: str) -> Iterator[Record]:
        """Every event of one attempt, oldest first."""
        yield from self._select("WHERE module = ? AND attempt = ? ORDER BY id", (module, attempt))

    def latest_attempt(self, module: str) -> str | None:
        """The attempt that was written to last, or None for a module never started."""
        row = self._rows("SELECT attempt FROM events WHERE module = ? ORDER BY id DESC LIMIT 1", (module,))
        return str(row[0][0]) if row else None

    def of_kind(self, kind: str) -> Iterator[Record]:
        """Every event of one kind over all modules, oldest first."""
        yield from self._select("WHERE kind = ? ORDER BY id", (kind,))

    def modules(self) -> tuple[str, ...]:
        """Every module with an event."""
        return tuple(
            str(row[0]) for row in self._rows("SELECT DISTINCT module FROM events ORDER BY module", ())
        )

    def close(self) -> None:
        self._db.close()

    def _select(self, clause: str, parameters: tuple[str, ...]) -> Iterator[Record]:
        sql = f"SELECT id, at, module, attempt, kind, data FROM events {clause}"  # noqa: S608 - clauses are ours
        for number, at, module, attempt, kind, data in self._rows(sql, parameters):
            try:
                yield Record(number, at, module, attempt, kind, json.loads(data))
            except ValueError as error:
                raise _damaged(self.path, f"event {number} is not JSON") from error

    def _rows(self, sql: str, parameters: tuple[str, ...]) -> list[Any]:
        try:
            return self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error


def _explained(error: Exception, path: Path) -> ProgressError:
    """A storage failure in a learner's words, with the way out."""
    text = str(error)
    if "full" in text or "No space left" in text:
        return ProgressError(
            f"progress cannot be saved: the disk that holds {path} is full",
            "Free some space there; what you did so far is safe, the last action was not recorded.",
        )
    if "malformed" in text or "not a database" in text:
        return _damaged(path, text)
    if isinstance(error, OSError) or "readonly" in text or "unable to open" in text:
        return ProgressError(
            f"progress cannot be saved to {path}: {text}",
            f"Make {path.parent} writable, or set LABRUNNER_HOME to a folder that is.",
        )
    if "locked" in text:
        return ProgressError(
            f"the progress file {path} is held by another program",
            "Close the other program (or labrunner) that has it open, then try again.",
        )
    return ProgressError(f"progress cannot be saved to {path}: {text}", "Check the disk, then try again.")


def _damaged(path: Path, how: str) -> ProgressError:
    return ProgressError(
        f"the progress file {path} is damaged ({how})",
        f"Move it away (mv {path} {path}.damaged) and start labrunner again; it begins a new one.",
    )
