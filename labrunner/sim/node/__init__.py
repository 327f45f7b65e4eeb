"""The simulated nodes: what a new cluster holds, and the life of pods told in status, events and logs."""

from __future__ import annotations

from labrunner.sim.node.bootstrap import bootstrap_objects

__all__ = ["bootstrap_objects"]
