"""The objects of one resource, kept in etcd's key order."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from labrunner.sim.store.change import Change, Record

HISTORY = 1000
#: Bytes of JSON that the history may hold before it is shortened, down to HISTORY_LEAST changes.
HISTORY_BYTES = 8 * 1024 * 1024
HISTORY_LEAST = 50


class Table:
    """Records by ``namespace/name``, their sorted keys, and the latest changes."""

    __slots__ = ("compacted", "history", "keys", "records", "weight")

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.keys: list[str] = []
        self.history: deque[Change] = deque()
        self.compacted = 0
        self.weight = 0

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
        """Add to the history, forgetting the oldest when it is long or heavy."""
        history = self.history
        if history:
            history[-1].cache = None  # whoever watches has been told
        history.append(change)
        self.weight += change.weight
        while len(history) > HISTORY or (self.weight > HISTORY_BYTES and len(history) > HISTORY_LEAST):
            self._forget_oldest()

    def forget(self, rv: int) -> None:
        """Drop all history up to and including *rv*."""
        while self.history and self.history[0].rv <= rv:
            self._forget_oldest()
        self.compacted = max(self.compacted, rv)

    def _forget_oldest(self) -> None:
        oldest = self.history.popleft()
        self.weight -= oldest.weight
        self.compacted = oldest.rv

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
