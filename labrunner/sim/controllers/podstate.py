"""What controllers ask of a pod: is it ready, available, active, over."""

from __future__ import annotations

from datetime import datetime

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.objects import (
    Obj,
    get_path,
    is_terminating,
    owner_controller,
    uid_of,
)


def phase(pod: Obj) -> str:
    """``status.phase``; Pending when nothing is known."""
    return str(get_path(pod, "status", "phase", default="Pending"))


def condition(obj: Obj, kind: str) -> Obj | None:
    """The status condition of type *kind*."""
    for found in get_path(obj, "status", "conditions", default=[]):
        if found.get("type") == kind:
            return dict(found)
    return None


def condition_true(obj: Obj, kind: str) -> bool:
    """Whether the condition of type *kind* is there and True."""
    found = condition(obj, kind)
    return found is not None and found.get("status") == "True"


def is_ready(pod: Obj) -> bool:
    """Whether the Ready condition is True."""
    return condition_true(pod, "Ready")


def is_finished(pod: Obj) -> bool:
    """Whether the pod has Succeeded or Failed."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Obj) -> bool:
    """Neither finished nor being deleted."""
    return not is_finished(pod) and not is_terminating(pod)


def available_in(pod: Obj, min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the pod counts as available: 0 when it does, None when it is not even ready."""
    found = condition(pod, "Ready")
    if found is None or found.get("status") != "True":
        return None
    if min_ready_seconds <= 0:
        return 0.0
    since = (now - parse_timestamp(found["lastTransitionTime"])).total_seconds()
    return max(0.0, min_ready_seconds - since)


def restarts(pod: Obj) -> int:
    """The highest restart count of its containers."""
    counts = [s.get("restartCount", 0) for s in get_path(pod, "status", "containerStatuses", default=[])]
    return max(counts, default=0)


def pods_of(pods: list[Obj], owner: Obj) -> list[Obj]:
    """Those of *pods* that *owner* controls."""
    uid = uid_of(owner)
    return [p for p in pods if (owner_controller(p) or {}).get("uid") == uid]


def victims_first(pod: Obj, crowding: int = 0) -> tuple[object, ...]:
    """Sort key: the pods a controller gives up first when it scales down.

    Order of ReplicaSet: unassigned, pending, not ready, deletion cost, more crowded node, ready for less long,
    more restarts, newer.
    """
    assigned = bool(get_path(pod, "spec", "nodeName"))
    rank = {"Pending": 0, "Unknown": 1, "Running": 2}.get(phase(pod), 2)
    ready = condition(pod, "Ready") or {}
    since = ready.get("lastTransitionTime") or ""
    cost = get_path(pod, "metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost", default="0")
    try:
        deletion_cost = int(cost)
    except ValueError:
        deletion_cost = 0
    created = get_path(pod, "metadata", "creationTimestamp", default="")
    return (
        assigned,
        rank,
        is_ready(pod),
        deletion_cost,
        -crowding,
        _descending(since),
        -restarts(pod),
        _descending(created),
    )


def _descending(text: str) -> tuple[int, ...]:
    """Makes later timestamps sort first."""
    return tuple(-ord(c) for c in text)
