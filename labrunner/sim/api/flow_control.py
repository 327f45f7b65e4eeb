"""The flow schemas and priority levels that every API server has: names, limits and rules, as data.

Source: the bootstrap objects of ``k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap``, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from labrunner.sim.objects import Obj

# name, nominal shares, lendable percent, and queues, hand size and length of each queue (none: reject)
_LEVELS: Final[tuple[tuple[str, int, int, tuple[int, int, int] | None], ...]] = (
    ("catch-all", 5, 0, None),
    ("global-default", 20, 50, (128, 6, 50)),
    ("leader-election", 10, 0, (16, 4, 50)),
    ("node-high", 40, 25, (64, 6, 50)),
    ("system", 30, 33, (64, 6, 50)),
    ("workload-high", 40, 50, (128, 6, 50)),
    ("workload-low", 100, 90, (128, 6, 50)),
)

# name, level, precedence, distinguisher, subjects, then rules: "verbs groups/resources scope", "verbs /path" or "*" for all.
# A scope is a namespace, "+" (all namespaces and cluster-wide), or "-" (cluster-wide only).
_SCHEMAS: Final[tuple[tuple[str, str, int, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("catch-all", "catch-all", 10000, "ByUser",
     ("group system:unauthenticated", "group system:authenticated"), ("* */* +", "* *")),
    ("endpoint-controller", "workload-high", 150, "ByUser",
     ("user system:kube-controller-manager", "account kube-system/endpoint-controller",
      "account kube-system/endpointslicemirroring-controller"),
     ("get,create,update /endpoints *",)),
    ("exempt", "exempt", 1, "", ("group system:masters",), ("* */* +", "* *")),
    ("global-default", "global-default", 9900, "ByUser",
     ("group system:unauthenticated", "group system:authenticated"), ("* */* +", "* *")),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace",
     ("user system:kube-controller-manager",), ("* */* +", "* *")),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", ("user system:kube-scheduler",), ("* */* +", "* *")),
    ("kube-system-service-accounts", "workload-high", 900, "ByNamespace",
     ("account kube-system/*",), ("* */* +", "* *")),
    ("probes", "exempt", 2, "", ("group system:unauthenticated", "group system:authenticated"),
     ("get /healthz,/readyz,/livez",)),
    ("service-accounts", "workload-low", 9000, "ByUser", ("group system:serviceaccounts",), ("* */* +", "* *")),
    ("system-leader-election", "leader-election", 100, "ByUser",
     ("user system:kube-controller-manager", "user system:kube-scheduler", "account kube-system/*"),
     ("get,create,update coordination.k8s.io/leases *",)),
    ("system-node-high", "node-high", 400, "ByUser", ("group system:nodes",),
     ("* /nodes,nodes/status -", "* coordination.k8s.io/leases kube-node-lease")),
    ("system-nodes", "system", 500, "ByUser", ("group system:nodes",), ("* */* +", "* *")),
    ("workload-leader-election", "leader-election", 200, "ByUser", ("account kube-system/*",),
     ("get,create,update coordination.k8s.io/leases *",)),
)  # fmt: skip


def priority_levels() -> Iterator[Obj]:
    """PriorityLevelConfigurations without creation time."""
    yield _object(
        "exempt", {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    )
    for name, shares, lendable, queues in _LEVELS:
        response: Obj = {"type": "Reject"}
        if queues is not None:
            keys = ("queues", "handSize", "queueLengthLimit")
            response = {"type": "Queue", "queuing": dict(zip(keys, queues, strict=True))}
        limits = {
            "nominalConcurrencyShares": shares,
            "lendablePercent": lendable,
            "limitResponse": response,
        }
        yield _object(name, {"type": "Limited", "limited": limits})


def flow_schemas(now: str) -> Iterator[Obj]:
    """FlowSchemas without creation time; *now* dates the condition that says their level exists."""
    for name, level, precedence, distinguisher, subjects, rules in _SCHEMAS:
        spec: Obj = {
            "priorityLevelConfiguration": {"name": level},
            "matchingPrecedence": precedence,
            "rules": [_rules(subjects, rules)],
        }
        if distinguisher:
            spec["distinguisherMethod"] = {"type": distinguisher}
        yield {**_object(name, spec), "status": {"conditions": [dangling(level, now, found=True)]}}


def dangling(level: str, now: str, *, found: bool) -> Obj:
    """The condition of a FlowSchema that tells whether the level it names exists."""
    state = "it exists" if found else "there is no such object"
    return {
        "type": "Dangling",
        "status": "False" if found else "True",
        "lastTransitionTime": now,
        "reason": "Found" if found else "NotFound",
        "message": f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" '
        f"{'and' if found else 'but'} {state}",
    }


def _object(name: str, spec: Obj) -> Obj:
    annotations = {"apf.kubernetes.io/autoupdate-spec": "true"}
    return {
        "metadata": {"name": name, "generation": 1, "annotations": annotations},
        "spec": spec,
        "status": {},
    }


def _rules(subjects: tuple[str, ...], rules: tuple[str, ...]) -> Obj:
    out: dict[str, list[Any]] = {"subjects": [_subject(*text.split()) for text in subjects]}
    for text in rules:
        verbs, what, *scope = text.split()
        if scope:
            group, _, resources = what.partition("/")
            rule: Obj = {
                "verbs": verbs.split(","),
                "apiGroups": [group],
                "resources": resources.split(","),
            }
            if scope[0] in "+-":
                rule["clusterScope"] = True
            if scope[0] != "-":
                rule["namespaces"] = ["*" if scope[0] == "+" else scope[0]]
            out.setdefault("resourceRules", []).append(rule)
        else:
            rule = {"verbs": verbs.split(","), "nonResourceURLs": what.split(",")}
            out.setdefault("nonResourceRules", []).append(rule)
    return out


def _subject(kind: str, name: str) -> Obj:
    if kind == "account":
        namespace, _, account = name.partition("/")
        return {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": account}}
    return {"kind": kind.capitalize(), kind: {"name": name}}
