"""Defaults of networking, discovery, autoscaling, RBAC, policy, scheduling and admission kinds."""

from __future__ import annotations

from typing import Final

from labrunner.sim.defaults.fill import default, default_text, items, section
from labrunner.sim.objects import Obj, clone


def network_policy(obj: Obj) -> None:
    """A NetworkPolicy: ingress always, egress when there are egress rules."""
    spec = section(obj, "spec")
    section(spec, "podSelector")
    for key in ("ingress", "egress"):
        for rule in items(spec, key):
            for port in items(rule, "ports"):
                default_text(port, "protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def ingress(obj: Obj) -> None:
    """An Ingress: only what the server always writes."""
    section(obj, "spec")
    section(section(obj, "status"), "loadBalancer")


def ingress_class(obj: Obj) -> None:
    """An IngressClass: parameters are cluster-wide unless said otherwise."""
    parameters = section(obj, "spec").get("parameters")
    if isinstance(parameters, dict):
        default(parameters, "scope", "Cluster")


def endpoint_slice(obj: Obj) -> None:
    """An EndpointSlice: ports have a name and speak TCP."""
    for port in items(obj, "ports"):
        default(port, "name", "")
        default(port, "protocol", "TCP")


def role_binding(obj: Obj) -> None:
    """A RoleBinding or ClusterRoleBinding."""
    default_text(section(obj, "roleRef"), "apiGroup", "rbac.authorization.k8s.io")
    for subject in items(obj, "subjects"):
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = "rbac.authorization.k8s.io"


_SCALING_RULES: Final[dict[str, Obj]] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    },
    "scaleDown": {
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    },
}


def autoscaler(obj: Obj) -> None:
    """A HorizontalPodAutoscaler in any version."""
    spec = section(obj, "spec")
    default(spec, "minReplicas", 1)
    if obj.get("apiVersion") == "autoscaling/v1":
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        for direction, rules in _SCALING_RULES.items():
            found = section(behavior, direction)
            for key, value in rules.items():
                default(found, key, clone(value))


def priority_class(obj: Obj) -> None:
    """A PriorityClass."""
    default(obj, "preemptionPolicy", "PreemptLowerPriority")


def disruption_budget(obj: Obj) -> None:
    """A PodDisruptionBudget has no defaults beyond its parts."""
    section(obj, "spec")


def webhook_configuration(obj: Obj) -> None:
    """A Validating- or MutatingWebhookConfiguration."""
    mutating = obj.get("kind") == "MutatingWebhookConfiguration"
    for hook in items(obj, "webhooks"):
        default(hook, "failurePolicy", "Fail")
        default(hook, "matchPolicy", "Equivalent")
        default(hook, "namespaceSelector", {})
        default(hook, "objectSelector", {})
        default(hook, "timeoutSeconds", 10)
        if mutating:
            default(hook, "reinvocationPolicy", "Never")
        for rule in items(hook, "rules"):
            default(rule, "scope", "*")
        service = section(hook, "clientConfig").get("service")
        if isinstance(service, dict):
            default(service, "port", 443)


def admission_policy(obj: Obj) -> None:
    """A ValidatingAdmissionPolicy or MutatingAdmissionPolicy."""
    spec = section(obj, "spec")
    default(spec, "failurePolicy", "Fail")
    if obj.get("kind") == "MutatingAdmissionPolicy":
        default(spec, "reinvocationPolicy", "Never")
    constraints = spec.get("matchConstraints")
    if isinstance(constraints, dict):
        _match_resources(constraints)


def admission_policy_binding(obj: Obj) -> None:
    """A binding of an admission policy."""
    matching = section(obj, "spec").get("matchResources")
    if isinstance(matching, dict):
        _match_resources(matching)


def _match_resources(found: Obj) -> None:
    default(found, "matchPolicy", "Equivalent")
    default(found, "namespaceSelector", {})
    default(found, "objectSelector", {})
    for key in ("resourceRules", "excludeResourceRules"):
        for rule in items(found, key):
            default(rule, "scope", "*")
