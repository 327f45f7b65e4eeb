"""The life of one pod on a simulated node: staged by the clock, told in status and events as a kubelet tells it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from labrunner.sim.clock import Timer, timestamp
from labrunner.sim.node import config
from labrunner.sim.node.container import FIELDS, Container
from labrunner.sim.node.outcomes import ANNOTATION, Outcomes
from labrunner.sim.node.preparing import Preparer
from labrunner.sim.node.probing import Probing
from labrunner.sim.node.process import HORIZON
from labrunner.sim.node.reporting import Reporter
from labrunner.sim.node.resizing import Resizer
from labrunner.sim.node.restarting import Restarter, restarts_by_rule
from labrunner.sim.node.starting import Starter
from labrunner.sim.node.stopping import Stopper
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    get_path,
    is_terminating,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.node.kubelet import Host

ADMIT: Final = 0.02
MOUNT: Final = 0.02
RESYNC: Final = 12.0


class PodLife:
    """Drives one pod from its binding to its end."""

    def __init__(self, host: Host, pod: Obj) -> None:
        self.host = host
        self.api = host.api
        self.pod = pod
        self.key = (namespace_of(pod), name_of(pod))
        self.uid = uid_of(pod)
        self.address = ""
        self.started_at = ""
        self.sandbox = False
        self.stopping = False
        self.over = False
        self.settled = False
        self.outcomes = Outcomes(self.api, pod)
        self.inits: list[Container] = []
        self.apps: list[Container] = []
        self.debugs: list[Container] = []
        self.report = Reporter(self)
        self.stopper = Stopper(self)
        self.resizer = Resizer(self)
        self._timers: set[Timer] = set()
        self._preparer = Preparer(self)
        self._starter = Starter(self)
        self._restarter = Restarter(self, self._starter)
        self._probing = Probing(self)
        self._make_containers()

    def _make_containers(self) -> None:
        spec = self.pod.get("spec") or {}
        initializing = bool(spec.get("initContainers"))
        self.inits = [Container(c, "init", initializing) for c in spec.get("initContainers") or []]
        self.apps = [Container(c, "app", initializing) for c in spec.get("containers") or []]
        self._meet_debuggers()

    def _meet_debuggers(self) -> None:
        known = {c.name for c in self.debugs}
        for spec in get_path(self.pod, "spec", "ephemeralContainers", default=[]):
            if spec["name"] not in known:
                self.debugs.append(Container(spec, "ephemeral", initializing=False))

    @property
    def containers(self) -> list[Container]:
        """All of them: init, app, ephemeral."""
        return [*self.inits, *self.apps, *self.debugs]

    # time and words

    def after(self, seconds: float, step: Callable[[], object]) -> None:
        """Do *step* later, unless the pod's life ends before."""

        def fire() -> None:
            self._timers.discard(timer)
            if not self.over:
                step()

        timer = self.api.clock.call_later(seconds, fire)
        self._timers.add(timer)

    def tell(
        self, kind: Literal["Normal", "Warning"], reason: str, message: str, about: Container | None = None
    ) -> None:
        """Record an event of the kubelet."""
        path = about.field_path if about is not None else None
        self.api.event(
            self.pod, kind, reason, message, component="kubelet", host=self.host.name, field_path=path
        )

    def end(self) -> None:
        """Forget the pod: it is gone from this node."""
        self.over = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.host.release(self.address)

    # beginning

    def begin(self) -> None:
        """The pod has just been bound to this node."""
        self.after(ADMIT, self._admitted)

    def _admitted(self) -> None:
        if self.stopping:
            return
        self.started_at = timestamp(self.api.clock.now())
        refusal = self._preparer.refusal()
        if refusal is not None:
            self.tell("Warning", refusal.reason, refusal.message)
            self.report.rejected(refusal)
            self.settle()
            return
        self.report.now()
        self._preparer.watch_deadline()
        self.after(MOUNT, self._preparer.mount)

    def recover(self) -> None:
        """Take the pod over from its status: the server was restarted."""
        status = self.pod.get("status") or {}
        if "startTime" not in status and is_terminating(self.pod):
            self.stopper.delete()
            return
        if "startTime" not in status:
            self.begin()
            return
        self.report.adopt(status)
        self.started_at = status["startTime"]
        self.address = status.get("podIP", "")
        self.sandbox = bool(self.address)
        self.host.claim_address(self.address)
        told = {
            s["name"]: s
            for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
            for s in status.get(field) or []
        }
        for container in self.containers:
            if container.name in told:
                env = config.environment(self.api, self.pod, container.spec)
                scripted = self.outcomes.find(container.spec, "run", "exit", "oom")
                container.recover(told[container.name], env, scripted)
                self._starter.note_image(container)
        self._preparer.watch_deadline()
        if is_terminating(self.pod):
            self.stopper.delete()
        elif not self.sandbox:
            self._preparer.mount()
        else:
            for container in self.containers:
                if container.running:
                    self._follow(container)
                elif container.begun and not self._completed(container):
                    self._resume(container)
            self.report.soon()
            self.advance()

    def _resume(self, container: Container) -> None:
        """A container that was waiting for its next run when the server stopped."""
        self.after(min(container.backoff, RESYNC), lambda: self._starter.attempt(container))

    # containers in order

    def advance(self) -> None:
        """Start what may start now: init containers one after the other, then the others together."""
        if self.stopping or self.over:
            return
        for init in self.inits:
            if not init.begun:
                self._starter.attempt(init)
                return
            if not (init.started if init.sidecar else init.exit_code == 0):
                return
        for container in (*self.apps, *self.debugs):
            if not container.begun:
                self._starter.attempt(container)

    def launched(self, container: Container) -> None:
        """A container runs now: follow its process, probe it, and go on."""
        self._follow(container)
        self.report.soon()
        self.advance()

    def _follow(self, container: Container) -> None:
        process = container.process
        if process is None:
            return
        run = container.restarts

        def look() -> None:
            if not container.running or container.restarts != run or container.process is not process:
                return
            elapsed = (self.api.clock.now() - process.started).total_seconds()
            process.look_ahead(elapsed + HORIZON, elapsed)
            if process.exit_at is not None:
                left = max(process.exit_at, 0.02) - elapsed
                self.after(max(0.0, left), finish)
            elif not process.finished_looking:
                self.after(max(0.5, min(HORIZON, process.looked_to - elapsed) / 2), look)

        def finish() -> None:
            if container.running and container.process is process:
                self.exited(container, process.exit_code or 0, process.exit_reason)

        look()
        self._probing.watch(container)

    def exited(self, container: Container, code: int, reason: str = "", message: str = "") -> None:
        """A container's process has ended."""
        now = self.api.clock.now()
        process = container.process
        if process is not None and process.exit_at is not None and code == process.exit_code:
            now = min(now, process.started + timedelta(seconds=process.exit_at + 1))
            message = message or process.message()
        container.end(code, now, reason, message)
        if self.stopping:
            self.report.soon()
            return
        container.comes_back = not self._completed(container)
        if not container.comes_back:
            if container.kind == "init" and code == 0:
                self.report.soon()
                self.after(0.02, self.advance)
            else:
                self._maybe_finish(container)
            return
        self.report.soon()
        self._restarter.again(container)

    def _completed(self, container: Container) -> bool:
        """Whether a container that ended with its code stays ended."""
        code = container.exit_code
        if container.kind == "ephemeral":
            return True
        if code is not None and restarts_by_rule(container.spec, code):
            return False
        if container.sidecar:
            return False
        policy = container.spec.get("restartPolicy") or get_path(
            self.pod, "spec", "restartPolicy", default="Always"
        )
        if container.kind == "init":
            return code == 0 or policy == "Never"
        return policy == "Never" or (policy == "OnFailure" and code == 0)

    def _maybe_finish(self, container: Container) -> None:
        failed_init = container.kind == "init"
        if not failed_init and any(c.exit_code is None or not self._completed(c) for c in self.apps):
            self.report.soon()
            return
        self.stopper.finish()

    def settle(self) -> None:
        """A finished pod needs no time any more; its address is free again."""
        self.settled = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.host.release(self.address)

    # change

    def outdated(self, pod: Obj) -> bool:
        """Whether *pod*, from the store, cannot be what this life has led to."""
        undeleted = is_terminating(self.pod) and not is_terminating(pod)
        return undeleted or self.report.overtaken(pod)

    def changed(self, pod: Obj) -> None:
        """The pod object has a new version."""
        before, self.pod = self.pod, pod
        if is_terminating(pod):
            # A settled pod may be found deleted but not removed when a snapshot was restored.
            unremoved = self.settled and bool(meta(pod).get("deletionGracePeriodSeconds"))
            if unremoved or not is_terminating(before):
                self.stopper.delete()
            return
        if annotations_of(before).get(ANNOTATION) != annotations_of(pod).get(ANNOTATION):
            self.rules_changed()
        if before.get("spec") != pod.get("spec"):
            self._meet_debuggers()
            for container in self.containers:
                self._change_spec(container)
            if self.started_at and not self.stopping:
                self.resizer.look()
            if self.sandbox:
                self.advance()
        if meta(before).get("generation") != meta(pod).get("generation") or before.get("spec") != pod.get(
            "spec"
        ):
            self.report.soon()

    def _change_spec(self, container: Container) -> None:
        specs = get_path(self.pod, "spec", FIELDS[container.kind], default=[])
        new = next((s for s in specs if s.get("name") == container.name), container.spec)
        image_changed = new.get("image") != container.spec.get("image")
        container.spec = new
        if not image_changed:
            return
        if container.running:
            self.stopper.kill(container, f"Container {container.name} definition changed, will be restarted")
        elif not container.begun and self.sandbox:
            self._starter.retry(container)

    def rules_changed(self) -> None:
        """A lab has scripted other outcomes: they hold for running containers too."""
        if self.over or self.stopping:
            return
        self.outcomes = Outcomes(self.api, self.pod)
        for container in self.containers:
            if container.running and container.process is not None:
                scripted = self.outcomes.find(container.spec, "exit", "oom")
                container.process.rewrite(scripted, self.elapsed(container))
                self._follow(container)
        if self.sandbox:
            self._preparer.foresee_eviction()

    def poke(self) -> None:
        """Something the pod may have waited for (a ConfigMap, a Secret) has changed."""
        if self.over or self.stopping or not self.started_at:
            return
        self.outcomes = Outcomes(self.api, self.pod)
        if not self.sandbox:
            self._preparer.poke()
            return
        for container in self.containers:
            self._starter.poke(container)

    def elapsed(self, container: Container) -> float:
        """Seconds since the container's present run began."""
        if container.process is None:
            return 0.0
        return (self.api.clock.now() - container.process.started).total_seconds()
