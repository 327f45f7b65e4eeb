"""Strings, numbers and flags that a typed server does not write when they are zero.

``minReadySeconds: 0`` or ``hostNetwork: false`` in a manifest leave no trace in what is stored, while an explicit
``privileged: false`` does, since that field is a pointer in Go.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation.internal_types import TYPES

# Written even when zero, wherever they occur.
_KEPT: Final = frozenset(
    [
        "name",
        "containerPort",
        "mountPath",
        "devicePath",
        "key",
        "path",
        "claimName",
        "driver",
        "fieldPath",
        "resource",
        "server",
        "ip",
        "conditionType",
        "maxSkew",
        "topologyKey",
        "whenUnsatisfiable",
        "weight",
        "operator",
        "seconds",
        "type",
        "resourceName",
        "reference",
        "kind",
        "port",
    ]
)
_KEPT_IN: Final = {"Header": frozenset(("value",)), "Sysctl": frozenset(("value",))}
_OMITTED_IN: Final = {
    "Toleration": frozenset(("key", "operator")),
    "ResourceFieldRef": frozenset(("containerName",)),
}

_TEMPLATE: Final = ("spec", "template", "spec")
_POD_SPECS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
}
_SPEC_FIELDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "Deployment"): ("minReadySeconds", "paused"),
    ("apps", "ReplicaSet"): ("minReadySeconds",),
    ("apps", "StatefulSet"): ("minReadySeconds", "serviceName"),
    ("apps", "DaemonSet"): ("minReadySeconds",),
    ("", "ReplicationController"): ("minReadySeconds",),
    ("", "Service"): (
        "clusterIP",
        "externalName",
        "healthCheckNodePort",
        "loadBalancerIP",
        "publishNotReadyAddresses",
    ),
    ("", "Node"): ("unschedulable", "podCIDR", "providerID"),
    ("", "PersistentVolume"): ("storageClassName",),
    ("", "PersistentVolumeClaim"): ("volumeName",),
}
_TOP_FIELDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("scheduling.k8s.io", "PriorityClass"): ("globalDefault", "description"),
}


def drop_zero(group: str, obj: Obj) -> None:
    """Remove, in place, the zero values of *obj* that the server would not have kept."""
    key = (group, obj.get("kind", ""))
    path = _POD_SPECS.get(key)
    if path is not None:
        spec = get_path(obj, *path)
        if isinstance(spec, dict):
            _prune(spec, "PodSpec")
            _remove(spec, ("hostNetwork", "hostPID", "hostIPC"))
    if isinstance(obj.get("spec"), dict):
        _remove(obj["spec"], _SPEC_FIELDS.get(key, ()))
    _remove(obj, _TOP_FIELDS.get(key, ()))
    for port in get_path(obj, "spec", "ports", default=[]) if key == ("", "Service") else ():
        _remove(port, ("name", "nodePort"))


def _remove(holder: Obj, keys: tuple[str, ...]) -> None:
    for key in keys:
        if key in holder and _is_zero(holder[key]):
            del holder[key]


def _is_zero(value: Any) -> bool:
    return value is False or (isinstance(value, int | str) and not value)


@cache
def _shape(kind: str) -> tuple[frozenset[str], tuple[tuple[str, str, bool], ...]]:
    """Keys to drop when zero, and ``(key, type, is a list)`` of nested structs."""
    zero: set[str] = set()
    nested: list[tuple[str, str, bool]] = []
    kept = (_KEPT | _KEPT_IN.get(kind, frozenset())) - _OMITTED_IN.get(kind, frozenset())
    for entry in TYPES[kind].split():
        name, key, shape = entry.split(":")
        if name == "+":
            inner_zero, inner_nested = _shape(shape)
            zero |= inner_zero
            nested += inner_nested
        elif key.startswith("^") or shape in ("n", "q"):
            continue
        elif shape in ("s", "i", "b"):
            if key not in kept:
                zero.add(key)
        else:
            nested.append((key, shape.strip("[]{}"), shape.startswith("[")))
    return frozenset(zero), tuple(nested)


def _prune(value: Obj, kind: str) -> None:
    zero, nested = _shape(kind)
    for key in [key for key in value if key in zero and _is_zero(value[key])]:
        del value[key]
    for key, inner, listed in nested:
        child = value.get(key)
        if listed and isinstance(child, list):
            for item in child:
                if isinstance(item, dict):
                    _prune(item, inner)
        elif isinstance(child, dict):
            _prune(child, inner)
