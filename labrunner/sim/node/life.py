"""The life of one pod on a simulated node: staged by the clock, told in status and events as a kubelet tells it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from labrunner.sim.clock import Timer, parse_timestamp, timestamp
from labrunner.sim.errors import ApiError
from labrunner.sim.node import config, probes
from labrunner.sim.node.container import FIELDS, FIRST_BACKOFF, LAST_BACKOFF, Container
from labrunner.sim.node.outcomes import Outcomes
from labrunner.sim.node.probing import Probing
from labrunner.sim.node.process import HORIZON
from labrunner.sim.node.starting import Starter
from labrunner.sim.node.status import conditions, phase_of, resources_of
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.node.kubelet import Host

ADMIT: Final = 0.03
MOUNT: Final = 0.04
NOTICE: Final = 0.7
"""How long an ended container goes unnoticed, seconds."""
RESYNC: Final = 12.0
STUBBORN_STOP: Final = 1.0
POLITE_STOP: Final = 0.15
LAST_MOUNT_RETRY: Final = 122.0


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
        self.outcomes = Outcomes(self.api, pod)
        self.inits: list[Container] = []
        self.apps: list[Container] = []
        self.debugs: list[Container] = []
        self._message = ("", "")
        self._timers: set[Timer] = set()
        self._flushing = False
        self._mount_delay = 0.5
        self._starter = Starter(self)
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
        self.started_at = timestamp(self.api.clock.now())
        self.flush()
        deadline = get_path(self.pod, "spec", "activeDeadlineSeconds")
        if deadline is not None:
            self.after(float(deadline), self._deadline)
        self.after(MOUNT, self._mount)

    def _mount(self) -> None:
        problems = config.volume_problems(self.api, self.pod)
        if not problems:
            self.address = self.host.address_for(self.pod)
            self.sandbox = True
            self.advance()
            return
        for problem in problems:
            self.tell("Warning", "FailedMount", problem)
        self.after(self._mount_delay, self._mount)
        self._mount_delay = min(LAST_MOUNT_RETRY, self._mount_delay * 2)

    def recover(self) -> None:
        """Take the pod over from its status: the server was restarted."""
        status = self.pod.get("status") or {}
        if "startTime" not in status:
            self.begin()
            return
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
                container.recover(
                    told[container.name], config.environment(self.api, self.pod, container.spec)
                )
                self._starter.note_image(container)
        if is_terminating(self.pod):
            self.stop()
        elif not self.sandbox:
            self._mount()
        else:
            for container in self.containers:
                if container.running:
                    self._follow(container)
                elif container.exit_code is not None and not self._completed(container):
                    self._again(container)
            self.advance()

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
        self.flush_soon()
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
            process.look_ahead(elapsed + HORIZON)
            if process.exit_at is not None:
                left = max(process.exit_at, 0.02) - elapsed
                self.after(max(0.0, left), finish)
            elif not process.finished_looking:
                self.after(HORIZON / 2, look)

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
        container.end(code, now, reason, message)
        if self.stopping:
            self.flush_soon()
            return
        if self._completed(container):
            if container.kind == "init" and code == 0:
                self.flush_soon()
                self.after(0.05, self.advance)
            else:
                self._maybe_finish(container)
            return
        self.flush_soon()
        self._again(container)

    def _completed(self, container: Container) -> bool:
        """Whether a container that ended with its code stays ended."""
        code = container.exit_code
        if container.kind == "ephemeral":
            return True
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
            self.flush_soon()
            return
        self.stopping = True
        alive = [c for c in self.inits if c.running]
        for sidecar in alive:
            self.tell("Normal", "Killing", f"Stopping container {sidecar.name}", sidecar)
        self.flush()
        self.after(STUBBORN_STOP if alive else 0.05, self._finished)

    def _finished(self) -> None:
        for container in self.containers:
            if container.running:
                self._kill_now(container)
        self.sandbox = False
        self.flush()
        if is_terminating(self.pod):
            self._remove()
        else:
            self._settle()

    def _settle(self) -> None:
        """A finished pod needs no time any more; its address is free again."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.host.release(self.address)

    # again and again

    def _again(self, container: Container) -> None:
        run = container.restarts

        def restart() -> None:
            waiting = not container.running and container.restarts == run and not self.stopping
            if waiting:
                self._starter.attempt(container)

        def back_off() -> None:
            if container.running or container.restarts != run or self.stopping:
                return
            if container.backoff == 0:
                container.backoff = FIRST_BACKOFF
                restart()
                return
            delay = container.backoff
            container.backoff = min(LAST_BACKOFF, delay * 2)
            where = f"{self.key[1]}_{self.key[0]}({self.uid})"
            text = f"back-off {_duration(delay)} restarting failed container={container.name} pod={where}"
            container.wait("CrashLoopBackOff", text)
            self.flush_soon()
            self._say_back_off(container, run, where)
            self.after(delay, restart)

        if "waiting" in container.state:
            self.after(container.backoff or NOTICE, restart)
        else:
            self.after(NOTICE, back_off)

    def _say_back_off(self, container: Container, run: int, where: str) -> None:
        if container.restarts != run or container.running or self.stopping:
            return
        text = f"Back-off restarting failed container {container.name} in pod {where}"
        self.tell("Warning", "BackOff", text, container)
        self.after(RESYNC, lambda: self._say_back_off(container, run, where))

    def kill(self, container: Container, why: str, said: str = "") -> None:
        """Stop one running container so that its restart policy brings it back."""
        self.tell("Normal", "Killing", said or why, container)
        run = container.restarts
        seconds, code = self._stop_cost(container, self._grace())

        def gone() -> None:
            if container.running and container.restarts == run:
                self.exited(container, code)

        self.after(seconds, gone)

    # end

    def _grace(self) -> float:
        given = meta(self.pod).get("deletionGracePeriodSeconds")
        if given is None:
            given = get_path(self.pod, "spec", "terminationGracePeriodSeconds", default=30)
        return float(given)

    def _stop_cost(self, container: Container, grace: float) -> tuple[float, int]:
        code = container.process.stops_politely() if container.process else 0
        if code is None:
            return min(grace, STUBBORN_STOP), 137
        return min(grace, POLITE_STOP), code

    def _kill_now(self, container: Container) -> None:
        code = container.process.stops_politely() if container.process else 0
        container.end(137 if code is None else code, self.api.clock.now())

    def stop(self) -> None:
        """The pod is being deleted: stop its containers, then let it go."""
        if self.stopping and self.over:
            return
        settled = self.stopping
        self.stopping = True
        longest = 0.0
        for container in self.containers:
            if container.running:
                self.tell("Normal", "Killing", f"Stopping container {container.name}", container)
                longest = max(
                    longest, self._pre_stop(container), self._stop_cost(container, self._grace())[0]
                )
        self.after(0.0 if settled and not longest else longest, self._finished)

    def _pre_stop(self, container: Container) -> float:
        """Seconds that the preStop hook takes, shortened; its failure is told."""
        hook = get_path(container.spec, "lifecycle", "preStop")
        if not hook or container.process is None:
            return 0.0
        elapsed = (self.api.clock.now() - container.process.started).total_seconds()
        code, took, _ = probes.run_hook(hook, container.process, elapsed)
        if code:
            self.tell("Warning", "FailedPreStopHook", "PreStopHook failed", container)
        return min(took, self._grace(), 2 * STUBBORN_STOP)

    def _remove(self) -> None:
        def gone() -> None:
            try:
                self.api.finalize("pods", self.key[1], self.key[0])
            finally:
                self._settle()

        self.after(0.03, gone)

    def _deadline(self) -> None:
        if self.stopping:
            return
        text = "Pod was active on the node longer than the specified deadline"
        self._message = ("DeadlineExceeded", text)
        self.tell("Normal", "DeadlineExceeded", text)
        self.stopping = True
        for container in self.containers:
            if container.running:
                self.tell("Normal", "Killing", f"Stopping container {container.name}", container)
        self.after(POLITE_STOP, self._finished)

    # change

    def changed(self, pod: Obj) -> None:
        """The pod object has a new version."""
        before, self.pod = self.pod, pod
        if is_terminating(pod):
            if not is_terminating(before):
                self.stop()
            return
        if before.get("spec") != pod.get("spec"):
            self._meet_debuggers()
            for container in self.containers:
                self._change_spec(container)
            if self.sandbox:
                self.advance()
        if meta(before).get("generation") != meta(pod).get("generation") or before.get("spec") != pod.get(
            "spec"
        ):
            self.flush_soon()

    def _change_spec(self, container: Container) -> None:
        specs = get_path(self.pod, "spec", FIELDS[container.kind], default=[])
        new = next((s for s in specs if s.get("name") == container.name), container.spec)
        image_changed = new.get("image") != container.spec.get("image")
        container.spec = new
        if not image_changed:
            return
        if container.running:
            self.kill(container, f"Container {container.name} definition changed, will be restarted")
        elif not container.begun and self.sandbox:
            self._starter.retry(container)

    def poke(self) -> None:
        """Something the pod may have waited for (a ConfigMap, a Secret) has changed."""
        if self.over or self.stopping or not self.started_at:
            return
        self.outcomes = Outcomes(self.api, self.pod)
        if not self.sandbox:
            if not config.volume_problems(self.api, self.pod) and self._mount_delay > 0.5:
                self.after(0.2, lambda: None if self.sandbox else self._mount())
            return
        for container in self.containers:
            self._starter.poke(container)

    # status

    def flush_soon(self) -> None:
        """Write the status a moment later, once for several changes."""
        if not self._flushing:
            self._flushing = True
            self.after(0.01, self.flush)

    def flush(self) -> None:
        """Write the status now, if it differs."""
        self._flushing = False
        current = self.api.store.get("pods", *self.key)
        if current is None or uid_of(current) != self.uid:
            return
        self.pod = current
        status = self._status()
        if status == current.get("status"):
            return
        changed = {**current, "metadata": clone(current["metadata"]), "status": status}
        try:
            self.pod = self.api.update_status("pods", changed)
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def _status(self) -> Obj:
        old = self.pod.get("status") or {}
        phase = "Failed" if self._message[0] else phase_of(self.pod, self.inits, self.apps)
        if self.stopping and is_terminating(self.pod) and phase == "Running":
            phase = self._final_phase()
        kept = ("qosClass", "nominatedNodeName", "resourceClaimStatuses", "message", "reason")
        status: Obj = {k: old[k] for k in kept if k in old and k != "nominatedNodeName"}
        reason, message = self._message
        if reason:
            status.update(reason=reason, message=message)
        now = timestamp(self.api.clock.now())
        requests, resources = resources_of(self.pod)
        if requests:
            status["allocatedResources"] = requests
        status.update(
            conditions=conditions(self.pod, phase, self.inits, self.apps, self.sandbox, now),
            hostIP=self.host.address,
            hostIPs=[{"ip": self.host.address}],
            observedGeneration=meta(self.pod).get("generation", 1),
            phase=phase,
            resources=resources,
            startTime=self.started_at,
        )
        if self.address:
            status.update(podIP=self.address, podIPs=[{"ip": self.address}])
        for field, those in (
            ("initContainerStatuses", self.inits),
            ("containerStatuses", self.apps),
            ("ephemeralContainerStatuses", self.debugs),
        ):
            if those:
                status[field] = [c.status() for c in those]
        finished: Obj = clone(status)
        return finished

    def _final_phase(self) -> str:
        """A pod being deleted whose containers have all ended is finished, whatever its restart policy."""
        if any(c.running or c.exit_code is None for c in self.apps):
            return "Running"
        return "Succeeded" if all(c.exit_code == 0 for c in self.apps) else "Failed"

    def elapsed(self, container: Container) -> float:
        """Seconds since the container's present run began."""
        if container.process is None:
            return 0.0
        return (self.api.clock.now() - container.process.started).total_seconds()

    def age(self) -> float:
        """Seconds since the pod began on this node."""
        if not self.started_at:
            return 0.0
        return (self.api.clock.now() - parse_timestamp(self.started_at)).total_seconds()


def _duration(seconds: float) -> str:
    """As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
