"""What the store keeps of an object, and what it tells about a change."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from labrunner.sim.objects import Obj

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


class Record:
    """One version of one object with its JSON, encoded once."""

    __slots__ = ("encoded", "key", "obj", "rv")

    def __init__(self, key: str, obj: Obj, rv: int, encoded: bytes) -> None:
        self.key = key
        self.obj = obj
        self.rv = rv
        self.encoded = encoded

    @property
    def uid(self) -> str | None:
        """What tells the object from others of its name."""
        found: str | None = self.obj["metadata"].get("uid")
        return found

    def at(self, rv: int) -> Record:
        """The same object with another resourceVersion."""
        obj = {**self.obj, "metadata": {**self.obj["metadata"], "resourceVersion": str(rv)}}
        old = b'"resourceVersion":"%d"' % self.rv
        head, found, tail = self.encoded.partition(old)
        if not found or old in tail:  # it speaks of its version elsewhere too
            return Record(self.key, obj, rv, encode(obj))
        return Record(self.key, obj, rv, b'%b"resourceVersion":"%d"%b' % (head, rv, tail))


class Change:
    """One committed change. ``new`` is None for DELETED, ``old`` is None for ADDED; never change either."""

    __slots__ = ("after", "before", "cache", "gr", "rv", "type")

    def __init__(
        self, kind: ChangeType, gr: str, before: Record | None, after: Record | None, rv: int
    ) -> None:
        self.type: ChangeType = kind
        self.gr = gr
        self.before = before
        self.after = after
        self.rv = rv
        self.cache: dict[Any, bytes] | None = None

    @property
    def new(self) -> Obj | None:
        """The object after the change."""
        return self.after.obj if self.after is not None else None

    @property
    def old(self) -> Obj | None:
        """The object before the change."""
        return self.before.obj if self.before is not None else None

    @property
    def key(self) -> str:
        """``namespace/name`` of the object, ``/name`` when cluster-scoped."""
        record = self.after or self.before
        return record.key if record is not None else ""

    @property
    def obj(self) -> Obj:
        """The object as a watch shows it: a deleted one in its last state, with the deletion's resourceVersion."""
        if self.after is not None:
            return self.after.obj
        last = self.before.obj if self.before is not None else {}
        return {**last, "metadata": {**last.get("metadata", {}), "resourceVersion": str(self.rv)}}

    @property
    def weight(self) -> int:
        """Bytes of JSON it keeps in memory."""
        record = self.after or self.before
        return len(record.encoded) if record is not None else 0

    def encoded(self) -> bytes:
        """JSON of :attr:`obj`."""
        return self.after.encoded if self.after is not None else encode(self.obj)

    def cached(self, key: Any, make: Any) -> bytes:
        """The bytes remembered under *key*, made by *make()* the first time. For many watchers of one change."""
        if self.cache is None:
            self.cache = {}
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = make()
        return found

    def __repr__(self) -> str:
        return f"<{self.type} {self.gr} {self.key} @{self.rv}>"
