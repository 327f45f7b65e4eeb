"""Rules that match pods to nodes: node selectors and affinity, taints and tolerations, host ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labrunner.sim.controllers.node_terms import matches_term
from labrunner.sim.objects import Obj, get_path, labels_of


def matches_node_affinity(pod: Obj, node: Obj) -> bool:
    """Whether *node* has what ``nodeSelector`` and the required node affinity of *pod* ask for."""
    selector: dict[str, str] = get_path(pod, "spec", "nodeSelector", default={})
    labels = labels_of(node)
    if any(labels.get(k) != v for k, v in selector.items()):
        return False
    path = ("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    required = get_path(pod, *path)
    if required is None:
        return True
    return any(matches_term(node, t) for t in required.get("nodeSelectorTerms") or [])


def named_nodes(pod: Obj) -> set[str] | None:
    """The names that each required node affinity term of *pod* allows; None when some term names no node."""
    path = ("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = (get_path(pod, *path) or {}).get("nodeSelectorTerms") or []
    found: set[str] = set()
    for term in terms:
        names: set[str] | None = None
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("operator") == "In":
                given = set(field.get("values") or [])
                names = given if names is None else names & given
        if names is None:
            return None
        found |= names
    return found if terms else None


def preferred_node_weight(pod: Obj, node: Obj) -> int:
    """Sum of the weights of the preferred node affinity terms that *node* fulfils."""
    path = ("spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
    return sum(
        int(t.get("weight", 0))
        for t in get_path(pod, *path, default=[])
        if matches_term(node, t.get("preference") or {})
    )


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key") or ""
    if key and key != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    if not key:
        return False
    return operator == "Equal" and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(pod: Obj, node: Obj, effects: Iterable[str]) -> Iterator[Obj]:
    """Taints of *node* with one of *effects* that *pod* does not tolerate."""
    tolerations = get_path(pod, "spec", "tolerations", default=[])
    for taint in get_path(node, "spec", "taints", default=[]):
        if taint.get("effect") in effects and not any(tolerates(t, taint) for t in tolerations):
            yield taint


def host_ports(pod: Obj) -> set[tuple[str, str, int]]:
    """Address, protocol and number of each host port."""
    found = set()
    for container in get_path(pod, "spec", "containers", default=[]):
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                address = port.get("hostIP") or "0.0.0.0"  # noqa: S104 - the wildcard as pods write it
                found.add((address, port.get("protocol") or "TCP", int(port["hostPort"])))
    return found


def ports_clash(mine: set[tuple[str, str, int]], theirs: set[tuple[str, str, int]]) -> bool:
    """Whether two sets of host ports cannot live on one node."""
    wild = "0.0.0.0"  # noqa: S104 - the wildcard as pods write it
    return any(p == q and n == m and (a == b or wild in (a, b)) for a, p, n in mine for b, q, m in theirs)
