"""The row of a pod: what it is doing, in the one word ``kubectl get pods`` has for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path
from labrunner.sim.printers.text import NONE, Printer, age, columns, containers_text, labels_text, since


@dataclass(slots=True)
class _Restarts:
    count: int = 0
    last: str = ""

    def add(self, status: Obj) -> None:
        self.count += int(status.get("restartCount") or 0)
        finished = get_path(status, "lastState", "terminated", "finishedAt", default="")
        self.last = max(self.last, finished)


@dataclass(slots=True)
class _Summary:
    reason: str
    ready: int = 0
    total: int = 0
    restarts: _Restarts = field(default_factory=_Restarts)


def _condition(pod: Obj, kind: str) -> Obj:
    for found in get_path(pod, "status", "conditions", default=[]):
        if found.get("type") == kind:
            return dict(found)
    return {}


def _ended(terminated: Obj) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _init_reason(pod: Obj, summary: _Summary, sidecars: _Restarts) -> bool:
    """Follow the init containers; True when the pod is still initializing."""
    spec = {c.get("name"): c for c in get_path(pod, "spec", "initContainers", default=[])}
    for i, status in enumerate(get_path(pod, "status", "initContainerStatuses", default=[])):
        summary.restarts.add(status)
        restartable = spec.get(status.get("name"), {}).get("restartPolicy") == "Always"
        if restartable:
            sidecars.add(status)
        terminated = get_path(status, "state", "terminated")
        waiting = get_path(status, "state", "waiting", "reason", default="")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if restartable and status.get("started"):
            summary.ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            summary.reason = f"Init:{_ended(terminated)}"
        elif waiting and waiting != "PodInitializing":
            summary.reason = f"Init:{waiting}"
        else:
            summary.reason = f"Init:{i}/{len(spec)}"
        return True
    return False


def _container_reason(pod: Obj, summary: _Summary) -> None:
    running = False
    for status in reversed(get_path(pod, "status", "containerStatuses", default=[])):
        summary.restarts.add(status)
        state = status.get("state") or {}
        waiting = get_path(state, "waiting", "reason", default="")
        if waiting:
            summary.reason = waiting
        elif state.get("terminated") is not None:
            summary.reason = _ended(state["terminated"])
        elif status.get("ready") and state.get("running") is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed" and running:
        summary.reason = "Running" if _condition(pod, "Ready").get("status") == "True" else "NotReady"


def _summary(pod: Obj) -> _Summary:
    status: Obj = pod.get("status") or {}
    phase = status.get("phase") or ""
    summary = _Summary(status.get("reason") or phase)
    if _condition(pod, "PodScheduled").get("reason") == "SchedulingGated":
        summary.reason = "SchedulingGated"
    init = get_path(pod, "spec", "initContainers", default=[])
    summary.total = len(get_path(pod, "spec", "containers", default=[]))
    summary.total += sum(c.get("restartPolicy") == "Always" for c in init)
    sidecars = _Restarts()
    initializing = _init_reason(pod, summary, sidecars)
    if not initializing or _condition(pod, "Initialized").get("status") == "True":
        summary.restarts = sidecars
        _container_reason(pod, summary)
    if get_path(pod, "metadata", "deletionTimestamp") is not None:
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            summary.reason = "Terminating"
    return summary


def _gates(pod: Obj) -> str:
    gates = get_path(pod, "spec", "readinessGates", default=[])
    if not gates:
        return NONE
    met = sum(_condition(pod, gate.get("conditionType", "")).get("status") == "True" for gate in gates)
    return f"{met}/{len(gates)}"


def pod_row(pod: Obj, now: datetime) -> list[Any]:
    """The cells of a pod."""
    summary = _summary(pod)
    restarts = str(summary.restarts.count)
    if summary.restarts.count and summary.restarts.last:
        restarts = f"{restarts} ({since(summary.restarts.last, now)} ago)"
    addresses = get_path(pod, "status", "podIPs", default=[])
    return [
        get_path(pod, "metadata", "name", default=""),
        f"{summary.ready}/{summary.total}",
        summary.reason,
        restarts,
        age(pod, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        get_path(pod, "spec", "nodeName", default="") or NONE,
        get_path(pod, "status", "nominatedNodeName", default="") or NONE,
        _gates(pod),
    ]


def template_row(obj: Obj, now: datetime) -> list[Any]:
    """The cells of a PodTemplate."""
    del now
    names, images = containers_text(get_path(obj, "template", "spec"))
    labels = labels_text(get_path(obj, "template", "metadata", "labels"))
    return [get_path(obj, "metadata", "name", default=""), names, images, labels]


POD = Printer(
    columns(
        "Ready",
        "Status",
        "Restarts",
        "Age",
        wide=("IP", "Node", "Nominated Node", "Readiness Gates"),
    ),
    pod_row,
)
POD_TEMPLATE = Printer(columns("Containers", "Images", "Pod Labels"), template_row)
