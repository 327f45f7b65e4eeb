"""Resource quotas: what they count, and the scopes that fit it."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.errors import invalid_value, required
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import internal_form, meta, quantities
from labrunner.sim.validation.syntax import IMMUTABLE, Errors

_PODS: Final = frozenset(("pods",))
_COMPUTE: Final = _PODS | frozenset(
    f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory")
)
# What can be counted by scope, of the resources that Kubernetes itself knows.
_SCOPES: Final = {
    "Terminating": _COMPUTE,
    "NotTerminating": _COMPUTE,
    "BestEffort": _PODS,
    "NotBestEffort": _COMPUTE,
    "PriorityClass": _COMPUTE,
    "CrossNamespacePodAffinity": _COMPUTE,
    "VolumeAttributesClass": frozenset(("persistentvolumeclaims", "requests.storage")),
}
_WITH_VALUES: Final = frozenset(("PriorityClass", "VolumeAttributesClass"))
_OPPOSITES: Final = (
    frozenset(("BestEffort", "NotBestEffort")),
    frozenset(("Terminating", "NotTerminating")),
)
_EXISTS: Final = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
    "ResourceQuotaScopeCrossNamespacePodAffinity"
)


def create(obj: Obj) -> Errors:
    """A ResourceQuota."""
    return meta.create(obj, True) + _quota(obj)


def update(new: Obj, old: Obj) -> Errors:
    """A ResourceQuota keeps its scopes."""
    out = meta.update(new, old) + _quota(new)
    after = get_path(new, "spec", "scopes", default=[])
    if set(after) != set(get_path(old, "spec", "scopes", default=[])):
        out.append(invalid_value("spec.scopes", after or None, IMMUTABLE))
    return out


def _quota(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out: Errors = []
    for name, value in sorted((spec.get("hard") or {}).items()):
        path = f"spec.hard[{name}]"
        out += quantities.quota_resource_name(name, path) + quantities.quantity_value(name, value, path)
    scopes = spec.get("scopes") or []
    hard = spec.get("hard") or {}
    for scope in scopes:
        if scope not in _SCOPES:
            out.append(invalid_value("spec.scopes", scopes, "unsupported scope"))
        out += _misfits(scope, hard, "spec.scopes", scopes)
    return out + _conflicts(scopes, "spec.scopes", scopes) + _selector(spec)


def _misfits(scope: str, hard: Obj, path: str, shown: Any) -> Errors:
    """One error for each known resource that *scope* cannot be asked about."""
    fitting = _SCOPES.get(scope)
    if fitting is None:
        return []
    wrong = [name for name in hard if quantities.is_standard_quota(name) and name not in fitting]
    return [invalid_value(path, shown, "unsupported scope applied to resource") for _ in wrong]


def _conflicts(scopes: list[str], path: str, shown: Any) -> Errors:
    return [
        invalid_value(path, shown or None, "conflicting scopes") for pair in _OPPOSITES if pair <= set(scopes)
    ]


def _selector(spec: Obj) -> Errors:
    selector: Obj | None = spec.get("scopeSelector")
    if selector is None:
        return []
    path = "spec.scopeSelector.matchExpressions"
    out: Errors = []
    expressions = selector.get("matchExpressions") or []
    for expression in expressions:
        scope = expression.get("scopeName") or ""
        if scope not in _SCOPES:
            out.append(invalid_value(f"{path}.scopeName", scope, "unsupported scope"))
        shown = internal_form.render(selector, "ScopeSelector")
        out += _misfits(scope, spec.get("hard") or {}, path, shown)
        out += _expression(expression, scope, path)
    named = [expression.get("scopeName") or "" for expression in expressions]
    return out + _conflicts(named, path, spec.get("scopes"))


def _expression(expression: Obj, scope: str, path: str) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    out: Errors = []
    if scope in _SCOPES and scope not in _WITH_VALUES and operator != "Exists":
        out.append(invalid_value(f"{path}.operator", operator, _EXISTS))
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            out.append(required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            out.append(invalid_value(f"{path}.values", values, text))
    else:
        out.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    return out
