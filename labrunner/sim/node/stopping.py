"""Stopping: one container that is to come back, a whole pod that is done, deleted or out of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.disruption import mark_disrupted
from labrunner.sim.node import probes
from labrunner.sim.node.container import Container
from labrunner.sim.objects import get_path, is_terminating, meta

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

STUBBORN: Final = 1.0
"""Seconds after which a process that ignores SIGTERM is killed: the grace period, shortened."""
POLITE: Final = 0.08
EVICTED: Final = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. "


class Stopper:
    """Ends the containers of one pod."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self.reason = ("", "")
        """Reason and message of a pod that failed as a whole."""

    def kill(self, container: Container, why: str) -> None:
        """Stop one running container so that its restart policy brings it back."""
        life = self._life
        life.tell("Normal", "Killing", why, container)
        run = container.restarts
        seconds, code = self._cost(container)

        def gone() -> None:
            if container.running and container.restarts == run:
                life.exited(container, code)

        life.after(seconds, gone)

    def _grace(self) -> float:
        pod = self._life.pod
        given = meta(pod).get("deletionGracePeriodSeconds")
        if given is None:
            given = get_path(pod, "spec", "terminationGracePeriodSeconds", default=30)
        return float(given)

    def _cost(self, container: Container) -> tuple[float, int]:
        """Seconds until the container has stopped, and its exit code."""
        code = container.process.stops_politely() if container.process else 0
        if code is None:
            return min(self._grace(), STUBBORN), 137
        return min(self._grace(), POLITE), code

    def _pre_stop(self, container: Container) -> float:
        """Seconds that the preStop hook takes, shortened; its failure is told."""
        hook = get_path(container.spec, "lifecycle", "preStop")
        if not hook or container.process is None:
            return 0.0
        code, took, _ = probes.run_hook(hook, container.process, self._life.elapsed(container))
        if code:
            self._life.tell("Warning", "FailedPreStopHook", "PreStopHook failed", container)
        return min(took, self._grace(), 2 * STUBBORN)

    def delete(self) -> None:
        """The pod is being deleted: stop its containers, then let it go."""
        life = self._life
        life.stopping = True
        life.report.soon()
        longest = 0.0
        for container in life.containers:
            if container.running:
                life.tell("Normal", "Killing", f"Stopping container {container.name}", container)
                longest = max(longest, self._pre_stop(container), self._cost(container)[0])
        life.after(longest, self._finished)

    def torn_away(self) -> None:
        """The API object is gone already (a forced deletion): the containers are stopped after it."""
        for container in self._life.containers:
            if container.running and not self._life.stopping:
                self._life.tell("Normal", "Killing", f"Stopping container {container.name}", container)

    def finish(self) -> None:
        """All regular containers are done, or an init container has failed for good: end the sidecars too."""
        life = self._life
        life.stopping = True
        sidecars = [c for c in life.inits if c.running]
        for sidecar in sidecars:
            life.tell("Normal", "Killing", f"Stopping container {sidecar.name}", sidecar)
        life.report.now()
        life.after(STUBBORN if sidecars else 0.05, self._finished)

    def evict(self, why: str) -> None:
        """The node is short of something, and this pod has to go."""
        life = self._life
        if life.stopping:
            return
        text = why or EVICTED
        self.reason = ("Evicted", text)
        current = life.api.store.get("pods", *life.key)
        if current is not None:
            mark_disrupted(life.api, current, "TerminationByKubelet", text)
        life.tell("Warning", "Evicted", text)
        self._end_all()

    def _end_all(self) -> None:
        life = self._life
        life.stopping = True
        for container in life.containers:
            if container.running:
                life.tell("Normal", "Killing", f"Stopping container {container.name}", container)
        life.after(POLITE, self._finished)

    def out_of_time(self) -> None:
        """``activeDeadlineSeconds`` is over."""
        life = self._life
        if life.stopping:
            return
        text = "Pod was active on the node longer than the specified deadline"
        self.reason = ("DeadlineExceeded", text)
        life.tell("Normal", "DeadlineExceeded", text)
        self._end_all()

    def _finished(self) -> None:
        life = self._life
        now = life.api.clock.now()
        for container in life.containers:
            if container.running:
                code = container.process.stops_politely() if container.process else 0
                container.end(137 if code is None else code, now)
        life.sandbox = False
        life.report.now()
        if is_terminating(life.pod):
            life.after(0.02, self._remove)
        else:
            life.settle()

    def _remove(self) -> None:
        """The kubelet's last word: the API object may go."""
        life = self._life
        try:
            life.api.finalize("pods", life.key[1], life.key[0])
        finally:
            life.settle()
