"""Aggregated cluster roles: their rules are those of the roles that their selectors find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from labrunner.sim import selectors
from labrunner.sim.auth.rbac import CLUSTER_ROLES
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, labels_of, name_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

MANAGER: Final = "clusterrole-aggregation-controller"
RETRY: Final = 1.0
"""Seconds until a refused write is tried again."""


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


class Aggregator:
    """Keeps the rules of aggregated roles up to date, as the controller of that name does."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pending = False

    def start(self) -> None:
        """Follow all changes to cluster roles."""
        self._api.store.subscribe(CLUSTER_ROLES, self._changed)
        self._later()

    def _changed(self, _: object) -> None:
        self._later()

    def _later(self, seconds: float = 0) -> None:
        if not self._pending:
            self._pending = True
            self._api.clock.call_later(seconds, self._reconcile)

    def _reconcile(self) -> None:
        self._pending = False
        for role, rules in outdated(self._api.store.list(CLUSTER_ROLES)):
            try:
                self._api.update(CLUSTER_ROLES, {**role, "rules": rules}, manager=MANAGER)
            except ApiError:
                self._later(RETRY)


def outdated(roles: list[Obj]) -> list[tuple[Obj, list[Obj]]]:
    """(Role, its new rules) for each aggregated role whose rules are not what they should be."""
    found = []
    for role in roles:
        if role.get("aggregationRule"):
            rules = aggregated_rules(role, roles)
            if rules != (role.get("rules") or []):
                found.append((role, rules))
    return found
