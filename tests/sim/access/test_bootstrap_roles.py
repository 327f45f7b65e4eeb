"""The roles that a cluster is born with, aggregation, and what a starting server mends."""

from __future__ import annotations

import pytest

from labrunner.sim.api import Api
from labrunner.sim.api.server import bootstrap
from labrunner.sim.auth import bootstrap_objects, rules
from labrunner.sim.auth.aggregation import aggregated_rules, outdated
from labrunner.sim.auth.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from labrunner.sim.auth.reconciliation import AUTO_UPDATE, mended
from labrunner.sim.objects import Obj, clone
from tests.sim.access.grants import binding, rule, user


def test_bootstrap_roles_are_complete_and_aggregated() -> None:
    found: dict[str, dict[str, Obj]] = {}
    for gr, obj in bootstrap_objects():
        found.setdefault(gr, {})[obj["metadata"]["name"]] = obj
    roles = found[CLUSTER_ROLES]
    assert {
        "cluster-admin",
        "admin",
        "edit",
        "view",
        "system:node",
        "system:controller:job-controller",
    } <= roles.keys()
    assert not rules.missing(roles["admin"]["rules"], roles["edit"]["rules"])
    assert not rules.missing(roles["edit"]["rules"], roles["view"]["rules"])
    assert rules.missing(roles["view"]["rules"], [rule("get", "secrets")])
    assert rules.missing(roles["edit"]["rules"], [rule("create", "roles", "rbac.authorization.k8s.io")])
    assert outdated(list(roles.values())) == []
    for name, bound in found[CLUSTER_ROLE_BINDINGS].items():
        assert bound["roleRef"]["name"] in roles, name
        assert bound["metadata"]["labels"] == {"kubernetes.io/bootstrapping": "rbac-defaults"}


def test_a_starting_server_mends_its_own_roles() -> None:
    view = {
        "metadata": {"name": "x", "labels": {"own": "1"}},
        "rules": [rule("get", "pods"), rule("get", "z")],
    }
    wanted = {"metadata": {"name": "x", "labels": {"boot": "1"}}, "rules": [rule("get list", "pods")]}
    better = mended(view, wanted)
    assert better is not None
    assert better["metadata"]["labels"] == {"boot": "1", "own": "1"}
    assert better["rules"] == [rule("get", "pods"), rule("get", "z"), rule("list", "pods")]
    assert mended(better, wanted) is None
    protected = {**view, "metadata": {"name": "x", "annotations": {AUTO_UPDATE: "false"}}}
    assert mended(protected, wanted) is None
    bound = binding(user("added"), "r", name="b", namespace="")
    given = mended(bound, binding(user("own"), "r", name="b", namespace=""))
    assert given is not None
    assert given["subjects"] == [user("added"), user("own")]
    elsewhere = mended(bound, binding(user("own"), "other", name="b", namespace=""))
    assert elsewhere is not None
    assert (elsewhere["roleRef"]["name"], elsewhere["subjects"]) == ("other", [user("own")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("system:kubelet-api-admin", rule("*", "nodes/configz nodes/healthz nodes/pods")),
        ("system:node", rule("get", "resourceclaims", "resource.k8s.io")),
        ("system:kube-scheduler", rule("patch update", "resourceclaims/binding", "resource.k8s.io")),
        ("system:controller:device-taint-eviction-controller", rule("patch update", "pods/status")),
        ("system:monitoring", {"nonResourceURLs": ["/statusz"], "verbs": ["get"]}),
    ],
)
def test_bootstrap_roles_have_what_came_with_later_versions(name: str, expected: Obj) -> None:
    found = {obj["metadata"]["name"]: obj for gr, obj in bootstrap_objects() if gr == CLUSTER_ROLES}
    assert expected in found[name]["rules"]
    portworx = rule("get", "services")
    assert portworx not in found["system:controller:expand-controller"]["rules"]


def test_aggregation_gathers_labelled_roles() -> None:
    label = {"metadata": {"name": "a", "labels": {"x": "y"}}, "rules": [rule("get", "pods")]}
    other = {"metadata": {"name": "b", "labels": {"x": "z"}}, "rules": [rule("get", "nodes")]}
    gathers = {
        "metadata": {"name": "g"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]},
    }
    assert aggregated_rules(gathers, [label, other, gathers]) == label["rules"]
    assert outdated([label, other, gathers]) == [(gathers, label["rules"])]


def test_a_restart_writes_nothing_where_nothing_lacks_and_mends_what_was_broken(api: Api) -> None:
    before = api.store.resource_version
    bootstrap(api)
    assert api.store.resource_version == before
    broken = clone(api.get(CLUSTER_ROLES, "system:basic-user") or {})
    broken["rules"] = []
    api.update(CLUSTER_ROLES, broken)
    bootstrap(api)
    assert (api.get(CLUSTER_ROLES, "system:basic-user") or {})["rules"]
