from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labrunner.sim.controllers import cronschedule, job_indexes
from labrunner.sim.objects import Obj, name_of
from tests.sim.life.conftest import Cluster, template

JOBS = "jobs.batch"
CRON_JOBS = "cronjobs.batch"
STATEFUL_SETS = "statefulsets.apps"
DAEMON_SETS = "daemonsets.apps"


def job(cluster: Cluster, name: str, script: str, policy: str = "Never", **spec: object) -> Obj:
    container = {"name": "app", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"spec": {"restartPolicy": policy, "containers": [container]}}
    return cluster.create(JOBS, name, {"template": pod, **spec})


def stateful_set(cluster: Cluster, **spec: object) -> None:
    cluster.create(
        STATEFUL_SETS,
        "db",
        {
            "serviceName": "db",
            "replicas": 3,
            "selector": {"matchLabels": {"app": "db"}},
            "template": template(app="db"),
            **spec,
        },
    )


# Job


def test_job_completes_with_the_real_conditions(cluster: Cluster) -> None:
    job(cluster, "ok", "echo done; sleep 2")
    cluster.clock.advance(1)
    assert cluster.status(JOBS, "ok")["active"] == 1
    cluster.clock.advance(4)
    status = cluster.status(JOBS, "ok")
    assert [(c["type"], c["reason"]) for c in status["conditions"]] == [
        ("SuccessCriteriaMet", "CompletionsReached"),
        ("Complete", "CompletionsReached"),
    ]
    assert status["succeeded"] == 1
    assert "active" not in status
    assert status["uncountedTerminatedPods"] == {}
    (pod,) = cluster.names("pods")
    assert cluster.events("ok") == [f"Created pod: {pod}", "Job completed"]
    assert "finalizers" not in cluster.get("pods", pod)["metadata"]


def test_failing_job_retries_with_back_off_until_its_limit(cluster: Cluster) -> None:
    job(cluster, "fails", "exit 1", backoffLimit=2)
    for pods, seconds in ((1, 5), (2, 10), (3, 25)):
        cluster.clock.advance(seconds)
        assert len(cluster.names("pods")) == pods
    failed = cluster.condition(JOBS, "fails", "Failed")
    assert (failed["reason"], failed["message"]) == (
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    )
    assert cluster.status(JOBS, "fails")["failed"] == 3


def test_restarts_of_an_on_failure_pod_count_against_the_limit(cluster: Cluster) -> None:
    job(cluster, "fails", "exit 1", "OnFailure", backoffLimit=1)
    cluster.clock.advance(10)
    assert cluster.condition(JOBS, "fails", "Failed")["reason"] == "BackoffLimitExceeded"
    assert cluster.names("pods") == []


def test_deadline_ends_a_job(cluster: Cluster) -> None:
    job(cluster, "late", "sleep 100", activeDeadlineSeconds=5)
    cluster.clock.advance(4)
    assert cluster.condition(JOBS, "late", "Failed") == {}
    cluster.clock.advance(4)
    assert (
        cluster.condition(JOBS, "late", "Failed")["message"]
        == "Job was active longer than specified deadline"
    )


def test_parallelism_and_completions(cluster: Cluster) -> None:
    job(cluster, "par", "sleep 5", completions=5, parallelism=2)
    busiest = 0
    for _ in range(40):
        cluster.clock.advance(0.5)
        busiest = max(busiest, cluster.status(JOBS, "par").get("active", 0))
    assert busiest == 2
    assert cluster.status(JOBS, "par")["succeeded"] == 5


def test_indexed_job_numbers_its_pods(cluster: Cluster) -> None:
    job(cluster, "idx", "sleep 1", completions=3, parallelism=3, completionMode="Indexed")
    cluster.clock.advance(5)
    assert cluster.status(JOBS, "idx")["completedIndexes"] == "0-2"
    hosts = sorted(p["spec"]["hostname"] for p in cluster.api.list("pods", "default"))
    assert hosts == ["idx-0", "idx-1", "idx-2"]


def test_suspend_and_resume(cluster: Cluster) -> None:
    job(cluster, "later", "sleep 5", suspend=True)
    cluster.clock.advance(1)
    assert cluster.names("pods") == []
    assert cluster.condition(JOBS, "later", "Suspended")["message"] == "Job suspended"
    cluster.change(JOBS, "later", spec__suspend=False)
    cluster.clock.advance(1)
    assert len(cluster.names("pods")) == 1
    assert cluster.condition(JOBS, "later", "Suspended")["reason"] == "JobResumed"


def test_failure_policy_can_end_a_job_at_once(cluster: Cluster) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    job(cluster, "strict", "exit 42", podFailurePolicy={"rules": [rule]})
    cluster.clock.advance(3)
    (pod,) = cluster.names("pods")
    failed = cluster.condition(JOBS, "strict", "Failed")
    assert failed["reason"] == "PodFailurePolicy"
    assert failed["message"] == (
        f"Container app for pod default/{pod} failed with exit code 42 matching FailJob rule at index 0"
    )


def test_ttl_removes_a_finished_job_with_its_pods(cluster: Cluster) -> None:
    job(cluster, "short", "true", ttlSecondsAfterFinished=10)
    cluster.clock.advance(5)
    assert cluster.names(JOBS) == ["short"]
    cluster.clock.advance(10)
    assert (cluster.names(JOBS), cluster.names("pods")) == ([], [])


@pytest.mark.parametrize(
    ("numbers", "text"), [({0, 1, 2}, "0-2"), ({0, 1}, "0,1"), ({0, 2, 3, 4, 7}, "0,2-4,7"), (set(), "")]
)
def test_indexes_are_written_as_upstream(numbers: set[int], text: str) -> None:
    assert job_indexes.format_indexes(numbers) == text
    assert job_indexes.parse_indexes(text) == numbers


# CronJob


def cron(cluster: Cluster, script: str = "echo tick", **spec: object) -> None:
    container = {"name": "app", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"spec": {"restartPolicy": "OnFailure", "containers": [container]}}
    cluster.create(
        CRON_JOBS, "tick", {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": pod}}, **spec}
    )


def test_cron_job_runs_on_the_minute_and_keeps_three(cluster: Cluster) -> None:
    cron(cluster)
    cluster.clock.advance(305)
    minutes = int(datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp()) // 60
    assert cluster.names(JOBS) == [f"tick-{minutes + n}" for n in (3, 4, 5)]
    told = cluster.events("tick")
    assert told[:2] == [
        f"Created job tick-{minutes + 1}",
        f"Saw completed job: tick-{minutes + 1}, condition: Complete",
    ]
    assert f"Deleted job tick-{minutes + 1}" in told
    assert cluster.status(CRON_JOBS, "tick")["lastScheduleTime"] == "2026-01-01T12:05:00Z"


@pytest.mark.parametrize(("policy", "active"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_concurrency_policy(cluster: Cluster, policy: str, active: int) -> None:
    cron(cluster, "sleep 1000", concurrencyPolicy=policy)
    cluster.clock.advance(200)
    assert len(cluster.status(CRON_JOBS, "tick")["active"]) == active


def test_suspended_cron_job_does_nothing(cluster: Cluster) -> None:
    cron(cluster, suspend=True)
    cluster.clock.advance(200)
    assert cluster.names(JOBS) == []


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("*/5 * * * *", "", "2026-03-01 10:05"),
        ("0 3 * * *", "", "2026-03-02 03:00"),
        ("30 10 1,15 * *", "", "2026-03-01 10:30"),
        ("0 0 13 * FRI", "", "2026-03-06 00:00"),
        ("@monthly", "", "2026-04-01 00:00"),
        ("0 0 29 2 *", "", "2028-02-29 00:00"),
        ("0 12 * * *", "Asia/Tokyo", "2026-03-02 03:00"),
        ("15-20/5 10 * * 7", "", "2026-03-01 10:15"),
    ],
)
def test_next_time_of_a_schedule(schedule: str, zone: str, expected: str) -> None:
    # 2026-03-01 is a Sunday.
    start = datetime(2026, 3, 1, 10, 2, 30, tzinfo=UTC)
    found = cronschedule.parse(schedule, zone).next_after(start)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize("schedule", ["61 * * * *", "* * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"])
def test_bad_schedules_are_refused(schedule: str) -> None:
    with pytest.raises(cronschedule.ScheduleError):
        cronschedule.parse(schedule)


# StatefulSet


def test_stateful_pods_start_one_after_the_other(cluster: Cluster) -> None:
    stateful_set(cluster)
    order = []
    cluster.api.store.subscribe("pods", lambda c: order.append(name_of(c.new)) if c.type == "ADDED" else None)
    most_unready = 0
    for _ in range(30):
        cluster.clock.advance(0.1)
        unready = [p for p in cluster.names("pods") if cluster.state(p) != "running"]
        most_unready = max(most_unready, len(unready))
    assert order == ["db-0", "db-1", "db-2"]
    assert most_unready == 1
    pod = cluster.get("pods", "db-1")
    assert pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-1"
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")


def test_each_stateful_pod_has_its_claim_and_it_stays(cluster: Cluster) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}}
    stateful_set(cluster, replicas=2, volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": claim}])
    cluster.clock.advance(2)
    assert cluster.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
    volumes = cluster.get("pods", "db-0")["spec"]["volumes"]
    assert volumes[0] == {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}
    cluster.change(STATEFUL_SETS, "db", spec__replicas=1)
    cluster.clock.advance(3)
    assert cluster.names("pods") == ["db-0"]
    assert cluster.names("persistentvolumeclaims") == ["data-db-0", "data-db-1"]
    assert "Create Claim data-db-0 Pod db-0 in StatefulSet db success" in cluster.events("db")


def test_update_goes_from_last_to_first_and_stops_at_the_partition(cluster: Cluster) -> None:
    stateful_set(cluster, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    cluster.clock.advance(3)
    old = cluster.status(STATEFUL_SETS, "db")["currentRevision"]
    cluster.change(STATEFUL_SETS, "db", spec__template=template(image="nginx:1.26", app="db"))
    cluster.clock.advance(10)
    images = [cluster.get("pods", f"db-{n}")["spec"]["containers"][0]["image"] for n in range(3)]
    assert images == ["nginx:1.25", "nginx:1.26", "nginx:1.26"]
    status = cluster.status(STATEFUL_SETS, "db")
    assert status["currentRevision"] == old != status["updateRevision"]
    cluster.change(STATEFUL_SETS, "db", spec__updateStrategy__rollingUpdate__partition=0)
    cluster.clock.advance(10)
    status = cluster.status(STATEFUL_SETS, "db")
    assert status["currentRevision"] == status["updateRevision"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (3, 3)


def test_deleted_member_comes_back_under_its_name(cluster: Cluster) -> None:
    stateful_set(cluster)
    cluster.clock.advance(3)
    uid = cluster.get("pods", "db-1")["metadata"]["uid"]
    cluster.delete("pods", "db-1")
    cluster.clock.advance(3)
    assert cluster.get("pods", "db-1")["metadata"]["uid"] != uid
    assert cluster.status(STATEFUL_SETS, "db")["readyReplicas"] == 3


# DaemonSet


def test_daemon_runs_on_every_node_that_will_have_it(cluster: Cluster) -> None:
    spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": template(app="agent")}
    cluster.create(DAEMON_SETS, "agent", spec)
    cluster.clock.advance(1)
    status = cluster.status(DAEMON_SETS, "agent")
    assert (status["desiredNumberScheduled"], status["numberReady"], status["numberAvailable"]) == (1, 1, 1)
    tolerant = template(app="agent", tolerations=[{"operator": "Exists"}])
    cluster.change(DAEMON_SETS, "agent", spec__template=tolerant)
    cluster.clock.advance(5)
    nodes = {p["spec"]["nodeName"] for p in cluster.api.list("pods", "default")}
    assert nodes == {"simulated-control-plane", "simulated-node-1"}
    assert cluster.status(DAEMON_SETS, "agent")["updatedNumberScheduled"] == 2
    assert len(cluster.names("controllerrevisions.apps")) == 2


def test_daemon_pods_survive_a_cordon_and_follow_node_labels(cluster: Cluster) -> None:
    spec = {
        "selector": {"matchLabels": {"app": "agent"}},
        "template": template(app="agent", nodeSelector={"disk": "ssd"}),
    }
    cluster.create(DAEMON_SETS, "agent", spec)
    cluster.clock.advance(1)
    assert cluster.status(DAEMON_SETS, "agent")["desiredNumberScheduled"] == 0
    node = cluster.api.get("nodes", "simulated-node-1") or {}
    labels = {**node["metadata"]["labels"], "disk": "ssd"}
    changed = {**node, "metadata": {**node["metadata"], "labels": labels}}
    changed["spec"] = {**node["spec"], "unschedulable": True}
    cluster.api.update("nodes", changed)
    cluster.clock.advance(2)
    assert cluster.status(DAEMON_SETS, "agent")["numberReady"] == 1
