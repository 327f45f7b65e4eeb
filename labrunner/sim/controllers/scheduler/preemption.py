"""Making room for a pod of higher priority by deleting pods of lower priority."""

from __future__ import annotations

from labrunner.sim.controllers.scheduler.cycle import Cycle, Verdict
from labrunner.sim.objects import Obj, get_path, is_terminating


def priority(pod: Obj) -> int:
    """``spec.priority``; 0 when unset."""
    return int(get_path(pod, "spec", "priority", default=0))


def _start(pod: Obj) -> str:
    return str(get_path(pod, "status", "startTime", default="9999"))


def _victims_on(cycle: Cycle, name: str, verdict: Verdict) -> list[Obj] | None:
    room = cycle.rooms[name]
    lower = [p for p in room.pods.values() if priority(p) < priority(cycle.pod)]
    if not lower or not cycle.fits_without(name, lower, verdict.claims):
        return None
    victims = list(lower)
    # Spare as many as possible, the important and long-running first.
    for pod in sorted(lower, key=lambda p: (-priority(p), _start(p))):
        rest = [p for p in victims if p is not pod]
        if cycle.fits_without(name, rest, verdict.claims):
            victims = rest
    return victims


def choose_victims(cycle: Cycle, verdict: Verdict) -> tuple[str, list[Obj]] | None:
    """The node and the pods to delete there so that the pod fits; None when that cannot help or is not wanted."""
    if get_path(cycle.pod, "spec", "preemptionPolicy") == "Never" or verdict.refusal:
        return None
    nominated = get_path(cycle.pod, "status", "nominatedNodeName", default="")
    if nominated in cycle.rooms and any(
        is_terminating(p) and priority(p) < priority(cycle.pod) for p in cycle.rooms[nominated].pods.values()
    ):
        return None
    best: tuple[tuple[int, int, int], str, list[Obj]] | None = None
    for name, problems in verdict.problems.items():
        if any(final for _, final in problems):
            continue
        victims = _victims_on(cycle, name, verdict)
        if victims:
            priorities = [priority(p) for p in victims]
            cost = (max(priorities), sum(priorities), len(victims))
            if best is None or cost < best[0]:
                best = (cost, name, victims)
    return None if best is None else (best[1], best[2])
