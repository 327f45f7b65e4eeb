from __future__ import annotations

import pytest

from labrunner.sim.objects import Obj, clone
from tests.sim.life.conftest import Cluster

CLASSES = "priorityclasses.scheduling.k8s.io"
NOT_HELPFUL = (
    "no new claims to deallocate, preemption: 0/2 nodes are available: "
    "2 Preemption is not helpful for scheduling."
)
TOLERANT = [{"operator": "Exists"}]


def requests(**amounts: str) -> Obj:
    return {"requests": dict(amounts)}


def change_node(cluster: Cluster, **spec: object) -> None:
    node = clone(cluster.api.get("nodes", "simulated-node-1"))
    node["spec"].update(spec)
    cluster.api.update("nodes", node)


def label_node(cluster: Cluster, name: str, **labels: str) -> None:
    node = clone(cluster.api.get("nodes", name))
    node["metadata"]["labels"].update(labels)
    cluster.api.update("nodes", node)


def refusal(cluster: Cluster, pod: str) -> str:
    found = cluster.condition("pods", pod, "PodScheduled")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    assert cluster.events(pod, "FailedScheduling")[-1] == found["message"]
    return str(found["message"])


def node_of(cluster: Cluster, pod: str) -> str:
    return str(cluster.get("pods", pod)["spec"].get("nodeName", ""))


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("container", "spec", "reasons"),
    [
        ({"resources": requests(cpu="100")}, {}, "1 Insufficient cpu, 1 node(s) had untolerated taint(s)"),
        (
            {"resources": requests(cpu="100", memory="1Ti")},
            {},
            "1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint(s)",
        ),
        (
            {"resources": {"limits": {"nvidia.com/gpu": "1"}}},
            {},
            "1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint(s)",
        ),
        (
            {},
            {"nodeSelector": {"disk": "ssd"}},
            "1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)",
        ),
        (
            {},
            {"nodeSelector": {"disk": "ssd"}, "tolerations": TOLERANT},
            "2 node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {},
            {
                "affinity": {
                    "podAffinity": {
                        REQUIRED: [
                            {
                                "labelSelector": {"matchLabels": {"app": "absent"}},
                                "topologyKey": "kubernetes.io/hostname",
                            }
                        ]
                    }
                }
            },
            "1 node(s) didn't match pod affinity rules, 1 node(s) had untolerated taint(s)",
        ),
    ],
)
def test_refusals_are_worded_as_the_real_ones(
    cluster: Cluster, container: Obj, spec: Obj, reasons: str
) -> None:
    cluster.pod("p", "sleep", "600", spec=spec, **container)
    cluster.clock.advance(1)
    assert refusal(cluster, "p") == f"0/2 nodes are available: {reasons}. {NOT_HELPFUL}"
    assert cluster.phase("p") == "Pending"


def test_a_cordoned_node_takes_no_pods_until_it_is_uncordoned(cluster: Cluster) -> None:
    change_node(cluster, unschedulable=True)
    cluster.clock.advance(0.1)
    node = cluster.api.get("nodes", "simulated-node-1") or {}
    assert [t["key"] for t in node["spec"]["taints"]] == ["node.kubernetes.io/unschedulable"]
    cluster.pod("p", image="nginx")
    cluster.clock.advance(1)
    assert refusal(cluster, "p").startswith(
        "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. "
    )
    change_node(cluster, unschedulable=False)
    cluster.clock.advance(3)
    assert cluster.state("p") == "running"


def test_host_ports_clash(cluster: Cluster) -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}]
    cluster.pod("a", image="nginx", ports=ports)
    cluster.pod("b", image="nginx", ports=ports)
    cluster.clock.advance(1)
    assert "1 node(s) didn't have free ports for the requested pod ports" in refusal(cluster, "b")
    assert "1 No preemption victims found for incoming pod, 1 Preemption is not helpful" in refusal(
        cluster, "b"
    )
    cluster.delete("pods", "a")
    cluster.clock.advance(5)
    assert cluster.state("b") == "running"


def test_requests_add_up(cluster: Cluster) -> None:
    for name in ("a", "b", "c"):
        cluster.pod(name, image="nginx", resources=requests(cpu="1500m"))
        cluster.clock.advance(0.1)
    cluster.clock.advance(1)
    assert [node_of(cluster, n) for n in "abc"] == ["simulated-node-1", "simulated-node-1", ""]
    assert "1 Insufficient cpu" in refusal(cluster, "c")


def test_anti_affinity_keeps_pods_apart(cluster: Cluster) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    spec = {"affinity": {"podAntiAffinity": {REQUIRED: [term]}}, "tolerations": TOLERANT}
    for name in ("a", "b", "c"):
        cluster.pod(name, image="nginx", spec=spec, metadata={"labels": {"app": "x"}})
        cluster.clock.advance(0.2)
    cluster.clock.advance(1)
    assert {node_of(cluster, "a"), node_of(cluster, "b")} == {"simulated-control-plane", "simulated-node-1"}
    assert "2 node(s) didn't match pod anti-affinity rules" in refusal(cluster, "c")


def test_affinity_to_itself_lets_the_first_pod_start(cluster: Cluster) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    spec = {"affinity": {"podAffinity": {REQUIRED: [term]}}, "tolerations": TOLERANT}
    for name in ("a", "b", "c"):
        cluster.pod(name, image="nginx", spec=spec, metadata={"labels": {"app": "x"}})
        cluster.clock.advance(0.2)
    assert len({node_of(cluster, n) for n in "abc"}) == 1


def test_topology_spread(cluster: Cluster) -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    label_node(cluster, "simulated-node-1", zone="a")
    label_node(cluster, "simulated-control-plane", zone="b")
    spec = {"topologySpreadConstraints": [constraint], "tolerations": TOLERANT}
    for name in ("a", "b", "c", "d"):
        cluster.pod(name, image="nginx", spec=spec, metadata={"labels": {"app": "x"}})
        cluster.clock.advance(0.2)
    nodes = [node_of(cluster, n) for n in "abcd"]
    assert nodes.count("simulated-node-1") == nodes.count("simulated-control-plane") == 2


def test_unbound_and_missing_claims(cluster: Cluster) -> None:
    def volume(claim: str) -> Obj:
        return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]}

    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "nosuch",
    }
    cluster.create("persistentvolumeclaims", "unbound", claim)
    cluster.pod("a", image="nginx", spec=volume("absent"))
    cluster.pod("b", image="nginx", spec=volume("unbound"))
    cluster.clock.advance(1)
    head = "0/2 nodes are available: "
    assert refusal(cluster, "a") == f'{head}persistentvolumeclaim "absent" not found. not found'
    assert refusal(cluster, "b") == f"{head}pod has unbound immediate PersistentVolumeClaims. not found"


def test_gated_and_foreign_pods_are_left_alone(cluster: Cluster) -> None:
    cluster.pod("gated", image="nginx", spec={"schedulingGates": [{"name": "example.com/wait"}]})
    cluster.pod("foreign", image="nginx", spec={"schedulerName": "mine"})
    cluster.clock.advance(1)
    assert cluster.condition("pods", "gated", "PodScheduled")["reason"] == "SchedulingGated"
    assert cluster.condition("pods", "foreign", "PodScheduled") == {}
    assert (node_of(cluster, "gated"), node_of(cluster, "foreign")) == ("", "")


def test_a_pod_of_higher_priority_takes_the_place_of_a_lower_one(cluster: Cluster) -> None:
    cluster.api.create(CLASSES, {"metadata": {"name": "high"}, "value": 1000})
    cluster.pod("low", image="nginx", resources=requests(cpu="3"))
    cluster.clock.advance(1)
    cluster.pod("high", image="nginx", resources=requests(cpu="3"), spec={"priorityClassName": "high"})
    cluster.clock.advance(0.2)
    assert cluster.status("pods", "high")["nominatedNodeName"] == "simulated-node-1"
    assert refusal(cluster, "high") == (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
    )
    cluster.clock.advance(5)
    assert cluster.state("high") == "running"
    assert cluster.names("pods") == ["high"]
    assert cluster.events("low", "Preempted")


def test_no_execute_taint_evicts(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx")
    cluster.clock.advance(1)
    change_node(cluster, taints=[{"key": "maintenance", "effect": "NoExecute"}])
    cluster.clock.advance(0.05)
    assert cluster.condition("pods", "p", "DisruptionTarget")["reason"] == "DeletionByTaintManager"
    cluster.clock.advance(3)
    assert cluster.names("pods") == []


def test_preferred_affinity_is_followed(cluster: Cluster) -> None:
    label_node(cluster, "simulated-control-plane", disk="ssd")
    preference = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    affinity = {"nodeAffinity": {preferred: [{"weight": 100, "preference": preference}]}}
    cluster.pod("p", image="nginx", spec={"affinity": affinity, "tolerations": TOLERANT})
    cluster.clock.advance(0.2)
    assert node_of(cluster, "p") == "simulated-control-plane"


def test_a_toleration_added_later_helps_at_once(cluster: Cluster) -> None:
    change_node(cluster, taints=[{"key": "team", "value": "blue", "effect": "NoSchedule"}])
    cluster.pod("p", image="nginx")
    cluster.clock.advance(1.2)
    assert "2 node(s) had untolerated taint(s)" in refusal(cluster, "p")
    tolerations = [*cluster.get("pods", "p")["spec"]["tolerations"], {"key": "team", "operator": "Exists"}]
    cluster.change("pods", "p", spec__tolerations=tolerations)
    cluster.clock.advance(0.1)
    assert node_of(cluster, "p") == "simulated-node-1"


def test_a_claim_that_waits_is_provisioned_for_its_first_pod(cluster: Cluster) -> None:
    lazy = {"metadata": {"name": "lazy"}, "volumeBindingMode": "WaitForFirstConsumer"}
    provisioner = "simulated.labrunner.dev/no-storage"
    cluster.api.create("storageclasses.storage.k8s.io", {**lazy, "provisioner": provisioner})
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "lazy",
    }
    cluster.create("persistentvolumeclaims", "data", claim)
    cluster.clock.advance(1)
    assert cluster.status("persistentvolumeclaims", "data")["phase"] == "Pending"
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.pod("p", image="nginx", spec={"volumes": volumes})
    cluster.clock.advance(1)
    assert cluster.status("persistentvolumeclaims", "data")["phase"] == "Bound"
    assert cluster.state("p") == "running"


def test_a_pod_with_a_node_name_needs_no_scheduler(cluster: Cluster) -> None:
    cluster.pod("there", image="nginx", spec={"nodeName": "simulated-control-plane"})
    cluster.pod("lost", image="nginx", spec={"nodeName": "no-such-node"})
    cluster.clock.advance(1)
    assert cluster.state("there") == "running"
    assert cluster.condition("pods", "there", "PodScheduled")["status"] == "True"
    assert cluster.events("there", "Scheduled") == []
    cluster.clock.advance(45)
    assert cluster.names("pods") == ["there"]
