"""Generic ephemeral volumes: a claim of its own for each, which lives and dies with its pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from labrunner.sim.controllers.podstate import is_finished
from labrunner.sim.controllers.runner import Controller, Key, Mapper, key_of
from labrunner.sim.controllers.volumes import CLAIMS
from labrunner.sim.objects import (
    Obj,
    clone,
    get_path,
    is_terminating,
    name_of,
    namespace_of,
    owner_controller,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.store import Change


class EphemeralVolumes(Controller):
    """Makes the claims of pods with ephemeral volumes."""

    name = "ephemeral_volume"

    def watches(self) -> Mapping[str, Mapper]:
        return {"pods": self._of_pod, CLAIMS: self._of_claim}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new
        if pod is not None and any(v.get("ephemeral") for v in get_path(pod, "spec", "volumes", default=[])):
            yield key_of(pod)

    def _of_claim(self, change: Change) -> Iterable[Key]:
        owner = owner_controller(change.old or {}) if change.new is None else None
        if owner is not None and owner.get("kind") == "Pod":
            yield namespace_of(change.old or {}), owner["name"]

    def reconcile(self, key: Key) -> float | None:
        pod = self.api.store.get("pods", *key)
        if pod is None or is_terminating(pod) or is_finished(pod):
            return None
        for volume in get_path(pod, "spec", "volumes", default=[]):
            if volume.get("ephemeral"):
                self._make(pod, volume)
        return None

    def _make(self, pod: Obj, volume: Obj) -> None:
        name = f"{name_of(pod)}-{volume['name']}"
        found = self.api.store.get(CLAIMS, namespace_of(pod), name)
        if found is not None:
            if (owner_controller(found) or {}).get("uid") != uid_of(pod):
                where = f"PVC {namespace_of(pod)}/{name} was not created for pod {'/'.join(key_of(pod))}"
                text = f"ephemeral volume {volume['name']}: {where} (pod is not owner)"
                self.event(pod, "Warning", "FailedBinding", text)
            return
        template = clone(volume["ephemeral"].get("volumeClaimTemplate") or {})
        given = template.get("metadata") or {}
        owner = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": name_of(pod),
            "uid": uid_of(pod),
            "controller": True,
            "blockOwnerDeletion": True,
        }
        metadata = {k: given[k] for k in ("labels", "annotations") if given.get(k)}
        metadata.update(name=name, namespace=namespace_of(pod), ownerReferences=[owner])
        self.api.create(CLAIMS, {"metadata": metadata, "spec": template.get("spec") or {}})
