"""Persistent volumes: matching claims to volumes, simulated provisioning, reclaiming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers import provisioning
from labrunner.sim.controllers.node_terms import reachable
from labrunner.sim.controllers.provisioning import SELECTED_NODE, claim_reference
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.volume_matching import (
    BOUND_BY,
    COMPLETED,
    bytes_of,
    claims_it,
    class_of,
    find_volume,
    is_bound,
    mismatch,
    mounted_claims,
    requested_by,
)
from labrunner.sim.node.bootstrap import PROVISIONER
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    get_path,
    is_terminating,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLASSES: Final = "storageclasses.storage.k8s.io"
RESYNC: Final = 15.0
_PROVISIONER_NOTES: Final = (
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
)


class ClaimController(Controller):
    """Binds claims; provisions simulated volumes for the simulated class; says what a claim waits for."""

    name = "persistentvolume-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._told: dict[str, tuple[str, datetime]] = {}

    def event(self, about: Obj, kind: str, reason: str, message: str) -> None:
        """Looked at more often than a real one looks, a claim is not told of the same thing more often."""
        now = self.api.clock.now()
        told = self._told.get(uid_of(about))
        if told is not None and told[0] == message and (now - told[1]).total_seconds() < RESYNC - 0.5:
            return
        self._told[uid_of(about)] = message, now
        super().event(about, kind, reason, message)

    def watches(self) -> Mapping[str, Mapper]:
        return {CLAIMS: itself, VOLUMES: self._pending, CLASSES: self._pending}

    def _pending(self, change: Change) -> Iterable[Key]:
        reference = get_path(change.new or change.old or {}, "spec", "claimRef")
        if reference is not None:
            yield reference.get("namespace", ""), reference.get("name", "")
            return
        for claim in self.api.store.list(CLAIMS):
            if not is_bound(claim):
                yield key_of(claim)

    def reconcile(self, key: Key) -> float | None:
        claim = self.api.store.get(CLAIMS, *key)
        if claim is None:
            return None
        if is_bound(claim):
            self._told.pop(uid_of(claim), None)
            self._check_bound(claim)
            return None
        if is_terminating(claim):
            return None
        wanted = get_path(claim, "spec", "volumeName")
        if wanted:
            volume = self.api.store.get(VOLUMES, "", wanted)
            if volume is None:
                return None
            reference = get_path(volume, "spec", "claimRef")
            if reference is not None and not claims_it(volume, claim):
                text = f'volume "{wanted}" already bound to a different claim.'
                self.event(claim, "Warning", "FailedBinding", text)
                return RESYNC
            wrong = mismatch(volume, claim)
            if wrong:
                text = f'Cannot bind to requested volume "{wanted}": {wrong}'
                self.event(claim, "Warning", "VolumeMismatch", text)
                return RESYNC
            self._bind(claim, volume)
            return None
        return self._find_or_make(self._with_default_class(claim))

    def _with_default_class(self, claim: Obj) -> Obj:
        """A default class that came after the claim is given to it still."""
        if get_path(claim, "spec", "storageClassName") is not None:
            return claim
        chosen = provisioning.default_class(self.api)
        if not chosen:
            return claim
        changed = clone(claim)
        changed["spec"]["storageClassName"] = chosen
        return self.api.update(CLAIMS, changed)

    def _find_or_make(self, claim: Obj) -> float | None:
        chosen = class_of(claim)
        found = self.api.store.get(CLASSES, "", chosen) if chosen else None
        waits = found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
        selected = annotations_of(claim).get(SELECTED_NODE)
        ready = not waits or selected is not None
        volume = find_volume(claim, self._within_reach(selected)) if ready else None
        if volume is None and not ready:
            reserved = [v for v in self.api.store.list(VOLUMES) if claims_it(v, claim)]
            volume = reserved[0] if reserved else None
        if volume is not None:
            self._bind(claim, volume)
            return None
        if not ready:
            self.event(claim, "Normal", *self._consumer_wanted(claim))
        elif not chosen:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.event(claim, "Normal", "FailedBinding", text)
        elif found is None:
            self.event(
                claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{chosen}" not found'
            )
        else:
            return self._provision(claim, found)
        return RESYNC

    def _within_reach(self, selected: str | None) -> list[Obj]:
        """All volumes, or those that can be used on the node a scheduler has chosen."""
        node = self.api.store.get("nodes", "", selected) if selected else None
        return [v for v in self.api.store.list(VOLUMES) if node is None or reachable(v, node)]

    def _consumer_wanted(self, claim: Obj) -> tuple[str, str]:
        """Reason and message for a claim that is bound only when a pod with it is placed."""
        name = name_of(claim)
        users = [
            name_of(pod)
            for pod in self.api.store.list("pods", namespace_of(claim))
            if name in mounted_claims(pod) and not get_path(pod, "spec", "nodeName")
        ]
        if not users:
            return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        what = f"pods {','.join(users)}" if len(users) > 1 else f"pod {users[0]}"
        return "WaitForPodScheduled", f"waiting for {what} to be scheduled"

    def _provision(self, claim: Obj, chosen: Obj) -> float | None:
        provisioner = provisioning.provisioner_of(chosen)
        if provisioner.startswith("kubernetes.io/"):
            text = f"no volume plugin matched name: {provisioner}"
            self.event(claim, "Warning", "ProvisioningFailed", text)
            return RESYNC
        notes = annotations_of(claim)
        if any(notes.get(n) != provisioner for n in _PROVISIONER_NOTES):
            changed = clone(claim)
            meta(changed).setdefault("annotations", {}).update(dict.fromkeys(_PROVISIONER_NOTES, provisioner))
            claim = self.api.update(CLAIMS, changed)
        self.event(claim, "Normal", "ExternalProvisioning", provisioning.waiting_for(provisioner))
        if provisioner != PROVISIONER:
            return RESYNC
        volume = provisioning.provision(self.api, claim, chosen)
        if volume is not None:
            self._bind(claim, volume)
        return None

    def _bind(self, claim: Obj, volume: Obj) -> None:
        if get_path(volume, "spec", "claimRef", "uid") != uid_of(claim):
            changed = clone(volume)
            if get_path(volume, "spec", "claimRef") is None:
                meta(changed).setdefault("annotations", {})[BOUND_BY] = "yes"
            changed["spec"]["claimRef"] = claim_reference(claim)
            volume = self.api.update(VOLUMES, changed)
        if get_path(volume, "status", "phase") != "Bound":
            changed = clone(volume)
            changed["status"] = {**(changed.get("status") or {}), "phase": "Bound"}
            volume = self.api.update_status(VOLUMES, changed)
        changed = clone(claim)
        notes = meta(changed).setdefault("annotations", {})
        if not get_path(claim, "spec", "volumeName"):
            notes[BOUND_BY] = "yes"
        notes[COMPLETED] = "yes"
        changed["spec"]["volumeName"] = name_of(volume)
        self._say_bound(self.api.update(CLAIMS, changed), volume)

    def _say_bound(self, claim: Obj, volume: Obj) -> None:
        status: Obj = {
            "phase": "Bound",
            "accessModes": list(get_path(volume, "spec", "accessModes", default=[])),
            "capacity": dict(get_path(volume, "spec", "capacity", default={})),
        }
        if (claim.get("status") or {}) != status:
            changed = clone(claim)
            changed["status"] = status
            self.api.update_status(CLAIMS, changed)

    def _check_bound(self, claim: Obj) -> None:
        volume = self.api.store.get(VOLUMES, "", claim["spec"]["volumeName"])
        if volume is None:
            if get_path(claim, "status", "phase") != "Lost" and not is_terminating(claim):
                changed = clone(claim)
                changed["status"] = {"phase": "Lost"}
                self.api.update_status(CLAIMS, changed)
                text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
                self.event(claim, "Warning", "ClaimLost", text)
            return
        if requested_by(claim) > bytes_of(get_path(claim, "status", "capacity", "storage", default="0")):
            volume = provisioning.expand(self.api, claim, volume)
        self._say_bound(claim, volume)
