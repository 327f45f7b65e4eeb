"""The API: verbs on resources, discovery, subresources, and the in-process client of the server's own parts."""

from __future__ import annotations

from labrunner.sim.api.local import Api

__all__ = ["Api"]
