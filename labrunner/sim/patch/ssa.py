"""Server-side apply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.errors import ApiError, bad_request
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, clone, meta, name_of, namespace_of
from labrunner.sim.patch import entries as e
from labrunner.sim.patch import managed, paths, typing_errors
from labrunner.sim.patch.entries import Entries, Entry, Key
from labrunner.sim.patch.fieldsets import ABSENT, compare, fields_of, merge, remove, with_named
from labrunner.sim.patch.paths import PathSet
from labrunner.sim.patch.shapes import Shape, of_kind
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.decoding import Kind, parse_untyped
from labrunner.sim.schema.goreader import GoReader, HardError

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL: Final = "kubectl"
_BEFORE: Final = "before-first-apply"


def parse(body: bytes) -> tuple[Obj, list[str]]:
    """The applied configuration in *body* (YAML or JSON), as it is, and complaints on keys given twice.

    Raises ApiError (400).
    """
    return parse_untyped(body, "error decoding YAML: ", yaml=True)


def apply(
    current: Obj | None,
    applied: Obj,
    manager: str,
    force: bool,
    kind: Kind,
    now: datetime,
    subresource: str = "",
    schema: Obj | None = None,
    convert: managed.Converter | None = None,
) -> Obj:
    """*current* (None: to be created) with the fields that *manager* applied; a new object with managedFields.

    *schema* is the structural schema of a custom resource. Raises ApiError: 400 for another kind or managedFields,
    409 with the conflicting fields unless *force*, 500 when *applied* does not fit the schema.
    """
    shape = of_kind(kind, schema)
    _check(applied, kind, shape)
    live = dict(current) if current is not None else managed.empty_object(kind)
    live["metadata"] = {k: v for k, v in (live.get("metadata") or {}).items() if k != "managedFields"}
    known = e.read((current.get("metadata") or {}).get("managedFields")) if current is not None else {}
    version = e.version_of(kind)
    if not known:
        empty = managed.empty_object(kind)
        changes = managed.Versions(empty, live, shape, version, subresource, None)
        known = managed.updated({}, changes, version, _BEFORE, subresource, now) if current else {}
    run = _Apply(live, applied, shape, version, manager, subresource, convert)
    try:
        merged, found = run.apply(known, force)
    except _ConflictError as conflict:
        if manager != _KUBECTL or current is None:
            raise conflict.api_error() from None
        left = conflict.without(_from_last_applied(live, shape, version))
        if left.paths:
            raise left.api_error() from None
        merged, found = run.apply(known, True)
    if current is None or not _same(live, merged, shape):
        found[run.key] = Entry(version, found[run.key].fields, timestamp(now))
    obj = _typed(merged, kind)
    if manager == _KUBECTL:
        _update_last_applied(obj, applied)
    meta(obj)["managedFields"] = e.write({key: entry for key, entry in found.items() if entry.fields})
    return obj


def _same(live: Obj, obj: Obj, shape: Shape) -> bool:
    difference = compare(live, obj, shape)
    return not (difference.added or difference.removed or difference.modified)


class _ConflictError(Exception):
    """Fields that other managers have."""

    def __init__(self, found: Mapping[Key, PathSet], versions: Mapping[Key, str]) -> None:
        super().__init__()
        self.paths = {key: fields for key, fields in found.items() if fields}
        self._versions = versions

    def without(self, allowed: PathSet) -> _ConflictError:
        return _ConflictError({key: fields - allowed for key, fields in self.paths.items()}, self._versions)

    def api_error(self) -> ApiError:
        """The 409 that lists the fields."""
        groups: dict[str, list[str]] = {}
        causes = []
        for key in sorted(self.paths):
            who = self._shown(key)
            for path in paths.in_order(self.paths[key]):
                field = paths.shown(path)
                groups.setdefault(who, []).append(field)
                reason = "FieldManagerConflict"
                causes.append({"reason": reason, "message": f"conflict with {who}", "field": field})
        if len(causes) == 1:
            text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
        else:
            lines = [
                line
                for who, fields in groups.items()
                for line in (f"conflicts with {who}:", *(f"- {f}" for f in fields))
            ]
            text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
        return ApiError(409, "Conflict", text, {"causes": causes})

    def _shown(self, key: Key) -> str:
        text = quote(key.manager)
        if key.subresource:
            text += f" with subresource {quote(key.subresource)}"
        return f"{text} using {self._versions[key]}" if key.operation == e.UPDATE else text


class _Apply:
    """One applied configuration against one live object."""

    def __init__(
        self,
        live: Obj,
        applied: Obj,
        shape: Shape,
        version: str,
        manager: str,
        subresource: str,
        convert: managed.Converter | None,
    ) -> None:
        self.live = live
        self.applied = applied
        self.shape = shape
        self.version = version
        self.subresource = subresource
        self.convert = convert
        self.key = e.key_of(manager, e.APPLY, version, subresource)
        self.fields = self._touchable(fields_of(applied, shape)) - managed.STRIPPED

    def _touchable(self, fields: PathSet) -> PathSet:
        ignored = {"status": "f:spec", "": "f:status"}.get(self.subresource)
        return {path for path in fields if path and path[0] != ignored}

    def apply(self, known: Entries, force: bool) -> tuple[Obj, Entries]:
        """The merged object and its entries. Raises _ConflictError."""
        merged: Any = merge(self.live, self.applied, self.shape)
        before = known.get(self.key)
        found = {**known, self.key: Entry(self.version, self.fields, before.time if before else None)}
        if before is not None and before.fields:
            merged = self._pruned(merged, before.fields, found)
        return merged, self._taken(merged, found, force)

    def _pruned(self, merged: Obj, last: PathSet, found: Entries) -> Obj:
        """*merged* without what the manager applied before and does not any more, unless someone else has it."""
        shape = self.shape
        last_named = with_named(last, shape)
        all_fields = with_named(fields_of(merged, shape), shape)
        left = remove(merged, last_named, shape) or {}
        left_fields = with_named(fields_of(left, shape), shape)
        owned: PathSet = set()
        for entry in found.values():
            if managed.same_version(entry, self.version):
                owned |= entry.fields
        pruned = remove(merged, all_fields - (left_fields | with_named(owned, shape)), shape) or {}
        # What was never the manager's stays, even inside of something that goes.
        pruned_fields = with_named(fields_of(pruned, shape), shape)
        out = remove(merged, (all_fields - pruned_fields) & last_named, shape)
        return out if out is not None else {}

    def _taken(self, merged: Obj, found: Entries, force: bool) -> Entries:
        changes = managed.Versions(
            self.live, merged, self.shape, self.version, self.subresource, self.convert
        )
        others = {key: entry for key, entry in found.items() if key != self.key}
        conflicts = {}
        for key, entry in others.items():
            seen = changes.changes(entry.version)
            conflicts[key] = entry.fields & (seen.modified | seen.added)
        if not force and any(conflicts.values()):
            raise _ConflictError(conflicts, {key: entry.version for key, entry in others.items()})

        def keep(key: Key, entry: Entry) -> Entry:
            seen = changes.changes(entry.version)
            return entry.without(seen.modified | seen.added | seen.removed) if key in others else entry

        kept = {key: keep(key, entry) for key, entry in found.items()}
        return {key: entry for key, entry in kept.items() if entry.fields or key == self.key}


def _check(applied: Obj, kind: Kind, shape: Shape) -> None:
    version, wanted = applied.get("apiVersion", ""), e.version_of(kind)
    if version != wanted or applied.get("kind") != kind.kind:
        group, _, short = str(version).rpartition("/")
        raise bad_request(f"invalid object type: {group}/{short}, Kind={applied.get('kind', '')}")
    if (applied.get("metadata") or {}).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    wrong = typing_errors.complaints(applied, shape)
    if wrong:
        about = f"{namespace_of(applied)}/{name_of(applied)}; {kind.group}/{kind.version}, Kind={kind.kind}"
        raise ApiError(
            500, "", f"failed to create typed patch object ({about}): {typing_errors.joined(wrong)}"
        )


def _typed(merged: Any, kind: Kind) -> Obj:
    obj: Obj = clone(merged) if merged is not ABSENT else {}
    target = gotypes.struct_of(kind.group, kind.version, kind.kind)
    if target is None:
        return obj
    try:
        return GoReader({}).read(obj, target)
    except HardError as error:
        raise ApiError(500, "", f"failed to convert new typed object to object: {error}") from None


def _from_last_applied(live: Obj, shape: Shape, version: str) -> PathSet:
    """The fields that client-side apply set and that still have its values: its next server-side apply may take them."""
    text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        last = json.loads(text) if text else None
    except ValueError:
        return set()
    if not isinstance(last, dict) or last.get("apiVersion") != version:
        return set()
    difference = compare(last, live, shape)
    return fields_of(last, shape) - difference.modified - difference.added - difference.removed


def _update_last_applied(obj: Obj, applied: Obj) -> None:
    annotations = meta(obj).get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return
    plain = clone(applied)
    (plain.get("metadata") or {}).get("annotations", {}).pop(LAST_APPLIED, None)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(char, escape)
    meta(obj)["annotations"] = {**annotations, LAST_APPLIED: text + "\n"}
