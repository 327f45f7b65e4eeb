"""Default values of every built-in kind, as the API server fills them in on decode."""

from __future__ import annotations

from labrunner.sim.defaults.registry import apply

__all__ = ["apply"]
