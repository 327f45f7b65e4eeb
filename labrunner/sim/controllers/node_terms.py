"""Node selector terms: what affinity of pods and of volumes asks of a node."""

from __future__ import annotations

from labrunner.sim.objects import Obj, get_path, labels_of, name_of


def _matches_expression(values: dict[str, str], term: Obj) -> bool:
    key, operator = term.get("key", ""), term.get("operator", "")
    wanted: list[str] = term.get("values") or []
    have = values.get(key)
    if operator == "In":
        return have is not None and have in wanted
    if operator == "NotIn":
        return have is None or have not in wanted
    if operator == "Exists":
        return have is not None
    if operator == "DoesNotExist":
        return have is None
    if operator in ("Gt", "Lt"):
        try:
            left, right = int(have or ""), int(wanted[0])
        except (ValueError, IndexError):
            return False
        return left > right if operator == "Gt" else left < right
    return False


def matches_term(node: Obj, term: Obj) -> bool:
    """Whether *node* fulfils one node selector term; an empty term matches nothing."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    labels = labels_of(node)
    own = {"metadata.name": name_of(node)}
    return all(_matches_expression(labels, e) for e in expressions) and all(
        _matches_expression(own, f) for f in fields
    )


def reachable(volume: Obj, node: Obj) -> bool:
    """Whether the node affinity of *volume* lets it be used on *node*."""
    required = get_path(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
    return required is None or any(matches_term(node, t) for t in required)
