"""Validation of built-in kinds with the API server's own words and order of errors."""

from __future__ import annotations

from labrunner.sim.validation.registry import create, update

__all__ = ["create", "update"]
