"""Rules between pods: affinity and anti-affinity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from labrunner.sim.objects import Obj, get_path, labels_of, name_of, namespace_of
from labrunner.sim.selectors import LabelSelector, from_label_selector

NodesByName = dict[str, Obj]
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def required_terms(pod: Obj, kind: str) -> list[Obj]:
    """Required terms of ``podAffinity`` or ``podAntiAffinity``."""
    return list(get_path(pod, "spec", "affinity", kind, _REQUIRED, default=[]))


def has_pod_rules(pod: Obj) -> bool:
    """Whether the pod has any affinity to other pods."""
    affinity = get_path(pod, "spec", "affinity", default={})
    return bool(affinity.get("podAffinity") or affinity.get("podAntiAffinity"))


class Term:
    """One pod affinity term, seen from the pod *owner* that has it."""

    __slots__ = ("_namespaces", "_selector", "topology")

    def __init__(self, owner: Obj, term: Obj, namespace_labels: Callable[[str], dict[str, str]]) -> None:
        self.topology: str = term.get("topologyKey") or ""
        selector = dict(term.get("labelSelector") or {}) if term.get("labelSelector") is not None else None
        if selector is not None:
            selector = with_label_keys(selector, owner, term)
        self._selector: LabelSelector | None = None if selector is None else from_label_selector(selector)
        named = set(term.get("namespaces") or [])
        by_label = term.get("namespaceSelector")
        if by_label is None and not named:
            named = {namespace_of(owner)}
        chosen = None if by_label is None else from_label_selector(by_label)
        self._namespaces: Callable[[str], bool] = lambda ns: (
            ns in named or (chosen is not None and chosen.matches(namespace_labels(ns)))
        )

    def matches(self, pod: Obj) -> bool:
        """Whether *pod* is one of those the term speaks of."""
        return (
            self._selector is not None
            and self._namespaces(namespace_of(pod))
            and self._selector.matches(labels_of(pod))
        )


def with_label_keys(selector: Obj, owner: Obj, term: Obj) -> Obj:
    """*selector* with what ``matchLabelKeys`` and ``mismatchLabelKeys`` of *term* add for the pod *owner*."""
    own = labels_of(owner)
    extra = [
        {"key": key, "operator": operator, "values": [own[key]]}
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in term.get(field) or []
        if key in own
    ]
    if extra:
        selector["matchExpressions"] = [*(selector.get("matchExpressions") or []), *extra]
    return selector


class PodRules:
    """The affinity questions about one incoming pod in one cluster state."""

    def __init__(
        self,
        pod: Obj,
        nodes: Sequence[Obj],
        placed: Iterable[Obj],
        namespace_labels: Callable[[str], dict[str, str]],
    ) -> None:
        self._pod = pod
        self._nodes: NodesByName = {name_of(n): n for n in nodes}
        self._placed = list(placed)
        self._labels = namespace_labels
        self._affinity = [Term(pod, t, namespace_labels) for t in required_terms(pod, "podAffinity")]
        self._wishes = list(_preferred(pod, namespace_labels))
        self._anti = [Term(pod, t, namespace_labels) for t in required_terms(pod, "podAntiAffinity")]
        self._theirs = [
            (other, Term(other, t, namespace_labels))
            for other in self._placed
            if has_pod_rules(other)
            for t in required_terms(other, "podAntiAffinity")
        ]

    def _zone(self, pod: Obj, topology: str) -> str | None:
        node = self._nodes.get(get_path(pod, "spec", "nodeName", default=""))
        return None if node is None else labels_of(node).get(topology)

    def _neighbours(self, node: Obj, topology: str) -> Iterator[Obj]:
        zone = labels_of(node).get(topology)
        if zone is not None:
            yield from (p for p in self._placed if self._zone(p, topology) == zone)

    def problem(self, node: Obj) -> tuple[str, bool] | None:
        """Why *node* will not do; True when no preemption could help."""
        if not self._affinity_holds(node):
            return "node(s) didn't match pod affinity rules", True
        for term in self._anti:
            if any(term.matches(p) for p in self._neighbours(node, term.topology)):
                return "node(s) didn't match pod anti-affinity rules", False
        for other, term in self._theirs:
            zone = labels_of(node).get(term.topology)
            if zone is not None and term.matches(self._pod) and self._zone(other, term.topology) == zone:
                return "node(s) didn't satisfy existing pods anti-affinity rules", False
        return None

    def _affinity_holds(self, node: Obj) -> bool:
        for term in self._affinity:
            if term.topology not in labels_of(node):
                return False
            if any(term.matches(p) for p in self._neighbours(node, term.topology)):
                continue
            # The first pod of a group that is to live together may start anywhere.
            first = term.matches(self._pod) and not any(term.matches(p) for p in self._placed)
            if not first:
                return False
        return True

    def preference(self, node: Obj) -> int:
        """Raw score: preferred terms of the pod that hold on *node*, and what its pods think of this one."""
        total = 0
        for sign, weight, term in self._wishes:
            total += sign * weight * sum(term.matches(p) for p in self._neighbours(node, term.topology))
        for other, sign, weight, term in self._their_wishes():
            zone = labels_of(node).get(term.topology)
            if zone is not None and term.matches(self._pod) and self._zone(other, term.topology) == zone:
                total += sign * weight
        return total

    def _their_wishes(self) -> Iterator[tuple[Obj, int, int, Term]]:
        """Of placed pods: preferred terms, and required affinity, which counts as a wish of weight 1."""
        for other in self._placed:
            if has_pod_rules(other):
                for term in required_terms(other, "podAffinity"):
                    yield other, 1, 1, Term(other, term, self._labels)
                for sign, weight, found in _preferred(other, self._labels):
                    yield other, sign, weight, found


def _preferred(
    pod: Obj, namespace_labels: Callable[[str], dict[str, str]]
) -> Iterator[tuple[int, int, Term]]:
    for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for weighted in get_path(pod, "spec", "affinity", kind, _PREFERRED, default=[]):
            term = Term(pod, weighted.get("podAffinityTerm") or {}, namespace_labels)
            yield sign, int(weighted.get("weight", 0)), term
