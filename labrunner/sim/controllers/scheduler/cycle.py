"""One attempt to place one pod: which nodes pass, which is best, and the words for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.scheduler import matching
from labrunner.sim.controllers.scheduler.affinity import PodRules
from labrunner.sim.controllers.scheduler.claims import ClaimsView, claims_problem, look_at_claims
from labrunner.sim.controllers.scheduler.resources import NodeRoom, pod_requests
from labrunner.sim.controllers.scheduler.scoring import best
from labrunner.sim.controllers.scheduler.spread import Spread
from labrunner.sim.objects import Obj, get_path, labels_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

ELSEWHERE: Final = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
TAKEN_ALONE: Final = (
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
)
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
    """The questions about one pod in one state of the cluster.

    *nominated*: pods for which room is being made on the node their status names; they count as being there.
    """

    def __init__(
        self, api: Api, pod: Obj, rooms: Mapping[str, NodeRoom], nominated: Iterable[Obj] = ()
    ) -> None:
        self.api = api
        self.pod = pod
        self.rooms = _reserved(pod, rooms, nominated)
        self.wanted = pod_requests(pod)
        self._ports = matching.host_ports(pod)

    def decide(self) -> Verdict:
        """Choose a node."""
        named = matching.named_nodes(self.pod)
        if named is not None and not named:
            return Verdict(refusal="pod affinity terms conflict")
        view = look_at_claims(self.api, self.pod)
        if view.refusal:
            return Verdict(refusal=view.refusal)
        rules, spread = self._pod_rules(self.rooms), self._spread(self.rooms)
        verdict = Verdict(claims=view)
        fitting: dict[str, NodeRoom] = {}
        for name, room in self.rooms.items():
            if named is not None and name not in named:
                verdict.problems[name] = [(ELSEWHERE, True)]
                continue
            problems = self.problems(room, rules, spread, view)
            if problems:
                verdict.problems[name] = problems
            else:
                fitting[name] = room
        if fitting:
            verdict.node = self._nominated_in(fitting) or best(self.pod, self.wanted, fitting, rules, spread)
        return verdict

    def _nominated_in(self, fitting: Mapping[str, NodeRoom]) -> str:
        """The node that room was made on for this pod, when it fits there now."""
        name = get_path(self.pod, "status", "nominatedNodeName", default="")
        return name if name in fitting else ""

    def without(self, name: str, gone: Iterable[Obj], view: ClaimsView) -> list[Problem]:
        """What would still be in the way on node *name* if the pods *gone* were deleted."""
        rooms = {**self.rooms, name: self.rooms[name].without(gone)}
        return self.problems(rooms[name], self._pod_rules(rooms), self._spread(rooms), view)

    def _placed(self, rooms: Mapping[str, NodeRoom]) -> list[Obj]:
        return [p for room in rooms.values() for p in room.pods.values()]

    def _pod_rules(self, rooms: Mapping[str, NodeRoom]) -> PodRules:
        def labels(namespace: str) -> dict[str, str]:
            return labels_of(self.api.store.get("namespaces", "", namespace) or {})

        return PodRules(self.pod, [r.node for r in rooms.values()], self._placed(rooms), labels)

    def _spread(self, rooms: Mapping[str, NodeRoom]) -> Spread:
        return Spread(self.pod, [r.node for r in rooms.values()], self._placed(rooms))

    def problems(self, room: NodeRoom, rules: PodRules, spread: Spread, view: ClaimsView) -> list[Problem]:
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
        if view.taken_alone:
            return [(TAKEN_ALONE, False)]
        volumes = claims_problem(self.api, view, node)
        if volumes:
            return [(volumes, True)]
        for found in (spread.problem(node), rules.problem(node)):
            if found is not None:
                return [found]
        return []

    def _tolerates_cordon(self) -> bool:
        taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        return any(
            matching.tolerates(t, taint) for t in get_path(self.pod, "spec", "tolerations", default=[])
        )


def _reserved(pod: Obj, rooms: Mapping[str, NodeRoom], nominated: Iterable[Obj]) -> Mapping[str, NodeRoom]:
    own = get_path(pod, "spec", "priority", default=0)
    coming: dict[str, list[Obj]] = {}
    for other in nominated:
        node = get_path(other, "status", "nominatedNodeName", default="")
        important = get_path(other, "spec", "priority", default=0) >= own
        if important and node in rooms and uid_of(other) != uid_of(pod):
            placed = {**other, "spec": {**other["spec"], "nodeName": node}}
            coming.setdefault(node, []).append(placed)
    return {**rooms, **{n: rooms[n].with_pods(pods) for n, pods in coming.items()}} if coming else rooms


def tally(reasons: Iterable[str]) -> str:
    """How often each reason was met, sorted as text."""
    return ", ".join(sorted(f"{count} {text}" for text, count in Counter(reasons).items()))


def unschedulable_message(verdict: Verdict, nodes: int, helpless: str) -> str:
    """The text of ``FailedScheduling``. *helpless*: why preemption does not help; empty when it is going to."""
    if nodes == 0:
        return "no nodes available to schedule pods"
    head = f"0/{nodes} nodes are available"
    if verdict.refusal:
        return f"{head}: {verdict.refusal}. not found"
    reasons = tally(text for problems in verdict.problems.values() for text, _ in problems)
    if not helpless:
        return f"{head}: {reasons}."
    return f"{head}: {reasons}. no new claims to deallocate, preemption: {helpless}"
