"""Which of the nodes that pass is best: the default scores, each brought to 0…100, with the default weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from labrunner.sim.controllers.scheduler import matching
from labrunner.sim.controllers.scheduler.affinity import PodRules
from labrunner.sim.controllers.scheduler.resources import NodeRoom
from labrunner.sim.controllers.scheduler.spread import Spread
from labrunner.sim.objects import Obj

Scores = dict[str, float]


def best(
    pod: Obj, wanted: Mapping[str, int], rooms: Mapping[str, NodeRoom], rules: PodRules, spread: Spread
) -> str:
    """The name of the best node of *rooms*. Among equals the emptier one, then the first by name."""

    def each(score: Callable[[NodeRoom], float]) -> Scores:
        return {name: score(room) for name, room in rooms.items()}

    parts: Sequence[tuple[int, Scores]] = (
        (1, each(lambda r: 100 * r.free_share(wanted))),
        (1, each(lambda r: r.balance(wanted))),
        (3, _less_is_better(each(lambda r: _soft_taints(pod, r.node)))),
        (2, _more_is_better(each(lambda r: matching.preferred_node_weight(pod, r.node)))),
        (2, _least_first(each(lambda r: spread.crowding(r.node)))),
        (2, _between(each(lambda r: rules.preference(r.node)))),
    )
    total = {name: sum(weight * scores[name] for weight, scores in parts) for name in rooms}
    return min(rooms, key=lambda n: (-round(total[n], 6), len(rooms[n].pods), n))


def _soft_taints(pod: Obj, node: Obj) -> int:
    return sum(1 for _ in matching.untolerated(pod, node, ("PreferNoSchedule",)))


def _more_is_better(raw: Scores) -> Scores:
    most = max(raw.values())
    return {n: 100 * v / most if most else 0.0 for n, v in raw.items()}


def _less_is_better(raw: Scores) -> Scores:
    most = max(raw.values())
    return {n: 100 - 100 * v / most if most else 100.0 for n, v in raw.items()}


def _least_first(raw: Scores) -> Scores:
    most, least = max(raw.values()), min(raw.values())
    return {n: 100 * (most + least - v) / most if most else 100.0 for n, v in raw.items()}


def _between(raw: Scores) -> Scores:
    most, least = max(raw.values()), min(raw.values())
    return {n: 100 * (v - least) / (most - least) if most > least else 0.0 for n, v in raw.items()}
