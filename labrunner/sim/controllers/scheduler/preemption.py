"""Making room for a pod of higher priority by deleting pods of lower priority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from labrunner.sim.controllers.disruption import BUDGETS
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.controllers.scheduler.cycle import Cycle, Verdict, tally
from labrunner.sim.objects import Obj, get_path, is_terminating, labels_of, name_of, namespace_of
from labrunner.sim.selectors import from_label_selector

BY_SCHEDULER: Final = "PreemptionByScheduler"
NOT_HELPFUL: Final = "Preemption is not helpful for scheduling"
NO_VICTIMS: Final = "No preemption victims found for incoming pod"


@dataclass(frozen=True, slots=True)
class Preemption:
    """Where room is made and which pods go for it; with no node, ``why`` says why none is made.

    ``kept``: an earlier choice of a node still holds.
    """

    node: str = ""
    victims: tuple[Obj, ...] = ()
    why: str = ""
    kept: bool = False


def priority(pod: Obj) -> int:
    """``spec.priority``; 0 when unset."""
    return int(get_path(pod, "spec", "priority", default=0))


def _start(pod: Obj) -> str:
    return str(get_path(pod, "status", "startTime", default="9999"))


def _importance(pod: Obj) -> tuple[int, str]:
    """Sorts the important and long-running first."""
    return -priority(pod), _start(pod)


def preempt(cycle: Cycle, verdict: Verdict) -> Preemption:
    """What can be done about a pod that found no node."""
    if get_path(cycle.pod, "spec", "preemptionPolicy") == "Never":
        return Preemption(why="not eligible due to preemptionPolicy=Never.", kept=True)
    if _waits_for_victims(cycle, verdict):
        return Preemption(why="not eligible due to a terminating pod on the nominated node.", kept=True)
    head = f"0/{len(cycle.rooms)} nodes are available"
    best: tuple[tuple[int, int, int, int, str], str, list[Obj]] | None = None
    reasons: list[str] = []
    for name, problems in verdict.problems.items():
        if any(final for _, final in problems):
            reasons.append(NOT_HELPFUL)
            continue
        lower = [p for p in cycle.rooms[name].pods.values() if priority(p) < priority(cycle.pod)]
        left = cycle.without(name, lower, verdict.claims) if lower else [(NO_VICTIMS, True)]
        if left:
            reasons += [text for text, _ in left]
            continue
        victims, violations = _fewest(cycle, name, lower, verdict)
        cost = _cost(victims, violations)
        if victims and (best is None or cost < best[0]):
            best = (cost, name, victims)
    if best is None:
        return Preemption(why=f"{head}: {tally(reasons)}.")
    return Preemption(best[1], tuple(best[2]))


def _waits_for_victims(cycle: Cycle, verdict: Verdict) -> bool:
    nominated = get_path(cycle.pod, "status", "nominatedNodeName", default="")
    if nominated not in cycle.rooms or any(final for _, final in verdict.problems.get(nominated, [])):
        return False
    return any(
        is_terminating(p)
        and priority(p) < priority(cycle.pod)
        and (condition(p, "DisruptionTarget") or {}).get("reason") == BY_SCHEDULER
        for p in cycle.rooms[nominated].pods.values()
    )


def _fewest(cycle: Cycle, name: str, lower: list[Obj], verdict: Verdict) -> tuple[list[Obj], int]:
    """Spare as many as possible: first those whose budget would be broken, the important ones before others."""
    ordered = sorted(lower, key=_importance)
    protected = _beyond_budgets(cycle, ordered)
    victims = list(ordered)
    for pod in [*protected, *(p for p in ordered if p not in protected)]:
        rest = [p for p in victims if p is not pod]
        if not cycle.without(name, rest, verdict.claims):
            victims = rest
    return victims, sum(1 for p in victims if p in protected)


def _beyond_budgets(cycle: Cycle, pods: Sequence[Obj]) -> list[Obj]:
    """Those whose deletion a PodDisruptionBudget does not allow, were all of *pods* deleted in this order."""
    found: list[Obj] = []
    budgets = [
        [b, int(get_path(b, "status", "disruptionsAllowed", default=0))]
        for b in cycle.api.store.list(BUDGETS)
    ]
    for pod in pods:
        broken = False
        for entry in budgets:
            budget: Obj = entry[0]  # type: ignore[assignment]
            selector = get_path(budget, "spec", "selector", default={})
            if namespace_of(budget) != namespace_of(pod) or not selector or not labels_of(pod):
                continue
            if name_of(pod) in get_path(budget, "status", "disruptedPods", default={}):
                continue
            if from_label_selector(selector).matches(labels_of(pod)):
                entry[1] = int(entry[1]) - 1  # type: ignore[call-overload]
                broken = broken or int(entry[1]) < 0  # type: ignore[call-overload]
        if broken:
            found.append(pod)
    return found


def _cost(victims: Sequence[Obj], violations: int) -> tuple[int, int, int, int, str]:
    """Smaller is better: budgets broken, the highest priority, their sum, how many, and who runs for longest."""
    priorities = [priority(p) for p in victims] or [0]
    first = min((_start(p) for p in victims if priority(p) == max(priorities)), default="")
    return violations, max(priorities), sum(priorities), len(victims), _later(first)


def _later(text: str) -> str:
    """Makes later times sort first."""
    return "".join(chr(255 - ord(c)) for c in text)
