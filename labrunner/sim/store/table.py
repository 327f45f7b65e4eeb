"""The objects of one resource, kept in etcd's key order."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from labrunner.sim.store.change import Change, Record

HISTORY = 1000


class Table:
    """Records by ``namespace/name``, their sorted keys, and the latest changes."""

    __slots__ = ("compacted", "history", "keys", "records")

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.keys: list[str] = []
        self.history: deque[Change] = deque()
        self.compacted = 0

    def set(self, record: Record) -> None:
        """Insert or replace."""
        if record.key not in self.records:
            insort(self.keys, record.key)
        self.records[record.key] = record

    def discard(self, key: str) -> None:
        """Remove."""
        del self.records[key]
        del self.keys[bisect_left(self.keys, key)]

    def remember(self, change: Change) -> None:
        """Add to the history, forgetting the oldest when it is long."""
        self.history.append(change)
        if len(self.history) > HISTORY:
            self.compacted = self.history.popleft().rv

    def forget(self, rv: int) -> None:
        """Drop all history up to and including *rv*."""
        while self.history and self.history[0].rv <= rv:
            self.history.popleft()
        self.compacted = max(self.compacted, rv)

    def span(self, namespace: str | None) -> tuple[int, int]:
        """Range of indexes into ``keys`` for a namespace (None: all)."""
        if namespace is None:
            return 0, len(self.keys)
        prefix = f"{namespace}/"
        return bisect_left(self.keys, prefix), bisect_left(self.keys, f"{namespace}0")

    def select(self, namespace: str | None) -> Iterator[Record]:
        """The records of a namespace (None: all) in key order."""
        start, end = self.span(namespace)
        records = self.records
        for key in self.keys[start:end]:
            yield records[key]

    def at(self, rv: int) -> dict[str, Record]:
        """All records as they were at *rv*, which must not be compacted."""
        state = dict(self.records)
        for change in reversed(self.history):
            if change.rv <= rv:
                break
            if change.before is None:
                state.pop(change.key, None)
            else:
                state[change.key] = change.before
        return state
