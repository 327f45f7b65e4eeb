"""Policies and bindings for tests."""

from __future__ import annotations

from typing import Any

from labrunner.sim.objects import Obj

GROUP = "admissionregistration.k8s.io"
POLICIES = f"validatingadmissionpolicies.{GROUP}"
BINDINGS = f"validatingadmissionpolicybindings.{GROUP}"
MUTATING = f"mutatingadmissionpolicies.{GROUP}"
MUTATING_BINDINGS = f"mutatingadmissionpolicybindings.{GROUP}"


def rule(resource: str = "configmaps", group: str = "", **more: Any) -> Obj:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
        **more,
    }


def policy(*validations: Obj, rules: list[Obj] | None = None, name: str = "p", **spec: Any) -> Obj:
    constraints = {"resourceRules": rules or [rule()]}
    return {
        "metadata": {"name": name},
        "spec": {"matchConstraints": constraints, "validations": list(validations), **spec},
    }


def binding(*actions: str, policy: str = "p", name: str = "b", **spec: Any) -> Obj:
    return {
        "metadata": {"name": name},
        "spec": {"policyName": policy, "validationActions": list(actions) or ["Deny"], **spec},
    }


def mutating(*mutations: Obj, rules: list[Obj] | None = None, **spec: Any) -> Obj:
    return {
        "metadata": {"name": "m"},
        "spec": {
            "matchConstraints": {"resourceRules": rules or [rule()]},
            "reinvocationPolicy": "Never",
            "mutations": list(mutations),
            **spec,
        },
    }


def settings(name: str = "cm", namespace: str = "default", data: Obj | None = None, **labels: str) -> Obj:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "data": data or {},
    }
