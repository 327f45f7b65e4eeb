"""The whole cluster at one moment: kept as references, written as JSON lines, compared object by object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from labrunner.sim.objects import Obj
from labrunner.sim.store.change import Record


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Records of every resource at ``rv``. Cheap: it shares the objects with the store."""

    rv: int
    tables: dict[str, dict[str, Record]]

    def __len__(self) -> int:
        return sum(len(records) for records in self.tables.values())

    def dump(self) -> bytes:
        """As JSON lines, for a file."""
        lines = [f'{{"rv":{self.rv}}}\n'.encode()]
        for gr, records in self.tables.items():
            lines += [
                b'{"rv":%d,"gr":"%s","put":%s}\n' % (record.rv, gr.encode(), record.encoded)
                for record in records.values()
            ]
        return b"".join(lines)

    @staticmethod
    def load(data: bytes) -> Snapshot:
        """What :meth:`dump` wrote. Raises ValueError."""
        lines = data.splitlines()
        if not lines:
            raise ValueError("empty snapshot")
        tables: dict[str, dict[str, Record]] = {}
        for line in lines[1:]:
            entry = json.loads(line)
            record = Record(
                key_of(entry["put"]), entry["put"], entry["rv"], line[line.index(b'"put":') + 6 : -1]
            )
            tables.setdefault(entry["gr"], {})[record.key] = record
        return Snapshot(json.loads(lines[0])["rv"], tables)


def key_of(obj: Obj) -> str:
    """``namespace/name``; ``/name`` when cluster-scoped."""
    metadata = obj["metadata"]
    return f"{metadata.get('namespace') or ''}/{metadata['name']}"


class Difference(NamedTuple):
    """One object that is not the same on both sides. A tuple, since thousands are made at once."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    gr: str
    key: str
    before: Record | None
    after: Record | None


def differences(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """What changed from *before* to *after*. Objects that differ in bookkeeping only count as the same."""
    for gr in dict.fromkeys((*before.tables, *after.tables)):
        old, new = before.tables.get(gr, {}), after.tables.get(gr, {})
        for key, record in old.items():
            other = new.get(key)
            if other is None:
                yield Difference("DELETED", gr, key, record, None)
            elif other is not record and not _same(record.obj, other.obj):
                yield Difference("MODIFIED", gr, key, record, other)
        for key, record in new.items():
            if key not in old:
                yield Difference("ADDED", gr, key, None, record)


_METADATA: Final = frozenset(("metadata",))
_BOOKKEEPING: Final = frozenset(("resourceVersion", "managedFields"))


def _same(a: Obj, b: Obj) -> bool:
    return _equal(a, b, _METADATA) and _equal(a["metadata"], b["metadata"], _BOOKKEEPING)


def _equal(a: Obj, b: Obj, but: frozenset[str]) -> bool:
    """Whether both have the same keys and values, those of *but* aside."""
    if a.keys() != b.keys() and a.keys() - but != b.keys() - but:
        return False
    for key, value in a.items():  # noqa: SIM110 - a generator takes twice as long
        if key not in but and value != b[key]:
            return False
    return True
