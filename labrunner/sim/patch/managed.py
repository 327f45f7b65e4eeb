"""Who manages which field: ``metadata.managedFields`` kept up to date on create and update."""

from __future__ import annotations

from datetime import datetime

from labrunner.sim.objects import Obj
from labrunner.sim.schema.decoding import Kind


def track_update(
    new: Obj,
    old: Obj | None,
    manager: str,
    subresource: str,
    kind: Kind,
    now: datetime,
) -> None:
    """Set ``metadata.managedFields`` of *new* (changed in place), which *manager* made out of *old* (None: created)."""
