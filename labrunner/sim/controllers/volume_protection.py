"""Protection of storage in use: a deleted claim or volume stays until nothing needs it any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.podstate import is_finished
from labrunner.sim.controllers.provisioning import VOLUME_FINALIZER
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.controllers.volume_matching import mounted_claims
from labrunner.sim.controllers.volumes import CLAIMS, VOLUMES
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change

CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"


class ClaimProtection(Controller):
    """Lets a deleted claim go when no pod uses it any more."""

    name = "persistentvolumeclaim-protection-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {CLAIMS: itself, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new or change.old or {}
        if change.new is None or is_finished(change.new):
            for name in mounted_claims(pod):
                yield namespace_of(pod), name

    def reconcile(self, key: Key) -> float | None:
        claim = self.api.store.get(CLAIMS, *key)
        if claim is None:
            return None
        held = CLAIM_FINALIZER in (meta(claim).get("finalizers") or [])
        if not is_terminating(claim):
            if not held:
                changed = clone(claim)
                meta(changed).setdefault("finalizers", []).append(CLAIM_FINALIZER)
                self.api.update(CLAIMS, changed)
        elif held and not self._used(claim):
            _let_go(self, CLAIMS, claim, CLAIM_FINALIZER)
        return None

    def _used(self, claim: Obj) -> bool:
        return any(
            name_of(claim) in mounted_claims(p) and not is_finished(p) and get_path(p, "spec", "nodeName")
            for p in self.api.store.list("pods", namespace_of(claim))
        )


class VolumeProtection(Controller):
    """Lets a deleted volume go when it is bound to no claim."""

    name = "persistentvolume-protection-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {VOLUMES: itself}

    def reconcile(self, key: Key) -> float | None:
        volume = self.api.store.get(VOLUMES, *key)
        if volume is None:
            return None
        held = VOLUME_FINALIZER in (meta(volume).get("finalizers") or [])
        if not is_terminating(volume):
            if not held:
                changed = clone(volume)
                meta(changed).setdefault("finalizers", []).append(VOLUME_FINALIZER)
                self.api.update(VOLUMES, changed)
        elif held and get_path(volume, "status", "phase") != "Bound":
            _let_go(self, VOLUMES, volume, VOLUME_FINALIZER)
        return None


def _let_go(controller: Controller, gr: str, obj: Obj, finalizer: str) -> None:
    changed = clone(obj)
    rest = [f for f in meta(changed).get("finalizers") or [] if f != finalizer]
    if rest:
        meta(changed)["finalizers"] = rest
    else:
        meta(changed).pop("finalizers", None)
    controller.api.update(gr, changed)
