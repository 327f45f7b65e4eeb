from __future__ import annotations

import pytest

from labrunner.sim import printers
from labrunner.sim.controllers import job_policies
from labrunner.sim.objects import Obj, clone, name_of
from labrunner.sim.store import Change
from tests.sim.life.conftest import Cluster

JOBS = "jobs.batch"
FAILURES = "batch.kubernetes.io/job-index-failure-count"


def job(cluster: Cluster, name: str, script: str, policy: str = "Never", **spec: object) -> Obj:
    container = {"name": "app", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    pod = {"spec": {"restartPolicy": policy, "containers": [container]}}
    return cluster.create(JOBS, name, {"template": pod, **spec})


def indexed(cluster: Cluster, name: str, script: str, completions: int, **spec: object) -> None:
    job(
        cluster,
        name,
        script,
        completions=completions,
        parallelism=completions,
        completionMode="Indexed",
        **spec,
    )


def end_pod(cluster: Cluster, index: int, phase: str) -> Obj:
    """Let the newest pod of *index* end, as a kubelet would report it."""
    found = [
        p
        for p in cluster.api.list("pods", "default")
        if p["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == str(index)
        and p["status"]["phase"] not in ("Failed", "Succeeded")
    ]
    pod = clone(found[-1])
    pod["status"]["phase"] = phase
    return cluster.api.update_status("pods", pod)


def kinds(cluster: Cluster, name: str) -> list[tuple[str, str]]:
    return [(c["type"], c["reason"]) for c in cluster.status(JOBS, name)["conditions"]]


def test_watchers_see_a_job_note_its_pod_before_it_is_complete(cluster: Cluster) -> None:
    seen: list[Obj] = []
    rows: list[list[object]] = []

    def look(change: Change) -> None:
        found = change.new or {}
        seen.append(found.get("status") or {})
        table = printers.table([found], cluster.api.type_of(JOBS), now=cluster.clock.now())
        rows.append(table["rows"][0]["cells"][1:3])

    cluster.api.store.subscribe(JOBS, look)
    job(cluster, "ok", "sleep 1")
    cluster.clock.advance(5)
    assert rows[-2:] == [["SuccessCriteriaMet", "0/1"], ["Complete", "1/1"]]
    steps = [
        (
            [c["type"] for c in s.get("conditions", [])],
            s.get("active", 0),
            s.get("succeeded", 0),
            list(s.get("uncountedTerminatedPods") or {}),
        )
        for s in seen
    ]
    assert steps[-2:] == [
        (["SuccessCriteriaMet"], 0, 0, ["succeeded"]),
        (["SuccessCriteriaMet", "Complete"], 0, 1, []),
    ]
    assert "completionTime" in seen[-1]


def test_deadline_fails_only_when_the_last_pod_is_gone(cluster: Cluster) -> None:
    job(cluster, "late", "trap '' TERM; sleep 100", activeDeadlineSeconds=5)
    cluster.clock.advance(5.2)
    status = cluster.status(JOBS, "late")
    assert [c["type"] for c in status["conditions"]] == ["FailureTarget"]
    assert (status["terminating"], status["failed"], status.get("active", 0)) == (1, 1, 0)
    assert cluster.events("late", "DeadlineExceeded") == []
    cluster.clock.advance(40)
    assert kinds(cluster, "late") == [
        ("FailureTarget", "DeadlineExceeded"),
        ("Failed", "DeadlineExceeded"),
    ]
    assert cluster.events("late", "DeadlineExceeded") == ["Job was active longer than specified deadline"]


def test_deleted_pod_counts_as_failed_and_is_replaced_after_a_back_off(cluster: Cluster) -> None:
    job(cluster, "work", "sleep 1000")
    cluster.clock.advance(2)
    (first,) = cluster.names("pods")
    cluster.delete("pods", first, grace_seconds=0)
    cluster.clock.advance(5)
    assert cluster.status(JOBS, "work")["failed"] == 1
    assert cluster.names("pods") == []
    cluster.clock.advance(8)
    assert len(cluster.names("pods")) == 1


def test_terminating_pod_is_replaced_at_its_end_when_asked_to(cluster: Cluster) -> None:
    job(cluster, "work", "trap '' TERM; sleep 1000", podReplacementPolicy="Failed")
    cluster.clock.advance(2)
    (first,) = cluster.names("pods")
    cluster.delete("pods", first)
    cluster.clock.advance(0.5)
    assert cluster.names("pods") == [first]
    status = cluster.status(JOBS, "work")
    assert (status["terminating"], status.get("failed", 0)) == (1, 0)
    cluster.clock.advance(20)
    (second,) = cluster.names("pods")
    assert second != first
    assert cluster.status(JOBS, "work")["failed"] == 1


def test_each_index_has_its_own_limit(cluster: Cluster) -> None:
    indexed(cluster, "idx", "sleep 1000", 2, backoffLimitPerIndex=1)
    cluster.clock.advance(2)
    end_pod(cluster, 1, "Failed")
    cluster.clock.advance(1)
    assert cluster.status(JOBS, "idx")["failedIndexes"] == ""
    cluster.clock.advance(12)
    pods = cluster.api.list("pods", "default")
    notes = sorted(p["metadata"]["annotations"][FAILURES] for p in pods)
    assert notes == ["0", "0", "1"]
    end_pod(cluster, 1, "Failed")
    cluster.clock.advance(1)
    assert cluster.status(JOBS, "idx")["failedIndexes"] == "1"
    end_pod(cluster, 0, "Succeeded")
    cluster.clock.advance(3)
    status = cluster.status(JOBS, "idx")
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0", "1")
    assert (status["succeeded"], status["failed"]) == (1, 2)
    failed = cluster.condition(JOBS, "idx", "Failed")
    assert (failed["reason"], failed["message"]) == ("FailedIndexes", "Job has failed indexes")


def test_too_many_failed_indexes_end_the_job(cluster: Cluster) -> None:
    indexed(cluster, "idx", "sleep 1000", 3, backoffLimitPerIndex=0, maxFailedIndexes=0)
    cluster.clock.advance(2)
    end_pod(cluster, 2, "Failed")
    cluster.clock.advance(40)
    failed = cluster.condition(JOBS, "idx", "Failed")
    assert failed["reason"] == "MaxFailedIndexesExceeded"
    assert failed["message"] == "Job has exceeded the specified maximal number of failed indexes"
    assert cluster.status(JOBS, "idx")["failed"] == 3


def test_success_policy_ends_the_job_early(cluster: Cluster) -> None:
    rules = [{"succeededIndexes": "0-1", "succeededCount": 1}]
    indexed(cluster, "lead", "sleep 1000", 3, successPolicy={"rules": rules})
    cluster.clock.advance(2)
    end_pod(cluster, 1, "Succeeded")
    cluster.clock.advance(0.01)
    assert kinds(cluster, "lead") == [("SuccessCriteriaMet", "SuccessPolicy")]
    cluster.clock.advance(40)
    assert kinds(cluster, "lead") == [("SuccessCriteriaMet", "SuccessPolicy"), ("Complete", "SuccessPolicy")]
    assert cluster.condition(JOBS, "lead", "Complete")["message"] == "Matched rules at index 0"
    status = cluster.status(JOBS, "lead")
    assert (status["succeeded"], status.get("failed", 0)) == (1, 0)


@pytest.mark.parametrize(
    ("rule", "done", "met"),
    [
        ({"succeededIndexes": "0,2-3"}, {0, 2}, False),
        ({"succeededIndexes": "0,2-3"}, {0, 2, 3}, True),
        ({"succeededIndexes": "0,2-3", "succeededCount": 2}, {0, 1, 2}, True),
        ({"succeededCount": 2}, {4, 7}, True),
        ({"succeededCount": 3}, {4, 7}, False),
    ],
)
def test_success_rules(rule: Obj, done: set[int], met: bool) -> None:
    found = {"spec": {"completions": 10, "successPolicy": {"rules": [rule]}}}
    assert bool(job_policies.success_message(found, done)) is met


def test_ignored_failures_do_not_count(cluster: Cluster) -> None:
    rule = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}}
    job(cluster, "drain", "exit 7", podFailurePolicy={"rules": [rule]}, backoffLimit=0)
    cluster.clock.advance(13)
    assert "failed" not in cluster.status(JOBS, "drain")
    assert len(cluster.names("pods")) == 2


def test_disturbed_pod_is_matched_by_its_condition(cluster: Cluster) -> None:
    rule = {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget"}]}
    job(cluster, "strict", "sleep 1000", podFailurePolicy={"rules": [rule]})
    cluster.clock.advance(2)
    (name,) = cluster.names("pods")
    pod = clone(cluster.get("pods", name))
    pod["status"]["conditions"].append({"type": "DisruptionTarget", "status": "True"})
    pod["status"]["phase"] = "Failed"
    cluster.api.update_status("pods", pod)
    cluster.clock.advance(2)
    text = f"Pod default/{name} has condition DisruptionTarget matching FailJob rule at index 0"
    assert cluster.condition(JOBS, "strict", "Failed")["message"] == text


def test_job_of_another_controller_is_left_alone(cluster: Cluster) -> None:
    job(cluster, "other", "true", managedBy="example.com/other")
    cluster.clock.advance(5)
    assert cluster.names("pods") == []
    assert "status" not in cluster.get(JOBS, "other") or cluster.status(JOBS, "other") == {}


def test_suspending_deletes_pods_without_counting_them(cluster: Cluster) -> None:
    job(cluster, "work", "sleep 1000", parallelism=2, completions=2)
    cluster.clock.advance(2)
    cluster.change(JOBS, "work", spec__suspend=True)
    cluster.clock.advance(40)
    status = cluster.status(JOBS, "work")
    assert cluster.names("pods") == []
    assert (status.get("active", 0), status.get("failed", 0), status["terminating"]) == (0, 0, 0)
    assert "startTime" not in status
    assert cluster.events("work", "Suspended") == ["Job suspended"]


def test_lower_parallelism_gives_pods_up(cluster: Cluster) -> None:
    job(cluster, "work", "sleep 1000", parallelism=3, completions=5)
    cluster.clock.advance(2)
    cluster.change(JOBS, "work", spec__parallelism=1)
    cluster.clock.advance(40)
    assert len(cluster.names("pods")) == 1
    assert len(cluster.events("work", "SuccessfulDelete")) == 2
    assert cluster.status(JOBS, "work")["active"] == 1


def test_indexed_pods_know_their_number(cluster: Cluster) -> None:
    indexed(cluster, "idx", "sleep 100", 2)
    cluster.clock.advance(1)
    pod = next(p for p in cluster.api.list("pods", "default") if name_of(p).startswith("idx-1-"))
    source = {
        "fieldRef": {
            "apiVersion": "v1",
            "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']",
        }
    }
    assert pod["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]
    assert pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "1"
    assert pod["metadata"]["labels"]["job-name"] == "idx"
    assert FAILURES not in pod["metadata"]["annotations"]


def test_refused_pods_are_told_once_per_try(cluster: Cluster) -> None:
    cluster.create("resourcequotas", "none", {"hard": {"pods": "0"}})
    job(cluster, "work", "true")
    cluster.clock.advance(0.001)
    (told,) = {m.partition(" is ")[2] for m in cluster.events("work", "FailedCreate")}
    assert told == "forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0"


def test_job_carries_the_labels_of_its_pods(cluster: Cluster) -> None:
    found = job(cluster, "ok", "true")
    assert found["metadata"]["labels"] == found["spec"]["template"]["metadata"]["labels"]
    assert found["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "ok"
