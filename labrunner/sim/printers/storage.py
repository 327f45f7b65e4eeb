"""Rows of volumes, claims, storage classes and CSI objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from labrunner.sim.objects import Obj, annotations_of, get_path, name_of
from labrunner.sim.printers.text import NONE, UNSET, Printer, access_modes, age, amount, columns

_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_DEFAULT_ATTRIBUTES: Final = ("volumeattributesclass.alpha.kubernetes.io/is-default-class",)


def _volume(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    claim: Obj | None = spec.get("claimRef")
    phase = get_path(obj, "status", "phase", default="")
    if get_path(obj, "metadata", "deletionTimestamp") is not None:
        phase = "Terminating"
    storage_class = annotations_of(obj).get("volume.beta.kubernetes.io/storage-class")
    return [
        name_of(obj),
        amount(get_path(spec, "capacity", "storage", default="0")),
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        storage_class or spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or UNSET,
        get_path(obj, "status", "reason", default=""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _claim(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    phase = get_path(obj, "status", "phase", default="")
    if get_path(obj, "metadata", "deletionTimestamp") is not None:
        phase = "Terminating"
    capacity, modes = "", ""
    if spec.get("volumeName"):
        modes = access_modes(get_path(obj, "status", "accessModes"))
        capacity = amount(get_path(obj, "status", "capacity", "storage", default="0"))
    storage_class = annotations_of(obj).get("volume.beta.kubernetes.io/storage-class")
    return [
        name_of(obj),
        phase,
        spec.get("volumeName", ""),
        capacity,
        modes,
        storage_class or spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or UNSET,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _marked(obj: Obj, keys: tuple[str, ...]) -> str:
    default = any(annotations_of(obj).get(key) == "true" for key in keys)
    return name_of(obj) + (" (default)" if default else "")


def _attributes_class(obj: Obj, now: datetime) -> list[Any]:
    return [_marked(obj, _DEFAULT_ATTRIBUTES), obj.get("driverName", ""), age(obj, now)]


def _storage_capacity(obj: Obj, now: datetime) -> list[Any]:
    del now
    capacity = UNSET if obj.get("capacity") is None else amount(obj["capacity"])
    return [name_of(obj), obj.get("storageClassName", ""), capacity]


def _storage_class(obj: Obj, now: datetime) -> list[Any]:
    return [
        _marked(obj, _DEFAULT_CLASS),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def _volume_attachment(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    attached = bool(get_path(obj, "status", "attached"))
    volume = get_path(spec, "source", "persistentVolumeName", default="")
    return [name_of(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age(obj, now)]


def _csi_driver(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    requests: list[Obj] | None = spec.get("tokenRequests")
    tokens = UNSET if requests is None else ",".join(t.get("audience", "") for t in requests)
    modes = ",".join(spec.get("volumeLifecycleModes") or []) or NONE
    flags = [spec.get("attachRequired") is not False]
    flags += [bool(spec.get(k)) for k in ("podInfoOnMount", "storageCapacity")]
    return [name_of(obj), *flags, tokens, bool(spec.get("requiresRepublish")), modes, age(obj, now)]


def _csi_node(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(get_path(obj, "spec", "drivers", default=[])), age(obj, now)]


VOLUME = Printer(
    columns(
        "Capacity",
        "Access Modes",
        "Reclaim Policy",
        "Status",
        "Claim",
        "StorageClass",
        "VolumeAttributesClass",
        "Reason",
        "Age",
        wide=("VolumeMode",),
    ),
    _volume,
)
CLAIM = Printer(
    columns(
        "Status",
        "Volume",
        "Capacity",
        "Access Modes",
        "StorageClass",
        "VolumeAttributesClass",
        "Age",
        wide=("VolumeMode",),
    ),
    _claim,
)
STORAGE_CLASS = Printer(
    columns("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
    _storage_class,
)
ATTRIBUTES_CLASS = Printer(columns("DriverName", "Age"), _attributes_class)
STORAGE_CAPACITY = Printer(columns("StorageClassName", "Capacity"), _storage_capacity)
VOLUME_ATTACHMENT = Printer(
    columns("Attacher", "PV", "Node", "Attached", "Age", booleans=("Attached",)), _volume_attachment
)
CSI_DRIVER = Printer(
    columns(
        "AttachRequired",
        "PodInfoOnMount",
        "StorageCapacity",
        "TokenRequests",
        "RequiresRepublish",
        "Modes",
        "Age",
        booleans=("AttachRequired", "PodInfoOnMount", "StorageCapacity", "RequiresRepublish"),
    ),
    _csi_driver,
)
CSI_NODE = Printer(columns("Drivers", "Age", integers=("Drivers",)), _csi_node)
