"""Acting as somebody else, and being a node."""

from __future__ import annotations

import pytest

from labrunner.sim.api import Api
from labrunner.sim.auth import Attributes, Authorizer, User, bootstrap_objects
from labrunner.sim.auth.impersonation import Impersonator
from labrunner.sim.auth.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.store import Store

ROOT = User("root", ("system:masters", "system:authenticated"))
JANE = User("jane", ("system:authenticated",))
NODE = User("system:node:n1", ("system:nodes", "system:authenticated"))
LIST_PODS = Attributes("list", "", "v1", "pods", namespace="shop")


@pytest.fixture
def store() -> Store:
    made = Store()
    for gr, obj in bootstrap_objects():
        made.put(gr, obj)
    return made


@pytest.fixture
def authorizer(store: Store) -> Authorizer:
    return Authorizer(store)


@pytest.fixture
def impersonator(authorizer: Authorizer) -> Impersonator:
    return Impersonator(authorizer)


def act(impersonator: Impersonator, who: User, request: Attributes = LIST_PODS, **given: list[str]) -> User:
    named = {key.replace("_", "-"): values for key, values in given.items()}
    joined = {key: ", ".join(values) for key, values in named.items()}
    return impersonator.act(who, lambda name: named.get(name, []), joined, request)


def refused(
    impersonator: Impersonator, who: User, request: Attributes = LIST_PODS, **given: list[str]
) -> str:
    with pytest.raises(ApiError) as caught:
        act(impersonator, who, request, **given)
    assert caught.value.code == 403
    return caught.value.message


def grant(store: Store, name: str, *rules: Obj, user: str = "jane") -> None:
    store.put(CLUSTER_ROLES, {"kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)})
    reference = {"kind": "ClusterRole", "name": name}
    subjects = [{"kind": "User", "name": user}]
    store.put(CLUSTER_ROLE_BINDINGS, {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects})


def test_an_administrator_acts_as_anybody(impersonator: Impersonator) -> None:
    assert act(impersonator, ROOT) == ROOT
    found = act(impersonator, ROOT, impersonate_user=["jane"])
    assert (found.name, found.groups) == ("jane", ("system:authenticated",))
    found = act(impersonator, ROOT, impersonate_user=["system:serviceaccount:lab:bob"])
    assert found.groups == ("system:serviceaccounts", "system:serviceaccounts:lab", "system:authenticated")
    found = act(
        impersonator, ROOT,
        impersonate_user=["kim"], impersonate_group=["dev", "ops"], impersonate_extra_why=["x"],
    )  # fmt: skip
    assert (found.groups, found.extra) == (("dev", "ops", "system:authenticated"), {"why": ("x",)})
    found = act(impersonator, ROOT, impersonate_user=["kim"], impersonate_group=["system:masters"])
    assert found.groups == ("system:masters", "system:authenticated")
    found = act(impersonator, ROOT, impersonate_user=["system:anonymous"])
    assert found.groups == ("system:unauthenticated",)


def test_a_node_gets_its_group_by_its_name(impersonator: Impersonator) -> None:
    found = act(impersonator, ROOT, impersonate_user=["system:node:n1"])
    assert (found.name, found.groups) == ("system:node:n1", ("system:nodes", "system:authenticated"))


def test_the_first_refusal_is_the_answer(impersonator: Impersonator, store: Store) -> None:
    assert refused(impersonator, JANE, impersonate_user=["root"]) == (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" '
        'in the namespace "shop"'
    )
    assert refused(impersonator, JANE, impersonate_user=["system:serviceaccount:shop:bob"]) == (
        'pods is forbidden: User "jane" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" '
        'in the namespace "shop"'
    )
    path = Attributes("get", path="/api")
    assert refused(impersonator, JANE, path, impersonate_user=["bob"]) == (
        'forbidden: User "jane" cannot impersonate-on:user-info:get path "/api"'
    )
    grant(
        store, "old", {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]}
    )  # fmt: skip
    assert act(impersonator, JANE, impersonate_user=["bob"]).name == "bob"
    # The old verb has worked for her, so it is now tried, and refuses, first.
    assert refused(impersonator, JANE, impersonate_user=["root"]) == (
        'users "root" is forbidden: User "jane" cannot impersonate resource "users" in API group "" '
        "at the cluster scope"
    )


def test_constrained_impersonation_reaches_as_far_as_it_is_granted(
    impersonator: Impersonator, store: Store
) -> None:
    grant(
        store, "identity",
        {"verbs": ["impersonate:user-info"], "apiGroups": ["authentication.k8s.io"], "resources": ["users"],
         "resourceNames": ["bob"]},
        {"verbs": ["impersonate-on:user-info:list"], "apiGroups": [""], "resources": ["pods"]},
    )  # fmt: skip
    assert act(impersonator, JANE, impersonate_user=["bob"]).name == "bob"
    assert refused(impersonator, JANE, impersonate_user=["eve"]) == (
        'users.authentication.k8s.io "eve" is forbidden: User "jane" cannot impersonate:user-info resource "users" '
        'in API group "authentication.k8s.io" at the cluster scope'
    )
    delete = Attributes("delete", "", "v1", "pods", name="p", namespace="shop")
    assert "cannot impersonate-on:user-info:delete" in refused(
        impersonator, JANE, delete, impersonate_user=["bob"]
    )


def test_groups_take_a_user(impersonator: Impersonator) -> None:
    with pytest.raises(ApiError) as caught:
        act(impersonator, ROOT, impersonate_group=["dev"])
    assert (caught.value.code, caught.value.message) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name",
    )


# Nodes

POD: Obj = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "nodeName": "n1",
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [
            {"envFrom": [{"configMapRef": {"name": "env"}}]},
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "a"}}}]},
        ],
        "volumes": [
            {"name": "s", "secret": {"secretName": "disk"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "part"}}]}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        ],
    },
}


@pytest.mark.parametrize(
    ("verb", "resource", "name", "more", "reason"),
    [
        ("get", "secrets", "pull", {}, None),
        ("get", "secrets", "key", {}, None),
        ("get", "secrets", "disk", {}, None),
        ("get", "configmaps", "env", {}, None),
        ("get", "configmaps", "part", {}, None),
        ("get", "persistentvolumeclaims", "data", {}, None),
        ("create", "serviceaccounts", "runner", {"subresource": "token"}, None),
        ("get", "pods", "web", {}, None),
        ("list", "pods", "", {"field_selector": "spec.nodeName=n1"}, None),
        ("get", "nodes", "n1", {"namespace": ""}, None),
        ("list", "services", "", {"namespace": ""}, None),
        ("get", "secrets", "other", {}, "no relationship found between node 'n1' and this object"),
        ("list", "secrets", "", {}, "No Object name found"),
        ("list", "secrets", "", {"namespace": ""}, "can only read namespaced object of this type"),
        ("delete", "secrets", "key", {}, "can only read resources of this type"),
        ("list", "pods", "", {"namespace": ""}, "can only list/watch pods with spec.nodeName field selector"),
        ("get", "nodes", "n2", {"namespace": ""}, "node 'n1' cannot read 'n2', only its own Node object"),
        ("list", "nodes", "", {"namespace": ""}, "node 'n1' cannot read all nodes, only its own Node object"),
        ("create", "serviceaccounts", "", {}, "can only create tokens for individual service accounts"),
        ("list", "deployments", "", {"group": "apps"}, ""),
    ],
)
def test_a_node_reaches_what_its_pods_need(
    store: Store, authorizer: Authorizer, verb: str, resource: str, name: str, more: dict[str, str], reason: str | None
) -> None:  # fmt: skip
    store.put("nodes", {"metadata": {"name": "n1"}})
    store.put("pods", POD)
    wanted = Attributes(verb, resource=resource, name=name, **{"namespace": "shop", **more})
    decision = authorizer.authorize(NODE, wanted)
    assert (decision.allowed, decision.reason) == (reason is None, reason or "")


def test_a_nodes_rules_are_told_to_be_incomplete(authorizer: Authorizer) -> None:
    assert authorizer.rules_for(NODE, "shop")[1] == ["node authorizer does not support user rule resolution"]


# What nodes may change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {"a": "b"}}, ""),
        ({"labels": {"node.kubernetes.io/a": "b", "kubernetes.io/os": "linux"}}, ""),
        ({"labels": {"node-restriction.kubernetes.io/x": "y", "node-role.kubernetes.io/master": ""}},
         'nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x, '
         "node-role.kubernetes.io/master"),
        ({"taints": [{"key": "a", "effect": "NoSchedule"}]},
         'nodes "n1" is forbidden: node "n1" is not allowed to modify taints'),
    ],
)  # fmt: skip
def test_a_node_changes_itself_within_limits(api: Api, change: Obj, words: str) -> None:
    api.create("nodes", {"metadata": {"name": "n1"}})
    node = clone(api.get("nodes", "n1"))
    node["metadata"]["labels"] = change.get("labels", {})
    node["spec"] = {"taints": change["taints"]} if "taints" in change else node.get("spec", {})
    if not words:
        assert api.update("nodes", node, user=NODE)["metadata"]["labels"] == change["labels"]
        return
    with pytest.raises(ApiError) as caught:
        api.update("nodes", node, user=NODE)
    assert caught.value.message == words


def test_a_node_changes_no_other_node_and_makes_only_mirror_pods(api: Api) -> None:
    other = clone(api.get("nodes", "simulated-node-1"))
    other["metadata"]["labels"]["a"] = "b"
    with pytest.raises(ApiError, match='node "n1" is not allowed to modify node "simulated-node-1"'):
        api.update("nodes", other, user=NODE)
    pod: Obj = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    words = (
        'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'
    )
    with pytest.raises(ApiError, match=words):
        api.create("pods", pod, user=NODE)
    lease = {"metadata": {"name": "n2", "namespace": "kube-node-lease"}, "spec": {}}
    with pytest.raises(
        ApiError, match="can only access node lease with the same name as the requesting node"
    ):
        api.create("leases.coordination.k8s.io", lease, user=NODE)


def test_an_account_may_enforce_the_secrets_it_lists(api: Api) -> None:
    notes = {"kubernetes.io/enforce-mountable-secrets": "true"}
    account = {
        "metadata": {"name": "strict", "namespace": "default", "annotations": notes},
        "secrets": [{"name": "ok"}],
    }
    api.create("serviceaccounts", account)

    def pod(name: str, secret: str) -> Obj:
        volume = {"name": "v", "secret": {"secretName": secret}}
        spec = {
            "serviceAccountName": "strict",
            "volumes": [volume],
            "containers": [{"name": "c", "image": "i"}],
        }
        return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}

    assert api.create("pods", pod("good", "ok"))
    with pytest.raises(ApiError) as caught:
        api.create("pods", pod("bad", "other"))
    assert caught.value.message == (
        'pods "bad" is forbidden: volume with secret.secretName="other" is not allowed because service account strict '
        "does not reference that secret"
    )
