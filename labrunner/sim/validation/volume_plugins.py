"""Volumes of storage systems: older plugins that the server still checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from labrunner.sim.errors import invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation.syntax import Errors, out_of_range

_IQN: Final = (
    ("iqn", re.compile(r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$")),
    ("eui", re.compile(r"^eui.[a-zA-Z0-9]{16}$")),
    ("naa", re.compile(r"^naa.[a-zA-Z0-9]{32}$")),
)
_DISK_URIS: Final = {
    True: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
    False: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
}


def _needed(source: Obj, path: str, *keys: str) -> Errors:
    return [required(f"{path}.{key}") for key in keys if not source.get(key)]


def _partition(source: Obj, path: str) -> Errors:
    number = source.get("partition") or 0
    return [] if 0 <= number <= 255 else [invalid_value(f"{path}.partition", number, out_of_range(1, 255))]


def _gce_disk(source: Obj, path: str) -> Errors:
    # The server names this source otherwise than the API does.
    here = path.removesuffix("gcePersistentDisk") + "persistentDisk"
    return _needed(source, here, "pdName") + _partition(source, here)


def _ebs(source: Obj, path: str) -> Errors:
    return _needed(source, path, "volumeID") + _partition(source, path)


def _initiator(name: str, path: str) -> Errors:
    for prefix, pattern in _IQN:
        if name.startswith(prefix):
            return [] if pattern.search(name) else [invalid_value(path, name, "must be valid format")]
    return [invalid_value(path, name, "must be valid format starting with iqn, eui, or naa")]


def _iscsi(source: Obj, path: str) -> Errors:
    out = _needed(source, path, "targetPortal", "iqn")
    if source.get("iqn"):
        out += _initiator(source["iqn"], f"{path}.iqn")
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        out.append(invalid_value(f"{path}.lun", lun, out_of_range(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and not source.get("secretRef"):
        out.append(required(f"{path}.secretRef"))
    if source.get("initiatorName") is not None:
        out += _initiator(source["initiatorName"], f"{path}.initiatorname")
    return out


def _fc(source: Obj, path: str) -> Errors:
    names, ids, lun = source.get("targetWWNs") or [], source.get("wwids") or [], source.get("lun")
    here = f"{path}.targetWWNs"
    out: Errors = []
    if not names and not ids:
        out.append(required(here, "must specify either targetWWNs or wwids, but not both"))
    if names and ids:
        text = "targetWWNs and wwids can not be specified simultaneously"
        out.append(invalid_value(here, names, text))
    if names and lun is None:
        out.append(required(f"{path}.lun", "lun is required if targetWWNs is specified"))
    elif lun is not None and names and not 0 <= lun <= 255:
        out.append(invalid_value(f"{path}.lun", lun, out_of_range(0, 255)))
    return out


def _flocker(source: Obj, path: str) -> Errors:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    out: Errors = []
    if not name and not uuid:
        out.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        text = "datasetName and datasetUUID can not be specified simultaneously"
        out.append(invalid_value(path, "resource", text))
    if "/" in name:
        out.append(invalid_value(f"{path}.datasetName", name, "must not contain '/'"))
    return out


def _quobyte(source: Obj, path: str) -> Errors:
    registry = source.get("registry") or ""
    pairs = "must be a host:port pair or multiple pairs separated by commas"
    out: Errors = []
    if not registry:
        out.append(required(f"{path}.registry", pairs))
    elif len(source.get("tenant") or "") >= 65:
        text = "must be a UUID and may not exceed a length of 64 characters"
        out.append(required(f"{path}.tenant", text))
    else:
        bad = [pair for pair in registry.split(",") if pair.count(":") != 1]
        out += [invalid_value(f"{path}.registry", registry, pairs) for _ in bad]
    return out + _needed(source, path, "volume")


def _flex(source: Obj, path: str) -> Errors:
    out = _needed(source, path, "driver")
    for key in sorted(source.get("options") or {}):
        domain = "." + (key.partition("/")[0] if "/" in key else key).lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            out.append(invalid_value(f"{path}.options[{key}]", key, text))
    return out


def _cinder(source: Obj, path: str) -> Errors:
    out = _needed(source, path, "volumeID")
    secret = source.get("secretRef")
    return out + (
        [required(f"{path}.secretRef.name")] if secret is not None and not secret.get("name") else []
    )


def _azure_disk(source: Obj, path: str) -> Errors:
    out = _needed(source, path, "diskName", "diskURI")
    for key, allowed in (
        ("cachingMode", ("None", "ReadOnly", "ReadWrite")),
        ("kind", ("Dedicated", "Managed", "Shared")),
    ):
        if source.get(key) is not None and source[key] not in allowed:
            out.append(not_supported(f"{path}.{key}", source[key], allowed))
    uri, kind = source.get("diskURI") or "", source.get("kind")
    managed = kind == "Managed"
    if kind is not None and not uri.startswith("/subscriptions/" if managed else "https://"):
        out.append(not_supported(f"{path}.diskURI", uri, (_DISK_URIS[managed],)))
    return out


def _with(*keys: str) -> Callable[[Obj, str], Errors]:
    return lambda source, path: _needed(source, path, *keys)


PLUGINS: Final[dict[str, Callable[[Obj, str], Errors]]] = {
    "gcePersistentDisk": _gce_disk,
    "awsElasticBlockStore": _ebs,
    "iscsi": _iscsi,
    "glusterfs": _with("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _with("claimName"),
    "rbd": _with("monitors", "image"),
    "cinder": _cinder,
    "cephfs": _with("monitors"),
    "quobyte": _quobyte,
    "fc": _fc,
    "flexVolume": _flex,
    "azureFile": _with("secretName", "shareName"),
    "vsphereVolume": _with("volumePath"),
    "photonPersistentDisk": _with("pdID"),
    "portworxVolume": _with("volumeID"),
    "azureDisk": _azure_disk,
}
