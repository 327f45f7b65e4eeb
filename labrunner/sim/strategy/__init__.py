"""What the API server changes of its own accord before it stores an object, and its warnings."""

from __future__ import annotations

from labrunner.sim.strategy.registry import prepare_create, prepare_update, warnings

__all__ = ["prepare_create", "prepare_update", "warnings"]
