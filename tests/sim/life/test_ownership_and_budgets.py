"""Owners in other namespaces, budgets over pods that cannot be counted, and which pods go first."""

from __future__ import annotations

from labrunner.sim.objects import Obj, clone, is_terminating, name_of
from tests.sim.life.conftest import Cluster, deployment, template

BUDGETS = "poddisruptionbudgets.policy"
SETS = "replicasets.apps"
LABELS = {"labels": {"app": "web"}}


def reference(kind: str, name: str, uid: str, version: str = "v1") -> Obj:
    return {"apiVersion": version, "kind": kind, "name": name, "uid": uid}


def test_owner_in_another_namespace_is_warned_of_and_owns_nothing(cluster: Cluster) -> None:
    cluster.api.create("namespaces", {"metadata": {"name": "other"}})
    owner = cluster.create("configmaps", "owner")
    uid = owner["metadata"]["uid"]
    metadata = {
        "name": "child",
        "namespace": "other",
        "ownerReferences": [reference("ConfigMap", "owner", uid)],
    }
    cluster.api.create("configmaps", {"metadata": metadata})
    cluster.clock.advance(1)
    assert cluster.api.get("configmaps", "child", "other") is None
    assert cluster.events("child", "OwnerRefInvalidNamespace") == [
        f'ownerRef [v1/ConfigMap, namespace: other, name: owner, uid: {uid}] does not exist in namespace "other"'
    ]


def test_cluster_scoped_object_outlives_its_namespaced_owner(cluster: Cluster) -> None:
    owner = reference("ConfigMap", "gone", "00000000-0000-0000-0000-000000000000")
    metadata = {"name": "high", "ownerReferences": [owner]}
    cluster.api.create("priorityclasses.scheduling.k8s.io", {"metadata": metadata, "value": 1})
    cluster.clock.advance(1)
    assert cluster.api.get("priorityclasses.scheduling.k8s.io", "high") is not None


def budget(cluster: Cluster, **spec: object) -> Obj:
    cluster.create(BUDGETS, "web", {"selector": {"matchLabels": {"app": "web"}}, **spec})
    cluster.clock.advance(0.5)
    return cluster.status(BUDGETS, "web")


def test_loose_pods_cannot_be_counted_in_percent(cluster: Cluster) -> None:
    cluster.pod("alone", metadata=LABELS, image="nginx:1.25")
    cluster.clock.advance(2)
    status = budget(cluster, minAvailable="50%")
    assert (status["expectedPods"], status["disruptionsAllowed"]) == (0, 0)
    (told,) = cluster.events("web", "UnmanagedPods")
    assert told.startswith(
        "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},"
        "MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged."
    )


def test_pods_of_a_kind_without_scale_fail_the_budget(cluster: Cluster) -> None:
    container = {"name": "app", "image": "busybox:1.36", "command": ["sleep", "1000"]}
    pod = {"metadata": LABELS, "spec": {"restartPolicy": "Never", "containers": [container]}}
    cluster.create("jobs.batch", "work", {"template": pod})
    cluster.clock.advance(2)
    budget(cluster, maxUnavailable=1)
    why = "jobs.batch does not implement the scale subresource"
    assert cluster.events("web", "CalculateExpectedPodCountFailed") == [
        f"Failed to calculate the number of expected pods: {why}"
    ]
    found = cluster.condition(BUDGETS, "web", "DisruptionAllowed")
    assert (found["status"], found["reason"], found["message"]) == ("False", "SyncFailed", why)


def test_number_of_available_pods_needs_no_controller(cluster: Cluster) -> None:
    cluster.pod("alone", metadata=LABELS, image="nginx:1.25")
    cluster.clock.advance(2)
    status = budget(cluster, minAvailable=0)
    assert (status["expectedPods"], status["currentHealthy"], status["disruptionsAllowed"]) == (1, 1, 1)


def test_cheapest_pod_goes_first(cluster: Cluster) -> None:
    cluster.create(SETS, "web", deployment(3, template=template()))
    cluster.clock.advance(2)
    cheap = cluster.names("pods")[1]
    pod = clone(cluster.get("pods", cheap))
    pod["metadata"].setdefault("annotations", {})["controller.kubernetes.io/pod-deletion-cost"] = "-10"
    cluster.api.update("pods", pod)
    cluster.change(SETS, "web", spec__replicas=2)
    cluster.clock.advance(0.01)
    assert [name_of(p) for p in cluster.api.list("pods", "default") if is_terminating(p)] == [cheap]
