"""``metadata.managedFields``: its entries, read, changed and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from labrunner.sim.objects import Obj
from labrunner.sim.patch import paths
from labrunner.sim.patch.paths import PathSet
from labrunner.sim.schema.decoding import Kind

MAX_UPDATERS: Final = 10
ANCIENT: Final = "ancient-changes"
APPLY: Final = "Apply"
UPDATE: Final = "Update"


class Key(NamedTuple):
    """What tells entries apart. Appliers are the same in every API version, so theirs is left empty."""

    manager: str
    operation: str
    version: str
    subresource: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The fields that one manager has."""

    version: str
    fields: PathSet
    time: str | None = None

    def without(self, gone: PathSet) -> Entry:
        """Without the fields *gone*."""
        return replace(self, fields=self.fields - gone) if not self.fields.isdisjoint(gone) else self


Entries = dict[Key, Entry]


def key_of(manager: str, operation: str, version: str, subresource: str) -> Key:
    """The key of a manager's entry."""
    return Key(manager or "unknown", operation, "" if operation == APPLY else version, subresource)


def version_of(kind: Kind) -> str:
    """``apps/v1`` or ``v1``."""
    return f"{kind.group}/{kind.version}" if kind.group else kind.version


def read(encoded: Any) -> Entries | None:
    """The entries in a managedFields list; None when it is not one."""
    if not isinstance(encoded, list):
        return None
    out: Entries = {}
    for item in encoded:
        if not isinstance(item, dict) or item.get("operation") not in (APPLY, UPDATE):
            return None
        fields = item.get("fieldsV1")
        if fields is not None and not isinstance(fields, dict):
            return None
        version = item.get("apiVersion") or ""
        key = key_of(item.get("manager") or "", item["operation"], version, item.get("subresource") or "")
        out[key] = Entry(version, paths.decode(fields or {}), item.get("time"))
    return out


def is_reset(encoded: Any) -> bool:
    """Whether the list says: forget all managers."""
    return encoded in ([], [{}])


def write(entries: Entries) -> list[Obj]:
    """The managedFields list, in the server's order."""

    def order(item: tuple[Key, Entry]) -> tuple[str, str, str, str, str]:
        key, entry = item
        return key.operation, entry.time or "", key.manager, entry.version, key.subresource

    out = []
    for key, entry in sorted(entries.items(), key=order):
        encoded: Obj = {"manager": key.manager, "operation": key.operation, "apiVersion": entry.version}
        if entry.time is not None:
            encoded["time"] = entry.time
        encoded["fieldsType"] = "FieldsV1"
        encoded["fieldsV1"] = paths.encode(entry.fields)
        if key.subresource:
            encoded["subresource"] = key.subresource
        out.append(encoded)
    return out


def capped(entries: Entries) -> Entries:
    """*entries* with the oldest updaters thrown together when there are more than ten."""
    updaters = sorted((k for k in entries if k.operation == UPDATE), key=lambda k: (entries[k].time or "", k))
    out = dict(entries)
    count = len(updaters)
    first: dict[str, Key] = {}
    for key in updaters:
        if count <= MAX_UPDATERS:
            break
        entry = out[key]
        if entry.version not in first:
            first[entry.version] = key
            continue
        bucket = Key(ANCIENT, UPDATE, entry.version, "")
        if bucket not in out:
            out[bucket] = out.pop(first[entry.version])
        out[bucket] = Entry(entry.version, out[bucket].fields | entry.fields, entry.time)
        del out[key]
        count -= 1
    return out


def without(entries: Entries, keep: Callable[[Key, Entry], Entry]) -> Entries:
    """Every entry as *keep* leaves it, empty ones dropped."""
    changed = {key: keep(key, entry) for key, entry in entries.items()}
    return {key: entry for key, entry in changed.items() if entry.fields}
