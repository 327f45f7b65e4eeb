"""ControllerRevisions: the history of StatefulSets and DaemonSets, as ``kubectl rollout`` reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.ownership import controlled_by, controller_reference
from labrunner.sim.controllers.templates import fnv32, safe_encode, template_hash
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, annotations_of, clone, get_path, labels_of, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

REVISIONS: Final = "controllerrevisions.apps"


@dataclass(frozen=True, slots=True)
class History:
    """All revisions of one workload, oldest first, and the one of its present template."""

    revisions: tuple[Obj, ...]
    current: Obj

    def named(self, name: str) -> Obj | None:
        """The revision called *name*."""
        return next((r for r in self.revisions if name_of(r) == name), None)


def template_of(revision: Obj) -> Obj:
    """The pod template that a revision holds."""
    template = clone(get_path(revision, "data", "spec", "template", default={}))
    template.pop("$patch", None)
    found: Obj = template
    return found


def _data(owner: Obj) -> Obj:
    return {"spec": {"template": {**clone(owner["spec"]["template"]), "$patch": "replace"}}}


def _hash(owner: Obj, data: Obj, collisions: int) -> str:
    if owner["kind"] == "DaemonSet":
        return template_hash(owner["spec"]["template"], collisions)
    return _data_hash(data, collisions)


def _data_hash(data: Obj, collisions: int) -> str:
    """The hash that the real controller gives a StatefulSet's revision: FNV-1 of the JSON text that Go writes."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return safe_encode(str(fnv32(f"{text}{collisions}".encode())))


def sync_history(api: Api, owner: Obj, hash_label: str) -> History:
    """Find or make the revision of *owner*'s template; an old one that is used again becomes the newest."""
    mine = sorted(
        (r for r in api.store.list(REVISIONS, namespace_of(owner)) if controlled_by(r, owner)),
        key=lambda r: int(r.get("revision", 0)),
    )
    data = _data(owner)
    newest = int(mine[-1].get("revision", 0)) if mine else 0
    same = next((r for r in reversed(mine) if r.get("data") == data), None)
    if same is not None:
        if int(same.get("revision", 0)) < newest:
            changed = clone(same)
            changed["revision"] = newest + 1
            same = api.update(REVISIONS, changed)
            mine = [*(r for r in mine if name_of(r) != name_of(same)), same]
        return History(tuple(mine), same)
    made = _create(api, owner, data, newest + 1, hash_label)
    return History((*mine, made), made)


def _create(api: Api, owner: Obj, data: Obj, number: int, hash_label: str) -> Obj:
    collisions = int(get_path(owner, "status", "collisionCount", default=0))
    while True:
        suffix = _hash(owner, data, collisions)
        revision: Obj = {
            "metadata": {
                "name": f"{name_of(owner)}-{suffix}",
                "namespace": namespace_of(owner),
                "labels": {**labels_of(owner["spec"]["template"]), hash_label: suffix},
                "ownerReferences": [controller_reference(owner)],
            },
            "data": data,
            "revision": number,
        }
        notes = dict(annotations_of(owner))
        if notes:
            revision["metadata"]["annotations"] = notes
        try:
            return api.create(REVISIONS, revision)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            collisions += 1


def trim_history(api: Api, history: History, in_use: set[str], limit: int) -> None:
    """Delete the oldest revisions that nothing uses, keeping *limit* of them."""
    idle = [r for r in history.revisions if name_of(r) not in in_use and r is not history.current]
    for revision in idle[: max(0, len(idle) - limit)]:
        api.delete(REVISIONS, name_of(revision), namespace_of(revision))
