"""Whether an API object is ready, by the rules of its kind.

The rules are kstatus's (sigs.k8s.io/cli-utils) with four exceptions: a failed pod fails, a Job must complete, a
LoadBalancer needs an address, and pull and crash loops fail early rather than wait for a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from labrunner.verify.phrasing import amount

Obj = Mapping[str, Any]


class Stage(StrEnum):
    """How far an object has come."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Readiness:
    """`reason` says in plain words what is still missing or what went wrong; empty when ready."""

    stage: Stage
    reason: str = ""


READY = Readiness(Stage.READY)
ABSENT = Readiness(Stage.ABSENT, "it does not exist")

STUCK_REASONS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Reasons for which a container waits that time alone seldom mends."""

POD_OWNERS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"})
"""Kinds whose pods are looked at for pull and crash loops."""


def progressing(reason: str) -> Readiness:
    return Readiness(Stage.PROGRESSING, reason)


def failed(reason: str) -> Readiness:
    return Readiness(Stage.FAILED, reason)


def assess(obj: Obj | None, pods: Iterable[Obj] = ()) -> Readiness:
    """The readiness of one object. `pods` are those of its namespace; used for kinds in POD_OWNERS."""
    if obj is None:
        return ABSENT
    if _get(obj, "metadata", "deletionTimestamp"):
        return progressing("it is being deleted")
    kind = str(obj.get("kind", ""))
    by_kind = _RULES.get((_group(obj), kind))
    found = _generation(obj) or _general(obj) or (by_kind(obj) if by_kind else _ready_condition(obj)) or READY
    if found.stage is Stage.PROGRESSING and kind in POD_OWNERS:
        stuck = next((loop for pod in owned_pods(obj, pods) if (loop := stuck_container(pod))), None)
        if stuck:
            return failed(stuck)
    return found


def owned_pods(owner: Obj, pods: Iterable[Obj]) -> list[Obj]:
    """The pods that a workload's selector chooses and that are not on their way out."""
    wanted = _get(owner, "spec", "selector", "matchLabels")
    if not isinstance(wanted, Mapping) or not wanted:
        return []
    return [
        pod
        for pod in pods
        if not _get(pod, "metadata", "deletionTimestamp")
        and wanted.items() <= (_get(pod, "metadata", "labels") or {}).items()
    ]


def stuck_container(pod: Obj) -> str:
    """Why a container of the pod cannot start or keep running; "" when none is stuck."""
    name = _get(pod, "metadata", "name")
    for group in ("initContainerStatuses", "containerStatuses"):
        for status in _list(pod, "status", group):
            waiting = _get(status, "state", "waiting") or {}
            if waiting.get("reason") in STUCK_REASONS:
                detail = f": {waiting['message']}" if waiting.get("message") else ""
                return f"pod {name}, container {status.get('name')}: {waiting['reason']}{detail}"
    return ""


def condition(obj: Obj, kind: str) -> Mapping[str, Any] | None:
    """The status condition of that type."""
    return next((one for one in _list(obj, "status", "conditions") if one.get("type") == kind), None)


def _get(obj: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(key)
    return obj


def _list(obj: Any, *path: str) -> Sequence[Mapping[str, Any]]:
    found = _get(obj, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _count(obj: Any, *path: str, default: int = 0) -> int:
    found = _get(obj, *path)
    return found if isinstance(found, int) else default


def _group(obj: Obj) -> str:
    version = str(obj.get("apiVersion", ""))
    return version.rpartition("/")[0]


def _generation(obj: Obj) -> Readiness | None:
    seen = _get(obj, "status", "observedGeneration")
    wanted = _get(obj, "metadata", "generation")
    if isinstance(seen, int) and isinstance(wanted, int) and seen < wanted:
        return progressing("its controller has not seen the latest change yet")
    return None


def _said(one: Mapping[str, Any]) -> str:
    """A condition's own words."""
    return str(
        one.get("message") or one.get("reason") or f"condition {one.get('type')} is {one.get('status')}"
    )


def _general(obj: Obj) -> Readiness | None:
    """The conditions that mean the same on every kind."""
    stalled, reconciling = condition(obj, "Stalled"), condition(obj, "Reconciling")
    if stalled and stalled.get("status") == "True":
        return failed(_said(stalled))
    if reconciling and reconciling.get("status") == "True":
        return progressing(_said(reconciling))
    return None


def _ready_condition(obj: Obj) -> Readiness | None:
    ready = condition(obj, "Ready")
    if ready is not None and ready.get("status") != "True":
        return progressing(_said(ready))
    return None


def _needs_condition(kind: str) -> Callable[[Obj], Readiness]:
    def rule(obj: Obj) -> Readiness:
        found = condition(obj, kind)
        if found is None:
            return progressing(f"condition {kind} is not reported yet")
        return READY if found.get("status") == "True" else progressing(_said(found))

    return rule


def _needs_phase(wanted: str) -> Callable[[Obj], Readiness]:
    def rule(obj: Obj) -> Readiness:
        phase = _get(obj, "status", "phase")
        return READY if phase == wanted else progressing(f"its phase is {phase or 'not set'}, not {wanted}")

    return rule


def _short_of(have: int, want: int, what: str) -> Readiness | None:
    return progressing(f"{have} of {amount(want, 'replica')} {what}") if have < want else None


def _deployment(obj: Obj) -> Readiness:
    progress = condition(obj, "Progressing")
    if progress and progress.get("reason") == "ProgressDeadlineExceeded":
        return failed(_said(progress))
    failure = condition(obj, "ReplicaFailure")
    if failure and failure.get("status") == "True":
        return failed(_said(failure))
    want = _count(obj, "spec", "replicas", default=1)
    updated, total = _count(obj, "status", "updatedReplicas"), _count(obj, "status", "replicas")
    short = _short_of(updated, want, "updated")
    if short is None and total > updated:
        short = progressing(f"{amount(total - updated, 'old replica')} still to go")
    short = short or _short_of(_count(obj, "status", "availableReplicas"), want, "available")
    short = short or _short_of(_count(obj, "status", "readyReplicas"), want, "ready")
    if short is None and _get(obj, "status", "observedGeneration") is None:
        short = progressing("its controller has not seen it yet")
    return short or READY


def _replica_set(obj: Obj) -> Readiness:
    failure = condition(obj, "ReplicaFailure")
    if failure and failure.get("status") == "True":
        return failed(_said(failure))
    want = _count(obj, "spec", "replicas", default=1)
    short = _short_of(_count(obj, "status", "fullyLabeledReplicas"), want, "labelled")
    short = short or _short_of(_count(obj, "status", "availableReplicas"), want, "available")
    short = short or _short_of(_count(obj, "status", "readyReplicas"), want, "ready")
    if short is None and _count(obj, "status", "replicas") > want:
        short = progressing(f"{amount(_count(obj, 'status', 'replicas') - want, 'replica')} too many")
    return short or READY


def _stateful_set(obj: Obj) -> Readiness:
    if _get(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return READY
    want = _count(obj, "spec", "replicas", default=1)
    short = _short_of(_count(obj, "status", "replicas"), want, "created")
    short = short or _short_of(_count(obj, "status", "readyReplicas"), want, "ready")
    if short is None and _count(obj, "status", "replicas") > want:
        short = progressing(f"{amount(_count(obj, 'status', 'replicas') - want, 'replica')} too many")
    partition = _count(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    short = short or _short_of(_count(obj, "status", "updatedReplicas"), want - partition, "updated")
    if short is None and not partition:
        current, update = _get(obj, "status", "currentRevision"), _get(obj, "status", "updateRevision")
        if current != update:
            short = progressing(f"some replicas are still of revision {current}")
    return short or READY


def _daemon_set(obj: Obj) -> Readiness:
    if _get(obj, "status", "observedGeneration") is None:
        return progressing("its controller has not seen it yet")
    want = _count(obj, "status", "desiredNumberScheduled")
    for field, what in (
        ("currentNumberScheduled", "created"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ):
        have = _count(obj, "status", field)
        if have < want:
            return progressing(f"{have} of {amount(want, 'pod')} {what}")
    return READY


def _job(obj: Obj) -> Readiness:
    for one in _list(obj, "status", "conditions"):
        if one.get("status") == "True" and one.get("type") in ("Failed", "FailureTarget"):
            return failed(_said(one))
    done = condition(obj, "Complete")
    if done and done.get("status") == "True":
        return READY
    if _get(obj, "spec", "suspend"):
        return progressing("it is suspended")
    wanted = _count(obj, "spec", "completions", default=1)
    return progressing(f"{_count(obj, 'status', 'succeeded')} of {amount(wanted, 'completion')}")


def _pod(obj: Obj) -> Readiness:
    phase = _get(obj, "status", "phase")
    if phase == "Succeeded":
        return READY
    if phase == "Failed":
        why = _get(obj, "status", "message") or _get(obj, "status", "reason") or _exit_words(obj)
        return failed(f"the pod failed{f': {why}' if why else ''}")
    stuck = stuck_container(obj)
    if stuck:
        return failed(stuck)
    scheduled = condition(obj, "PodScheduled")
    if scheduled and scheduled.get("status") == "False":
        return progressing(_said(scheduled))
    ready = condition(obj, "Ready")
    if phase == "Running" and ready and ready.get("status") == "True":
        return READY
    if phase == "Running" and ready:
        return progressing(_said(ready))
    return progressing(f"its phase is {phase or 'not set'}")


def _exit_words(pod: Obj) -> str:
    for status in _list(pod, "status", "containerStatuses"):
        ended = _get(status, "state", "terminated")
        if isinstance(ended, Mapping) and ended.get("exitCode"):
            return f"container {status.get('name')} ended with exit code {ended['exitCode']}"
    return ""


def _service(obj: Obj) -> Readiness:
    if _get(obj, "spec", "type") != "LoadBalancer":
        return READY
    if any(one.get("ip") or one.get("hostname") for one in _list(obj, "status", "loadBalancer", "ingress")):
        return READY
    return progressing("its load balancer has no address yet")


def _crd(obj: Obj) -> Readiness:
    names = condition(obj, "NamesAccepted")
    if names and names.get("status") == "False":
        return failed(_said(names))
    return _needs_condition("Established")(obj)


_RULES: Mapping[tuple[str, str], Callable[[Obj], Readiness]] = MappingProxyType(
    {
        ("apps", "Deployment"): _deployment,
        ("apps", "ReplicaSet"): _replica_set,
        ("apps", "StatefulSet"): _stateful_set,
        ("apps", "DaemonSet"): _daemon_set,
        ("batch", "Job"): _job,
        ("", "Pod"): _pod,
        ("", "Service"): _service,
        ("", "Namespace"): _needs_phase("Active"),
        ("", "PersistentVolumeClaim"): _needs_phase("Bound"),
        ("", "Node"): _needs_condition("Ready"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
        ("apiregistration.k8s.io", "APIService"): _needs_condition("Available"),
        ("cert-manager.io", "Certificate"): _needs_condition("Ready"),
    }
)
