"""The simulated nodes: what a new cluster holds, and the life of pods told in status, events and logs."""

from __future__ import annotations

from labrunner.sim.node.bootstrap import bootstrap_objects
from labrunner.sim.node.logs import LogLine, log_lines

__all__ = ["LogLine", "bootstrap_objects", "log_lines"]
