"""Which rules check which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from labrunner.sim.errors import FieldError
from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

CREATE: dict[str, Callable[[Obj], list[FieldError]]] = {}
UPDATE: dict[str, Callable[[Obj, Obj], list[FieldError]]] = {}


def create(obj: Obj, rt: ResourceType) -> list[FieldError]:
    """Everything wrong with a new object, in the server's order; empty when it is valid."""
    rule = CREATE.get(rt.gr)
    return rule(obj) if rule else []


def update(new: Obj, old: Obj, rt: ResourceType, subresource: str = "") -> list[FieldError]:
    """Everything wrong with replacing ``old`` by ``new`` through ``subresource`` ("": the object itself)."""
    rule = UPDATE.get(f"{rt.gr}/{subresource}" if subresource else rt.gr)
    return rule(new, old) if rule else []
