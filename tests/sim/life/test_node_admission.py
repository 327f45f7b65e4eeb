"""Pods that name their node meet no scheduler: the node itself looks at them, and may say no."""

from __future__ import annotations

import pytest

from labrunner.sim.node.admission import Refusal, refusal
from labrunner.sim.objects import Obj, clone
from tests.sim.life.conftest import Cluster

WORKER = {"nodeName": "simulated-node-1"}


@pytest.mark.parametrize(
    ("container", "spec", "reason", "message"),
    [
        (
            {"resources": {"requests": {"cpu": "64"}}},
            {},
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 64000, used: 0, capacity: 4000",
        ),
        (
            {"resources": {"requests": {"memory": "1Ti"}}},
            {},
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 1099511627776, used: 0, capacity: 8589934592",
        ),
        (
            {},
            {"nodeSelector": {"disk": "ssd"}},
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {},
            {"nodeSelector": {"kubernetes.io/os": "windows"}},
            "PodOSSelectorNodeLabelDoesNotMatch",
            "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
        ),
        (
            {"ports": [{"containerPort": 80, "hostPort": 8080}]},
            {},
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
        ),
        (
            {},
            {"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1024"}]}},
            "SysctlForbidden",
            'forbidden sysctl: "net.core.somaxconn" not allowlisted',
        ),
    ],
)
def test_the_node_rejects_what_does_not_fit(
    cluster: Cluster, container: Obj, spec: Obj, reason: str, message: str
) -> None:
    cluster.pod("first", image="nginx", ports=[{"containerPort": 80, "hostPort": 8080}])
    cluster.clock.advance(1)
    cluster.pod("p", image="nginx", spec={**WORKER, **spec}, **container)
    cluster.clock.advance(1)
    status = cluster.status("pods", "p")
    assert status["phase"] == "Failed"
    assert (status["reason"], status["message"]) == (reason, f"Pod was rejected: {message}")
    assert cluster.events("p", reason) == [message]
    assert "containerStatuses" not in status


def test_a_taint_that_only_schedules_does_not_keep_a_named_pod_out(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", spec={"nodeName": "simulated-control-plane"})
    cluster.clock.advance(1)
    assert cluster.state("p") == "running"


def test_a_taint_that_executes_keeps_a_named_pod_out(cluster: Cluster) -> None:
    node = clone(cluster.api.get("nodes", "simulated-node-1"))
    node["spec"]["taints"] = [{"key": "team", "value": "blue", "effect": "NoExecute"}]
    pod: Obj = {"metadata": {"name": "p", "uid": "1"}, "spec": {"containers": []}}
    assert refusal(pod, node, []) == Refusal(
        "TaintToleration",
        "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    )


def test_a_safe_sysctl_is_fine(cluster: Cluster) -> None:
    sysctls = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]}
    cluster.pod("safe", image="nginx", spec={"securityContext": sysctls})
    cluster.clock.advance(1)
    assert cluster.state("safe") == "running"


def test_a_forced_deletion_still_tells_of_the_stopped_container(cluster: Cluster) -> None:
    cluster.pod("forced", image="nginx")
    cluster.clock.advance(1)
    cluster.delete("pods", "forced", grace_seconds=0)
    cluster.clock.advance(0.1)
    assert cluster.events("forced", "Killing") == ["Stopping container app"]


def test_a_deleted_pod_held_by_a_finalizer_reports_the_generation_of_its_deletion(cluster: Cluster) -> None:
    cluster.pod("held", image="nginx", metadata={"finalizers": ["example.com/hold"]})
    cluster.clock.advance(1)
    cluster.delete("pods", "held")
    cluster.clock.advance(0.05)
    status = cluster.status("pods", "held")
    assert status["observedGeneration"] == 2
    assert {c["observedGeneration"] for c in status["conditions"]} == {2}
