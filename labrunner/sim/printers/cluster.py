"""Rows of nodes, namespaces, events, configuration, quota, storage and identity."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, annotations_of, get_path, labels_of, name_of
from labrunner.sim.printers.text import (
    NONE,
    UNSET,
    Column,
    Printer,
    access_modes,
    age,
    columns,
    created_at,
    since,
)
from labrunner.sim.quantity import QuantityError, canonical


def _node_status(obj: Obj) -> str:
    ready = [c for c in get_path(obj, "status", "conditions", default=[]) if c.get("type") == "Ready"]
    parts = ["Unknown"]
    if ready:
        parts = ["Ready" if ready[0].get("status") == "True" else "NotReady"]
    if get_path(obj, "spec", "unschedulable"):
        parts.append("SchedulingDisabled")
    return ",".join(parts)


def node_roles(obj: Obj) -> list[str]:
    """The roles a node's labels give it, sorted."""
    prefix, found = "node-role.kubernetes.io/", set()
    for key, value in labels_of(obj).items():
        if key.startswith(prefix) and len(key) > len(prefix):
            found.add(key[len(prefix) :])
        elif key == "kubernetes.io/role" and value:
            found.add(value)
    return sorted(found)


def _address(obj: Obj, kind: str) -> str:
    for entry in get_path(obj, "status", "addresses", default=[]):
        if entry.get("type") == kind:
            return str(entry.get("address", ""))
    return NONE


def _node(obj: Obj, now: datetime) -> list[Any]:
    info: Obj = get_path(obj, "status", "nodeInfo", default={})
    kernel, architecture = info.get("kernelVersion") or "<unknown>", info.get("architecture")
    return [
        name_of(obj),
        _node_status(obj),
        ",".join(node_roles(obj)) or NONE,
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        f"{kernel} ({architecture})" if architecture else kernel,
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _namespace(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), get_path(obj, "status", "phase", default=""), age(obj, now)]


def _event_source(obj: Obj) -> str:
    source: Obj = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = (
        source.get("host") or obj.get("reportingInstance")
        if not source.get("component")
        else source.get("host")
    )
    return f"{component}, {host}" if host else component


def _event(obj: Obj, now: datetime) -> list[Any]:
    target: Obj = obj.get("involvedObject") or obj.get("regarding") or {}
    first_time = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last_time = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    first = since(first_time, now)
    last = since(last_time, now) if last_time else first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    if series := obj.get("series"):
        last, count = since(series.get("lastObservedTime"), now), series.get("count", 1)
    kind = str(target.get("kind", "")).lower()
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{target['name']}" if target.get("name") else kind,
        target.get("fieldPath", ""),
        _event_source(obj),
        str(obj.get("message") or obj.get("note") or "").strip(),
        first,
        count,
        name_of(obj),
    ]


def _secret(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or {}), age(obj, now)]


def _config_map(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), age(obj, now)]


def _service_account(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("secrets") or []), age(obj, now)]


def _quota(obj: Obj, now: datetime) -> list[Any]:
    hard = get_path(obj, "status", "hard", default={})
    used = get_path(obj, "status", "used", default={})
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        text = f"{name}: {_quantity(used.get(name, '0'))}/{_quantity(hard[name])}"
        (limits if name.startswith("limits") else requests).append(text)
    return [name_of(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def _quantity(value: Any) -> str:
    try:
        return canonical(value)
    except QuantityError:
        return str(value)


def _created(obj: Obj, now: datetime) -> list[Any]:
    del now
    return [name_of(obj), created_at(obj)]


def _plain(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), age(obj, now)]


def _volume(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    claim: Obj | None = spec.get("claimRef")
    phase = get_path(obj, "status", "phase", default="")
    if get_path(obj, "metadata", "deletionTimestamp") is not None:
        phase = "Terminating"
    storage_class = annotations_of(obj).get("volume.beta.kubernetes.io/storage-class")
    return [
        name_of(obj),
        _quantity(get_path(spec, "capacity", "storage", default="0")),
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
        capacity = _quantity(get_path(obj, "status", "capacity", "storage", default="0"))
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


def _storage_class(obj: Obj, now: datetime) -> list[Any]:
    default = annotations_of(obj).get("storageclass.kubernetes.io/is-default-class") == "true"
    return [
        name_of(obj) + (" (default)" if default else ""),
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
    tokens = ",".join(t.get("audience", "") for t in spec.get("tokenRequests") or []) or UNSET
    modes = ",".join(spec.get("volumeLifecycleModes") or []) or NONE
    flags = [bool(spec.get(k)) for k in ("attachRequired", "podInfoOnMount", "storageCapacity")]
    return [name_of(obj), *flags, tokens, bool(spec.get("requiresRepublish")), modes, age(obj, now)]


def _csi_node(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(get_path(obj, "spec", "drivers", default=[])), age(obj, now)]


NODE = Printer(
    columns(
        "Status",
        "Roles",
        "Age",
        "Version",
        wide=("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
    ),
    _node,
)
NAMESPACE = Printer(columns("Status", "Age"), _namespace)
EVENT = Printer(
    (
        Column("Last Seen"),
        Column("Type"),
        Column("Reason"),
        Column("Object"),
        Column("Subobject", priority=1),
        Column("Source", priority=1),
        Column("Message"),
        Column("First Seen", priority=1),
        Column("Count", "integer", 1),
        Column("Name", priority=1, format="name"),
    ),
    _event,
)
SECRET = Printer(columns("Type", "Data", "Age", integers=("Data",)), _secret)
CONFIG_MAP = Printer(columns("Data", "Age", integers=("Data",)), _config_map)
SERVICE_ACCOUNT = Printer(columns("Secrets", "Age", integers=("Secrets",)), _service_account)
QUOTA = Printer(columns("Request", "Limit", "Age"), _quota)
CREATED = Printer(columns("Created At"), _created)
PLAIN = Printer(columns("Age"), _plain)
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
VOLUME_ATTACHMENT = Printer(columns("Attacher", "PV", "Node", "Attached", "Age"), _volume_attachment)
CSI_DRIVER = Printer(
    columns(
        "AttachRequired",
        "PodInfoOnMount",
        "StorageCapacity",
        "TokenRequests",
        "RequiresRepublish",
        "Modes",
        "Age",
    ),
    _csi_driver,
)
CSI_NODE = Printer(columns("Drivers", "Age", integers=("Drivers",)), _csi_node)
