from __future__ import annotations

from labrunner.sim.objects import Obj, clone, is_terminating, labels_of, name_of
from tests.sim.life.conftest import Cluster, template

SETS = "daemonsets.apps"
BOTH = {"tolerations": [{"operator": "Exists"}]}


def agent(cluster: Cluster, **spec: object) -> None:
    body: Obj = {"selector": {"matchLabels": {"app": "agent"}}, "template": slow(), **spec}
    cluster.create(SETS, "agent", body)
    cluster.clock.advance(5)


def slow(image: str = "nginx:1.25") -> Obj:
    """A template whose pods are ready two seconds after their start, on every node."""
    found = template(image=image, app="agent", **BOTH)
    found["spec"]["containers"][0]["readinessProbe"] = {
        "exec": {"command": ["true"]},
        "initialDelaySeconds": 2,
    }
    return found


def live(cluster: Cluster) -> list[Obj]:
    return [p for p in cluster.api.list("pods", "default") if not is_terminating(p)]


def rolling(**limits: object) -> Obj:
    return {"type": "RollingUpdate", "rollingUpdate": limits}


def test_one_pod_after_the_other_by_default(cluster: Cluster) -> None:
    agent(cluster)
    cluster.change(SETS, "agent", spec__template=slow("nginx:1.26"))
    fewest = 2
    for _ in range(100):
        cluster.clock.advance(0.1)
        fewest = min(fewest, cluster.status(SETS, "agent").get("numberAvailable", 0))
    assert fewest == 1
    status = cluster.status(SETS, "agent")
    assert (status["updatedNumberScheduled"], status["numberAvailable"]) == (2, 2)
    assert "numberUnavailable" not in status


def test_surge_makes_the_new_pod_before_the_old_one_goes(cluster: Cluster) -> None:
    agent(cluster, updateStrategy=rolling(maxSurge=1, maxUnavailable=0))
    cluster.change(SETS, "agent", spec__template=slow("nginx:1.26"))
    most, fewest = 0, 2
    for _ in range(120):
        cluster.clock.advance(0.1)
        most = max(most, len(live(cluster)))
        fewest = min(fewest, cluster.status(SETS, "agent").get("numberAvailable", 0))
    assert (most, fewest) == (3, 2)
    images = {p["spec"]["containers"][0]["image"] for p in live(cluster)}
    assert (len(live(cluster)), images) == (2, {"nginx:1.26"})


def test_all_at_once_when_all_may_be_missing(cluster: Cluster) -> None:
    agent(cluster, updateStrategy=rolling(maxUnavailable="100%"))
    cluster.change(SETS, "agent", spec__template=slow("nginx:1.26"))
    cluster.clock.advance(0.01)
    assert live(cluster) == []


def test_broken_update_stops_at_its_limit(cluster: Cluster) -> None:
    agent(cluster)
    cluster.change(SETS, "agent", spec__template=slow("nginx:doesnotexist"))
    cluster.clock.advance(30)
    images = sorted(p["spec"]["containers"][0]["image"] for p in live(cluster))
    assert images == ["nginx:1.25", "nginx:doesnotexist"]
    assert cluster.status(SETS, "agent")["numberUnavailable"] == 1


def test_on_delete_waits_for_the_user(cluster: Cluster) -> None:
    agent(cluster, updateStrategy={"type": "OnDelete"})
    cluster.change(SETS, "agent", spec__template=slow("nginx:1.26"))
    cluster.clock.advance(10)
    assert cluster.status(SETS, "agent").get("updatedNumberScheduled", 0) == 0
    cluster.delete("pods", name_of(live(cluster)[0]))
    cluster.clock.advance(10)
    assert cluster.status(SETS, "agent")["updatedNumberScheduled"] == 1


def test_ended_pods_are_told_of_and_replaced(cluster: Cluster) -> None:
    agent(cluster)
    first, second = (clone(p) for p in live(cluster))
    first["status"]["phase"], second["status"]["phase"] = "Failed", "Succeeded"
    cluster.api.update_status("pods", first)
    cluster.api.update_status("pods", second)
    cluster.clock.advance(5)
    assert cluster.events("agent", "FailedDaemonPod") == [
        f"Found failed daemon pod default/{name_of(first)} on node {first['spec']['nodeName']}, will try to kill it"
    ]
    assert cluster.events("agent", "SucceededDaemonPod") == [
        f"Found succeeded daemon pod default/{name_of(second)} on node {second['spec']['nodeName']}, "
        "will try to delete it"
    ]
    assert cluster.status(SETS, "agent")["numberReady"] == 2


def test_history_is_numbered_and_an_old_revision_comes_back_as_the_newest(cluster: Cluster) -> None:
    agent(cluster)
    for image in ("nginx:1.26", "nginx:1.25"):
        cluster.change(SETS, "agent", spec__template=slow(image))
        cluster.clock.advance(15)
    found = cluster.api.list("controllerrevisions.apps", "default")
    assert sorted(r["revision"] for r in found) == [2, 3]
    newest = max(found, key=lambda r: int(r["revision"]))
    hashes = {labels_of(p)["controller-revision-hash"] for p in live(cluster)}
    assert hashes == {labels_of(newest)["controller-revision-hash"]}
    assert name_of(newest) == f"agent-{hashes.pop()}"


def test_template_generation_is_counted_and_cannot_be_removed(cluster: Cluster) -> None:
    note = "deprecated.daemonset.template.generation"
    agent(cluster)
    assert cluster.get(SETS, "agent")["metadata"]["annotations"] == {note: "1"}
    cluster.change(SETS, "agent", metadata__annotations={})
    assert cluster.get(SETS, "agent")["metadata"]["annotations"] == {note: "1"}
    cluster.change(SETS, "agent", spec__template=slow("nginx:1.26"))
    cluster.clock.advance(15)
    assert cluster.get(SETS, "agent")["metadata"]["annotations"] == {note: "2"}
    assert {labels_of(p)["pod-template-generation"] for p in live(cluster)} == {"2"}
