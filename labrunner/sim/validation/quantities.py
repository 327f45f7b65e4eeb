"""Resource names and quantities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import FieldError, duplicate, forbidden_field, invalid_value, required
from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.validation.syntax import NEGATIVE, Errors, check

_CONTAINER: Final = frozenset(("cpu", "memory", "ephemeral-storage"))
_OBJECTS: Final = frozenset(
    (
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    )
)
_QUOTA: Final = frozenset(
    (
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        *_OBJECTS,
    )
)
_STANDARD: Final = frozenset((*_QUOTA, "storage"))
_INTEGER: Final = _OBJECTS
_POD_LEVEL: Final = ("cpu", "memory")

NameRule = Callable[[str, str], Errors]


def amount(value: Any) -> Quantity | None:
    """The quantity, or None when it cannot be read (decoding refuses it elsewhere)."""
    try:
        return Quantity.parse(value)
    except QuantityError:
        return None


def is_huge_page(name: str) -> bool:
    """``hugepages-2Mi`` and the like."""
    return name.startswith("hugepages-")


def is_native(name: str) -> bool:
    """A resource Kubernetes itself knows: unprefixed, or in its own domain."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """A resource that nodes advertise under a domain, such as ``nvidia.com/gpu``."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name(f"requests.{name}")


def may_overcommit(name: str) -> bool:
    """Whether limits may exceed requests."""
    return is_native(name) and not is_huge_page(name)


def resource_name(name: str, path: str) -> Errors:
    """A resource name of any sort."""
    out = check(path, name, names.qualified_name)
    if not out and "/" not in name and name not in _STANDARD and not _prefixed_huge_page(name):
        out.append(invalid_value(path, name, "must be a standard resource type or fully qualified"))
    return out


def _prefixed_huge_page(name: str) -> bool:
    return is_huge_page(name.removeprefix("requests.").removeprefix("limits."))


def container_resource_name(name: str, path: str) -> Errors:
    """A resource a container may ask for."""
    out = resource_name(name, path)
    if "/" not in name:
        if name not in _CONTAINER and not is_huge_page(name):
            out.append(invalid_value(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        out.append(invalid_value(path, name, "doesn't follow extended resource name standard"))
    return out


def pod_resource_name(name: str, path: str) -> Errors:
    """A resource a pod as a whole may ask for."""
    out = resource_name(name, path)
    if not out and name not in _POD_LEVEL and not is_huge_page(name):
        shown = 'supported values: "cpu", "hugepages-", "memory"'
        out.append(FieldError("FieldValueNotSupported", path, shown, name))
    return out


def is_standard_quota(name: str) -> bool:
    """Whether a quota counts *name* by rules that Kubernetes itself knows."""
    return name in _QUOTA or _prefixed_huge_page(name)


def quota_resource_name(name: str, path: str) -> Errors:
    """A resource a quota may limit."""
    out = resource_name(name, path)
    if "/" not in name and not is_standard_quota(name):
        out.append(invalid_value(path, name, "must be a standard resource for quota"))
    return out


def quantity_value(name: str, value: Any, path: str) -> Errors:
    """A quantity for a resource: not negative, whole where the resource is counted."""
    quantity = amount(value)
    if quantity is None:
        return []
    out = [invalid_value(path, str(quantity), NEGATIVE)] if quantity < Quantity(0) else []
    if (name in _INTEGER or is_extended(name)) and quantity.nanos % 10**9:
        out.append(invalid_value(path, str(quantity), "must be an integer"))
    return out


def positive(value: Any, path: str) -> Errors:
    """A quantity above zero."""
    quantity = amount(value)
    if quantity is None or quantity > Quantity(0):
        return []
    return [invalid_value(path, str(quantity), "must be greater than zero")]


def requirements(
    resources: Obj | None, path: str, claims: set[str], rule: NameRule = container_resource_name
) -> Errors:
    """``resources`` of a container or pod; *claims* are the pod's resource claims by name."""
    found: Obj = resources or {}
    limits: Obj = found.get("limits") or {}
    requests: Obj = found.get("requests") or {}
    out: Errors = []
    for name, value in sorted(limits.items()):
        out += _entry(name, value, f"{path}.limits[{name}]", rule)
    for name, value in sorted(requests.items()):
        out += _entry(name, value, f"{path}.requests[{name}]", rule)
        out += _within_limit(name, value, limits, path)
    stated = {*limits, *requests}
    if any(is_huge_page(name) for name in stated) and not stated & {"cpu", "memory"}:
        out.append(forbidden_field(path, "HugePages require cpu or memory"))
    return out + _claims(found.get("claims") or [], claims, f"{path}.claims")


def _entry(name: str, value: Any, path: str, rule: NameRule) -> Errors:
    out = rule(name, path) + quantity_value(name, value, path)
    if is_huge_page(name):
        size, quantity = amount(name.removeprefix("hugepages-")), amount(value)
        if size and quantity is not None and quantity.nanos % size.nanos:
            text = f"{quantity} is not positive integer multiple of {name}"
            out.append(invalid_value(path, str(quantity), text))
    return out


def _within_limit(name: str, value: Any, limits: Obj, path: str) -> Errors:
    request = amount(value)
    if request is None:
        return []
    if name not in limits:
        if may_overcommit(name):
            return []
        return [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    limit = amount(limits[name])
    if limit is None:
        return []
    if request != limit and not may_overcommit(name):
        text = f"must be equal to {name} limit of {limit}"
        return [invalid_value(f"{path}.requests", str(request), text)]
    if request > limit:
        text = f"must be less than or equal to {name} limit of {limit}"
        return [invalid_value(f"{path}.requests", str(request), text)]
    return []


def _claims(found: list[Obj], known: set[str], path: str) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(found):
        name = claim.get("name") or ""
        key = f"{name}/{claim['request']}" if claim.get("request") else name
        if not name:
            out.append(required(f"{path}[{i}]"))
            continue
        if key in seen or name in seen:
            out.append(duplicate(f"{path}[{i}]", key))
        seen.add(key)
        if name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            text = f"must be one of the names in pod.spec.resourceClaims{listed}"
            out.append(FieldError("FieldValueNotFound", f"{path}[{i}]", text, name))
    return out
