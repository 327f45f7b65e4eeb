"""Owner references: who controls what, and taking or letting go of objects by selector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from labrunner.sim.controllers.runner import Key
from labrunner.sim.objects import (
    Obj,
    clone,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    owner_controller,
    owner_references,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.selectors import LabelSelector
    from labrunner.sim.store import Change


def controller_reference(owner: Obj) -> Obj:
    """The owner reference a controller puts on what it creates for *owner*."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controlled_by(obj: Obj, owner: Obj) -> bool:
    """Whether *owner* is the controller of *obj*."""
    reference = owner_controller(obj)
    return reference is not None and reference.get("uid") == uid_of(owner)


def owners_of_kind(change: Change, kind: str) -> Iterator[Key]:
    """Keys of the controlling owners of *kind*, before and after the change."""
    seen = set()
    for obj in (change.new, change.old):
        reference = owner_controller(obj) if obj else None
        if obj and reference is not None and reference.get("kind") == kind:
            key = namespace_of(obj), reference["name"]
            if key not in seen:
                seen.add(key)
                yield key


def _without_owner(obj: Obj, uid: str) -> Obj:
    changed: Obj = clone(obj)
    references = [r for r in owner_references(changed) if r.get("uid") != uid]
    if references:
        meta(changed)["ownerReferences"] = references
    else:
        meta(changed).pop("ownerReferences", None)
    return changed


def claim(api: Api, gr: str, owner: Obj, selector: LabelSelector, objects: Iterable[Obj]) -> list[Obj]:
    """Those of *objects* that *owner* controls, after adopting matching orphans and releasing the others."""
    mine: list[Obj] = []
    for obj in objects:
        reference = owner_controller(obj)
        matches = selector.matches(labels_of(obj))
        if reference is not None:
            if reference.get("uid") != uid_of(owner):
                continue
            if matches:
                mine.append(obj)
            elif not is_terminating(owner):
                api.update(gr, _without_owner(obj, uid_of(owner)))
        elif matches and not is_terminating(obj) and not is_terminating(owner):
            adopted = clone(obj)
            meta(adopted).setdefault("ownerReferences", []).append(controller_reference(owner))
            mine.append(api.update(gr, adopted))
    return mine
