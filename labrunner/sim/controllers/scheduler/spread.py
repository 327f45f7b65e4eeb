"""Topology spread of one incoming pod: which nodes would make its siblings too uneven, and how uneven."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from labrunner.sim.controllers.scheduler import matching
from labrunner.sim.controllers.scheduler.affinity import with_label_keys
from labrunner.sim.objects import (
    Obj,
    get_path,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_controller,
)
from labrunner.sim.selectors import LabelSelector, from_label_selector

_UNEVEN: Final = "node(s) didn't match pod topology spread constraints"
_HARD: Final = "DoNotSchedule"


@dataclass(frozen=True, slots=True)
class _Constraint:
    """One constraint with the number of matching pods in each of its domains."""

    key: str
    skew: int
    counts: dict[str, int]
    own: bool
    least_domains: int

    def excess(self, node: Obj) -> int | None:
        """How far beyond its skew the pod would bring the domain of *node*; None outside of all domains."""
        domain = labels_of(node).get(self.key)
        if domain is None:
            return None
        least = min(self.counts.values(), default=0)
        if len(self.counts) < self.least_domains:
            least = 0
        return self.counts.get(domain, 0) + int(self.own) - least - self.skew


class Spread:
    """The spread questions about one incoming pod in one cluster state."""

    def __init__(self, pod: Obj, nodes: Sequence[Obj], placed: Iterable[Obj]) -> None:
        self._pod = pod
        namespace = namespace_of(pod)
        self._same = [p for p in placed if namespace_of(p) == namespace and not is_terminating(p)]
        self._nodes = list(nodes)
        given = get_path(pod, "spec", "topologySpreadConstraints", default=[])
        hard = [c for c in given if (c.get("whenUnsatisfiable") or _HARD) == _HARD]
        soft = [c for c in given if c not in hard]
        self._hard = [self._count(c, [h.get("topologyKey", "") for h in hard]) for c in hard]
        self._soft = [self._count(c, [s.get("topologyKey", "") for s in soft]) for c in soft]
        self._default = not given

    def _count(self, constraint: Obj, keys: Sequence[str]) -> _Constraint:
        key = constraint.get("topologyKey", "")
        selector = with_label_keys(dict(constraint.get("labelSelector") or {}), self._pod, constraint)
        chosen = from_label_selector(selector)
        counts: dict[str, int] = {}
        for node in self._included(constraint, keys):
            domain = labels_of(node)[key]
            counts[domain] = counts.get(domain, 0) + sum(1 for _ in self._on(node, chosen))
        own = chosen.matches(labels_of(self._pod))
        return _Constraint(
            key, int(constraint.get("maxSkew", 1)), counts, own, int(constraint.get("minDomains") or 1)
        )

    def _included(self, constraint: Obj, keys: Sequence[str]) -> Iterator[Obj]:
        """The nodes whose pods count: with all the keys, and as the two node policies want."""
        affinity = (constraint.get("nodeAffinityPolicy") or "Honor") == "Honor"
        taints = (constraint.get("nodeTaintsPolicy") or "Ignore") == "Honor"
        for node in self._nodes:
            if any(key not in labels_of(node) for key in keys):
                continue
            if affinity and not matching.matches_node_affinity(self._pod, node):
                continue
            if taints and any(matching.untolerated(self._pod, node, ("NoSchedule", "NoExecute"))):
                continue
            yield node

    def _on(self, node: Obj, chosen: LabelSelector) -> Iterator[Obj]:
        for pod in self._same:
            if get_path(pod, "spec", "nodeName") == name_of(node) and chosen.matches(labels_of(pod)):
                yield pod

    def problem(self, node: Obj) -> tuple[str, bool] | None:
        """Why *node* will not do; True when no preemption could help."""
        for constraint in self._hard:
            excess = constraint.excess(node)
            if excess is None:
                return f"{_UNEVEN} (missing required label)", True
            if excess > 0:
                return _UNEVEN, False
        return None

    def crowding(self, node: Obj) -> float:
        """Raw score of the soft constraints, or of siblings when the pod names none: less is better."""
        if self._default:
            return float(self._siblings(node))
        total = 0.0
        for constraint in self._soft:
            domain = labels_of(node).get(constraint.key)
            if domain is not None:
                weight = math.log(len(constraint.counts) + 2)
                total += constraint.counts.get(domain, 0) * weight + constraint.skew - 1
        return total

    def _siblings(self, node: Obj) -> int:
        owner = (owner_controller(self._pod) or {}).get("uid")
        return sum(
            1
            for p in self._same
            if owner
            and get_path(p, "spec", "nodeName") == name_of(node)
            and (owner_controller(p) or {}).get("uid") == owner
        )
