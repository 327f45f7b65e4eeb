"""Which volume a claim may have: the rules of size, class, access modes, volume mode and selector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from labrunner.sim.objects import (
    Obj,
    annotations_of,
    get_path,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.selectors import from_label_selector

COMPLETED: Final = "pv.kubernetes.io/bind-completed"
BOUND_BY: Final = "pv.kubernetes.io/bound-by-controller"


def is_bound(claim: Obj) -> bool:
    """Whether the claim has a volume and binding is complete."""
    return bool(get_path(claim, "spec", "volumeName")) and COMPLETED in annotations_of(claim)


def class_of(obj: Obj) -> str:
    """The storage class of a claim or a volume; empty for none."""
    return str(get_path(obj, "spec", "storageClassName", default=""))


def bytes_of(text: object) -> int:
    """A quantity in bytes; 0 when it cannot be read."""
    try:
        return Quantity.parse(text).value()
    except QuantityError:
        return 0


def capacity_of(volume: Obj) -> int:
    """The volume's capacity in bytes."""
    return bytes_of(get_path(volume, "spec", "capacity", "storage", default="0"))


def requested_by(claim: Obj) -> int:
    """What the claim asks for, in bytes."""
    return bytes_of(get_path(claim, "spec", "resources", "requests", "storage", default="0"))


def claims_it(volume: Obj, claim: Obj) -> bool:
    """Whether *volume* is reserved for *claim*."""
    reference = get_path(volume, "spec", "claimRef")
    return (
        reference is not None
        and reference.get("name") == name_of(claim)
        and reference.get("namespace") == namespace_of(claim)
        and reference.get("uid", uid_of(claim)) in ("", uid_of(claim))
    )


def _modes(obj: Obj) -> set[str]:
    return set(get_path(obj, "spec", "accessModes", default=[]))


def _same_form(volume: Obj, claim: Obj) -> bool:
    """Both are file systems, or both are raw blocks."""
    default = "Filesystem"
    mine, theirs = (get_path(o, "spec", "volumeMode") or default for o in (volume, claim))
    return bool(mine == theirs)


def mismatch(volume: Obj, claim: Obj) -> str:
    """Why the volume that *claim* asks for by name cannot be had; empty when it can."""
    if capacity_of(volume) < requested_by(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if not _same_form(volume, claim):
        return "incompatible volumeMode"
    if not _modes(claim) <= _modes(volume):
        return "incompatible accessMode"
    return ""


def find_volume(claim: Obj, volumes: Iterable[Obj]) -> Obj | None:
    """The volume reserved for *claim*; else, of those with the fewest access modes that do, the smallest."""
    selector = get_path(claim, "spec", "selector")
    chosen = None if selector is None else from_label_selector(selector)
    free: list[Obj] = []
    for volume in volumes:
        if is_terminating(volume) or capacity_of(volume) < requested_by(claim):
            continue
        if not _same_form(volume, claim):
            continue
        if get_path(volume, "spec", "claimRef") is not None:
            if claims_it(volume, claim):
                return volume
        elif not mismatch(volume, claim) and (chosen is None or chosen.matches(labels_of(volume))):
            free.append(volume)
    return min(free, key=lambda v: (len(_modes(v)), capacity_of(v), name_of(v)), default=None)


def mounted_claims(pod: Obj) -> list[str]:
    """Names of the claims a pod mounts, those made for its ephemeral volumes included."""
    found = []
    for volume in get_path(pod, "spec", "volumes", default=[]):
        if volume.get("persistentVolumeClaim"):
            found.append(volume["persistentVolumeClaim"]["claimName"])
        elif volume.get("ephemeral"):
            found.append(f"{name_of(pod)}-{volume['name']}")
    return found
