"""Volumes of pods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import fieldrefs
from labrunner.sim.validation.local_paths import descending_path, local_path, no_backsteps
from labrunner.sim.validation.quantities import amount
from labrunner.sim.validation.syntax import Errors, check, one_of
from labrunner.sim.validation.volume_plugins import PLUGINS

_MODE: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES: Final = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
# Order in which the server looks at the sources of a volume, with the field it names in a clash.
_SOURCES: Final = (
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
)


def volumes(
    found: list[Obj], path: str, pod_name: str = "", *, is_pod: bool = False
) -> tuple[dict[str, Obj], Errors]:
    """The valid volumes by name, and what is wrong with the others. *pod_name* is empty in templates."""
    out: Errors = []
    valid: dict[str, Obj] = {}
    created = {f"{pod_name}-{v.get('name', '')}" for v in found if v.get("ephemeral")} if pod_name else set()
    for i, volume in enumerate(found):
        here = f"{path}[{i}]"
        name = volume.get("name") or ""
        problems = _source(volume, here, pod_name, is_pod)
        problems += check(f"{here}.name", name, names.dns_label) if name else [required(f"{here}.name")]
        if name in valid:
            problems.append(duplicate(f"{here}.name", name))
        if not problems:
            valid[name] = volume
        out += problems
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            out.append(invalid_value(f"{here}.persistentVolumeClaim.claimName", claim, text))
    return valid, out


def _source(volume: Obj, path: str, pod_name: str, is_pod: bool) -> Errors:
    out: Errors = []
    seen = False
    for key, shown in _SOURCES:
        source = volume.get(key)
        if not isinstance(source, dict):
            continue
        if seen:
            out.append(forbidden_field(f"{path}.{shown}", "may not specify more than 1 volume type"))
            continue
        seen = True
        rule = _RULES.get(key)
        if rule is not None:
            out += rule(source, f"{path}.{key}")
        if key == "image" and is_pod and not source.get("reference"):
            out.insert(0, required(f"{path}.image.reference"))
        if key == "ephemeral" and pod_name and volume.get("name"):
            claim = f"{pod_name}-{volume['name']}"
            out += [
                invalid_value(f"{path}.name", volume["name"], f'PVC name "{claim}": {message}')
                for message in names.dns_subdomain(claim)
            ]
    if not seen:
        out.append(required(path, "must specify a volume type"))
    return out


def _empty_dir(source: Obj, path: str) -> Errors:
    size = amount(source.get("sizeLimit", 0))
    if size is not None and size < Quantity(0):
        return [forbidden_field(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def host_path(source: Obj, path: str) -> Errors:
    """A directory of the node."""
    if not source.get("path"):
        return [required(f"{path}.path")]
    out = no_backsteps(source["path"], f"{path}.path")
    kind = source.get("type")
    if kind is not None and kind not in _HOST_PATH_TYPES:
        out.append(not_supported(f"{path}.type", kind, _HOST_PATH_TYPES))
    return out


def nfs(source: Obj, path: str) -> Errors:
    """An NFS export."""
    out = [required(f"{path}.{key}") for key in ("server", "path") if not source.get(key)]
    if not str(source.get("path") or "").startswith("/"):
        out.append(invalid_value(f"{path}.path", source.get("path") or "", "must be an absolute path"))
    return out


def csi(source: Obj, path: str) -> Errors:
    """A CSI volume, in a pod or as a persistent volume."""
    driver = source.get("driver") or ""
    if not driver:
        return [required(f"{path}.driver")]
    if len(driver) > 63:
        return [invalid_value(f"{path}.driver", driver, "must be no more than 63 characters")]
    return check(f"{path}.driver", driver.lower(), names.dns_subdomain)


def file_mode(source: Obj, key: str, path: str) -> Errors:
    """Permission bits, as a decimal number."""
    mode = source.get(key)
    if mode is None or 0 <= mode <= 0o777:
        return []
    return [invalid_value(f"{path}.{key}", mode, _MODE)]


def _keys(source: Obj, path: str) -> Errors:
    out: Errors = []
    for i, item in enumerate(source.get("items") or []):
        out += _key_to_path(item, f"{path}.items[{i}]")
    return out


def _key_to_path(item: Obj, path: str) -> Errors:
    out = [required(f"{path}.{key}") for key in ("key", "path") if not item.get(key)]
    out += local_path(item.get("path") or "", f"{path}.path")
    return out + file_mode(item, "mode", path)


def _secret(source: Obj, path: str) -> Errors:
    out = [] if source.get("secretName") else [required(f"{path}.secretName")]
    return out + file_mode(source, "defaultMode", path) + _keys(source, path)


def _config_map(source: Obj, path: str) -> Errors:
    out = [] if source.get("name") else [required(f"{path}.name")]
    return out + file_mode(source, "defaultMode", path) + _keys(source, path)


def _downward_api(source: Obj, path: str) -> Errors:
    out = file_mode(source, "defaultMode", path)
    for item in source.get("items") or []:
        out += _downward_file(item, path)
    return out


def _downward_file(item: Obj, path: str) -> Errors:
    where = item.get("path") or ""
    out = [] if where else [required(f"{path}.path")]
    out += local_path(where, f"{path}.path")
    if item.get("fieldRef"):
        out += fieldrefs.object_field(item["fieldRef"], fieldrefs.VOLUME_FIELDS, f"{path}.fieldRef")
        if item.get("resourceFieldRef"):
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            out.append(invalid_value(path, "resource", text))
    elif item.get("resourceFieldRef"):
        out += fieldrefs.container_resource(
            item["resourceFieldRef"], f"{path}.resourceFieldRef", in_volume=True
        )
    else:
        out.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return out + file_mode(item, "mode", path)


def _projected(source: Obj, path: str) -> Errors:
    out = file_mode(source, "defaultMode", path)
    seen: set[str] = set()
    for i, entry in enumerate(source.get("sources") or []):
        here = f"{path}.sources[{i}]"
        kinds = [key for key in _PROJECTIONS if isinstance(entry.get(key), dict)]
        for key in kinds:
            out += _PROJECTIONS[key](entry[key], f"{here}.{key}", path)
            for where in _paths(entry[key], key):
                if where in seen:
                    named = entry[key].get("name", where)
                    out.append(invalid_value(path, named, "conflicting duplicate paths"))
                seen.add(where)
        if len(kinds) > 1:
            out.append(forbidden_field(here, "may not specify more than 1 volume type per source"))
    return out


def _paths(projection: Obj, kind: str) -> list[str]:
    if kind == "serviceAccountToken":
        return []
    return [item["path"] for item in projection.get("items") or [] if item.get("path")]


def _projected_object(source: Obj, path: str, volume: str) -> Errors:
    del volume
    return ([] if source.get("name") else [required(f"{path}.name")]) + _keys(source, path)


def _projected_downward(source: Obj, path: str, volume: str) -> Errors:
    del volume
    return [error for item in source.get("items") or [] for error in _downward_file(item, path)]


def _projected_token(source: Obj, path: str, volume: str) -> Errors:
    seconds = source.get("expirationSeconds") or 0
    out: Errors = []
    if seconds < 600:
        text = "may not specify a duration less than 10 minutes"
        out.append(invalid_value(f"{path}.expirationSeconds", seconds, text))
    if seconds > 2**32:
        text = "may not specify a duration larger than 2^32 seconds"
        out.append(invalid_value(f"{path}.expirationSeconds", seconds, text))
    where = source.get("path") or ""
    return out + (local_path(where, f"{volume}.path") if where else [required(f"{volume}.path")])


def _projected_bundle(source: Obj, path: str, volume: str) -> Errors:
    del volume
    by_name, by_signer = source.get("name") is not None, source.get("signerName") is not None
    out: Errors = []
    if by_name and by_signer:
        out.append(invalid_value(path, source, "only one of name and signerName may be used"))
    elif not by_name and not by_signer:
        out.append(required(path, "either name or signerName must be specified"))
    where = source.get("path") or ""
    if not where:
        out.append(required(f"{path}.path"))
    return out + local_path(where, f"{path}.path")


_PROJECTIONS: Final[dict[str, Callable[[Obj, str, str], Errors]]] = {
    "secret": _projected_object,
    "configMap": _projected_object,
    "downwardAPI": _projected_downward,
    "serviceAccountToken": _projected_token,
    "clusterTrustBundle": _projected_bundle,
}


def _ephemeral(source: Obj, path: str) -> Errors:
    from labrunner.sim.validation.storage import claim_spec

    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(f"{path}.volumeClaimTemplate")]
    return claim_spec(template.get("spec") or {}, f"{path}.volumeClaimTemplate.spec")


def _image(source: Obj, path: str) -> Errors:
    policies = ("Always", "IfNotPresent", "Never")
    return one_of(f"{path}.pullPolicy", source.get("pullPolicy") or "", policies)


def _git_repo(source: Obj, path: str) -> Errors:
    out = [] if source.get("repository") else [required(f"{path}.repository")]
    return out + descending_path(source.get("directory") or "", f"{path}.directory")


_RULES: Final[dict[str, Callable[[Obj, str], Errors]]] = {
    **PLUGINS,
    "gitRepo": _git_repo,
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "secret": _secret,
    "nfs": nfs,
    "downwardAPI": _downward_api,
    "configMap": _config_map,
    "projected": _projected,
    "csi": csi,
    "ephemeral": _ephemeral,
    "image": _image,
}


def supports_devices(volume: Obj) -> bool:
    """Whether a volume can be handed to a container as a raw device."""
    found: Any = volume.get("persistentVolumeClaim") or volume.get("ephemeral")
    return bool(found)
