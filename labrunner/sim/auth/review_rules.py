"""What an access review has to look like, in the API server's words."""

from __future__ import annotations

from labrunner.sim.errors import FieldError, invalid_value, required
from labrunner.sim.objects import Obj

_RESOURCE = "spec.resourceAttributes"
_PATH = "spec.nonResourceAttributes"


def access(spec: Obj) -> list[FieldError]:
    """The question: about a resource or about a path."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    out = []
    if resource is not None and path is not None:
        out.append(invalid_value(_PATH, path, "cannot be specified in combination with resourceAttributes"))
    if resource is None and path is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        out.append(invalid_value(_RESOURCE, None, text))
    for key in ("fieldSelector", "labelSelector"):
        selector = (resource or {}).get(key)
        if selector is not None:
            out += _selector(selector, f"{_RESOURCE}.{key}")
    return out


def _selector(selector: Obj, path: str) -> list[FieldError]:
    raw, requirements = selector.get("rawSelector"), selector.get("requirements")
    if raw and requirements:
        return [
            invalid_value(f"{path}.rawSelector", raw, "may not specified at the same time as requirements")
        ]
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        return [required(f"{path}.requirements", text)]
    return []


def subject(spec: Obj) -> list[FieldError]:
    """The question, and about whom."""
    out = access(spec)
    if not spec.get("user") and not spec.get("groups"):
        text = "at least one of user or group must be specified"
        out.append(invalid_value("spec.user", spec.get("user") or "", text))
    return out


def bare(review: Obj, *, local: bool = False) -> list[FieldError]:
    """A review has no metadata, a local one a namespace only."""
    given = {
        key: value for key, value in (review.get("metadata") or {}).items() if value not in (None, "", {})
    }
    extra = {key for key in given if key != "managedFields" and not (local and key == "namespace")}
    if not extra:
        return []
    return [
        invalid_value("metadata", given, "must be empty except for namespace" if local else "must be empty")
    ]


def local(spec: Obj, namespace: str) -> list[FieldError]:
    """A local question is about its own namespace."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    out = []
    where = (resource or {}).get("namespace") or ""
    if resource is not None and where != namespace:
        out.append(invalid_value(f"{_RESOURCE}.namespace", where, "must match metadata.namespace"))
    if path is not None:
        out.append(invalid_value(_PATH, path, "disallowed on this kind of request"))
    return out
