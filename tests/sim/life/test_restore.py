"""Controllers, scheduler and nodes when a snapshot turns time back under them: nothing twice, nothing left undone."""

from __future__ import annotations

from collections import Counter

import pytest

from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, name_of, uid_of
from labrunner.sim.store import Change, Snapshot
from tests.sim.life.conftest import Cluster, deployment, template

RUNNERS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch")


def turn_back(cluster: Cluster, snapshot: Snapshot) -> list[Change]:
    """Restore; the changes that controllers make from then on are added to the list while the clock moves."""
    found: list[Change] = []
    cluster.api.store.restore(snapshot)
    cluster.api.recorder.forget_floods()
    cluster.controllers.resync()
    cluster.api.store.subscribe(None, found.append)
    return found


def workloads(cluster: Cluster) -> None:
    """One of each kind that makes pods."""
    cluster.create("deployments.apps", "web", deployment(3))
    chosen: Obj = {"selector": {"matchLabels": {"app": "db"}}, "template": template(app="db")}
    cluster.create("statefulsets.apps", "db", {**chosen, "serviceName": "db", "replicas": 2})
    agents = {"selector": {"matchLabels": {"app": "agent"}}, "template": template(app="agent")}
    cluster.create("daemonsets.apps", "agent", agents)
    work = template("sleep", "5000", app="work", restartPolicy="Never")
    cluster.create("jobs.batch", "work", {"template": work, "completions": 2, "parallelism": 2})
    cluster.clock.advance(60)


def test_running_workloads_keep_their_pods(cluster: Cluster) -> None:
    workloads(cluster)
    before = cluster.api.store.snapshot()
    pods = {name_of(p): uid_of(p) for p in cluster.api.list("pods", "default")}
    assert len(pods) >= 8
    for name in list(pods)[::2]:
        cluster.delete("pods", name)
    cluster.change("deployments.apps", "web", spec__replicas=7)
    cluster.delete("statefulsets.apps", "db")
    cluster.delete("jobs.batch", "work", propagation="Background")
    cluster.clock.advance(90)
    told = turn_back(cluster, before)
    cluster.clock.advance(300)
    assert {name_of(p): uid_of(p) for p in cluster.api.list("pods", "default")} == pods
    assert all(cluster.phase(name) == "Running" for name in pods)
    assert [c for c in told if c.gr == "pods" and c.type != "MODIFIED"] == []
    for gr in RUNNERS:
        for found in cluster.api.list(gr, "default"):
            assert found["status"] == _saved(before, gr, found)["status"], gr


def _saved(snapshot: Snapshot, gr: str, obj: Obj) -> Obj:
    return snapshot.tables[gr][f"default/{name_of(obj)}"].obj


@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.0, 2.0, 3.0])
def test_a_rollout_under_way_is_finished(cluster: Cluster, seconds: float) -> None:
    cluster.create("deployments.apps", "web", deployment(4))
    cluster.clock.advance(30)
    cluster.change("deployments.apps", "web", spec__template=template(image="nginx:1.27"))
    cluster.clock.advance(seconds)
    halfway = cluster.api.store.snapshot()
    cluster.clock.advance(60)
    cluster.change("deployments.apps", "web", spec__template=template(image="nginx:1.28"))
    cluster.clock.advance(60)
    turn_back(cluster, halfway)
    cluster.clock.advance(90)
    images = Counter(p["spec"]["containers"][0]["image"] for p in cluster.api.list("pods", "default"))
    assert images == {"nginx:1.27": 4}
    sizes = sorted(rs["spec"]["replicas"] for rs in cluster.api.list("replicasets.apps", "default"))
    assert sizes == [0, 4]
    assert cluster.condition("deployments.apps", "web", "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_a_job_counts_every_pod_once(cluster: Cluster) -> None:
    work = template("sleep", "10", app="work", restartPolicy="Never")
    cluster.create("jobs.batch", "work", {"template": work, "completions": 4, "parallelism": 1})
    cluster.clock.advance(30)
    halfway = cluster.api.store.snapshot()
    done = cluster.status("jobs.batch", "work")["succeeded"]
    assert 0 < done < 4
    cluster.clock.advance(90)
    assert cluster.status("jobs.batch", "work")["succeeded"] == 4
    turn_back(cluster, halfway)
    assert cluster.status("jobs.batch", "work")["succeeded"] == done
    cluster.clock.advance(90)
    assert cluster.status("jobs.batch", "work")["succeeded"] == 4
    assert len(cluster.names("pods")) == 4
    assert cluster.condition("jobs.batch", "work", "Complete")["status"] == "True"


def test_a_pod_that_was_being_stopped_goes(cluster: Cluster) -> None:
    cluster.pod("slow", "sleep", "5000")
    cluster.clock.advance(5)
    cluster.delete("pods", "slow")
    cluster.clock.advance(0.3)
    stopping = cluster.api.store.snapshot()
    cluster.clock.advance(60)
    assert cluster.names("pods") == []
    turn_back(cluster, stopping)
    assert cluster.names("pods") == ["slow"]
    cluster.clock.advance(60)
    assert cluster.names("pods") == []


def test_a_deleted_namespace_comes_back_whole_and_stays(cluster: Cluster) -> None:
    api = cluster.api
    api.create("namespaces", {"metadata": {"name": "team"}})
    cluster.clock.advance(1)
    api.create("configmaps", {"metadata": {"name": "kept", "namespace": "team"}, "data": {"k": "v"}})
    pod: Obj = {"containers": [{"name": "app", "image": "nginx"}]}
    api.create("pods", {"metadata": {"name": "p", "namespace": "team"}, "spec": pod})
    cluster.clock.advance(20)
    before = api.store.snapshot()
    account = uid_of(api.get("serviceaccounts", "default", "team") or {})
    api.delete("namespaces", "team")
    cluster.clock.advance(90)
    assert api.get("namespaces", "team") is None
    turn_back(cluster, before)
    cluster.clock.advance(90)
    assert get_path(api.get("namespaces", "team"), "status", "phase") == "Active"
    assert sorted(name_of(c) for c in api.list("configmaps", "team")) == ["kept", "kube-root-ca.crt"]
    assert uid_of(api.get("serviceaccounts", "default", "team") or {}) == account
    assert get_path(api.get("pods", "p", "team"), "status", "phase") == "Running"


def test_an_object_replaced_by_another_of_its_name_goes_and_comes(cluster: Cluster) -> None:
    first = cluster.pod("p", "sleep", "5000")
    cluster.clock.advance(5)
    before = cluster.api.store.snapshot()
    cluster.delete("pods", "p", grace_seconds=0)
    cluster.clock.advance(1)
    second = cluster.pod("p", "sleep", "1", spec={"restartPolicy": "Never"})
    cluster.clock.advance(5)
    told: list[tuple[str, str]] = []
    cluster.api.store.subscribe("pods", lambda change: told.append((change.type, uid_of(change.obj))))
    turn_back(cluster, before)
    assert told == [("DELETED", uid_of(second)), ("ADDED", uid_of(first))]
    cluster.clock.advance(30)
    assert cluster.phase("p") == "Running"


def test_custom_objects_go_before_their_definition_and_come_after_it(cluster: Cluster) -> None:
    from tests.sim.custom import definition

    before = cluster.api.store.snapshot()
    crd = cluster.api.create("customresourcedefinitions.apiextensions.k8s.io", definition())
    names = crd["spec"]["names"]
    gr = f"{names['plural']}.{crd['spec']['group']}"
    obj: Obj = {"metadata": {"name": "one", "namespace": "default"}, "spec": {}}
    cluster.api.create(gr, obj)
    after = cluster.api.store.snapshot()
    told: list[str] = []
    cluster.api.store.subscribe(
        None, lambda change: told.append(f"{change.type} {change.gr.partition('.')[0]}")
    )
    turn_back(cluster, before)
    assert told == [f"DELETED {names['plural']}", "DELETED customresourcedefinitions"]
    assert cluster.api.registry.storage(gr) is None
    told.clear()
    turn_back(cluster, after)
    assert told == ["ADDED customresourcedefinitions", f"ADDED {names['plural']}"]
    assert cluster.api.registry.storage(gr) is not None


def test_ports_and_room_are_free_again(cluster: Cluster) -> None:
    ports: Obj = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}
    cluster.create("services", "old", ports)
    before = cluster.api.store.snapshot()
    cluster.delete("services", "old")
    cluster.create("services", "new", ports)
    large = {"resources": {"requests": {"cpu": "1500m"}}}
    for number in range(8):
        cluster.pod(f"large-{number}", **large)
    cluster.clock.advance(5)
    placed = Counter(cluster.phase(name) for name in cluster.names("pods"))
    assert placed["Pending"] > 0
    turn_back(cluster, before)
    assert cluster.names("services") == ["kubernetes", "old"]
    with pytest.raises(ApiError, match="provided port is already allocated"):
        cluster.create("services", "new", ports)
    for number in range(8):
        cluster.pod(f"large-{number}", **large)
    cluster.clock.advance(5)
    assert Counter(cluster.phase(name) for name in cluster.names("pods")) == placed


def test_nodes_stay_well_when_their_leases_are_old(cluster: Cluster) -> None:
    cluster.pod("p", "sleep", "50000")
    cluster.clock.advance(5)
    before = cluster.api.store.snapshot()
    cluster.clock.advance(7200)
    turn_back(cluster, before)
    cluster.clock.advance(600)
    for node in cluster.api.list("nodes"):
        ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
        assert ready["status"] == "True"
        assert not any(t.get("effect") == "NoExecute" for t in get_path(node, "spec", "taints", default=[]))
    assert cluster.phase("p") == "Running"


def test_a_step_that_is_reset_again_and_again_tells_its_events_every_time(cluster: Cluster) -> None:
    before = cluster.api.store.snapshot()
    for _ in range(40):
        cluster.pod("p", "sleep", "5000")
        cluster.clock.advance(5)
        assert "Started" in cluster.reasons("p")
        turn_back(cluster, before)
        assert cluster.names("pods") == []


def test_what_was_saved_is_not_touched_by_what_comes_after(cluster: Cluster) -> None:
    workloads(cluster)
    before = cluster.api.store.snapshot()
    copy = {gr: {k: clone(r.obj) for k, r in table.items()} for gr, table in before.tables.items()}
    for _ in range(3):
        cluster.change("deployments.apps", "web", spec__replicas=1)
        cluster.clock.advance(30)
        turn_back(cluster, before)
        cluster.clock.advance(30)
    assert {gr: {k: r.obj for k, r in table.items()} for gr, table in before.tables.items()} == copy
