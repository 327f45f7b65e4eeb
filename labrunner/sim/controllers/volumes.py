"""Persistent volumes: matching claims to volumes, simulated provisioning, reclaiming."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.node.bootstrap import PROVISIONER
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    resource_version_of,
    uid_of,
)
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.store import Change

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLASSES: Final = "storageclasses.storage.k8s.io"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
RESYNC: Final = 15.0
_BOUND_BY: Final = "pv.kubernetes.io/bound-by-controller"
_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
_PROVISIONER_NOTES: Final = (
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
)


def is_bound(claim: Obj) -> bool:
    """Whether the claim has a volume and binding is complete."""
    return bool(get_path(claim, "spec", "volumeName")) and _COMPLETED in annotations_of(claim)


def class_of(obj: Obj) -> str:
    """The storage class of a claim or a volume; empty for none."""
    return str(get_path(obj, "spec", "storageClassName", default=""))


def _size(text: object) -> int:
    try:
        return Quantity.parse(text).value()
    except QuantityError:
        return 0


def _claims_it(volume: Obj, claim: Obj) -> bool:
    reference = get_path(volume, "spec", "claimRef")
    return (
        reference is not None
        and reference.get("name") == name_of(claim)
        and reference.get("namespace") == namespace_of(claim)
        and reference.get("uid", uid_of(claim)) in ("", uid_of(claim))
    )


def _suits(volume: Obj, claim: Obj) -> bool:
    spec = claim.get("spec") or {}
    wanted = _size(get_path(spec, "resources", "requests", "storage", default="0"))
    selector = spec.get("selector")
    return (
        not is_terminating(volume)
        and class_of(volume) == class_of(claim)
        and (get_path(volume, "spec", "volumeMode") or "Filesystem")
        == (spec.get("volumeMode") or "Filesystem")
        and set(spec.get("accessModes") or []) <= set(get_path(volume, "spec", "accessModes", default=[]))
        and _size(get_path(volume, "spec", "capacity", "storage", default="0")) >= wanted
        and (selector is None or from_label_selector(selector).matches(labels_of(volume)))
    )


def find_volume(claim: Obj, volumes: Iterable[Obj]) -> Obj | None:
    """The volume reserved for *claim*, or the smallest free one that suits it."""
    free: list[Obj] = []
    for volume in volumes:
        if get_path(volume, "spec", "claimRef") is not None:
            if _claims_it(volume, claim) and not is_terminating(volume):
                return volume
        elif _suits(volume, claim):
            free.append(volume)
    return min(
        free,
        key=lambda v: (_size(get_path(v, "spec", "capacity", "storage", default="0")), name_of(v)),
        default=None,
    )


class ClaimController(Controller):
    """Binds claims; provisions simulated volumes for the simulated class; says what a claim waits for."""

    name = "persistentvolume-controller"

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
            if reference is not None and not _claims_it(volume, claim):
                text = f'volume "{wanted}" already bound to a different claim.'
                self.event(claim, "Warning", "FailedBinding", text)
                return RESYNC
            self._bind(claim, volume)
            return None
        return self._find_or_make(claim)

    def _find_or_make(self, claim: Obj) -> float | None:
        chosen = class_of(claim)
        found = self.api.store.get(CLASSES, "", chosen) if chosen else None
        waits = found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
        ready = not waits or SELECTED_NODE in annotations_of(claim)
        volume = find_volume(claim, self.api.store.list(VOLUMES)) if ready else None
        if volume is None and not ready:
            reserved = [v for v in self.api.store.list(VOLUMES) if _claims_it(v, claim)]
            volume = reserved[0] if reserved else None
        if volume is not None:
            self._bind(claim, volume)
            return None
        if not ready:
            text = "waiting for first consumer to be created before binding"
            self.event(claim, "Normal", "WaitForFirstConsumer", text)
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

    def _provision(self, claim: Obj, chosen: Obj) -> float | None:
        provisioner = chosen.get("provisioner", "")
        if provisioner == "kubernetes.io/no-provisioner":
            text = f"no volume plugin matched name: {provisioner}"
            self.event(claim, "Warning", "ProvisioningFailed", text)
            return RESYNC
        notes = annotations_of(claim)
        if any(notes.get(n) != provisioner for n in _PROVISIONER_NOTES):
            changed = clone(claim)
            meta(changed).setdefault("annotations", {}).update(dict.fromkeys(_PROVISIONER_NOTES, provisioner))
            claim = self.api.update(CLAIMS, changed)
        if provisioner != PROVISIONER:
            text = (
                f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or "
                "manually by the system administrator. If volume creation is delayed, please verify that the "
                "provisioner is running and correctly registered."
            )
            self.event(claim, "Normal", "ExternalProvisioning", text)
            return RESYNC
        volume = self.api.create(VOLUMES, _simulated_volume(claim, chosen))
        text = f"Successfully provisioned volume {name_of(volume)} using {provisioner}"
        self.event(claim, "Normal", "ProvisioningSucceeded", text)
        self._bind(claim, volume)
        return None

    def _bind(self, claim: Obj, volume: Obj) -> None:
        if get_path(volume, "spec", "claimRef", "uid") != uid_of(claim):
            changed = clone(volume)
            if get_path(volume, "spec", "claimRef") is None:
                meta(changed).setdefault("annotations", {})[_BOUND_BY] = "yes"
            changed["spec"]["claimRef"] = _claim_reference(claim)
            volume = self.api.update(VOLUMES, changed)
        if get_path(volume, "status", "phase") != "Bound":
            changed = clone(volume)
            changed["status"] = {**(changed.get("status") or {}), "phase": "Bound"}
            volume = self.api.update_status(VOLUMES, changed)
        changed = clone(claim)
        notes = meta(changed).setdefault("annotations", {})
        if not get_path(claim, "spec", "volumeName"):
            notes[_BOUND_BY] = "yes"
        notes[_COMPLETED] = "yes"
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
        wanted = get_path(claim, "spec", "resources", "requests", "storage", default="0")
        made_here = annotations_of(volume).get("pv.kubernetes.io/provisioned-by") == PROVISIONER
        if made_here and _size(wanted) > _size(get_path(volume, "spec", "capacity", "storage", default="0")):
            changed = clone(volume)
            changed["spec"]["capacity"]["storage"] = wanted
            volume = self.api.update(VOLUMES, changed)
        self._say_bound(claim, volume)


def _claim_reference(claim: Obj) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": name_of(claim),
        "namespace": namespace_of(claim),
        "resourceVersion": resource_version_of(claim),
        "uid": uid_of(claim),
    }


def _simulated_volume(claim: Obj, chosen: Obj) -> Obj:
    name = f"pvc-{uid_of(claim)}"
    spec = claim["spec"]
    out: Obj = {
        "accessModes": list(spec.get("accessModes") or []),
        "capacity": {"storage": get_path(spec, "resources", "requests", "storage", default="0")},
        "claimRef": _claim_reference(claim),
        "hostPath": {"path": f"/simulated/{name}", "type": ""},
        "persistentVolumeReclaimPolicy": chosen.get("reclaimPolicy") or "Delete",
        "storageClassName": name_of(chosen),
        "volumeMode": spec.get("volumeMode") or "Filesystem",
    }
    if chosen.get("mountOptions"):
        out["mountOptions"] = list(chosen["mountOptions"])
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
            "finalizers": [VOLUME_FINALIZER],
        },
        "spec": out,
    }


class VolumeController(Controller):
    """Keeps the phase of volumes and reclaims those whose claim is gone."""

    name = "persistentvolume-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {VOLUMES: itself, CLAIMS: self._of_claim}

    def _of_claim(self, change: Change) -> Iterable[Key]:
        name = get_path(change.new or change.old or {}, "spec", "volumeName")
        if name:
            yield "", name

    def reconcile(self, key: Key) -> float | None:
        volume = self.api.store.get(VOLUMES, *key)
        if volume is None:
            return None
        reference = get_path(volume, "spec", "claimRef")
        if reference is None or not reference.get("uid"):
            self._set_phase(volume, "Available")
            return None
        claim = self.api.store.get(CLAIMS, reference.get("namespace", ""), reference.get("name", ""))
        if claim is not None and uid_of(claim) == reference["uid"]:
            if get_path(claim, "spec", "volumeName") == name_of(volume):
                self._set_phase(volume, "Bound")
            return None
        self._reclaim(volume)
        return None

    def _reclaim(self, volume: Obj) -> None:
        phase = get_path(volume, "status", "phase")
        if phase == "Failed":
            return
        volume = self._set_phase(volume, "Released")
        policy = get_path(volume, "spec", "persistentVolumeReclaimPolicy", default="Retain")
        if policy == "Retain" or is_terminating(volume):
            return
        if annotations_of(volume).get("pv.kubernetes.io/provisioned-by") == PROVISIONER:
            self.api.delete(VOLUMES, name_of(volume))
            return
        verb, noun = (
            ("getting deleter", "deletable") if policy == "Delete" else ("finding recycling", "recyclable")
        )
        text = f'error {verb} volume plugin for volume "{name_of(volume)}": no {noun} volume plugin matched'
        self._set_phase(volume, "Failed", text)
        self.event(
            volume, "Warning", "VolumeFailedDelete" if policy == "Delete" else "VolumeFailedRecycle", text
        )

    def _set_phase(self, volume: Obj, phase: str, message: str = "") -> Obj:
        if get_path(volume, "status", "phase") == phase:
            return volume
        changed = clone(volume)
        status = changed.setdefault("status", {})
        status["phase"] = phase
        status.pop("message", None)
        if message:
            status["message"] = message
        return self.api.update_status(VOLUMES, changed)
