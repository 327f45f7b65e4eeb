"""Running an ended container again: at once the first time, then after a back-off that doubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.node.container import FIRST_BACKOFF, LAST_BACKOFF, Container
from labrunner.sim.node.starting import RESYNC, Starter
from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.node.life import PodLife

NOTICE: Final = 0.7
"""How long an ended container goes unnoticed, seconds."""


class Restarter:
    """Brings back the containers of one pod whose restart policy asks for it."""

    def __init__(self, life: PodLife, starter: Starter) -> None:
        self._life = life
        self._starter = starter

    def again(self, container: Container) -> None:
        """*container* has just ended and is to run again."""
        life = self._life
        run = container.restarts

        def restart() -> None:
            if not container.running and container.restarts == run and not life.stopping:
                self._starter.attempt(container)

        def back_off() -> None:
            if container.running or container.restarts != run or life.stopping:
                return
            if container.backoff == 0:
                container.backoff = FIRST_BACKOFF
                restart()
                return
            delay = container.backoff
            container.backoff = min(LAST_BACKOFF, delay * 2)
            where = f"{life.key[1]}_{life.key[0]}({life.uid})"
            text = f"back-off {_duration(delay)} restarting failed container={container.name} pod={where}"
            container.wait("CrashLoopBackOff", text)
            life.report.soon()
            self._say_back_off(container, run, where)
            life.after(delay, restart)

        life.after(NOTICE, back_off)

    def _say_back_off(self, container: Container, run: int, where: str) -> None:
        life = self._life
        if container.restarts != run or container.running or life.stopping:
            return
        text = f"Back-off restarting failed container {container.name} in pod {where}"
        life.tell("Warning", "BackOff", text, container)
        life.after(RESYNC, lambda: self._say_back_off(container, run, where))


def restarts_by_rule(container: Obj, code: int) -> bool:
    """Whether one of the container's ``restartPolicyRules`` brings it back after this exit code."""
    for rule in container.get("restartPolicyRules") or []:
        codes = rule.get("exitCodes") or {}
        listed = code in (codes.get("values") or [])
        if listed == (codes.get("operator") == "In"):
            return str(rule.get("action", "")).startswith("Restart")
    return False


def _duration(seconds: float) -> str:
    """As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
