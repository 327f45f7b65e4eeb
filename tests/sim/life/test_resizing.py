"""Resizing in place, restart rules of one container, debug containers: the newer sides of a pod's life."""

from __future__ import annotations

from labrunner.sim.objects import Obj, clone
from tests.sim.life.conftest import Cluster

SIZES: Obj = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}


def resize(cluster: Cluster, name: str, **requests: str) -> None:
    """As the resize subresource stores it."""
    pod = clone(cluster.get("pods", name))
    for resource, amount in requests.items():
        pod["spec"]["containers"][0]["resources"]["requests"][resource] = amount
        pod["spec"]["containers"][0]["resources"]["limits"][resource] = amount
    pod["metadata"]["generation"] += 1
    cluster.api.store.put("pods", pod)
    cluster.clock.advance(0.2)


def container(cluster: Cluster, name: str) -> Obj:
    return dict(cluster.status("pods", name)["containerStatuses"][0])


def test_more_cpu_is_granted_without_a_restart(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", resources=SIZES)
    cluster.clock.advance(1)
    resize(cluster, "p", cpu="300m")
    found = container(cluster, "p")
    assert found["resources"]["limits"]["cpu"] == "300m"
    assert found["allocatedResources"]["cpu"] == "300m"
    assert found["restartCount"] == 0
    assert cluster.status("pods", "p")["allocatedResources"]["cpu"] == "300m"


def test_a_resize_policy_may_ask_for_a_restart(cluster: Cluster) -> None:
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    cluster.pod("p", image="nginx", resources=SIZES, resizePolicy=policy)
    cluster.clock.advance(1)
    resize(cluster, "p", memory="256Mi")
    cluster.clock.advance(3)
    assert container(cluster, "p")["restartCount"] == 1
    assert cluster.events("p", "Killing") == ["Container app resize requires restart"]


def test_what_no_node_of_this_size_has_is_infeasible(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", resources=SIZES)
    cluster.clock.advance(1)
    resize(cluster, "p", cpu="100")
    pending = cluster.condition("pods", "p", "PodResizePending")
    assert (pending["reason"], pending["message"]) == (
        "Infeasible",
        "Node didn't have enough capacity: cpu, requested: 100000, capacity: 4000",
    )
    assert container(cluster, "p")["resources"]["limits"]["cpu"] == "200m"


def test_what_others_have_now_is_put_off(cluster: Cluster) -> None:
    cluster.pod("other", image="nginx", resources={"requests": {"cpu": "3"}})
    cluster.pod("p", image="nginx", resources=SIZES)
    cluster.clock.advance(1)
    resize(cluster, "p", cpu="2")
    pending = cluster.condition("pods", "p", "PodResizePending")
    assert (pending["reason"], pending["message"]) == (
        "Deferred",
        "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
    )
    cluster.delete("pods", "other")
    cluster.clock.advance(15)
    assert cluster.condition("pods", "p", "PodResizePending") == {}
    assert container(cluster, "p")["resources"]["limits"]["cpu"] == "2"


def test_a_rule_brings_one_container_back(cluster: Cluster) -> None:
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    own = {"restartPolicy": "Never", "restartPolicyRules": rules}
    never = {"restartPolicy": "Never"}
    cluster.pod("again", "sh", "-c", "exit 42", spec=never, **own)
    cluster.pod("done", "sh", "-c", "exit 3", spec=never, **own)
    cluster.clock.advance(3)
    assert (cluster.phase("again"), cluster.state("again")) == ("Running", "CrashLoopBackOff")
    assert container(cluster, "again")["restartCount"] == 1
    assert (cluster.phase("done"), cluster.state("done")) == ("Failed", "Error")


def test_a_debug_container_is_never_ready(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx")
    cluster.clock.advance(1)
    pod = clone(cluster.get("pods", "p"))
    debugger = {"name": "debug", "image": "busybox", "command": ["sleep", "3600"]}
    pod["spec"]["ephemeralContainers"] = [debugger]
    cluster.api.store.put("pods", pod)
    cluster.clock.advance(1)
    (found,) = cluster.status("pods", "p")["ephemeralContainerStatuses"]
    assert "running" in found["state"]
    assert found["ready"] is False
    assert "started" not in found
