"""RBAC, leases and admission registrations."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import invalid_value, not_supported, required
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import meta
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.syntax import Errors, check

_RBAC: Final = "rbac.authorization.k8s.io"


def _role(obj: Obj, namespaced: bool) -> Errors:
    out: Errors = []
    for i, rule in enumerate(obj.get("rules") or []):
        out += _rule(rule, namespaced, f"rules[{i}]")
    for i, selector in enumerate(get_path(obj, "aggregationRule", "clusterRoleSelectors", default=[])):
        out += meta.label_selector(selector, f"aggregationRule.clusterRoleSelectors[{i}]")
    aggregated = not namespaced and obj.get("aggregationRule") is not None
    if aggregated and not get_path(obj, "aggregationRule", "clusterRoleSelectors"):
        text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        out.append(required("aggregationRule.clusterRoleSelectors", text))
    return out


def _rule(rule: Obj, namespaced: bool, path: str) -> Errors:
    out: Errors = []
    if not rule.get("verbs"):
        out.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs") or []
    groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            out.append(invalid_value(f"{path}.nonResourceURLs", urls, text))
        if groups or resources or rule.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            out.append(invalid_value(f"{path}.nonResourceURLs", urls, text))
        return out
    if not groups:
        out.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not resources:
        out.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return out


def create_role(obj: Obj) -> Errors:
    """A Role."""
    return meta.create(obj, True, names.path_segment) + _role(obj, True)


def update_role(new: Obj, old: Obj) -> Errors:
    """A Role replaced."""
    return meta.update(new, old) + _role(new, True)


def create_cluster_role(obj: Obj) -> Errors:
    """A ClusterRole."""
    return meta.create(obj, False, names.path_segment) + _role(obj, False)


def update_cluster_role(new: Obj, old: Obj) -> Errors:
    """A ClusterRole replaced."""
    return meta.update(new, old) + _role(new, False)


def _binding(obj: Obj, namespaced: bool) -> Errors:
    role: Obj = obj.get("roleRef") or {}
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    out: Errors = []
    if role.get("apiGroup") != _RBAC:
        out.append(not_supported("roleRef.apiGroup", role.get("apiGroup") or "", (_RBAC,)))
    if role.get("kind") not in kinds:
        out.append(not_supported("roleRef.kind", role.get("kind") or "", kinds))
    name = role.get("name") or ""
    out += check("roleRef.name", name, names.path_segment) if name else [required("roleRef.name")]
    for i, subject in enumerate(obj.get("subjects") or []):
        out += _subject(subject, namespaced, f"subjects[{i}]")
    return out


def _subject(subject: Obj, namespaced: bool, path: str) -> Errors:
    name, kind, group = subject.get("name") or "", subject.get("kind") or "", subject.get("apiGroup") or ""
    out: Errors = [] if name else [required(f"{path}.name")]
    if kind == "ServiceAccount":
        if name:
            out += check(f"{path}.name", name, names.dns_subdomain)
        if group:
            out.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            out.append(required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != _RBAC:
            out.append(not_supported(f"{path}.apiGroup", group, (_RBAC,)))
    else:
        out.append(not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return out


def _same_role(new: Obj, old: Obj) -> Errors:
    after, before = new.get("roleRef") or {}, old.get("roleRef") or {}
    if after == before:
        return []
    return [invalid_value("roleRef", render(after, "RoleRef"), "cannot change roleRef")]


def create_binding(obj: Obj) -> Errors:
    """A RoleBinding."""
    return meta.create(obj, True, names.path_segment) + _binding(obj, True)


def update_binding(new: Obj, old: Obj) -> Errors:
    """A RoleBinding keeps its role."""
    return meta.update(new, old) + _binding(new, True) + _same_role(new, old)


def create_cluster_binding(obj: Obj) -> Errors:
    """A ClusterRoleBinding."""
    return meta.create(obj, False, names.path_segment) + _binding(obj, False)


def update_cluster_binding(new: Obj, old: Obj) -> Errors:
    """A ClusterRoleBinding keeps its role."""
    return meta.update(new, old) + _binding(new, False) + _same_role(new, old)


def create_lease(obj: Obj) -> Errors:
    """A Lease."""
    return meta.create(obj, True) + _lease(obj.get("spec") or {})


def update_lease(new: Obj, old: Obj) -> Errors:
    """A Lease replaced."""
    return meta.update(new, old) + _lease(new.get("spec") or {})


def _lease(spec: Obj) -> Errors:
    out: Errors = []
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        out.append(invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        text = "must be greater than or equal to 0"
        out.append(invalid_value("spec.leaseTransitions", transitions, text))
    return out
