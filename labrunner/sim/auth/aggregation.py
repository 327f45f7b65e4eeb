"""Aggregated cluster roles: their rules are those of the roles that their selectors find."""

from __future__ import annotations

from collections.abc import Iterable

from labrunner.sim import selectors
from labrunner.sim.objects import Obj, labels_of, name_of


def aggregated_rules(role: Obj, roles: Iterable[Obj]) -> list[Obj]:
    """What the rules of the aggregated *role* have to be, given all cluster *roles*: in order of name, each once."""
    wanted = [
        selectors.from_label_selector(selector)
        for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    ]
    out: list[Obj] = []
    for selector in wanted:
        for other in sorted(roles, key=name_of):
            if name_of(other) != name_of(role) and selector.matches(labels_of(other)):
                out.extend(rule for rule in other.get("rules") or () if rule not in out)
    return out


def outdated(roles: list[Obj]) -> list[tuple[Obj, list[Obj]]]:
    """(Role, its new rules) for each aggregated role whose rules are not what they should be."""
    found = []
    for role in roles:
        if role.get("aggregationRule"):
            rules = aggregated_rules(role, roles)
            if rules != (role.get("rules") or []):
                found.append((role, rules))
    return found
