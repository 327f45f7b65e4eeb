"""The status of flow schemas: whether their priority level exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.flow_control import dangling
from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.objects import get_path, name_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change

_SCHEMAS: Final = "flowschemas.flowcontrol.apiserver.k8s.io"
_LEVELS: Final = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"


class FlowSchemaStatus(Controller):
    """Says of each FlowSchema whether its priority level exists."""

    name = "priority-and-fairness-config-consumer"

    def watches(self) -> Mapping[str, Mapper]:
        return {_SCHEMAS: itself, _LEVELS: self._of_level}

    def _of_level(self, change: Change) -> Iterable[Key]:
        if change.old is None or change.new is None:
            yield from (("", name_of(found)) for found in self.api.store.list(_SCHEMAS))

    def reconcile(self, key: Key) -> float | None:
        schema = self.api.store.get(_SCHEMAS, *key)
        if schema is None:
            return None
        level = get_path(schema, "spec", "priorityLevelConfiguration", "name", default="")
        now = timestamp(self.api.clock.now())
        wanted = dangling(level, now, found=self.api.store.get(_LEVELS, "", level) is not None)
        before = get_path(schema, "status", "conditions", default=[{}])[0]
        if before.get("message") != wanted["message"]:
            self.api.update_status(_SCHEMAS, {**schema, "status": {"conditions": [wanted]}})
        return None
