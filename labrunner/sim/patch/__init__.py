"""Patches, server-side apply, and who manages which field."""

from __future__ import annotations

from labrunner.sim.patch.formats import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, Patched, apply

__all__ = ["JSON_PATCH", "MERGE_PATCH", "STRATEGIC_MERGE_PATCH", "Patched", "apply"]
