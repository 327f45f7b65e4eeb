"""The status of a pod, put together from its containers as the kubelet does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from labrunner.sim.node.container import Container
from labrunner.sim.objects import Obj, get_path, meta
from labrunner.sim.quantity import Quantity

_ORDER: Final = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def phase_of(pod: Obj, inits: Sequence[Container], apps: Sequence[Container]) -> str:
    """The phase that the containers' states make."""
    policy = get_path(pod, "spec", "restartPolicy", default="Always")
    for init in inits:
        if init.sidecar:
            if not init.begun and not any(a.begun for a in apps):
                return "Pending"
        elif init.exit_code != 0:
            failed = init.exit_code is not None and policy == "Never"
            return "Failed" if failed else "Pending"
    running = stopped = waiting = succeeded = 0
    for app in apps:
        if app.running:
            running += 1
        elif app.exit_code is not None and app.comes_back and policy == "Never":
            running += 1  # a rule of its own brings it back
        elif app.exit_code is not None:
            stopped += 1
            succeeded += app.exit_code == 0
        elif app.last.get("terminated"):
            stopped += 1
        else:
            waiting += 1
    if waiting:
        return "Pending"
    if running:
        return "Running"
    if policy == "Always":
        return "Running"
    if stopped == succeeded:
        return "Succeeded"
    if any(a.exit_code is None for a in apps):
        return "Running"
    over = policy == "Never" or all(a.exit_code == 0 for a in apps)
    return "Failed" if over else "Running"


def conditions(
    pod: Obj, phase: str, inits: Sequence[Container], apps: Sequence[Container], sandbox: bool, now: str
) -> list[Obj]:
    """The conditions; times of ones that did not change are kept, conditions of others stay."""
    before = {c["type"]: c for c in get_path(pod, "status", "conditions", default=[])}
    generation = meta(pod).get("generation", 1)
    told: dict[str, tuple[bool, str, str]] = {
        "PodReadyToStartContainers": (sandbox, "", ""),
        "Initialized": _initialized(phase, inits),
    }
    ready = _containers_ready(phase, inits, apps)
    told["Ready"] = _gated(pod, before, ready)
    told["ContainersReady"] = ready
    out: list[Obj] = []
    for kind in _ORDER:
        if kind not in told:
            old = before.get(kind)
            # A pod that was made with a node's name never met the scheduler.
            given = old or {"lastProbeTime": None, "lastTransitionTime": now, "status": "True", "type": kind}
            out.append({**given, "observedGeneration": generation})
            continue
        holds, reason, message = told[kind]
        status = "True" if holds else "False"
        found: Obj = {"lastProbeTime": None, "lastTransitionTime": now, "observedGeneration": generation}
        old = before.get(kind)
        if old is not None and old.get("status") == status:
            found["lastTransitionTime"] = old["lastTransitionTime"]
        found.update({"status": status, "type": kind})
        if reason:
            found["reason"] = reason
        if message:
            found["message"] = message
        out.append(found)
    return out + [c for kind, c in before.items() if kind not in _ORDER]


def _initialized(phase: str, inits: Sequence[Container]) -> tuple[bool, str, str]:
    if phase == "Succeeded":
        return True, "PodCompleted", ""
    missing = [c.name for c in inits if not (c.started if c.sidecar else c.exit_code == 0)]
    if missing and not (phase == "Failed" and all(c.sidecar for c in inits)):
        names = " ".join(missing)
        return False, "ContainersNotInitialized", f"containers with incomplete status: [{names}]"
    return True, "", ""


def _containers_ready(
    phase: str, inits: Sequence[Container], apps: Sequence[Container]
) -> tuple[bool, str, str]:
    if phase == "Succeeded":
        return False, "PodCompleted", ""
    if phase == "Failed":
        return False, "PodFailed", ""
    unready = [c.name for c in (*[i for i in inits if i.sidecar], *apps) if not c.ready]
    if unready:
        return False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return True, "", ""


def _gated(pod: Obj, before: dict[str, Obj], ready: tuple[bool, str, str]) -> tuple[bool, str, str]:
    if not ready[0]:
        return ready
    problems = []
    for gate in get_path(pod, "spec", "readinessGates", default=[]):
        kind = gate.get("conditionType", "")
        found = before.get(kind)
        if found is None:
            problems.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found.get("status") != "True":
            problems.append(
                f'the status of pod readiness gate "{kind}" is not "True", but {found.get("status")}'
            )
    return (False, "ReadinessGatesNotReady", ", ".join(problems)) if problems else ready


def resources_of(apps: Sequence[Container]) -> tuple[Obj, Obj]:
    """Sums over the containers: requests, and requests and limits as ``status.resources``."""
    sums: dict[str, dict[str, Quantity]] = {"requests": {}, "limits": {}}
    for container in apps:
        for field, total in sums.items():
            for name, value in get_path(container.resources, field, default={}).items():
                total[name] = total.get(name, Quantity(0)) + Quantity.parse(value)
    shown = {f: {n: str(q) for n, q in total.items()} for f, total in sums.items() if total}
    return shown.get("requests", {}), shown
