"""The scheduler: filters nodes for a pod, scores those that are left, binds, or says why not."""

from __future__ import annotations

from labrunner.sim.controllers.scheduler.controller import SchedulerController

__all__ = ["SchedulerController"]
