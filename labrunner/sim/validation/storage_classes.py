"""StorageClasses, VolumeAttributesClasses, and what CSI drivers tell of themselves, their nodes and volumes."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, not_supported, required, too_long
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import meta, quantities
from labrunner.sim.validation.syntax import NEGATIVE, Errors, check, non_negative, out_of_range

_MOST_PARAMETERS: Final = 512
_PARAMETERS_SIZE: Final = 256 * 1024
_METADATA_SIZE: Final = 256 * 1024
_ERROR_SIZE: Final = 1024
_NODE_ID: Final = 192
_SHORTEST_TOKEN: Final = 600
_IMMUTABLE: Final = "field is immutable"
_FS_GROUP: Final = ("File", "None", "ReadWriteOnceWithFSType")
_ONE_SOURCE: Final = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def create_class(obj: Obj) -> Errors:
    """A StorageClass."""
    out = meta.create(obj, False) + _driver(obj.get("provisioner") or "", "provisioner")
    out += _parameters(obj.get("parameters") or {})
    policy, mode = obj.get("reclaimPolicy") or "", obj.get("volumeBindingMode")
    if policy and policy not in ("Delete", "Retain"):
        out.append(not_supported("reclaimPolicy", policy, ("Delete", "Retain")))
    if mode is None:
        out.append(required("volumeBindingMode"))
    elif mode not in ("Immediate", "WaitForFirstConsumer"):
        out.append(not_supported("volumeBindingMode", mode, ("Immediate", "WaitForFirstConsumer")))
    return out + _topologies(obj.get("allowedTopologies") or [])


def update_class(new: Obj, old: Obj) -> Errors:
    """A StorageClass hardly changes."""
    out = meta.update(new, old) + _unchanged(new, old, "parameters", "provisioner", "reclaimPolicy")
    return out + meta.immutable(
        "volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode")
    )


def create_attributes_class(obj: Obj) -> Errors:
    """A VolumeAttributesClass."""
    out = meta.create(obj, False) + _driver(obj.get("driverName") or "", "driverName")
    out += _parameters(obj.get("parameters") or {})
    if not obj.get("parameters"):
        out.append(required("parameters", "must contain at least one key/value pair"))
    return out


def update_attributes_class(new: Obj, old: Obj) -> Errors:
    """A VolumeAttributesClass does not change."""
    out = meta.update(new, old) + _unchanged(new, old, "driverName", "parameters")
    return out + create_attributes_class(new)


def _unchanged(new: Obj, old: Obj, *keys: str) -> Errors:
    return [
        forbidden_field(key, f"updates to {key} are forbidden.")
        for key in keys
        if (new.get(key) or None) != (old.get(key) or None)
    ]


def _driver(name: str, path: str) -> Errors:
    return check(path, name.lower(), names.qualified_name) if name else [required(path)]


def _parameters(found: dict[str, str]) -> Errors:
    if len(found) > _MOST_PARAMETERS:
        return [too_long("parameters", _MOST_PARAMETERS)]
    out: Errors = [] if "" not in found else [invalid_value("parameters", "", "field can not be empty.")]
    if (
        sum(len(key.encode()) + len((value or "").encode()) for key, value in found.items())
        > _PARAMETERS_SIZE
    ):
        out.append(too_long("parameters", _PARAMETERS_SIZE))
    return out


def _topologies(terms: list[Obj]) -> Errors:
    out: Errors = []
    known: list[dict[str, set[str]]] = []
    for i, term in enumerate(terms):
        here = f"allowedTopologies[{i}].matchLabelExpressions"
        found: dict[str, set[str]] = {}
        for j, expression in enumerate(term.get("matchLabelExpressions") or []):
            at, key = f"{here}[{j}]", expression.get("key") or ""
            values: list[str] = expression.get("values") or []
            if not values:
                out.append(required(f"{at}.values"))
            for k, value in enumerate(values):
                if value in values[:k]:
                    out.append(duplicate(f"{at}.values[{k}]", value))
            out += check(f"{at}.key", key, names.qualified_name)
            if key in found:
                out.append(duplicate(f"{at}.key", key))
            found[key] = set(values)
        if found in known:
            out.append(duplicate(here, ""))
        known.append(found)
    return out


def create_driver(obj: Obj) -> Errors:
    """A CSIDriver."""
    return meta.create(obj, False) + _driver_spec(obj.get("spec") or {})


def update_driver(new: Obj, old: Obj) -> Errors:
    """A CSIDriver keeps how it attaches and what volumes it serves."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old) + _driver_spec(after)
    if after.get("attachRequired") != before.get("attachRequired"):
        out.append(invalid_value("spec.attachedRequired", after.get("attachRequired"), _IMMUTABLE))
    key = "volumeLifecycleModes"
    return out + meta.immutable(f"spec.{key}", after.get(key), before.get(key))


def _driver_spec(spec: Obj) -> Errors:
    fields = {"attachRequired": "attachedRequired"}
    keys = ("attachRequired", "podInfoOnMount", "storageCapacity")
    out: Errors = [required(f"spec.{fields.get(key, key)}") for key in keys if spec.get(key) is None]
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in _FS_GROUP:
        out.append(not_supported("spec.fsGroupPolicy", policy, _FS_GROUP))
    out += _token_requests(spec.get("tokenRequests") or [])
    for mode in spec.get("volumeLifecycleModes") or []:
        if mode not in ("Persistent", "Ephemeral"):
            out.append(not_supported("spec.volumeLifecycleModes", mode, ("Persistent", "Ephemeral")))
    if spec.get("seLinuxMount") is None:
        out.append(required("spec.seLinuxMount"))
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < 10:
        text = "must be greater than or equal to 10 seconds"
        out.append(invalid_value("spec.nodeAllocatableUpdatePeriodSeconds", period, text))
    return out


def _token_requests(requests: list[Obj]) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, request in enumerate(requests):
        here, audience = f"spec.tokenRequests[{i}]", request.get("audience") or ""
        seconds = request.get("expirationSeconds")
        if audience in seen:
            out.append(duplicate(f"{here}.audience", audience))
            continue
        seen.add(audience)
        if seconds is not None and seconds < _SHORTEST_TOKEN:
            text = "may not specify a duration less than 10 minutes"
            out.append(invalid_value(f"{here}.expirationSeconds", seconds, text))
        if seconds is not None and seconds > 1 << 32:
            text = "may not specify a duration larger than 2^32 seconds"
            out.append(invalid_value(f"{here}.expirationSeconds", seconds, text))
    return out


def create_node(obj: Obj) -> Errors:
    """A CSINode."""
    out = meta.create(obj, False)
    seen: set[str] = set()
    for i, driver in enumerate(get_path(obj, "spec", "drivers", default=[])):
        out += _node_driver(driver, seen, f"spec.drivers[{i}]")
    return out


def update_node(new: Obj, old: Obj) -> Errors:
    """A CSINode's drivers stay as they registered, but for how much they can take."""
    out = create_node(new)
    after = {d.get("name"): d for d in get_path(new, "spec", "drivers", default=[])}
    for driver in get_path(old, "spec", "drivers", default=[]):
        found = after.get(driver.get("name"))
        same = found is None or _registered(found) == _registered(driver)
        out += [] if same else [invalid_value("spec.drivers", found, _IMMUTABLE)]
    return out


def _registered(driver: Obj) -> Obj:
    return {key: value for key, value in driver.items() if key != "allocatable"}


def _node_driver(driver: Obj, seen: set[str], path: str) -> Errors:
    name, node = driver.get("name") or "", driver.get("nodeID") or ""
    out = _csi_name(name, f"{path}.name")
    if not node:
        out.append(required(f"{path}.nodeID"))
    if len(node) > _NODE_ID:
        out.append(invalid_value(f"{path}.nodeID", node, f"must be {_NODE_ID} characters or less"))
    out += non_negative(f"{path}.allocatable.count", get_path(driver, "allocatable", "count"))
    if name in seen:
        out.append(duplicate(f"{path}.name", name))
    seen.add(name)
    keys: list[str] = driver.get("topologyKeys") or []
    for i, key in enumerate(keys):
        out += [] if key else [required(path)]
        out += [duplicate(path, key)] if key in keys[:i] else []
        out += check(path, key, names.qualified_name)
    return out


def _csi_name(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    out: Errors = [too_long(path, 63)] if len(name) > 63 else []
    return out + check(path, name.lower(), names.dns_subdomain)


def create_attachment(obj: Obj) -> Errors:
    """A VolumeAttachment."""
    out = _attachment(obj)
    spec: Obj = obj.get("spec") or {}
    out += _csi_name(spec.get("attacher") or "", "spec.attacher")
    volume = get_path(spec, "source", "persistentVolumeName")
    return out + (
        [] if volume is None else check("spec.source.persistentVolumeName", volume, names.dns_subdomain)
    )


def update_attachment(new: Obj, old: Obj) -> Errors:
    """A VolumeAttachment's spec stays."""
    out = _attachment(new)
    if (new.get("spec") or {}) != (old.get("spec") or {}):
        out.append(invalid_value("spec", new.get("spec"), _IMMUTABLE))
    return out


def _attachment(obj: Obj) -> Errors:
    out = meta.create(obj, False)
    spec: Obj = obj.get("spec") or {}
    if not spec.get("attacher"):
        out.append(required("spec.attacher"))
    source: Obj = spec.get("source") or {}
    volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if volume is None and inline is None:
        out.append(required("spec.source", _ONE_SOURCE))
    elif volume is not None and inline is not None:
        out.append(forbidden_field("spec.source", _ONE_SOURCE))
    elif volume == "":
        out.append(
            required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")
        )
    out += check("spec.nodeName", spec.get("nodeName") or "", names.dns_subdomain)
    return out + _attachment_status(obj.get("status") or {})


def _attachment_status(status: Obj) -> Errors:
    out: Errors = []
    metadata: dict[str, str] = status.get("attachmentMetadata") or {}
    if sum(len(key) + len(value) for key, value in metadata.items()) > _METADATA_SIZE:
        out.append(too_long("status.attachmentMetadata", _METADATA_SIZE))
    for key in ("attachError", "detachError"):
        error: Obj = status.get(key) or {}
        if len(error.get("message") or "") > _ERROR_SIZE:
            out.append(too_long(f"status.{key}.message", _METADATA_SIZE))
        code = error.get("errorCode")
        if code is not None and code < 0:
            out.append(invalid_value(f"status.{key}.errorCode", code, out_of_range(0, 2**31 - 1)))
    return out


def create_capacity(obj: Obj) -> Errors:
    """A CSIStorageCapacity."""
    out = meta.create(obj, True) + meta.label_selector(obj.get("nodeTopology"), "nodeTopology")
    out += check("storageClassName", obj.get("storageClassName") or "", names.dns_subdomain)
    capacity = quantities.amount(obj["capacity"]) if obj.get("capacity") is not None else None
    if capacity is not None and capacity < Quantity(0):
        out.append(invalid_value("capacity", str(capacity), NEGATIVE))
    return out


def update_capacity(new: Obj, old: Obj) -> Errors:
    """A CSIStorageCapacity speaks of the same nodes and class for good."""
    out = meta.update(new, old)
    for key in ("nodeTopology", "storageClassName"):
        if new.get(key) != old.get(key):
            out.append(invalid_value(key, new.get(key), _IMMUTABLE))
    return out
