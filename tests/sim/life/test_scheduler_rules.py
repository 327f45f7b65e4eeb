"""Finer rules of the scheduler: preemption and whom it spares, reserved room, spread policies, scores."""

from __future__ import annotations

from labrunner.sim.objects import Obj, clone
from tests.sim.life.conftest import Cluster
from tests.sim.life.test_scheduler import (
    CLASSES,
    REQUIRED,
    TOLERANT,
    change_node,
    label_node,
    node_of,
    refusal,
    requests,
)

HEAD = "0/2 nodes are available: "
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def important(cluster: Cluster, name: str, cpu: str, **policy: str) -> None:
    if cluster.api.get(CLASSES, "high") is None:
        cluster.api.create(CLASSES, {"metadata": {"name": "high"}, "value": 1000, **policy})
    cluster.pod(name, image="nginx", resources=requests(cpu=cpu), spec={"priorityClassName": "high"})
    cluster.clock.advance(0.2)


def ordinary(cluster: Cluster, name: str, cpu: str, **labels: str) -> None:
    cluster.pod(
        name, image="nginx", resources=requests(cpu=cpu), metadata={"labels": labels or {"app": name}}
    )
    cluster.clock.advance(1.1)


# preemption


def test_as_few_pods_go_as_will_do(cluster: Cluster) -> None:
    for name, cpu in (("small", "500m"), ("large", "3")):
        ordinary(cluster, name, cpu)
    important(cluster, "high", "2")
    cluster.clock.advance(5)
    assert cluster.names("pods") == ["high", "small"]
    text = f"Preempted by pod {cluster.get('pods', 'high')['metadata']['uid']} on node simulated-node-1"
    assert cluster.events("large", "Preempted") == [text]


def test_a_budget_protects_while_others_can_go(cluster: Cluster) -> None:
    ordinary(cluster, "kept", "2", app="kept")
    ordinary(cluster, "taken", "1900m", app="taken")
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "kept"}}}
    cluster.create("poddisruptionbudgets.policy", "kept", budget)
    cluster.clock.advance(0.5)
    important(cluster, "high", "1")
    cluster.clock.advance(5)
    assert cluster.names("pods") == ["high", "kept"]


def test_a_class_that_never_preempts_says_so(cluster: Cluster) -> None:
    ordinary(cluster, "low", "3")
    important(cluster, "high", "2", preemptionPolicy="Never")
    assert refusal(cluster, "high") == (
        f"{HEAD}1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )
    assert cluster.names("pods") == ["high", "low"]


def test_when_even_all_lower_pods_are_not_enough(cluster: Cluster) -> None:
    important(cluster, "first", "2")
    ordinary(cluster, "low", "1")
    important(cluster, "second", "3")
    assert refusal(cluster, "second") == (
        f"{HEAD}1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, "
        f"preemption: {HEAD}1 Insufficient cpu, 1 Preemption is not helpful for scheduling."
    )
    assert "nominatedNodeName" not in cluster.status("pods", "second")


def test_room_that_is_being_made_is_not_given_to_lower_pods(cluster: Cluster) -> None:
    stubborn = ("sh", "-c", "trap '' TERM; while true; do sleep 1; done")
    cluster.pod("low", *stubborn, resources=requests(cpu="3"))
    cluster.clock.advance(1.1)
    important(cluster, "high", "3")
    cluster.pod("late", image="nginx", resources=requests(cpu="3"))
    cluster.clock.advance(10)
    assert node_of(cluster, "high") == "simulated-node-1"
    assert node_of(cluster, "late") == ""


# who may go where


def test_a_pod_for_a_named_node_says_of_the_others_that_they_are_not_it(cluster: Cluster) -> None:
    field = {"key": "metadata.name", "operator": "In", "values": ["simulated-control-plane"]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    cluster.pod("p", image="nginx", spec={"affinity": {"nodeAffinity": {REQUIRED: terms}}})
    cluster.clock.advance(1)
    assert refusal(cluster, "p").startswith(
        f"{HEAD}1 node(s) didn't satisfy plugin(s) [NodeAffinity], 1 node(s) had untolerated taint(s). "
    )


def spread(cluster: Cluster, name: str, **constraint: object) -> None:
    rule: Obj = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
        **constraint,
    }
    cluster.pod(
        name,
        image="nginx",
        spec={"topologySpreadConstraints": [rule]},
        metadata={"labels": {"app": "x"}},
    )
    cluster.clock.advance(0.2)


def test_a_tainted_node_counts_as_an_empty_domain_unless_taints_are_honoured(cluster: Cluster) -> None:
    spread(cluster, "first")
    spread(cluster, "second")
    assert "1 node(s) didn't match pod topology spread constraints" in refusal(cluster, "second")
    spread(cluster, "third", nodeTaintsPolicy="Honor")
    assert node_of(cluster, "third") == "simulated-node-1"


def test_too_few_domains_count_as_an_empty_one(cluster: Cluster) -> None:
    tolerant = {"nodeTaintsPolicy": "Honor", "minDomains": 2}
    spread(cluster, "first", **tolerant)
    spread(cluster, "second", **tolerant)
    assert node_of(cluster, "first") == "simulated-node-1"
    assert node_of(cluster, "second") == ""


def test_a_node_without_the_label_is_no_domain(cluster: Cluster) -> None:
    spread(cluster, "p", topologyKey="zone")
    text = "1 node(s) didn't match pod topology spread constraints (missing required label)"
    assert text in refusal(cluster, "p")


def test_pods_that_want_nobody_beside_them_keep_others_away(cluster: Cluster) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "noisy"}}, "topologyKey": "kubernetes.io/hostname"}
    cluster.pod("quiet", image="nginx", spec={"affinity": {"podAntiAffinity": {REQUIRED: [term]}}})
    cluster.clock.advance(0.5)
    cluster.pod("noisy", image="nginx", metadata={"labels": {"app": "noisy"}})
    cluster.clock.advance(0.5)
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in refusal(cluster, "noisy")


# scores


def free_control_plane(cluster: Cluster) -> None:
    node = clone(cluster.api.get("nodes", "simulated-control-plane"))
    del node["spec"]["taints"]
    cluster.api.update("nodes", node)


def test_replicas_go_to_different_nodes(cluster: Cluster) -> None:
    free_control_plane(cluster)
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "nginx", "resources": requests(cpu="100m")}]},
    }
    selector = {"matchLabels": {"app": "web"}}
    cluster.create("deployments.apps", "web", {"replicas": 4, "selector": selector, "template": template})
    cluster.clock.advance(2)
    nodes = [node_of(cluster, n) for n in cluster.names("pods")]
    assert nodes.count("simulated-node-1") == nodes.count("simulated-control-plane") == 2


def test_a_weak_wish_counts_as_much_as_a_strong_one_when_it_is_the_only_one(cluster: Cluster) -> None:
    free_control_plane(cluster)
    cluster.pod("load", image="nginx", resources=requests(cpu="2"), spec={"nodeName": "simulated-node-1"})
    label_node(cluster, "simulated-node-1", disk="ssd")
    preference = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    affinity = {"nodeAffinity": {PREFERRED: [{"weight": 1, "preference": preference}]}}
    cluster.pod("p", image="nginx", spec={"affinity": affinity})
    cluster.clock.advance(0.5)
    assert node_of(cluster, "p") == "simulated-node-1"


def test_company_and_distance_are_wished_for(cluster: Cluster) -> None:
    free_control_plane(cluster)
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"}
    wish = {PREFERRED: [{"weight": 10, "podAffinityTerm": term}]}
    labels = {"labels": {"app": "db"}}
    cluster.pod("db", image="redis", spec={"nodeName": "simulated-node-1"}, metadata=labels)
    cluster.pod("near", image="nginx", spec={"affinity": {"podAffinity": wish}})
    cluster.clock.advance(0.5)
    cluster.pod("far", image="nginx", spec={"affinity": {"podAntiAffinity": wish}})
    cluster.clock.advance(0.5)
    assert node_of(cluster, "near") == "simulated-node-1"
    assert node_of(cluster, "far") == "simulated-control-plane"


def test_a_soft_taint_is_avoided_while_there_is_another_node(cluster: Cluster) -> None:
    free_control_plane(cluster)
    change_node(cluster, taints=[{"key": "old", "effect": "PreferNoSchedule"}])
    cluster.pod("p", image="nginx")
    cluster.clock.advance(0.5)
    assert node_of(cluster, "p") == "simulated-control-plane"
    cluster.pod("tolerant", image="nginx", spec={"tolerations": TOLERANT})
    cluster.clock.advance(0.5)
    assert node_of(cluster, "tolerant") == "simulated-node-1"


def test_what_a_node_does_not_offer_is_insufficient(cluster: Cluster) -> None:
    node = clone(cluster.api.get("nodes", "simulated-node-1"))
    node["status"]["allocatable"]["pods"] = "1"
    cluster.api.update_status("nodes", node)
    ordinary(cluster, "first", "100m")
    cluster.pod("second", image="nginx", resources={"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}})
    cluster.clock.advance(0.5)
    assert refusal(cluster, "second").startswith(
        f"{HEAD}1 Insufficient hugepages-2Mi, 1 Too many pods, 1 node(s) had untolerated taint(s). "
    )


def test_a_waiting_pod_is_tried_again_after_five_minutes(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", spec={"nodeSelector": {"disk": "ssd"}})

    cluster.pod("done", "true", spec={"restartPolicy": "Never"})

    def tries() -> int:
        (found,) = [e for e in cluster.api.list("events") if e["reason"] == "FailedScheduling"]
        return int((found.get("series") or {}).get("count", 1))

    cluster.clock.advance(290)
    assert cluster.phase("done") == "Succeeded", "which gives no node the label that is missing"
    assert tries() == 1
    cluster.clock.advance(15)
    assert tries() == 2
