"""Writing a pod's status to the API: once for several changes, only when it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.errors import ApiError
from labrunner.sim.node.status import conditions, phase_of, resources_of
from labrunner.sim.objects import Obj, clone, is_terminating, meta, uid_of

if TYPE_CHECKING:
    from labrunner.sim.node.admission import Refusal
    from labrunner.sim.node.life import PodLife

SOON: Final = 0.01
_KEPT: Final = ("qosClass", "resourceClaimStatuses", "message", "reason")
_TOLD: Final = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


class Reporter:
    """The status of one pod as its kubelet tells it."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self._waiting = False
        self._written: Obj = {}

    def adopt(self, status: Obj) -> None:
        """Take *status* for what was written last."""
        self._written = status

    def overtaken(self, pod: Obj) -> bool:
        """Whether someone else (a restored snapshot) has changed what only the kubelet tells."""
        status = pod.get("status") or {}
        return any(status.get(field) != self._written.get(field) for field in _TOLD)

    def soon(self) -> None:
        """Write a moment later."""
        if not self._waiting:
            self._waiting = True
            self._life.after(SOON, self.now)

    def now(self) -> None:
        """Write now."""
        self._waiting = False
        life = self._life
        current = life.api.store.get("pods", *life.key)
        if current is None or uid_of(current) != life.uid:
            return
        life.pod = current
        life.started_at = life.started_at or timestamp(life.api.clock.now())
        status = self._status()
        if status == current.get("status"):
            return
        changed = {**current, "metadata": clone(current["metadata"]), "status": status}
        try:
            life.pod = life.api.update_status("pods", changed, manager="kubelet")
            self._written = life.pod["status"]
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def rejected(self, refusal: Refusal) -> None:
        """The pod was not admitted: all that its status says, next to what others have written."""
        life = self._life
        current = life.api.store.get("pods", *life.key)
        if current is None or uid_of(current) != life.uid:
            return
        status = clone(current.get("status") or {})
        status.update(
            phase="Failed",
            reason=refusal.reason,
            message=f"Pod was rejected: {refusal.message}",
            observedGeneration=meta(current).get("generation", 1),
            startTime=life.started_at,
        )
        changed = {**current, "metadata": clone(current["metadata"]), "status": status}
        life.pod = life.api.update_status("pods", changed, manager="kubelet")
        self._written = life.pod["status"]

    def _conditions(self, phase: str, now: str) -> list[Obj]:
        life = self._life
        before = condition(life.pod, "PodResizePending")
        usual = conditions(life.pod, phase, life.inits, life.apps, life.sandbox, now)
        return [*life.resizer.conditions(before), *(c for c in usual if c["type"] != "PodResizePending")]

    def _phase(self) -> str:
        life = self._life
        if life.stopper.reason[0]:
            return "Failed"
        phase = phase_of(life.pod, life.inits, life.apps)
        if life.stopping and is_terminating(life.pod) and phase == "Running":
            # A deleted pod whose containers have all ended is finished, whatever its restart policy.
            if any(c.running or c.exit_code is None for c in life.apps):
                return "Running"
            return "Succeeded" if all(c.exit_code == 0 for c in life.apps) else "Failed"
        return phase

    def _status(self) -> Obj:
        life = self._life
        old = life.pod.get("status") or {}
        status: Obj = {k: old[k] for k in _KEPT if k in old}
        reason, message = life.stopper.reason
        if reason:
            status.update(reason=reason, message=message)
        requests, resources = resources_of(life.apps)
        if requests:
            status["allocatedResources"] = requests
        phase = self._phase()
        now = timestamp(life.api.clock.now())
        status.update(
            conditions=self._conditions(phase, now),
            hostIP=life.host.address,
            hostIPs=[{"ip": life.host.address}],
            observedGeneration=meta(life.pod).get("generation", 1),
            phase=phase,
            resources=resources,
            startTime=life.started_at,
        )
        if life.address:
            status.update(podIP=life.address, podIPs=[{"ip": life.address}])
        for field, those in zip(_TOLD, (life.inits, life.apps, life.debugs), strict=True):
            if those:
                status[field] = [c.status() for c in those]
        finished: Obj = clone(status)
        return finished
