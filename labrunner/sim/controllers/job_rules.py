"""What Jobs decide about their pods: which have failed, when they ended, how long to wait, which to give up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.controllers.job_indexes import index_of, is_indexed
from labrunner.sim.controllers.podstate import condition, phase, victims_first
from labrunner.sim.objects import Obj, get_path, is_terminating, meta

TRACKING: Final = "batch.kubernetes.io/job-tracking"
FIRST_BACKOFF: Final = 10.0
LAST_BACKOFF: Final = 600.0


def only_replaces_failed(job: Obj) -> bool:
    """Whether a pod on its way out is replaced only when it has ended."""
    spec: Obj = job["spec"]
    return spec.get("podReplacementPolicy") == "Failed" or spec.get("podFailurePolicy") is not None


def has_failed(job: Obj, pod: Obj) -> bool:
    """Whether *pod* counts as failed: a deleted pod may never reach a final phase, so it does at once."""
    if phase(pod) == "Failed":
        return True
    return not only_replaces_failed(job) and is_terminating(pod) and phase(pod) != "Succeeded"


def is_tracked(pod: Obj) -> bool:
    """Whether the pod has not been counted: its finalizer says so."""
    return TRACKING in (meta(pod).get("finalizers") or [])


def is_valid(job: Obj, pod: Obj) -> bool:
    """Whether the pod can count at all: pods of Indexed Jobs need an index in the range."""
    return not is_indexed(job) or 0 <= index_of(pod) < int(job["spec"].get("completions") or 0)


def backoff_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row before the next pod."""
    return min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(failures - 1, 10)) if failures else 0.0


def finished_at(pod: Obj) -> datetime:
    """When the pod ended: its last container, else not ready any more, else deleted, else created."""
    ends = [
        get_path(s, "state", "terminated", "finishedAt", default="")
        for s in get_path(pod, "status", "containerStatuses", default=[])
    ]
    if ends and all(ends):
        return parse_timestamp(max(ends))
    ready = condition(pod, "Ready") or {}
    if ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return parse_timestamp(ready["lastTransitionTime"])
    system = meta(pod)
    if is_terminating(pod):
        grace = timedelta(seconds=int(system.get("deletionGracePeriodSeconds") or 0))
        return parse_timestamp(system["deletionTimestamp"]) - grace
    return parse_timestamp(system["creationTimestamp"])


def surplus(job: Obj, active: list[Obj], at_least: int) -> list[Obj]:
    """Pods to give up: those with a wrong or repeated index, then as many as there are too many."""
    given_up: list[Obj] = []
    rest = active
    if is_indexed(job):
        rest = []
        groups: dict[int, list[Obj]] = {}
        for pod in active:
            groups.setdefault(index_of(pod) if is_valid(job, pod) else -1, []).append(pod)
        given_up += groups.pop(-1, [])
        for group in groups.values():
            *repeated, kept = sorted(group, key=victims_first)
            given_up += repeated
            rest.append(kept)
    missing = at_least - len(given_up)
    return given_up + (sorted(rest, key=victims_first)[:missing] if missing > 0 else [])


def container_restarts(pods: list[Obj]) -> int:
    """How often containers of pending or running *pods* were restarted, all together."""
    return sum(
        int(s.get("restartCount", 0))
        for p in pods
        if phase(p) in ("Running", "Pending")
        for field in ("initContainerStatuses", "containerStatuses")
        for s in get_path(p, "status", field, default=[])
    )


def new_condition(kind: str, reason: str, message: str, now: str, status: str = "True") -> Obj:
    """A job condition."""
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }
