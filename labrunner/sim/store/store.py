"""All objects of the cluster in memory."""

from __future__ import annotations

import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator

from labrunner.sim.objects import Obj
from labrunner.sim.store import restoring
from labrunner.sim.store.change import Change, Record, encode
from labrunner.sim.store.journal import Journal
from labrunner.sim.store.snapshot import Difference, Snapshot, differences, key_of
from labrunner.sim.store.table import Table

Listener = Callable[[Change], object]
Objects = list[Obj]  # spelt out here because Store.list hides the builtin inside the class
Records = list[Record]
Changes = list[Change]
Differences = list[Difference]


class Compacted(Exception):  # noqa: N818 - a state of the history, not a fault
    """The history asked for has been dropped; ``oldest`` is the oldest resourceVersion that can be watched from."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"compacted up to {oldest}")
        self.oldest = oldest


class Conflict(Exception):  # noqa: N818
    """The object is not at the expected resourceVersion."""


class Store:
    """Objects by resource, namespace and name. Synchronous; listeners hear of a change after it is committed.

    Objects given to :meth:`put` belong to the store from then on, objects got from it are shared: never change them.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._tables: dict[str, Table] = {}
        self._rv = 0
        self._journal = journal
        self._listeners: dict[str | None, list[Listener]] = {None: []}
        self._pending: deque[Change] = deque()
        self._delivering = False
        self.when_grown: Callable[[], object] = self.rewrite_journal
        """Called when the journal is worth rewriting; a server does that when no request is waiting for it."""
        if journal is not None:
            self._load(journal)

    @property
    def resource_version(self) -> int:
        """The latest resourceVersion given out."""
        return self._rv

    def get(self, gr: str, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        record = self.record(gr, namespace, name)
        return record.obj if record is not None else None

    def record(self, gr: str, namespace: str, name: str) -> Record | None:
        """The object with its encoded form, or None."""
        table = self._tables.get(gr)
        return table.records.get(f"{namespace}/{name}") if table is not None else None

    def list(self, gr: str, namespace: str | None = None) -> Objects:
        """Objects of a resource in one namespace (None: all), ordered as etcd orders them."""
        return [record.obj for record in self.records(gr, namespace)]

    def records(self, gr: str, namespace: str | None = None) -> Iterator[Record]:
        """Like :meth:`list`, with encoded forms."""
        table = self._tables.get(gr)
        return table.select(namespace) if table is not None else iter(())

    def records_at(self, gr: str, rv: int, namespace: str | None = None) -> Records:
        """The records as they were at *rv*. Raises Compacted."""
        table = self._tables.get(gr)
        if table is None:
            return []
        if rv >= self._rv:
            return list(table.select(namespace))
        if rv < table.compacted:
            raise Compacted(table.compacted)
        if not table.history or table.history[-1].rv <= rv:
            return list(table.select(namespace))
        state = table.at(rv)
        prefix = "" if namespace is None else f"{namespace}/"
        return [state[key] for key in sorted(state) if key.startswith(prefix)]

    def count(self, gr: str) -> int:
        """How many objects a resource has."""
        table = self._tables.get(gr)
        return len(table.records) if table is not None else 0

    def resources(self) -> tuple[str, ...]:
        """The resources that have objects."""
        return tuple(gr for gr, table in self._tables.items() if table.records)

    def put(self, gr: str, obj: Obj, *, expected_rv: str | None = None) -> Obj:
        """Create or replace; sets ``metadata.resourceVersion`` of *obj* and returns it.

        Raises Conflict when *expected_rv* is given and is not the stored object's.
        """
        key = key_of(obj)
        table = self._tables.get(gr)
        if table is None:
            table = self._tables[gr] = Table()
        before = table.records.get(key)
        if expected_rv is not None and (before is None or str(before.rv) != expected_rv):
            raise Conflict(key)
        rv = self._rv + 1
        obj["metadata"]["resourceVersion"] = str(rv)
        record = Record(key, obj, rv, encode(obj))
        if self._journal is not None:
            self._journal.put(gr, record)
        self._rv = rv
        table.set(record)
        self._commit(table, Change("MODIFIED" if before else "ADDED", gr, before, record, rv))
        return obj

    def remove(self, gr: str, namespace: str, name: str) -> Obj:
        """Remove an object and return its last state. Raises KeyError when there is none."""
        key = f"{namespace}/{name}"
        table = self._tables[gr]
        before = table.records[key]
        rv = self._rv + 1
        if self._journal is not None:
            self._journal.remove(gr, key, rv)
        self._rv = rv
        table.discard(key)
        self._commit(table, Change("DELETED", gr, before, None, rv))
        return before.obj

    def subscribe(self, gr: str | None, fn: Listener) -> Callable[[], None]:
        """Call *fn* after each committed change of *gr* (None: of everything); returns what ends that.

        Changes arrive in order, also when a listener makes further ones.
        """
        listeners = self._listeners.setdefault(gr, [])
        listeners.append(fn)

        def unsubscribe() -> None:
            if fn in listeners:
                listeners.remove(fn)

        return unsubscribe

    def since(self, gr: str, rv: int) -> Changes:
        """The changes of a resource after *rv*. Raises Compacted."""
        table = self._tables.get(gr)
        if table is None:
            return []
        if rv < table.compacted:
            raise Compacted(table.compacted)
        found: Changes = []
        for change in reversed(table.history):
            if change.rv <= rv:
                break
            found.append(change)
        found.reverse()
        return found

    def compact(self) -> None:
        """Forget all history, as etcd's compaction does: older watches and lists end in 410."""
        for table in self._tables.values():
            table.forget(self._rv)

    def snapshot(self) -> Snapshot:
        """The present state of everything."""
        tables = {gr: dict(table.records) for gr, table in self._tables.items() if table.records}
        return Snapshot(self._rv, tables)

    def restore(self, snapshot: Snapshot) -> Differences:
        """Go back to *snapshot*; every difference becomes a change with a new resourceVersion. Returns them.

        All or nothing: listeners hear of the changes when every one has been made.
        """
        found = list(differences(self.snapshot(), snapshot))
        steps = restoring.changes(found, self._rv)
        if self._journal is not None:
            self._journal.note(steps)
        for change in steps:
            table = self._tables.setdefault(change.gr, Table())
            if change.after is not None:
                table.set(change.after)
            else:
                table.discard(change.key)
            table.remember(change)
        self._rv += len(steps)
        self._pending.extend(steps)
        self._tell()
        return found

    def rewrite_journal(self) -> None:
        """Write the journal anew without what is dead, if that pays."""
        if self._journal is not None and self._journal.wants_rewrite:
            self._journal.rewrite(self._rv, self._live())

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def _commit(self, table: Table, change: Change) -> None:
        table.remember(change)
        self._pending.append(change)
        self._tell()

    def _tell(self) -> None:
        if self._journal is not None and self._journal.wants_rewrite:
            self.when_grown()
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._pending:
                self._deliver(self._pending.popleft())
        finally:
            self._delivering = False

    def _deliver(self, change: Change) -> None:
        for fn in (*self._listeners.get(change.gr, ()), *self._listeners[None]):
            try:
                fn(change)
            except Exception:
                sys.stderr.write(f"listener of {change!r}: {traceback.format_exc()}\n")

    def _live(self) -> Iterator[tuple[str, Record]]:
        for gr, table in self._tables.items():
            for record in table.records.values():
                yield gr, record

    def _load(self, journal: Journal) -> None:
        dead = 0
        for entry in journal.entries():
            self._rv = max(self._rv, entry.rv)
            if not entry.gr:
                continue
            table = self._tables.setdefault(entry.gr, Table())
            if entry.obj is not None:
                dead += entry.key in table.records
                table.records[entry.key] = Record(entry.key, entry.obj, entry.rv, entry.encoded)
            else:
                dead += 2
                table.records.pop(entry.key, None)
        for table in self._tables.values():
            table.keys = sorted(table.records)
            table.compacted = self._rv
        if dead > 200:
            journal.rewrite(self._rv, self._live())
