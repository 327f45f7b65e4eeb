"""ResourceQuota status: what a namespace uses, counted afresh when things go or a quota changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.admission.quota import measure
from labrunner.sim.controllers.podstate import is_finished
from labrunner.sim.controllers.runner import EVERY, Controller, Key, Mapper, key_of
from labrunner.sim.objects import Obj, clone, get_path, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change

QUOTAS: Final = "resourcequotas"
_CHANGING: Final = frozenset(("services", "persistentvolumeclaims"))


class QuotaController(Controller):
    """Recounts; the increase at creation is admission's."""

    name = "resourcequota-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {EVERY: self._changed}

    def _changed(self, change: Change) -> Iterable[Key]:
        obj = change.new or change.old or {}
        if change.gr == QUOTAS:
            if change.new is not None and not _only_status(change.new, change.old):
                yield namespace_of(obj), name_of(obj)
            return
        namespace = namespace_of(obj)
        if not namespace or change.gr == "events":
            return
        went = change.new is None or (change.gr == "pods" and change.type == "MODIFIED" and _freed(change))
        if went or (change.gr in _CHANGING and change.type == "MODIFIED"):
            for quota in self.api.store.list(QUOTAS, namespace):
                yield key_of(quota)

    def reconcile(self, key: Key) -> float | None:
        quota = self.api.store.get(QUOTAS, *key)
        if quota is None:
            return None
        used = measure(self.api, quota)
        status: Obj = {
            "hard": dict(get_path(quota, "spec", "hard", default={})),
            "used": {name: str(value) for name, value in used.items()},
        }
        if status != (quota.get("status") or {}):
            changed = clone(quota)
            changed["status"] = status
            self.api.update_status(QUOTAS, changed)
        return None


def _only_status(new: Obj, old: Obj | None) -> bool:
    return old is not None and new.get("spec") == old.get("spec")


def _freed(change: Change) -> bool:
    return bool(change.new and change.old and is_finished(change.new) and not is_finished(change.old))
