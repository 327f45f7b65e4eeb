"""Garbage collection: dependents of owners that are gone; foreground and orphaning deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.runner import EVERY, Controller, Key, Mapper
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    clone,
    is_terminating,
    meta,
    name_of,
    namespace_of,
    owner_references,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"
_IGNORED: Final = frozenset(("events", "events.events.k8s.io"))

Place = tuple[str, str, str]
"""Resource, namespace and name."""


class GarbageCollector(Controller):
    """Keeps the graph of owners and dependents; keys are ``resource|namespace`` and name."""

    name = "garbage-collector-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._places: dict[str, Place] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        self._owners: dict[str, tuple[str, ...]] = {}

    def watches(self) -> Mapping[str, Mapper]:
        return {EVERY: self._changed}

    def _changed(self, change: Change) -> Iterable[Key]:
        if change.gr in _IGNORED:
            return []
        if change.new is None:
            return self._gone(change.old or {})
        return self._seen(change.gr, change.new, change.old)

    def _gone(self, obj: Obj) -> list[Key]:
        uid = uid_of(obj)
        self._places.pop(uid, None)
        touched = self._keys(self._dependents.get(uid, ()))
        for owner in self._owners.pop(uid, ()):
            siblings = self._dependents.get(owner, {})
            siblings.pop(uid, None)
            if not siblings:
                self._dependents.pop(owner, None)
            # An owner in foreground deletion may have waited for this one.
            touched += self._keys((owner,))
        return touched

    def _seen(self, gr: str, obj: Obj, old: Obj | None) -> list[Key]:
        uid = uid_of(obj)
        known = self._places.get(uid)
        references, before = owner_references(obj), self._owners.get(uid, ())
        if known is not None and not references and not before and not is_terminating(obj):
            return []  # the most frequent case by far
        place = self._places[uid] = (gr, namespace_of(obj), name_of(obj))
        owners = tuple(r.get("uid", "") for r in references)
        if owners != before:
            for owner in before:
                self._dependents.get(owner, {}).pop(uid, None)
            for owner in owners:
                self._dependents.setdefault(owner, {})[uid] = None
            if owners:
                self._owners[uid] = owners
            else:
                self._owners.pop(uid, None)
        ending = is_terminating(obj) and _collected(obj)
        keys = [_key(place)] if (owners and (known is None or owners != before)) or ending else []
        if ending and not (old is not None and is_terminating(old)):
            keys += self._keys(self._dependents.get(uid, ()))
        if owners and before and owners != before:
            keys += self._keys(before)
        return keys

    def _keys(self, uids: Iterable[str]) -> list[Key]:
        return [_key(self._places[u]) for u in uids if u in self._places]

    def reconcile(self, key: Key) -> float | None:
        gr, _, namespace = key[0].partition("|")
        obj = self.api.store.get(gr, namespace, key[1])
        if obj is None or self._places.get(uid_of(obj)) != (gr, namespace, key[1]):
            return None
        finalizers = meta(obj).get("finalizers") or []
        if is_terminating(obj):
            if ORPHAN in finalizers:
                self._orphan(gr, obj)
            elif FOREGROUND in finalizers:
                self._foreground(gr, obj)
            return None
        if owner_references(obj):
            self._attempt(gr, obj)
        return None

    # owners that are being deleted

    def _children(self, uid: str) -> list[tuple[str, Obj]]:
        out: list[tuple[str, Obj]] = []
        for child in list(self._dependents.get(uid, ())):
            place = self._places.get(child)
            found = self.api.store.get(*place) if place is not None else None
            if place is not None and found is not None and uid_of(found) == child:
                out.append((place[0], found))
        return out

    def _orphan(self, gr: str, owner: Obj) -> None:
        for child_gr, child in self._children(uid_of(owner)):
            self._drop_owners(child_gr, child, {uid_of(owner)})
        self._drop_finalizer(gr, owner, ORPHAN)

    def _foreground(self, gr: str, owner: Obj) -> None:
        uid = uid_of(owner)
        blocking = 0
        for child_gr, child in self._children(uid):
            blocks = any(r.get("uid") == uid and r.get("blockOwnerDeletion") for r in owner_references(child))
            blocking += blocks
            if not is_terminating(child):
                self._attempt(child_gr, child)
        if not any(
            r.get("uid") == uid and r.get("blockOwnerDeletion")
            for _, child in self._children(uid)
            for r in owner_references(child)
        ):
            self._drop_finalizer(gr, owner, FOREGROUND)

    def _drop_finalizer(self, gr: str, obj: Obj, finalizer: str) -> None:
        changed = clone(obj)
        rest = [f for f in meta(changed).get("finalizers") or [] if f != finalizer]
        meta(changed)["finalizers"] = rest
        if not rest:
            del changed["metadata"]["finalizers"]
        self._ignoring_absence(lambda: self.api.update(gr, changed))

    # dependents

    def _attempt(self, gr: str, obj: Obj) -> None:
        solid, dangling, waiting = self._classify(obj)
        if solid:
            if dangling or waiting:
                self._drop_owners(gr, obj, dangling | waiting)
            return
        finalizers = meta(obj).get("finalizers") or []
        if waiting and self._dependents.get(uid_of(obj)):
            policy = "Foreground"
        elif ORPHAN in finalizers:
            policy = "Orphan"
        elif FOREGROUND in finalizers:
            policy = "Foreground"
        else:
            policy = "Background"
        self._ignoring_absence(
            lambda: self.api.delete(gr, name_of(obj), namespace_of(obj), propagation=policy, uid=uid_of(obj))
        )

    def _classify(self, obj: Obj) -> tuple[set[str], set[str], set[str]]:
        """UIDs of owners that are there, that are gone, and that wait for their dependents."""
        solid: set[str] = set()
        dangling: set[str] = set()
        waiting: set[str] = set()
        for reference in owner_references(obj):
            uid = reference.get("uid", "")
            rt = self.api.registry.by_api_version(reference.get("apiVersion", ""), reference.get("kind", ""))
            if rt is None:
                # Nothing can be said about an owner of an unknown kind.
                solid.add(uid)
                continue
            if rt.namespaced:
                self._report_elsewhere(obj, reference)
                if not namespace_of(obj):
                    # Nothing cluster-scoped can be owned by something namespaced: the reference is left alone.
                    solid.add(uid)
                    continue
            namespace = namespace_of(obj) if rt.namespaced else ""
            owner = self.api.store.get(rt.storage_gr, namespace, reference.get("name", ""))
            if owner is None or uid_of(owner) != uid:
                dangling.add(uid)
            elif (
                is_terminating(owner)
                and FOREGROUND in (meta(owner).get("finalizers") or [])
                and reference.get("blockOwnerDeletion")
            ):
                waiting.add(uid)
            else:
                solid.add(uid)
        return solid, dangling, waiting

    def _report_elsewhere(self, obj: Obj, reference: Obj) -> None:
        """Warn of an owner that is in another namespace than *obj*, where it cannot own it."""
        place = self._places.get(reference.get("uid", ""))
        if place is None or place[1] == namespace_of(obj):
            return
        who = (
            f"[{reference.get('apiVersion')}/{reference.get('kind')}, namespace: {namespace_of(obj)}, "
            f"name: {reference.get('name')}, uid: {reference.get('uid')}]"
        )
        text = f'ownerRef {who} does not exist in namespace "{namespace_of(obj)}"'
        self.event(obj, "Warning", "OwnerRefInvalidNamespace", text)

    def _drop_owners(self, gr: str, obj: Obj, uids: set[str]) -> None:
        changed = clone(obj)
        rest = [r for r in owner_references(changed) if r.get("uid") not in uids]
        if rest:
            meta(changed)["ownerReferences"] = rest
        else:
            meta(changed).pop("ownerReferences", None)
        self._ignoring_absence(lambda: self.api.update(gr, changed))

    @staticmethod
    def _ignoring_absence(act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except ApiError as error:
            if error.code != 404:
                raise


def _collected(obj: Obj) -> bool:
    finalizers = meta(obj).get("finalizers") or []
    return ORPHAN in finalizers or FOREGROUND in finalizers


def _key(place: Place) -> Key:
    return f"{place[0]}|{place[1]}", place[2]
