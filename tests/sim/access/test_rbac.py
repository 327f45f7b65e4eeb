"""The RBAC authorizer, and how refusals are worded."""

from __future__ import annotations

import pytest

from labrunner.sim.auth import ANONYMOUS, Attributes, Authorizer, User, refusal
from labrunner.sim.auth.rbac import ROLE_BINDINGS, ROLES
from labrunner.sim.store import Store
from tests.sim.access.grants import JANE, binding, may, role, rule, user


def test_nobody_may_anything_until_bound(store: Store, authorizer: Authorizer) -> None:
    assert not may(authorizer, JANE, "get", "pods", "lab")
    store.put(ROLES, role(rule("get list", "pods pods/log")))
    store.put(ROLE_BINDINGS, binding(user()))
    assert may(authorizer, JANE, "get", "pods", "lab")
    assert may(authorizer, JANE, "get", "pods", "lab", subresource="log")
    assert not may(authorizer, JANE, "get", "pods", "lab", subresource="exec")
    assert not may(authorizer, JANE, "delete", "pods", "lab")
    assert not may(authorizer, JANE, "get", "pods", "other")
    assert not may(authorizer, JANE, "get", "pods")
    assert not may(authorizer, JANE, "get", "pods", "lab", group="metrics.k8s.io")
    store.remove(ROLE_BINDINGS, "lab", "b")
    assert not may(authorizer, JANE, "get", "pods", "lab")


def test_the_reason_names_binding_role_and_subject(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLES, role(rule("get", "pods")))
    store.put(ROLE_BINDINGS, binding({"kind": "ServiceAccount", "name": "bob", "namespace": "lab"}))
    decision = authorizer.authorize(
        User("system:serviceaccount:lab:bob"), Attributes("get", resource="pods", namespace="lab")
    )
    words = 'RBAC: allowed by RoleBinding "b/lab" of Role "r" to ServiceAccount "bob/lab"'
    assert (decision.allowed, decision.reason) == (True, words)


def test_a_binding_to_a_missing_role_is_told(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLE_BINDINGS, binding(user(), role_name="gone"))
    wanted = Attributes("list", resource="pods", namespace="lab")
    decision = authorizer.authorize(JANE, wanted)
    assert decision.reason == 'RBAC: role.rbac.authorization.k8s.io "gone" not found'
    assert refusal(JANE, wanted, decision.reason).message == (
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "lab": '
        'RBAC: role.rbac.authorization.k8s.io "gone" not found'
    )


def test_cluster_roles_bound_in_a_namespace_reach_no_further(store: Store, authorizer: Authorizer) -> None:
    store.put(ROLE_BINDINGS, binding({"kind": "Group", "name": "ops"}, "view", "ClusterRole"))
    ops = User("kim", ("ops", "system:authenticated"))
    assert may(authorizer, ops, "list", "configmaps", "lab")
    assert not may(authorizer, ops, "list", "secrets", "lab")
    assert not may(authorizer, ops, "list", "configmaps")


def test_resource_names_and_wildcards(store: Store, authorizer: Authorizer) -> None:
    policy = rule("get", "configmaps", names="one"), rule("*", "*/scale", "*"), rule("get", "*", "apps")
    store.put(ROLES, role(*policy))
    store.put(ROLE_BINDINGS, binding(user()))
    assert may(authorizer, JANE, "get", "configmaps", "lab", name="one")
    assert not may(authorizer, JANE, "get", "configmaps", "lab", name="two")
    assert not may(authorizer, JANE, "get", "configmaps", "lab")
    assert may(authorizer, JANE, "update", "deployments", "lab", group="apps", subresource="scale")
    assert may(authorizer, JANE, "get", "deployments", "lab", group="apps", subresource="status")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Attributes("list", resource="pods", namespace="shop"),
         'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"'),
        (Attributes("delete", "apps", "v1", "deployments", name="web", namespace="shop"),
         'deployments.apps "web" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" '
         'in the namespace "shop"'),
        (Attributes("create", "", "v1", "pods", "exec", "p", "shop"),
         'pods "p" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "shop"'),
        (Attributes("list", resource="nodes"),
         'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope'),
        (Attributes("get", path="/metrics"), 'forbidden: User "jane" cannot get path "/metrics"'),
    ],
)  # fmt: skip
def test_refusals_are_worded_as_the_server_words_them(wanted: Attributes, words: str) -> None:
    error = refusal(JANE, wanted)
    assert (error.code, error.reason, error.message) == (403, "Forbidden", words)


def test_everybody_may_discover(authorizer: Authorizer) -> None:
    assert authorizer.authorize(JANE, Attributes("get", path="/apis/apps/v1")).allowed
    assert authorizer.authorize(ANONYMOUS, Attributes("get", path="/version")).allowed
    assert not authorizer.authorize(ANONYMOUS, Attributes("get", path="/apis")).allowed
