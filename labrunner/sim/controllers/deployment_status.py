"""Status and conditions of a deployment: progressing, complete, timed out, paused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.deployment_rules import (
    max_unavailable,
    replicas_of,
    status_count,
    total_replicas,
    total_status,
)
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.objects import Obj, clone, get_path, name_of

AVAILABLE: Final = "NewReplicaSetAvailable"
TIMED_OUT: Final = "ProgressDeadlineExceeded"
NO_DEADLINE: Final = 2147483647


def new_condition(kind: str, status: str, reason: str, message: str, now: datetime) -> Obj:
    """A deployment condition that changes at *now*."""
    moment = timestamp(now)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": moment,
        "lastTransitionTime": moment,
        "reason": reason,
        "message": message,
    }


def drop_condition(status: Obj, kind: str) -> None:
    """Remove the condition of type *kind* from *status*."""
    kept = [c for c in status.get("conditions") or [] if c["type"] != kind]
    if kept:
        status["conditions"] = kept
    else:
        status.pop("conditions", None)


def set_condition(status: Obj, new: Obj) -> None:
    """Put *new* last, unless one of the same status and reason is there."""
    now = next((c for c in status.get("conditions") or [] if c["type"] == new["type"]), None)
    if now is not None and now["status"] == new["status"]:
        if now.get("reason") == new["reason"]:
            return
        new = {**new, "lastTransitionTime": now["lastTransitionTime"]}
    drop_condition(status, new["type"])
    status.setdefault("conditions", []).append(new)


def has_deadline(deployment: Obj) -> bool:
    """Whether progress is watched against a deadline."""
    value = get_path(deployment, "spec", "progressDeadlineSeconds")
    return value is not None and value != NO_DEADLINE


def base_status(deployment: Obj, sets: Sequence[Obj], new: Obj | None, now: datetime) -> Obj:
    """Counters and the Available condition."""
    available = total_status(sets, "availableReplicas")
    counts = {
        "replicas": total_status(sets, "replicas"),
        "updatedReplicas": total_status([new], "replicas"),
        "readyReplicas": total_status(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total_replicas(sets) - available),
        "collisionCount": int(get_path(deployment, "status", "collisionCount", default=0)),
    }
    status: Obj = {
        "observedGeneration": get_path(deployment, "metadata", "generation", default=1),
        **{k: v for k, v in counts.items() if v},
        "terminatingReplicas": total_status(sets, "terminatingReplicas"),
    }
    had = get_path(deployment, "status", "conditions", default=[])
    if had:
        status["conditions"] = clone(had)
    if available >= replicas_of(deployment) - max_unavailable(deployment):
        found = new_condition(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now
        )
    else:
        message = "Deployment does not have minimum availability."
        found = new_condition("Available", "False", "MinimumReplicasUnavailable", message, now)
    set_condition(status, found)
    return status


def is_complete(deployment: Obj, status: Obj) -> bool:
    """Whether every replica is updated and available, and nothing old is left."""
    wanted = replicas_of(deployment)
    generation = get_path(deployment, "metadata", "generation", default=1)
    return bool(
        status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
        and status.get("observedGeneration", 0) >= generation
    )


def _has_progressed(deployment: Obj, status: Obj) -> bool:
    before = {f: status_count(deployment, f) for f in ("replicas", "updatedReplicas")}
    old_before = before["replicas"] - before["updatedReplicas"]
    old_now = status.get("replicas", 0) - status.get("updatedReplicas", 0)
    return bool(
        status.get("updatedReplicas", 0) > before["updatedReplicas"]
        or old_now < old_before
        or status.get("readyReplicas", 0) > status_count(deployment, "readyReplicas")
        or status.get("availableReplicas", 0) > status_count(deployment, "availableReplicas")
    )


def deadline_left(deployment: Obj, status: Obj, now: datetime) -> float | None:
    """Seconds until progress counts as stuck; None when that does not apply."""
    found = condition({"status": status}, "Progressing")
    if found is None or not has_deadline(deployment) or found.get("reason") == AVAILABLE:
        return None
    since = (now - parse_timestamp(found["lastUpdateTime"])).total_seconds()
    return float(deployment["spec"]["progressDeadlineSeconds"]) - since


def _timed_out(deployment: Obj, status: Obj, now: datetime) -> bool:
    found = condition({"status": status}, "Progressing")
    if found is not None and found.get("reason") == TIMED_OUT:
        return True
    left = deadline_left(deployment, status, now)
    return left is not None and left < 0


def _progress(deployment: Obj, status: Obj, new: Obj | None, now: datetime) -> None:
    who = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    current = condition(deployment, "Progressing")
    if is_complete(deployment, status):
        text = f"{who} has successfully progressed."
        set_condition(status, new_condition("Progressing", "True", AVAILABLE, text, now))
    elif _has_progressed(deployment, status):
        found = new_condition("Progressing", "True", "ReplicaSetUpdated", f"{who} is progressing.", now)
        if current is not None and current.get("status") == "True":
            found["lastTransitionTime"] = current["lastTransitionTime"]
        drop_condition(status, "Progressing")
        set_condition(status, found)
    elif _timed_out(deployment, status, now):
        text = f"{who} has timed out progressing."
        set_condition(status, new_condition("Progressing", "False", TIMED_OUT, text, now))


def rollout_status(deployment: Obj, sets: Sequence[Obj], new: Obj | None, now: datetime) -> Obj:
    """The status during and after a rollout."""
    status = base_status(deployment, sets, new, now)
    if not has_deadline(deployment):
        drop_condition(status, "Progressing")
    else:
        current = condition(deployment, "Progressing")
        settled = (
            status.get("replicas", 0) == status.get("updatedReplicas", 0)
            and current is not None
            and current.get("reason") == AVAILABLE
        )
        if not settled:
            _progress(deployment, status, new, now)
    failure = _replica_failure(sets, new)
    if failure is not None:
        set_condition(status, failure)
    else:
        drop_condition(status, "ReplicaFailure")
    return status


def _replica_failure(sets: Sequence[Obj], new: Obj | None) -> Obj | None:
    first = [new] if new is not None else []
    for found in [*first, *sets]:
        failure = condition(found, "ReplicaFailure")
        if failure is not None:
            failure["lastUpdateTime"] = failure["lastTransitionTime"]
            return failure
    return None
