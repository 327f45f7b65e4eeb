"""Server-side apply."""

from __future__ import annotations

from datetime import datetime

from labrunner.sim.objects import Obj
from labrunner.sim.schema.decoding import Kind


def apply(
    current: Obj | None,
    applied: Obj,
    manager: str,
    force: bool,
    kind: Kind,
    now: datetime,
    subresource: str = "",
) -> Obj:
    """*current* (None: to be created) with the fields that *manager* applied; a new object with managedFields.

    Raises ApiError: 409 with the conflicting fields unless *force*, 500 when *applied* does not fit the schema.
    """
    raise NotImplementedError(manager)
