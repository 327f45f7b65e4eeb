"""Who manages which field: ``metadata.managedFields`` kept up to date on create and update."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Final

from labrunner.sim.clock import timestamp
from labrunner.sim.objects import Obj, meta
from labrunner.sim.patch import entries as e
from labrunner.sim.patch.entries import Entries, Entry, Key
from labrunner.sim.patch.fieldsets import Comparison, compare
from labrunner.sim.patch.paths import PathSet
from labrunner.sim.patch.shapes import Shape, of_kind
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.decoding import Kind
from labrunner.sim.schema.goreader import zero

#: Fields that nobody manages.
STRIPPED: Final[PathSet] = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            *("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation"),
            *("managedFields", "resourceVersion"),
        )
    ),
}


Converter = Callable[[Obj, str], tuple[Obj, Kind] | None]
"""(object, API version) → the object in that version, and its kind there; None when there is no such version."""


class Versions:
    """What changed from *live* to *new*, told in the terms of each API version that managers use."""

    def __init__(
        self, live: Obj, new: Obj, shape: Shape, version: str, subresource: str, convert: Converter | None
    ) -> None:
        self._live = live
        self._new = new
        self._subresource = subresource
        self._convert = convert if _converts(version) else None
        self._known = {version: filtered(compare(live, new, shape), subresource)}
        self.own = self._known[version]

    def changes(self, version: str) -> Comparison:
        """The changes as an entry of *version* would name them."""
        if self._convert is None:
            return self.own
        if version not in self._known:
            self._known[version] = self._converted(version, self._convert)
        return self._known[version]

    def _converted(self, version: str, convert: Converter) -> Comparison:
        live, new = convert(self._live, version), convert(self._new, version)
        if live is None or new is None:
            return Comparison()
        return filtered(compare(live[0], new[0], of_kind(new[1])), self._subresource)


def track_update(
    new: Obj,
    old: Obj | None,
    manager: str,
    subresource: str,
    kind: Kind,
    now: datetime,
    schema: Obj | None = None,
    convert: Converter | None = None,
) -> None:
    """Set ``metadata.managedFields`` of *new* (changed in place), which *manager* made out of *old* (None: created).

    A list that *new* brings along is taken as it is first, unless it comes through a subresource; an empty one (or
    ``[{}]``) forgets all managers. *schema* is the structural schema of a custom resource.
    """
    given = meta(new).pop("managedFields", None)
    kept = (old.get("metadata") or {}).get("managedFields") if old is not None else None
    if subresource == "" and e.is_reset(given):
        known: Entries = {}
    else:
        known = (e.read(given) if subresource == "" else None) or e.read(kept) or {}
    if not known and old is not None:
        return
    shape = of_kind(kind, schema)
    live = {k: v for k, v in old.items() if k != "metadata"} if old is not None else empty_object(kind)
    if old is not None:
        live["metadata"] = {k: v for k, v in old["metadata"].items() if k != "managedFields"}
    version = e.version_of(kind)
    changes = Versions(live, new, shape, version, subresource, convert)
    found = updated(known, changes, version, manager, subresource, now)
    if found:
        meta(new)["managedFields"] = e.write(found)


def updated(
    known: Entries, changes: Versions, version: str, manager: str, subresource: str, now: datetime
) -> Entries:
    """*known* entries after *manager* made these *changes*."""

    def keep(_: Key, entry: Entry) -> Entry:
        seen = changes.changes(entry.version)
        return entry.without(seen.modified | seen.added | seen.removed)

    out = e.without(known, keep)
    mine = (changes.own.modified | changes.own.added) - STRIPPED
    if mine:
        key = e.key_of(manager, e.UPDATE, version, subresource)
        before = out.get(key)
        # A Scale keeps no times, so that what is written through it has none either.
        moment = None if subresource == "scale" else timestamp(now)
        out[key] = Entry(version, mine | (before.fields if before is not None else set()), moment)
    return e.capped(out)


def same_version(entry: Entry, version: str) -> bool:
    """Whether an entry's fields are written in terms of *version* (of a group whose versions have equal fields)."""
    return entry.version == version or not _converts(version)


def _converts(version: str) -> bool:
    """Whether other versions of this one's group are spelled differently."""
    return version.startswith(("autoscaling/", "events.k8s.io/"))


def filtered(difference: Comparison, subresource: str) -> Comparison:
    """*difference* without what the endpoint does not touch: status on the object itself, spec on its status."""
    if subresource == "status":
        ignored = "f:spec"
    elif subresource == "":
        ignored = "f:status"
    else:
        return difference
    return Comparison(
        *({p for p in paths if p and p[0] != ignored} for paths in (
            difference.added, difference.removed, difference.modified
        ))
    )  # fmt: skip


def empty_object(kind: Kind) -> Obj:
    """What an object of *kind* looks like before anyone has set a field. Its parts are shared."""
    name = gotypes.definition_name(kind.group, kind.version, kind.kind)
    if name is None:
        return {}
    return dict(_empty(name))


@cache
def _empty(name: str) -> Obj:
    found: Obj = zero(gotypes.parse(name))
    return found
