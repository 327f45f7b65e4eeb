"""Warnings about volumes, claims and storage classes that are accepted."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.strategy.pod_warnings import OLD_NODE_LABELS, fractional_bytes, old_volumes

_OLD_ANNOTATIONS: Final = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
}
_RECYCLE: Final = (
    "The Recycle reclaim policy is deprecated. "
    "Instead, the recommended approach is to use dynamic provisioning."
)


def _annotations(found: Obj, keys: tuple[str, ...]) -> list[str]:
    return [
        f"metadata.annotations[{key}]: {_OLD_ANNOTATIONS[key]}"
        for key in keys
        if key in annotations_of(found)
    ]


def volume(found: Obj) -> list[str]:
    """A PersistentVolume with old annotations, policy, labels or source."""
    spec: Obj = found.get("spec") or {}
    out = _annotations(found, tuple(_OLD_ANNOTATIONS))
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        out.append(f"spec.persistentVolumeReclaimPolicy: {_RECYCLE}")
    terms = get_path(spec, "nodeAffinity", "required", "nodeSelectorTerms", default=[])
    for i, term in enumerate(terms):
        path = f"spec.nodeAffinity.required.nodeSelectorTerms[{i}].matchExpressions"
        for j, expression in enumerate(term.get("matchExpressions") or []):
            key = expression.get("key") or ""
            out += [f"{path}[{j}].key: {key} is {text}" for text in _about(key)]
    return out + old_volumes(spec, "spec")


def claim(found: Obj) -> list[str]:
    """A PersistentVolumeClaim with an old annotation or a fraction of a byte."""
    out = _annotations(found, ("volume.beta.kubernetes.io/storage-class",))
    for section in ("limits", "requests"):
        amounts: Obj = get_path(found, "spec", "resources", section, default={})
        out += fractional_bytes(amounts, f"spec.resources.{section}", "storage")
    return out


def storage_class(found: Obj) -> list[str]:
    """A StorageClass that names nodes by labels of old."""
    out: list[str] = []
    for i, term in enumerate(found.get("allowedTopologies") or []):
        for j, expression in enumerate(term.get("matchLabelExpressions") or []):
            path = f"allowedTopologies[{i}].matchLabelExpressions[{j}].key"
            out += [f"{path}: {text}" for text in _about(expression.get("key") or "")]
    return out


def _about(key: str) -> list[str]:
    return [OLD_NODE_LABELS[key]] if key in OLD_NODE_LABELS else []
