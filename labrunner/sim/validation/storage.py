"""PersistentVolumes and PersistentVolumeClaims."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj, clone, get_path
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import meta, quantities, scheduling
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.local_paths import no_backsteps
from labrunner.sim.validation.pod_update import same, spec_diff
from labrunner.sim.validation.syntax import Errors, check
from labrunner.sim.validation.volumes import csi, host_path, nfs

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES: Final = ("Block", "Filesystem")
_RECLAIM: Final = ("Delete", "Recycle", "Retain")
_NEVER_UNSET: Final = "update from non-nil value to nil is forbidden"
_SOURCES: Final = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
)


def create_volume(obj: Obj) -> Errors:
    """A PersistentVolume."""
    return meta.create(obj, False) + _volume(obj)


def update_volume(new: Obj, old: Obj) -> Errors:
    """A PersistentVolume keeps its source."""
    out = meta.update(new, old) + _volume(new)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if get_path(before, "csi", "controllerExpandSecretRef") is None and after.get("csi"):
        after = {**after, "csi": {k: v for k, v in after["csi"].items() if k != "controllerExpandSecretRef"}}
    if not same(_source_of(after), _source_of(before)):
        diff = spec_diff(before, after, "PersistentVolumeSource")
        text = f"spec.persistentvolumesource is immutable after creation\n{diff}"
        out.append(forbidden_field("spec.persistentvolumesource", text))
    out += meta.immutable("volumeMode", after.get("volumeMode"), before.get("volumeMode"))
    if before.get("nodeAffinity") is not None and not same(
        after.get("nodeAffinity"), before.get("nodeAffinity")
    ):
        text = "field is immutable, except for updating from beta label to GA"
        shown = after.get("nodeAffinity") and render(after["nodeAffinity"], "VolumeNodeAffinity")
        out.append(invalid_value("nodeAffinity", shown, text))
    if before.get("volumeAttributesClassName") is not None and after.get("volumeAttributesClassName") is None:
        out.append(forbidden_field("spec.volumeAttributesClassName", _NEVER_UNSET))
    return out


def _source_of(spec: Obj) -> Obj:
    return {key: spec[key] for key in _SOURCES if spec.get(key) is not None}


def _volume(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    modes, capacity = spec.get("accessModes") or [], spec.get("capacity") or {}
    out: Errors = [] if modes else [required("spec.accessModes")]
    out += _modes(modes, "spec.accessModes")
    if not capacity:
        out.append(required("spec.capacity"))
    if "storage" not in capacity or len(capacity) > 1:
        out.append(not_supported("spec.capacity", capacity or None, ("storage",)))
    for name, value in sorted(capacity.items()):
        path, amount = f"spec.capacity[{name}]", quantities.amount(value)
        if amount is not None and amount < Quantity(0):
            out.append(invalid_value(path, amount.value(), "must be a valid resource quantity"))
        out += quantities.positive(value, path)
    policy = spec.get("persistentVolumeReclaimPolicy") or ""
    if policy and policy not in _RECLAIM:
        out.append(not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM))
    out += _node_affinity(spec.get("nodeAffinity"))
    out += _volume_sources(spec)
    path = get_path(spec, "hostPath", "path", default="")
    if path and path.rstrip("/") == "" and policy == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        out.append(forbidden_field("spec.persistentVolumeReclaimPolicy", text))
    if spec.get("storageClassName"):
        out += check("spec.storageClassName", spec["storageClassName"], names.dns_subdomain)
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        out.append(not_supported("spec.volumeMode", mode, _VOLUME_MODES))
    attributes = spec.get("volumeAttributesClassName")
    if attributes is not None:
        here = "spec.volumeAttributesClassName"
        empty = [required(here, "an empty string is disallowed")]
        out += check(here, attributes, names.dns_subdomain) if attributes else empty
        if spec.get("csi") is None:
            out.append(required("spec.csi", "has to be specified when using volumeAttributesClassName"))
    return out


def _modes(modes: list[str], path: str) -> Errors:
    out = [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        out.append(forbidden_field(path, "may not use ReadWriteOncePod with other access modes"))
    return out


def _node_affinity(affinity: Obj | None) -> Errors:
    if affinity is None:
        return []
    if affinity.get("required") is None:
        return [required("spec.nodeAffinity.required", "must specify required node constraints")]
    return scheduling.node_selector(affinity["required"], "spec.nodeAffinity.required")


def _volume_sources(spec: Obj) -> Errors:
    out: Errors = []
    found = [key for key in _SOURCES if spec.get(key) is not None]
    for position, key in enumerate(found):
        path = f"spec.{key}"
        if position:
            out.append(forbidden_field(path, "may not specify more than 1 volume type"))
        elif key == "hostPath":
            out += host_path(spec[key], path)
        elif key == "nfs":
            out += nfs(spec[key], path)
        elif key == "csi":
            out += csi(spec[key], path)
            if not spec[key].get("volumeHandle"):
                out.append(required(f"{path}.volumeHandle"))
        elif key == "local":
            where = spec[key].get("path") or ""
            out += no_backsteps(where, f"{path}.path") if where else [required(f"{path}.path")]
            if spec.get("nodeAffinity") is None:
                out.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    if not found:
        out.append(required("spec", "must specify a volume type"))
    return out


def create_claim(obj: Obj) -> Errors:
    """A PersistentVolumeClaim."""
    return meta.create(obj, True) + claim_spec(obj.get("spec") or {}, "spec")


def claim_spec(spec: Obj, path: str) -> Errors:
    """The spec of a claim, or of a template for one."""
    modes = spec.get("accessModes") or []
    out: Errors = []
    if not modes:
        out.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    out += meta.label_selector(spec.get("selector"), f"{path}.selector")
    out += _modes(modes, f"{path}.accessModes")
    storage = get_path(spec, "resources", "requests", "storage")
    here = f"{path}.resources[storage]"
    if storage is None:
        out.append(required(here))
    else:
        out += quantities.positive(storage, here) or quantities.quantity_value("storage", storage, here)
    if spec.get("storageClassName"):
        out += check(f"{path}.storageClassName", spec["storageClassName"], names.dns_subdomain)
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        out.append(not_supported(f"{path}.volumeMode", mode, _VOLUME_MODES))
    for key in ("dataSource", "dataSourceRef"):
        if spec.get(key) is not None:
            out += _data_source(spec[key], f"{path}.{key}")
    if spec.get("volumeAttributesClassName"):
        name = spec["volumeAttributesClassName"]
        out += check(f"{path}.volumeAttributesClassName", name, names.dns_subdomain)
    return out


def _data_source(source: Obj, path: str) -> Errors:
    out: Errors = [required(f"{path}.{key}") for key in ("name", "kind") if not source.get(key)]
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        out.append(invalid_value(path, source.get("kind") or "", text))
    return out + (check(f"{path}.apiGroup", group, names.dns_subdomain) if group else [])


def update_claim(new: Obj, old: Obj) -> Errors:
    """A claim only grows once it is bound."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old) + claim_spec(after, "spec")
    known: Obj = clone(before)
    munged: Obj = clone(after)
    if not before.get("volumeName"):
        _copy(known, after, "volumeName")
    if before.get("storageClassName") is None and after.get("storageClassName") is not None:
        _copy(munged, before, "storageClassName")
    if get_path(new, "status", "phase") == "Bound":
        requests = (munged.get("resources") or {}).get("requests")
        if requests is not None:
            requests["storage"] = get_path(before, "resources", "requests", "storage")
    _copy(munged, before, "volumeAttributesClassName")
    if not same(munged, known):
        diff = spec_diff(known, munged, "PersistentVolumeClaimSpec")
        text = (
            "spec is immutable after creation except resources.requests and "
            f"volumeAttributesClassName for bound claims\n{diff}"
        )
        out.append(forbidden_field("spec", text))
    out += _shrinking(new, old)
    out += meta.immutable("volumeMode", after.get("volumeMode"), before.get("volumeMode"))
    if before.get("volumeAttributesClassName") is not None and not after.get("volumeAttributesClassName"):
        unset = after.get("volumeAttributesClassName") is None
        text = _NEVER_UNSET if unset else "update from non-nil value to an empty string is forbidden"
        out.append(forbidden_field("spec.volumeAttributesClassName", text))
    return out


def _copy(into: Obj, source: Obj, key: str) -> None:
    if source.get(key) is None:
        into.pop(key, None)
    else:
        into[key] = source[key]


def _shrinking(new: Obj, old: Obj) -> Errors:
    after = quantities.amount(get_path(new, "spec", "resources", "requests", "storage", default="0"))
    before = quantities.amount(get_path(old, "spec", "resources", "requests", "storage", default="0"))
    have = quantities.amount(get_path(old, "status", "capacity", "storage", default="0"))
    if after is None or before is None or not after < before or after > (have or Quantity(0)):
        return []
    text = "field can not be less than status.capacity"
    return [forbidden_field("spec.resources.requests.storage", text)]
