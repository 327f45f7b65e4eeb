"""Which function fills in the defaults of which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

DEFAULTERS: dict[tuple[str, str], Callable[[Obj], None]] = {}


def apply(obj: Obj, rt: ResourceType) -> None:
    """Fill in, in place, the fields of ``obj`` that its author left out. Idempotent."""
    fill = DEFAULTERS.get((rt.group, obj.get("kind") or rt.kind))
    if fill is not None:
        fill(obj)
