"""Probing the containers of one pod in time: startup first, then liveness and readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.node.container import Container
from labrunner.sim.node.probes import TITLES, Finding, evaluate

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

FIRST: Final = 0.05


class Probing:
    """Runs the probes of the containers of one pod."""

    def __init__(self, life: PodLife) -> None:
        self._life = life
        self._rounds: dict[str, int] = {}

    def round_of(self, container: Container) -> int:
        """Counts how often probing of *container* has begun anew; older probes stop."""
        return self._rounds.get(container.name, 0)

    def watch(self, container: Container) -> None:
        """Begin with a container that has just started, was found running, or lives by new rules."""
        self._rounds[container.name] = self.round_of(container) + 1
        if container.spec.get("startupProbe") and not container.started:
            _Probe(self, self._life, container, "startupProbe").begin()
        else:
            self.after_startup(container)

    def after_startup(self, container: Container) -> None:
        """Liveness and readiness, once the container counts as started."""
        for kind in ("livenessProbe", "readinessProbe"):
            if container.spec.get(kind):
                _Probe(self, self._life, container, kind).begin()


class _Probe:
    """One probe of one run of one container."""

    def __init__(self, probing: Probing, life: PodLife, container: Container, kind: str) -> None:
        self._probing = probing
        self._round = probing.round_of(container)
        self._life = life
        self._container = container
        self._kind = kind
        self._spec = container.spec[kind]
        self._process = container.process
        self._streak = 0
        self._passing: bool | None = None

    def begin(self) -> None:
        delay = float(self._spec.get("initialDelaySeconds") or 0)
        elapsed = self._life.elapsed(self._container)
        self._life.after(max(FIRST, delay - elapsed), self._look)

    def _look(self) -> None:
        life, container = self._life, self._container
        process = container.process
        if life.stopping or not container.running or process is None or process is not self._process:
            return
        if self._probing.round_of(container) != self._round:
            return
        found = evaluate(
            self._kind,
            self._spec,
            container.spec,
            process,
            life.elapsed(container),
            life.address,
            life.outcomes,
        )
        if found.unknown:
            text = f"{TITLES[self._kind]} probe errored and resulted in unknown state: {found.message}"
            life.tell("Warning", "Unhealthy", text, container)
            life.after(float(self._spec.get("periodSeconds") or 10), self._look)
            return
        if not found.passed:
            text = f"{TITLES[self._kind]} probe failed: {found.message}"
            life.tell("Warning", "Unhealthy", text, container)
        self._streak = self._streak + 1 if found.passed == self._passing else 1
        self._passing = found.passed
        field, default = ("successThreshold", 1) if found.passed else ("failureThreshold", 3)
        reached = self._streak >= int(self._spec.get(field) or default)
        if reached and not self._act(found.passed):
            return
        if not (reached and self._settled(found)):
            life.after(float(self._spec.get("periodSeconds") or 10), self._look)

    def _settled(self, found: Finding) -> bool:
        """Nothing can change any more, so there is no need to look again."""
        return found.passed and found.steady

    def _act(self, passed: bool) -> bool:
        """Do what the result asks for; whether to go on probing."""
        life, container = self._life, self._container
        if self._kind == "readinessProbe":
            if container.ready != passed:
                container.ready = passed
                life.report.soon()
            return True
        if not passed:
            what = "liveness" if self._kind == "livenessProbe" else "startup"
            life.stopper.kill(container, f"Container {container.name} failed {what} probe, will be restarted")
            return False
        if self._kind == "startupProbe":
            container.started = True
            container.ready = not container.spec.get("readinessProbe")
            life.report.soon()
            self._probing.after_startup(container)
            life.advance()
            return False
        return True
