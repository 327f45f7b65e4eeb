"""References to fields and resources of a pod (downward API)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import FieldError, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation.local_paths import local_path
from labrunner.sim.validation.quantities import amount
from labrunner.sim.validation.syntax import Errors, check, env_name

ENV_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS: Final = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_KNOWN: Final = frozenset(
    (*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase")
)
_RESOURCES: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_SUBSCRIPT: Final = re.compile(r"(?P<path>[^\[]+)\['(?P<key>.*)'\]")
_SIZES: Final = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def object_field(reference: Obj, allowed: Collection[str], path: str) -> Errors:
    """``fieldRef``."""
    if not reference.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    field = reference.get("fieldPath") or ""
    if not field:
        return [required(f"{path}.fieldPath")]
    found = _SUBSCRIPT.fullmatch(field)
    base = found["path"] if found else field
    if reference["apiVersion"] != "v1":
        text = f"unsupported pod version: {reference['apiVersion']}"
        return [invalid_value(f"{path}.fieldPath", field, f"error converting fieldPath: {text}")]
    if found:
        if base == "metadata.annotations":
            return check(path, found["key"].lower(), names.qualified_name)
        if base == "metadata.labels":
            return check(path, found["key"], names.qualified_name)
        text = f"error converting fieldPath: field label does not support subscript: {field}"
        return [invalid_value(f"{path}.fieldPath", field, text)]
    if base not in _KNOWN:
        text = f"error converting fieldPath: field label not supported: {field}"
        return [invalid_value(f"{path}.fieldPath", field, text)]
    if base not in allowed:
        return [not_supported(f"{path}.fieldPath", base, sorted(allowed))]
    return []


def container_resource(reference: Obj, path: str, *, in_volume: bool) -> Errors:
    """``resourceFieldRef``."""
    resource = reference.get("resource") or ""
    out: Errors = []
    if in_volume and not reference.get("containerName"):
        out.append(required(f"{path}.containerName"))
    elif not resource:
        out.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(("requests.hugepages-", "limits.hugepages-")):
        out.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    return out + _divisor(resource, reference.get("divisor"), path)


def _divisor(resource: str, value: object, path: str) -> Errors:
    divisor = amount(value if value is not None else "0")
    if not divisor or divisor == Quantity(0):
        return []
    name = resource.partition(".")[2]
    allowed: tuple[str, ...]
    if name == "cpu":
        allowed, text = ("1m", "1"), "1m and 1 are supported with the cpu resource"
    elif name in ("memory", "ephemeral-storage") or name.startswith("hugepages-"):
        allowed = _SIZES
        noun = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(name, "hugepages")
        text = f"{', '.join(_SIZES)} are supported with the {noun} resource"
    else:
        return []
    if str(divisor) in allowed:
        return []
    return [invalid_value(f"{path}.divisor", resource, f"only divisor's values {text}")]


def file_key(reference: Obj, volumes: Collection[str], path: str) -> Errors:
    """``fileKeyRef``: a variable out of a file that an emptyDir volume holds."""
    name, where, key = (reference.get(k) or "" for k in ("volumeName", "path", "key"))
    out: Errors = []
    if not name:
        out.append(required(f"{path}.volumeName"))
    elif name not in volumes:
        out.append(FieldError("FieldValueNotFound", f"{path}.volumeName", "", name))
    out += local_path(where, f"{path}.path") if where else [required(f"{path}.path")]
    return out + (check(f"{path}.key", key, env_name) if key else [required(f"{path}.key")])
