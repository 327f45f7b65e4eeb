"""A node whose kubelet stops: what the cluster makes of it, and how it comes back."""

from __future__ import annotations

import pytest

from labrunner.sim.api.podlogs import check_node
from labrunner.sim.errors import ApiError
from labrunner.sim.node.presence import KUBELET
from labrunner.sim.objects import clone
from tests.sim.life.conftest import Cluster, deployment

NODE = "simulated-node-1"


def set_kubelet(cluster: Cluster, *, stopped: bool) -> None:
    node = clone(cluster.api.get("nodes", NODE))
    notes = node["metadata"].setdefault("annotations", {})
    notes.pop(KUBELET, None)
    if stopped:
        notes[KUBELET] = "stopped"
    cluster.api.update("nodes", node)


def conditions(cluster: Cluster) -> dict[str, tuple[str, str]]:
    node = cluster.api.get("nodes", NODE) or {}
    return {c["type"]: (c["status"], c["reason"]) for c in node["status"]["conditions"]}


def taints(cluster: Cluster) -> set[tuple[str, str]]:
    node = cluster.api.get("nodes", NODE) or {}
    return {(t["key"], t["effect"]) for t in node["spec"].get("taints", [])}


def test_a_silent_node_becomes_unreachable_and_loses_its_pods_after_five_minutes(cluster: Cluster) -> None:
    cluster.create("deployments.apps", "web", deployment(replicas=1))
    cluster.clock.advance(15)
    (before,) = cluster.names("pods")
    set_kubelet(cluster, stopped=True)
    cluster.clock.advance(30)
    assert conditions(cluster)["Ready"] == ("True", "KubeletReady"), "not before the grace period is over"
    cluster.clock.advance(25)
    assert set(conditions(cluster).values()) == {("Unknown", "NodeStatusUnknown")}
    unreachable = "node.kubernetes.io/unreachable"
    assert taints(cluster) == {(unreachable, "NoSchedule"), (unreachable, "NoExecute")}
    assert cluster.events(NODE, "NodeNotReady") == [f"Node {NODE} status is now: NodeNotReady"]
    assert cluster.events(before, "NodeNotReady") == ["Node is not ready"]
    assert cluster.condition("pods", before, "Ready")["status"] == "False"
    assert cluster.phase(before) == "Running", "nobody is there to say otherwise"
    cluster.clock.advance(310)
    assert "deletionTimestamp" in cluster.get("pods", before)["metadata"]
    assert len(cluster.names("pods")) == 2, "it stays until its node can confirm; another waits for a node"


def test_a_node_that_comes_back_is_well_again(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx")
    cluster.clock.advance(15)
    set_kubelet(cluster, stopped=True)
    cluster.clock.advance(70)
    cluster.pod("late", image="nginx")
    cluster.clock.advance(1)
    assert cluster.get("pods", "late")["spec"].get("nodeName") is None
    set_kubelet(cluster, stopped=False)
    cluster.clock.advance(15)
    assert conditions(cluster)["Ready"] == ("True", "KubeletReady")
    assert taints(cluster) == set()
    assert cluster.events(NODE, "Starting") == ["Starting kubelet."]
    assert cluster.events(NODE, "NodeReady") == [f"Node {NODE} status is now: NodeReady"]
    assert cluster.events("p", "TaintManagerEviction") == ["Cancelling deletion of Pod default/p"]
    assert cluster.condition("pods", "p", "Ready")["status"] == "True"
    assert cluster.state("late") == "running"
    renewed = cluster.api.get("leases.coordination.k8s.io", NODE, "kube-node-lease") or {}
    cluster.clock.advance(30)
    again = cluster.api.get("leases.coordination.k8s.io", NODE, "kube-node-lease") or {}
    assert again["spec"]["renewTime"] > renewed["spec"]["renewTime"]


def test_pods_sent_to_a_silent_node_wait_and_deleted_ones_stay(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx")
    cluster.clock.advance(2)
    set_kubelet(cluster, stopped=True)
    cluster.pod("new", image="nginx")
    cluster.delete("pods", "p")
    cluster.clock.advance(20)
    assert cluster.get("pods", "new")["spec"]["nodeName"] == NODE
    assert cluster.phase("new") == "Pending"
    with pytest.raises(ApiError) as caught:
        check_node(cluster.api, cluster.get("pods", "p"), "app")
    assert caught.value.message == (
        'Get "https://192.0.2.9:10250/containerLogs/default/p/app": dial tcp 192.0.2.9:10250: connect: connection refused'
    )
    assert cluster.names("pods") == ["new", "p"]
    set_kubelet(cluster, stopped=False)
    cluster.clock.advance(5)
    assert cluster.names("pods") == ["new"]
    assert cluster.state("new") == "running"


def test_a_deadline_goes_on_while_nobody_looks(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", spec={"activeDeadlineSeconds": 30})
    cluster.clock.advance(2)
    set_kubelet(cluster, stopped=True)
    cluster.clock.advance(40)
    assert cluster.phase("p") == "Running"
    set_kubelet(cluster, stopped=False)
    cluster.clock.advance(3)
    assert cluster.status("pods", "p")["reason"] == "DeadlineExceeded"
