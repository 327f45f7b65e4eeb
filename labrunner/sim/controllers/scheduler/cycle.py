"""One attempt to place one pod: which nodes pass, which is best, and the words for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labrunner.sim.controllers.scheduler import matching
from labrunner.sim.controllers.scheduler.affinity import PodRules, Spread
from labrunner.sim.controllers.scheduler.claims import ClaimsView, claims_problem, look_at_claims
from labrunner.sim.controllers.scheduler.resources import NodeRoom, pod_requests
from labrunner.sim.objects import Obj, get_path, labels_of, name_of, namespace_of, owner_controller

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

Problem = tuple[str, bool]
"""Why a node is refused, and whether that is beyond help by preemption."""


@dataclass(slots=True)
class Verdict:
    """Where a pod goes, or why nowhere. ``problems``: by node name, in filter order."""

    node: str = ""
    refusal: str = ""
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    claims: ClaimsView = field(default_factory=ClaimsView)


class Cycle:
    """The questions about one pod in one state of the cluster."""

    def __init__(self, api: Api, pod: Obj, rooms: Mapping[str, NodeRoom]) -> None:
        self.api = api
        self.pod = pod
        self.rooms = rooms
        self.wanted = pod_requests(pod)
        self._ports = matching.host_ports(pod)

    def decide(self) -> Verdict:
        """Choose a node."""
        view = look_at_claims(self.api, self.pod)
        if view.refusal:
            return Verdict(refusal=view.refusal)
        rules, spread = self._pod_rules(self.rooms), self._spread(self.rooms)
        verdict = Verdict(claims=view)
        fitting: list[str] = []
        for name, room in self.rooms.items():
            problems = self.problems(room, rules, spread, view)
            if problems:
                verdict.problems[name] = problems
            else:
                fitting.append(name)
        if fitting:
            verdict.node = max(fitting, key=lambda n: self._score(self.rooms[n], rules, spread))
        return verdict

    def fits_without(self, name: str, gone: Iterable[Obj], view: ClaimsView) -> bool:
        """Whether the pod would fit on node *name* if the pods *gone* were deleted."""
        rooms = {**self.rooms, name: self.rooms[name].without(gone)}
        return not self.problems(rooms[name], self._pod_rules(rooms), self._spread(rooms), view)

    def _placed(self, rooms: Mapping[str, NodeRoom]) -> list[Obj]:
        return [p for room in rooms.values() for p in room.pods.values()]

    def _pod_rules(self, rooms: Mapping[str, NodeRoom]) -> PodRules:
        def labels(namespace: str) -> dict[str, str]:
            return labels_of(self.api.store.get("namespaces", "", namespace) or {})

        return PodRules(self.pod, [r.node for r in rooms.values()], self._placed(rooms), labels)

    def _spread(self, rooms: Mapping[str, NodeRoom]) -> Spread | None:
        if not get_path(self.pod, "spec", "topologySpreadConstraints"):
            return None
        nodes = [r.node for r in rooms.values()]
        return Spread(
            self.pod, nodes, self._placed(rooms), lambda n: matching.matches_node_affinity(self.pod, n)
        )

    def problems(
        self, room: NodeRoom, rules: PodRules, spread: Spread | None, view: ClaimsView
    ) -> list[Problem]:
        """Reasons of the first filter that refuses the node, in the order of the default plugins."""
        node = room.node
        if get_path(node, "spec", "unschedulable", default=False) and not self._tolerates_cordon():
            return [("node(s) were unschedulable", True)]
        if any(matching.untolerated(self.pod, node, ("NoSchedule", "NoExecute"))):
            return [("node(s) had untolerated taint(s)", True)]
        if not matching.matches_node_affinity(self.pod, node):
            return [("node(s) didn't match Pod's node affinity/selector", True)]
        if self._ports and any(
            matching.ports_clash(self._ports, matching.host_ports(p)) for p in room.pods.values()
        ):
            return [("node(s) didn't have free ports for the requested pod ports", False)]
        shortages = room.shortages(self.wanted)
        if shortages:
            return shortages
        volumes = claims_problem(self.api, view, node)
        if volumes:
            return [(volumes, True)]
        for found in (spread.problem(node) if spread else None, rules.problem(node)):
            if found is not None:
                return [found]
        return []

    def _tolerates_cordon(self) -> bool:
        taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        return any(
            matching.tolerates(t, taint) for t in get_path(self.pod, "spec", "tolerations", default=[])
        )

    def _score(self, room: NodeRoom, rules: PodRules, spread: Spread | None) -> tuple[float, ...]:
        """Higher is better; the sum mirrors the default weights, ties go to the node with fewer siblings."""
        node = room.node
        soft_taints = sum(1 for _ in matching.untolerated(self.pod, node, ("PreferNoSchedule",)))
        owner = (owner_controller(self.pod) or {}).get("uid")
        siblings = sum(
            1
            for p in room.pods.values()
            if owner
            and namespace_of(p) == namespace_of(self.pod)
            and (owner_controller(p) or {}).get("uid") == owner
        )
        total = (
            100 * room.free_share(self.wanted)
            + 2 * matching.preferred_node_weight(self.pod, node)
            + 2 * rules.preference(node)
            - 300 * soft_taints
            - 20 * (spread.crowding(node) if spread else 0)
            - 10 * siblings
        )
        return (total, -len(room.pods), *(-ord(c) for c in name_of(node)))


def _tally(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {text}" for text, count in Counter(reasons).items()))


def unschedulable_message(verdict: Verdict, nodes: int, *, preempting: bool = False) -> str:
    """The text of ``FailedScheduling``; with *preempting*, nothing is said of why preemption would not help."""
    head = f"0/{nodes} nodes are available"
    if nodes == 0:
        return "no nodes available to schedule pods"
    if verdict.refusal:
        return f"{head}: {verdict.refusal}. not found"
    reasons = _tally(text for problems in verdict.problems.values() for text, _ in problems)
    if preempting:
        return f"{head}: {reasons}."
    helpless = _tally(
        "Preemption is not helpful for scheduling"
        if any(final for _, final in problems)
        else "No preemption victims found for incoming pod"
        for problems in verdict.problems.values()
    )
    return f"{head}: {reasons}. no new claims to deallocate, preemption: {head}: {helpless}."
