"""Readiness per kind."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.verify.readiness import Stage, assess


def obj(
    kind: str, *, version: str = "v1", generation: int = 1, spec: Any = None, status: Any = None, **meta: Any
) -> Any:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "x", "generation": generation, **meta},
        "spec": spec or {},
        "status": status or {},
    }


def having(kind: str, status: str = "True", **rest: Any) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **rest}]}


def counted(**counts: int) -> dict[str, Any]:
    return {"observedGeneration": 1, **counts}


FULL = counted(replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
DAEMON = counted(
    desiredNumberScheduled=2,
    currentNumberScheduled=2,
    updatedNumberScheduled=2,
    numberAvailable=2,
    numberReady=2,
)
STATEFUL = {
    **counted(replicas=2, readyReplicas=2, updatedReplicas=2),
    "currentRevision": "b",
    "updateRevision": "b",
}


def waiting(reason: str) -> dict[str, Any]:
    return {
        "phase": "Pending",
        "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": reason}}}],
    }


@pytest.mark.parametrize(
    ("one", "stage", "words"),
    [
        (None, "absent", "does not exist"),
        (obj("ConfigMap"), "ready", ""),
        (obj("ConfigMap", deletionTimestamp="now"), "progressing", "being deleted"),
        (obj("Widget", status=having("Ready", "False", message="no water")), "progressing", "no water"),
        (obj("Widget", status=having("Ready")), "ready", ""),
        (obj("Widget", status=having("Stalled", message="stuck")), "failed", "stuck"),
        (obj("Widget", status=having("Reconciling", reason="Busy")), "progressing", "Busy"),
        (obj("Widget", generation=2, status={"observedGeneration": 1}), "progressing", "latest change"),
        (obj("Deployment", version="apps/v1", spec={"replicas": 2}, status=FULL), "ready", ""),
        (
            obj("Deployment", version="apps/v1", spec={"replicas": 2}),
            "progressing",
            "0 of 2 replicas updated",
        ),
        (
            obj("Deployment", version="apps/v1", spec={"replicas": 2}, status={**FULL, "replicas": 3}),
            "progressing",
            "1 old replica still to go",
        ),
        (
            obj(
                "Deployment", version="apps/v1", spec={"replicas": 2}, status={**FULL, "availableReplicas": 1}
            ),
            "progressing",
            "1 of 2 replicas available",
        ),
        (
            obj(
                "Deployment",
                version="apps/v1",
                status=having("Progressing", "False", reason="ProgressDeadlineExceeded", message="too long"),
            ),
            "failed",
            "too long",
        ),
        (
            obj("Deployment", version="apps/v1", status=having("ReplicaFailure", message="exceeded quota")),
            "failed",
            "exceeded quota",
        ),
        (obj("Deployment", version="apps/v1", spec={"replicas": 0}), "progressing", "not seen"),
        (
            obj(
                "ReplicaSet",
                version="apps/v1",
                spec={"replicas": 2},
                status={**FULL, "fullyLabeledReplicas": 2},
            ),
            "ready",
            "",
        ),
        (obj("ReplicaSet", version="apps/v1", spec={"replicas": 2}), "progressing", "0 of 2"),
        (obj("StatefulSet", version="apps/v1", spec={"replicas": 2}, status=STATEFUL), "ready", ""),
        (
            obj(
                "StatefulSet",
                version="apps/v1",
                spec={"replicas": 2},
                status={**STATEFUL, "currentRevision": "a"},
            ),
            "progressing",
            "revision a",
        ),
        (
            obj(
                "StatefulSet",
                version="apps/v1",
                spec={"replicas": 2},
                status={**STATEFUL, "readyReplicas": 1},
            ),
            "progressing",
            "1 of 2 replicas ready",
        ),
        (obj("DaemonSet", version="apps/v1", status=DAEMON), "ready", ""),
        (
            obj("DaemonSet", version="apps/v1", status={**DAEMON, "numberReady": 1}),
            "progressing",
            "1 of 2 pods ready",
        ),
        (obj("DaemonSet", version="apps/v1"), "progressing", "not seen"),
        (obj("Job", version="batch/v1", status=having("Complete")), "ready", ""),
        (
            obj("Job", version="batch/v1", status=having("Failed", message="backoff limit")),
            "failed",
            "backoff limit",
        ),
        (
            obj("Job", version="batch/v1", spec={"completions": 3}, status={"succeeded": 1}),
            "progressing",
            "1 of 3",
        ),
        (obj("Job", version="batch/v1", spec={"suspend": True}), "progressing", "suspended"),
        (obj("Pod", status={"phase": "Running", **having("Ready")}), "ready", ""),
        (obj("Pod", status={"phase": "Succeeded"}), "ready", ""),
        (obj("Pod", status={"phase": "Failed", "reason": "Evicted"}), "failed", "Evicted"),
        (
            obj(
                "Pod",
                status={
                    "phase": "Failed",
                    "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3}}}],
                },
            ),
            "failed",
            "exit code 3",
        ),
        (obj("Pod", status=waiting("CrashLoopBackOff")), "failed", "CrashLoopBackOff"),
        (obj("Pod", status=waiting("ContainerCreating")), "progressing", "phase is Pending"),
        (
            obj("Pod", status={"phase": "Running", **having("Ready", "False", message="probe")}),
            "progressing",
            "probe",
        ),
        (
            obj("Pod", status={"phase": "Pending", **having("PodScheduled", "False", message="0/1 nodes")}),
            "progressing",
            "0/1 nodes",
        ),
        (obj("Service", spec={"type": "ClusterIP"}), "ready", ""),
        (obj("Service", spec={"type": "LoadBalancer"}), "progressing", "no address"),
        (
            obj(
                "Service",
                spec={"type": "LoadBalancer"},
                status={"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}},
            ),
            "ready",
            "",
        ),
        (obj("PersistentVolumeClaim", status={"phase": "Pending"}), "progressing", "Pending, not Bound"),
        (obj("PersistentVolumeClaim", status={"phase": "Bound"}), "ready", ""),
        (obj("Namespace", status={"phase": "Active"}), "ready", ""),
        (
            obj("CustomResourceDefinition", version="apiextensions.k8s.io/v1", status=having("Established")),
            "ready",
            "",
        ),
        (
            obj(
                "CustomResourceDefinition",
                version="apiextensions.k8s.io/v1",
                status=having("NamesAccepted", "False", message="taken"),
            ),
            "failed",
            "taken",
        ),
        (
            obj("Node", status=having("Ready", "Unknown", message="no heartbeat")),
            "progressing",
            "no heartbeat",
        ),
    ],
)
def test_readiness_by_kind(one: Any, stage: str, words: str) -> None:
    found = assess(one)
    assert found.stage is Stage(stage)
    assert words in found.reason
    assert bool(found.reason) is (stage != "ready")


def test_a_workload_fails_early_when_its_pods_are_stuck_but_not_for_pods_that_leave() -> None:
    owner = obj(
        "Deployment",
        version="apps/v1",
        spec={"replicas": 1, "selector": {"matchLabels": {"app": "web"}}},
        status=counted(replicas=1, updatedReplicas=1),
    )
    stuck = obj("Pod", labels={"app": "web"}, status=waiting("ErrImagePull"))
    leaving = obj("Pod", labels={"app": "web"}, status=waiting("ErrImagePull"), deletionTimestamp="now")
    other = obj("Pod", labels={"app": "db"}, status=waiting("ErrImagePull"))
    assert assess(owner, [stuck]).stage is Stage.FAILED
    assert assess(owner, [leaving, other]).stage is Stage.PROGRESSING


@pytest.mark.parametrize(
    "status", [None, [], "x", {"conditions": "x"}, {"conditions": [None, 3]}, {"replicas": "x"}]
)
@pytest.mark.parametrize(
    "kind", ["Deployment", "Pod", "Job", "StatefulSet", "DaemonSet", "Service", "Widget"]
)
def test_malformed_objects_are_not_ready_and_no_error(kind: str, status: Any) -> None:
    version = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"}
    one = obj(kind, version=version.get(kind, "v1"))
    one["status"] = status
    found = assess(one)
    assert found.stage in (Stage.READY, Stage.PROGRESSING)
    assert found.stage is Stage.PROGRESSING or kind in ("Service", "Widget")
