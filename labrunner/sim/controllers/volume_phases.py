"""What becomes of persistent volumes: their phase, and their end or new beginning when the claim is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.controllers.volume_matching import BOUND_BY
from labrunner.sim.controllers.volumes import CLAIMS, VOLUMES
from labrunner.sim.node.bootstrap import PROVISIONER
from labrunner.sim.objects import Obj, annotations_of, clone, get_path, is_terminating, meta, name_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change


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
        maker = annotations_of(volume).get("pv.kubernetes.io/provisioned-by", "")
        if maker == PROVISIONER:
            self.api.delete(VOLUMES, name_of(volume))
        if maker and not maker.startswith("kubernetes.io/"):
            return  # a provisioner of its own deletes it, or nobody does
        if policy == "Recycle":
            self._recycle(volume)
            return
        text = _undeletable(volume)
        if not text:
            self.api.delete(VOLUMES, name_of(volume))
            return
        self._set_phase(volume, "Failed", text)
        self.event(volume, "Warning", "VolumeFailedDelete", text)

    def _recycle(self, volume: Obj) -> None:
        spec = volume["spec"]
        if not (spec.get("hostPath") or spec.get("nfs")):
            text = "No recycler plugin found for the volume!"
            self._set_phase(volume, "Failed", text)
            self.event(volume, "Warning", "VolumeFailedRecycle", text)
            return
        self.event(volume, "Normal", "VolumeRecycled", "Volume recycled")
        changed = clone(volume)
        del changed["spec"]["claimRef"]
        meta(changed).get("annotations", {}).pop(BOUND_BY, None)
        self.api.update(VOLUMES, changed)

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


def _undeletable(volume: Obj) -> str:
    """Why nothing that runs here could delete what the volume stands for; empty when it is simply deleted."""
    path = get_path(volume, "spec", "hostPath", "path")
    if path is None:
        text = f'error getting deleter volume plugin for volume "{name_of(volume)}"'
        return f"{text}: no deletable volume plugin matched"
    if str(path).startswith("/tmp/") and len(str(path)) > len("/tmp/"):  # noqa: S108 - where real ones look
        return ""
    return f"host_path deleter only supports /tmp/.+ but received provided {path}"
