"""Resizing the containers of a pod in place: what the node grants, puts off or cannot give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.scheduler.resources import NodeRoom, pod_requests
from labrunner.sim.node.admission import placed_on
from labrunner.sim.node.container import Container
from labrunner.sim.objects import Obj, clone, get_path, meta, uid_of

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

RETRY: Final = 12.0
_RESIZABLE: Final = ("cpu", "memory")


class Resizer:
    """Grants what the spec of one pod asks for, when the node has it."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self.pending: tuple[str, str] | None = None
        """Reason (Infeasible, Deferred) and message of a resize that was not granted."""

    def look(self) -> None:
        """The spec has changed, or a resize that was put off may fit now."""
        life = self._life
        resized = [c for c in (*life.inits, *life.apps) if c.resources != (c.spec.get("resources") or {})]
        self.pending = self._refusal() if resized else None
        if self.pending is None:
            for container in resized:
                self._grant(container)
        elif self.pending[0] == "Deferred":
            life.after(RETRY, self.look)
        life.report.soon()

    def _refusal(self) -> tuple[str, str] | None:
        life = self._life
        node = life.api.store.get("nodes", "", life.host.name)
        if node is None:
            return None
        others = [p for p in placed_on(life.api.store.list("pods"), life.host.name) if uid_of(p) != life.uid]
        room = NodeRoom(node, others)
        wanted = pod_requests(life.pod)
        for name in _RESIZABLE:
            asked, have, used = wanted.get(name, 0), room.allocatable.get(name, 0), room.used.get(name, 0)
            if asked > have:
                text = f"Node didn't have enough capacity: {name}, requested: {asked}, capacity: {have}"
                return "Infeasible", text
            if asked > have - used:
                amounts = f"requested: {asked}, used: {used}, capacity: {have}"
                return "Deferred", f"Node didn't have enough resource: {name}, {amounts}"
        return None

    def _grant(self, container: Container) -> None:
        before, after = container.resources, container.spec.get("resources") or {}
        container.resources = clone(after)
        policies = {
            p["resourceName"]: p.get("restartPolicy") for p in container.spec.get("resizePolicy") or []
        }
        restart = any(
            policies.get(name) == "RestartContainer"
            and any(
                get_path(before, field, name) != get_path(after, field, name)
                for field in ("requests", "limits")
            )
            for name in _RESIZABLE
        )
        if restart and container.running:
            text = f"Container {container.name} resize requires restart"
            self._life.stopper.kill(container, text)

    def conditions(self, before: Obj | None) -> list[Obj]:
        """``PodResizePending``, while a resize waits; *before* is the one in the status."""
        if self.pending is None:
            return []
        reason, message = self.pending
        since = (before or {}).get("lastTransitionTime") or timestamp(self._life.api.clock.now())
        return [
            {
                "lastProbeTime": None,
                "lastTransitionTime": since,
                "message": message,
                "observedGeneration": meta(self._life.pod).get("generation", 1),
                "reason": reason,
                "status": "True",
                "type": "PodResizePending",
            }
        ]
