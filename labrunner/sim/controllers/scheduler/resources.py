"""What pods request and what nodes have left. Amounts are integers: milli-units for cpu, units otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from labrunner.sim.objects import Obj, get_path, uid_of
from labrunner.sim.quantity import QuantityError
from labrunner.sim.quantity import parse as parse_quantity

Amounts = dict[str, int]
PODS: Final = "pods"
# What a container without a request counts for when nodes are compared.
_SCORED: Final = {"cpu": 100, "memory": 200 * 1024 * 1024}


@lru_cache(maxsize=4096)
def amount(resource: str, text: str) -> int:
    """A quantity in the unit this module counts *resource* in; 0 when it cannot be read."""
    try:
        quantity = parse_quantity(text)
    except QuantityError:
        return 0
    return quantity.milli() if resource == "cpu" else quantity.value()


def amounts(values: Mapping[str, object] | None) -> Amounts:
    """A resource list as amounts."""
    return {name: amount(name, str(value)) for name, value in (values or {}).items()}


def _add(into: Amounts, more: Mapping[str, int]) -> None:
    for name, value in more.items():
        into[name] = into.get(name, 0) + value


def _raise_to(into: Amounts, least: Mapping[str, int]) -> None:
    for name, value in least.items():
        into[name] = max(into.get(name, 0), value)


def pod_requests(pod: Obj) -> Amounts:
    """The effective request of a pod: containers and sidecars together, or the largest init container if more."""
    spec = pod.get("spec") or {}
    total: Amounts = {}
    for container in spec.get("containers") or []:
        _add(total, amounts(get_path(container, "resources", "requests")))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or []:
        own = amounts(get_path(container, "resources", "requests"))
        if container.get("restartPolicy") == "Always":
            _add(sidecars, own)
            _add(total, own)
        else:
            with_sidecars = dict(own)
            _add(with_sidecars, sidecars)
            _raise_to(peak, with_sidecars)
    _raise_to(total, peak)
    whole = amounts(get_path(spec, "resources", "requests"))
    total.update(whole)
    _add(total, amounts(spec.get("overhead")))
    return {name: value for name, value in total.items() if value}


class NodeRoom:
    """What a node can give and what its pods have taken; kept up to date pod by pod."""

    __slots__ = ("allocatable", "node", "pods", "used", "weight")

    def __init__(self, node: Obj, pods: Iterable[Obj] = ()) -> None:
        self.node = node
        self.allocatable: Amounts = {}
        self.pods: dict[str, Obj] = {}
        self.used: Amounts = {}
        self.weight: Amounts = dict.fromkeys(_SCORED, 0)
        self.describe(node)
        for pod in pods:
            self.add(pod)

    def describe(self, node: Obj) -> None:
        """Take over what *node* says of itself."""
        self.node = node
        self.allocatable = amounts(get_path(node, "status", "allocatable", default={}))

    def add(self, pod: Obj) -> None:
        """Count *pod* (or its newer version) in."""
        self.drop(uid_of(pod))
        self.pods[uid_of(pod)] = pod
        self._count(pod, 1)

    def drop(self, uid: str) -> None:
        """Count the pod with this UID out."""
        pod = self.pods.pop(uid, None)
        if pod is not None:
            self._count(pod, -1)

    def _count(self, pod: Obj, sign: int) -> None:
        wanted = pod_requests(pod)
        _add(self.used, {name: sign * value for name, value in wanted.items()})
        _add(self.weight, {name: sign * (wanted.get(name) or least) for name, least in _SCORED.items()})

    def without(self, gone: Iterable[Obj]) -> NodeRoom:
        """The room there would be if the pods *gone* were not there."""
        uids = {uid_of(p) for p in gone}
        return NodeRoom(self.node, [p for u, p in self.pods.items() if u not in uids])

    def shortages(self, wanted: Mapping[str, int]) -> list[tuple[str, bool]]:
        """Reasons the request does not fit; True with one that no preemption could cure."""
        found: list[tuple[str, bool]] = []
        limit = self.allocatable.get(PODS, 110)
        if len(self.pods) + 1 > limit:
            found.append(("Too many pods", limit < 1))
        order = {"cpu": 0, "memory": 1, "ephemeral-storage": 2}
        for name in sorted(wanted, key=lambda n: (order.get(n, 3), n)):
            have = self.allocatable.get(name, 0)
            if wanted[name] > have - self.used.get(name, 0):
                found.append((f"Insufficient {name}", wanted[name] > have))
        return found

    def free_share(self, wanted: Mapping[str, int]) -> float:
        """Mean share of cpu and memory that would be left, 0…1: least-allocated scoring."""
        shares = []
        for name, least in _SCORED.items():
            have = self.allocatable.get(name, 0)
            if have:
                shares.append(max(0.0, 1 - (self.weight[name] + (wanted.get(name) or least)) / have))
        return sum(shares) / len(shares) if shares else 0.0

    def balance(self, wanted: Mapping[str, int]) -> float:
        """0…100: how evenly cpu and memory would be requested; 0 for a pod that requests neither."""
        if not any(wanted.get(name) for name in _SCORED):
            return 0.0
        shares = [
            min(1.0, (self.used.get(name, 0) + wanted.get(name, 0)) / self.allocatable[name])
            for name in _SCORED
            if self.allocatable.get(name)
        ]
        return 100 * (1 - (max(shares) - min(shares)) / 2) if shares else 0.0

    def with_pods(self, more: Iterable[Obj]) -> NodeRoom:
        """The room there would be if the pods *more* were there too."""
        return NodeRoom(self.node, [*self.pods.values(), *more])
