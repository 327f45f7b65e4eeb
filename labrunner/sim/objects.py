"""Kubernetes objects as plain JSON dictionaries, and the few questions every room asks of them.

Objects that come from the store are shared between all readers: take a :func:`clone` before changing one.
"""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def clone(value: Any) -> Any:
    """Deep copy of a JSON value. Strings and numbers are shared, containers are new."""
    if type(value) is dict:
        return {k: clone(v) if type(v) in _CONTAINERS else v for k, v in value.items()}
    if type(value) is list:
        return [clone(v) if type(v) in _CONTAINERS else v for v in value]
    return value


_CONTAINERS = frozenset((dict, list))


def meta(obj: Obj) -> Obj:
    """``metadata`` of *obj*; created (in *obj*) when it is missing or null."""
    found = obj.get("metadata")
    if type(found) is not dict:
        found = obj["metadata"] = {}
    return found


def _metadata(obj: Obj) -> Obj:
    found = obj.get("metadata")
    return found if type(found) is dict else _EMPTY


_EMPTY: Obj = {}


def name_of(obj: Obj) -> str:
    """``metadata.name``, or an empty string."""
    return _metadata(obj).get("name") or ""


def namespace_of(obj: Obj) -> str:
    """``metadata.namespace``, or an empty string for a cluster-scoped object."""
    return _metadata(obj).get("namespace") or ""


def labels_of(obj: Obj) -> dict[str, str]:
    """``metadata.labels``, possibly empty. Do not change it."""
    return _metadata(obj).get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    """``metadata.annotations``, possibly empty. Do not change it."""
    return _metadata(obj).get("annotations") or {}


def uid_of(obj: Obj) -> str:
    """``metadata.uid``, or an empty string."""
    return _metadata(obj).get("uid") or ""


def resource_version_of(obj: Obj) -> str:
    """``metadata.resourceVersion``, or an empty string."""
    return _metadata(obj).get("resourceVersion") or ""


def is_terminating(obj: Obj) -> bool:
    """Whether ``metadata.deletionTimestamp`` is set."""
    return _metadata(obj).get("deletionTimestamp") is not None


def owner_references(obj: Obj) -> list[Obj]:
    """``metadata.ownerReferences``, possibly empty. Do not change it."""
    return _metadata(obj).get("ownerReferences") or []


def owner_controller(obj: Obj) -> Obj | None:
    """The owner reference with ``controller: true``."""
    for reference in owner_references(obj):
        if reference.get("controller"):
            return reference
    return None


def get_path(obj: Any, *path: str | int, default: Any = None) -> Any:
    """Nested look-up by keys and list indexes; *default* where a step is missing or the value is null."""
    here = obj
    for step in path:
        if type(here) is dict:
            here = here.get(step)
        elif type(here) is list and type(step) is int and -len(here) <= step < len(here):
            here = here[step]
        else:
            return default
        if here is None:
            return default
    return here


def reference_to(obj: Obj, **extra: Any) -> Obj:
    """An ObjectReference (``involvedObject`` style) to *obj*; *extra* adds keys such as ``fieldPath``."""
    found = _metadata(obj)
    reference: Obj = {"kind": obj.get("kind", "")}
    for key in ("namespace", "name", "uid"):
        if found.get(key):
            reference[key] = found[key]
    reference["apiVersion"] = obj.get("apiVersion", "")
    if found.get("resourceVersion"):
        reference["resourceVersion"] = found["resourceVersion"]
    reference.update({k: v for k, v in extra.items() if v})
    return reference
