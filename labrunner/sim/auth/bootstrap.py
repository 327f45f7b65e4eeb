"""The roles and bindings that a cluster is born with."""

from __future__ import annotations

from collections.abc import Iterator

from labrunner.sim.auth import bootstrap_policy as policy
from labrunner.sim.auth.aggregation import aggregated_rules
from labrunner.sim.auth.controller_policy import CONTROLLERS
from labrunner.sim.auth.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from labrunner.sim.objects import Obj

_API_VERSION = "rbac.authorization.k8s.io/v1"
_GROUP = "rbac.authorization.k8s.io"
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_SHORT_VERBS = {
    "READ": "get list watch",
    "WRITE": "create delete deletecollection patch update",
    "ALL8": "create delete deletecollection get list patch update watch",
}


def bootstrap_objects() -> Iterator[tuple[str, Obj]]:
    """(Resource, object) of every bootstrap role and binding; without uid and creationTimestamp."""
    roles = [*_cluster_roles(), *_controller_roles()]
    # A role may gather from one that gathers itself (admin from edit from view): three levels, so three passes.
    for _ in range(3):
        for role in roles:
            if "aggregationRule" in role:
                role["rules"] = aggregated_rules(role, roles)
    for role in sorted(roles, key=lambda r: str(r["metadata"]["name"])):
        yield CLUSTER_ROLES, role
    for line in policy.CLUSTER_BINDINGS.strip().splitlines():
        name, *subjects = line.split()
        yield CLUSTER_ROLE_BINDINGS, _binding("ClusterRoleBinding", name, "ClusterRole", name, subjects)
    for block in CONTROLLERS.strip().split("\n\n"):
        controller = block.partition("\n")[0]
        full = f"system:controller:{controller}"
        subjects = [f"sa:kube-system/{controller}"]
        yield CLUSTER_ROLE_BINDINGS, _binding("ClusterRoleBinding", full, "ClusterRole", full, subjects)
    yield from _namespaced()


def _cluster_roles() -> Iterator[Obj]:
    for block in policy.CLUSTER_ROLES.strip().split("\n\n"):
        head, *lines = block.split("\n")
        name, *words = head.split()
        role = _role("ClusterRole", name, lines)
        for word in words:
            key, _, level = word.partition(":")
            if key == "into":
                role["metadata"]["labels"][_AGGREGATE + level] = "true"
            else:
                selector = {"matchLabels": {_AGGREGATE + level: "true"}}
                role["aggregationRule"] = {"clusterRoleSelectors": [selector]}
        yield role


def _controller_roles() -> Iterator[Obj]:
    for block in CONTROLLERS.strip().split("\n\n"):
        name, *lines = block.split("\n")
        yield _role("ClusterRole", f"system:controller:{name}", lines)


def _namespaced() -> Iterator[tuple[str, Obj]]:
    for block in policy.NAMESPACED_ROLES.strip().split("\n\n"):
        head, *lines = block.split("\n")
        namespace, name = head.split()
        role = _role("Role", name, lines)
        role["metadata"]["namespace"] = namespace
        yield ROLES, role
    for line in policy.NAMESPACED_BINDINGS.strip().splitlines():
        namespace, name, role_name, *subjects = line.split()
        binding = _binding("RoleBinding", name, "Role", role_name, subjects)
        binding["metadata"]["namespace"] = namespace
        yield ROLE_BINDINGS, binding


def _metadata(name: str) -> Obj:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def _role(kind: str, name: str, lines: list[str]) -> Obj:
    rules = [_rule(line) for line in lines]
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": _metadata(name), "rules": rules}


def _rule(line: str) -> Obj:
    """A rule out of ``verbs | groups | resources [| names]``, or ``verbs | paths`` for bare paths."""
    verbs, first, *rest = [cell.split() for cell in line.split("|")]
    spelled = sorted({v for verb in verbs for v in _SHORT_VERBS.get(verb, verb).split()})
    if not rest:
        return {"nonResourceURLs": sorted(first), "verbs": spelled}
    groups = sorted("" if group == "core" else group for group in first)
    rule: Obj = {"apiGroups": groups, "resources": sorted(rest[0]), "verbs": spelled}
    if len(rest) > 1:
        rule["resourceNames"] = sorted(rest[1])
    return rule


def _binding(kind: str, name: str, role_kind: str, role_name: str, subjects: list[str]) -> Obj:
    given = {"subjects": [_subject(text) for text in subjects]} if subjects else {}
    return {
        "apiVersion": _API_VERSION,
        "kind": kind,
        "metadata": _metadata(name),
        **given,
        "roleRef": {"apiGroup": _GROUP, "kind": role_kind, "name": role_name},
    }


def _subject(text: str) -> Obj:
    kind, _, name = text.partition(":")
    if kind == "sa":
        namespace, _, account = name.partition("/")
        return {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return {"kind": "User" if kind == "user" else "Group", "apiGroup": _GROUP, "name": name}
