"""From what a check names to the pods and containers that can be asked. Blocking; for worker threads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from labrunner.content.checks_model import LogsCheck, Target
from labrunner.verify.api import ClusterError, KubeApi, NotFoundError
from labrunner.verify.discovery import Discovery
from labrunner.verify.store import Obj, SourceState, key_of
from labrunner.verify.world import chosen

LOG_BYTES = 4 * 1024 * 1024
"""Bytes of logs that are asked for, of each pod."""

LOG_KEPT = 256 * 1024
"""Characters kept of one pod's logs, from the end."""

LOG_LINES = 1000
MOST_PODS = 10
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


class Obstacle(StrEnum):
    """Why pods cannot be asked: what should lead to them is missing (that is the learner's to mend), they are not up
    yet (waiting may help), or asking went wrong (an error).
    """

    MISSING = "missing"
    STARTING = "starting"
    BROKEN = "broken"


class PodTroubleError(Exception):
    """The container was not asked. The text is for a person."""

    def __init__(self, obstacle: Obstacle, reason: str, *, conclusive: bool = False) -> None:
        super().__init__(reason)
        self.obstacle = obstacle
        self.reason = reason
        self.conclusive = conclusive


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod; `path` is the pod's in the API."""

    pod: Obj
    path: str
    name: str


def pods_of(api: KubeApi, discovery: Discovery, target: Target, namespace: str | None) -> list[Obj]:
    """The target's pods that are not on their way out, those ready first. Raises ClusterError and PodTroubleError."""
    where = target.namespace or namespace or api.default_namespace
    base = f"/api/v1/namespaces/{quote(where, safe='')}/pods"
    words = f"{target.kind} {target.name}" if target.name else f"Pods labelled {target.labels}"
    if target.kind == "Pod" and target.name:
        found = [_get(api, f"{base}/{quote(target.name, safe='')}", f"{words} in namespace {where}")]
    else:
        selector = target.labels if target.kind == "Pod" else _selector(api, discovery, target, where)
        query = {"labelSelector": selector} if selector else {}
        found = list(api.get(base, query).get("items") or ())
    found = [{"kind": "Pod", "apiVersion": "v1", **pod} for pod in found]
    found = [pod for pod in found if target.kind != "Pod" or chosen(target, pod)]
    if not found:
        if target.kind == "Pod":
            raise PodTroubleError(Obstacle.MISSING, f"there are no {words} in namespace {where}")
        raise PodTroubleError(Obstacle.STARTING, f"{words} has no pods yet")
    staying = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
    return sorted(staying or found, key=lambda pod: (not _is_ready(pod), key_of(pod)))


def _get(api: KubeApi, path: str, words: str) -> Any:
    try:
        return api.get(path)
    except NotFoundError:
        raise PodTroubleError(Obstacle.MISSING, f"there is no {words}") from None


def _selector(api: KubeApi, discovery: Discovery, target: Target, namespace: str) -> str:
    """The label selector by which a workload or a service finds its pods."""
    resource = discovery.by_kind(api, target.api_version, target.kind)
    if resource is None:
        raise PodTroubleError(Obstacle.MISSING, f"the cluster knows no kind {target.kind}")
    words = f"{target.kind} {target.name} in namespace {namespace}"
    owner = _get(api, f"{resource.path(namespace)}/{quote(target.name or '', safe='')}", words)
    selector = (owner.get("spec") or {}).get("selector") or {}
    if target.kind not in ("Service", "ReplicationController"):
        return _written(selector)
    if not selector:
        raise PodTroubleError(Obstacle.MISSING, f"{words} selects no pods")
    return _written({"matchLabels": selector})


def _written(selector: Any) -> str:
    """A selector as the API takes it in a query."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        key, values = one["key"], ",".join(one.get("values") or ())
        form = {"In": "{} in ({})", "NotIn": "{} notin ({})", "Exists": "{}", "DoesNotExist": "!{}"}
        parts.append(form[one["operator"]].format(key, values))
    return ",".join(parts)


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def container_of(pod: Obj, wanted: str | None) -> Container:
    """The container called `wanted`, else the pod's default one."""
    spec, meta = pod.get("spec") or {}, pod["metadata"]
    names = [
        str(one["name"])
        for key in ("containers", "initContainers", "ephemeralContainers")
        for one in spec.get(key) or ()
    ]
    default = (meta.get("annotations") or {}).get(_DEFAULT_CONTAINER)
    name = wanted or (default if default in names else names[0])
    if name not in names:
        reason = f"Pod {meta['name']} has no container {name}; it has {', '.join(names)}"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    path = f"/api/v1/namespaces/{quote(meta['namespace'], safe='')}/pods/{quote(meta['name'], safe='')}"
    return Container(pod, path, name)


def status_of(container: Container) -> Any:
    """The container's status; empty before the kubelet has told."""
    status = container.pod.get("status") or {}
    keys = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    return next(
        (one for key in keys for one in status.get(key) or () if one.get("name") == container.name), {}
    )


def running_container(
    api: KubeApi, discovery: Discovery, target: Target, container: str | None, namespace: str | None
) -> Container:
    """One that runs now. Raises PodTroubleError when none does."""
    found = [container_of(pod, container) for pod in pods_of(api, discovery, target, namespace)]
    for one in found:
        if "running" in (status_of(one).get("state") or {}):
            return one
    raise _not_running(found[0])


def _not_running(container: Container) -> PodTroubleError:
    pod = container.pod
    state = status_of(container).get("state") or {}
    phase = str((pod.get("status") or {}).get("phase") or "Pending")
    reason = next((str(one.get("reason")) for one in state.values() if one.get("reason")), phase)
    which = f"container {container.name} of Pod {pod['metadata']['name']}"
    if phase in ("Succeeded", "Failed") and "terminated" in state:
        return PodTroubleError(Obstacle.BROKEN, f"{which} has ended: {reason}")
    return PodTroubleError(Obstacle.STARTING, f"{which} is not running: {reason}")


def read_logs(
    api: KubeApi, discovery: Discovery, check: LogsCheck, namespace: str | None, begun: float
) -> str:
    """The logs of the check's pods, one after another; `begun` is the unix time the step was opened at."""
    texts: list[str] = []
    obstacles: list[PodTroubleError] = []
    for pod in pods_of(api, discovery, check.target, namespace)[:MOST_PODS]:
        try:
            texts.append(_log(api, container_of(pod, check.container), check, begun))
        except PodTroubleError as obstacle:
            obstacles.append(obstacle)
    if not texts:
        raise obstacles[0]
    return "".join(text if text.endswith("\n") or not text else f"{text}\n" for text in texts)


def _log(api: KubeApi, container: Container, check: LogsCheck, begun: float) -> str:
    status = status_of(container)
    which = f"container {container.name} of Pod {container.pod['metadata']['name']}"
    ended_before = "terminated" in (status.get("lastState") or {})
    if check.previous and not ended_before:
        raise PodTroubleError(Obstacle.MISSING, f"{which} has not restarted, so there are no earlier logs")
    state = status.get("state") or {}
    if not check.previous and not ended_before and not {"running", "terminated"} & state.keys():
        reason = (state.get("waiting") or {}).get("reason") or "Pending"
        raise PodTroubleError(Obstacle.STARTING, f"{which} has not started yet: {reason}")
    query = {
        "container": container.name,
        "tailLines": str(check.tail or LOG_LINES),
        "limitBytes": str(LOG_BYTES),
    }
    if check.previous:
        query["previous"] = "true"
    if check.since == "step":
        query["sinceTime"] = datetime.fromtimestamp(begun, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    elif check.since is not None:
        query["sinceSeconds"] = str(max(1, round(check.since)))
    try:
        return api.text(f"{container.path}/log", query)[-LOG_KEPT:]
    except NotFoundError:
        raise PodTroubleError(Obstacle.STARTING, f"{which} is gone") from None
    except ClusterError as problem:
        if problem.state is SourceState.REFUSED:
            raise PodTroubleError(
                Obstacle.BROKEN, f"the logs of {which} cannot be read: {problem.reason}"
            ) from None
        raise
