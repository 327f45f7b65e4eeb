"""Which pods of a DaemonSet a rolling update deletes, and on which nodes it makes one more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from labrunner.sim.controllers.deployment_rules import scaled
from labrunner.sim.controllers.podstate import is_ready
from labrunner.sim.controllers.templates import REVISION_LABEL
from labrunner.sim.objects import Obj, get_path, is_terminating, labels_of, meta, name_of

Available = Callable[[Obj], bool]


@dataclass(slots=True)
class Plan:
    """Pods to delete and nodes to make a pod on."""

    delete: list[Obj] = field(default_factory=list)
    create: list[str] = field(default_factory=list)


def oldest_first(pods: Iterable[Obj]) -> list[Obj]:
    """Pods in the order of their making, those without a node last."""
    return sorted(
        pods,
        key=lambda p: (
            not get_path(p, "spec", "nodeName"),
            meta(p).get("creationTimestamp", ""),
            name_of(p),
        ),
    )


def _limits(strategy: Obj, desired: int) -> tuple[int, int]:
    """How many pods may be made in excess and how many may be missing; never both 0."""
    rolling = strategy.get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", 0), desired, round_up=True)
    unavailable = scaled(rolling.get("maxUnavailable", 1), desired, round_up=True)
    return surge, unavailable if surge or unavailable else 1


def allows_surge(strategy: Obj) -> bool:
    """Whether two pods may be on one node for a while."""
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    return scaled(get_path(strategy, "rollingUpdate", "maxSurge", default=0), 100, round_up=True) > 0


def _pair(pods: Iterable[Obj], current: str) -> tuple[Obj | None, Obj | None] | None:
    """The new and the old pod of one node; None when there are several of a sort."""
    sorts: dict[bool, list[Obj]] = {True: [], False: []}
    for pod in pods:
        if not is_terminating(pod):
            sorts[labels_of(pod).get(REVISION_LABEL) == current].append(pod)
    if any(len(s) > 1 for s in sorts.values()):
        return None
    return next(iter(sorts[True]), None), next(iter(sorts[False]), None)


def plan(
    by_node: Mapping[str, list[Obj]],
    wanted: set[str],
    strategy: Obj,
    current: str,
    available: Available,
) -> Plan:
    """One step of the update to revision *current*; *wanted* are the nodes that should have a pod."""
    surge, unavailable = _limits(strategy, len(wanted))
    nodes = {**{node: [] for node in sorted(wanted)}, **by_node}
    pairs = {node: _pair(pods, current) for node, pods in nodes.items()}
    if surge:
        return _surging(pairs, wanted, surge, available)
    return _replacing(pairs, unavailable, available)


def _replacing(
    pairs: Mapping[str, tuple[Obj | None, Obj | None] | None], limit: int, available: Available
) -> Plan:
    missing = 0
    sick: list[Obj] = []
    well: list[Obj] = []
    for pair in pairs.values():
        new, old = pair or (None, None)
        if new is not None and old is None:
            missing += not available(new)
        elif old is not None and new is None:
            if available(old):
                well.append(old)
            else:
                sick.append(old)
                missing += 1
        else:
            # The other loop makes or deletes what this node needs first.
            missing += 1
    return Plan(delete=[*sick, *well[: max(0, limit - missing)]])


def _surging(
    pairs: Mapping[str, tuple[Obj | None, Obj | None] | None],
    wanted: set[str],
    limit: int,
    available: Available,
) -> Plan:
    found = Plan()
    candidates: list[str] = []
    misplaced: list[Obj] = []
    surging = healthy = 0
    for node, pair in pairs.items():
        if pair is None:
            surging += 1
            continue
        new, old = pair
        counted = old if old is not None else new
        healthy += counted is not None and available(counted)
        if old is None:
            continue
        if new is not None:
            if available(new):
                found.delete.append(old)
            else:
                surging += 1
        elif node not in wanted:
            (misplaced if available(old) else found.delete).append(old)
        elif not available(old):
            found.create.append(node)
        elif surging < limit:
            candidates.append(node)
    found.delete += misplaced[: max(0, healthy - len(wanted))]
    found.create += candidates[: max(0, limit - surging)]
    return found


def excess(pods: list[Obj], strategy: Obj, current: str, available: Available) -> list[Obj]:
    """Pods of one node that are too many: all but the oldest, but for the pair of an update that surges."""
    ordered = oldest_first(pods)
    if len(ordered) <= 1 or not allows_surge(strategy):
        return ordered[1:]
    kept: dict[bool, Obj] = {}
    surplus: list[Obj] = []
    for pod in ordered:
        is_new = labels_of(pod).get(REVISION_LABEL) == current
        if is_new in kept:
            surplus.append(pod)
        else:
            kept[is_new] = pod
    if len(kept) == 2 and (not is_ready(kept[False]) or available(kept[True])):
        surplus.append(kept[False])
    return surplus
