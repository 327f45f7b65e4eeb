"""One-to-one assignment: maximum matching in a bipartite graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_UNREACHED = -1


def assign(wanted: int, offered: int, fits: Callable[[int, int], bool]) -> list[int | None]:
    """For each of `wanted` the index of the offered one it gets, None where it gets none; as many as possible.

    Hopcroft and Karp's algorithm, O(edges · √nodes) after asking `fits` for each pair once. An order-preserving
    first guess answers the common case with `wanted` questions.
    """
    straight = _in_order(wanted, offered, fits)
    if straight is not None:
        return list(straight)
    edges = [[at for at in range(offered) if fits(one, at)] for one in range(wanted)]
    given: list[int | None] = [None] * wanted
    taken: list[int | None] = [None] * offered
    while True:
        levels = _levels(edges, given, taken)
        if not any(
            given[one] is None and _augment(one, edges, given, taken, levels) for one in range(wanted)
        ):
            return given


def _in_order(wanted: int, offered: int, fits: Callable[[int, int], bool]) -> list[int] | None:
    if wanted <= offered and all(fits(at, at) for at in range(wanted)):
        return list(range(wanted))
    return None


def _levels(edges: list[list[int]], given: list[int | None], taken: list[int | None]) -> list[int]:
    """Breadth-first distance of each wanted node from a free one along alternating paths."""
    levels = [0 if at is None else _UNREACHED for at in given]
    queue = deque(one for one, at in enumerate(given) if at is None)
    while queue:
        one = queue.popleft()
        for at in edges[one]:
            holder = taken[at]
            if holder is not None and levels[holder] == _UNREACHED:
                levels[holder] = levels[one] + 1
                queue.append(holder)
    return levels


def _augment(
    start: int, edges: list[list[int]], given: list[int | None], taken: list[int | None], levels: list[int]
) -> bool:
    """Find an alternating path from `start` to a free offer, without recursion, and flip it."""
    path: list[tuple[int, int]] = []
    cursors = {start: 0}
    one = start
    while True:
        advanced = False
        while cursors[one] < len(edges[one]):
            at = edges[one][cursors[one]]
            cursors[one] += 1
            holder = taken[at]
            if holder is None:
                for node, offer in [*path, (one, at)]:
                    given[node], taken[offer] = offer, node
                return True
            if levels[holder] == levels[one] + 1 and holder not in cursors:
                path.append((one, at))
                cursors[holder] = 0
                one = holder
                advanced = True
                break
        if advanced:
            continue
        levels[one] = _UNREACHED
        if not path:
            return False
        one, _ = path.pop()
