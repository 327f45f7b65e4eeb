"""Small steps that defaulting is made of."""

from __future__ import annotations

from typing import Any

from labrunner.sim.objects import Obj


def default(obj: Obj, key: str, value: Any) -> None:
    """Set *key* unless it has a value (null counts as none)."""
    if obj.get(key) is None:
        obj[key] = value


def default_text(obj: Obj, key: str, value: str) -> None:
    """Set a string unless it is there and not empty."""
    if not obj.get(key):
        obj[key] = value


def section(obj: Obj, key: str) -> Obj:
    """The object at *key*, created when missing."""
    found = obj.get(key)
    if not isinstance(found, dict):
        found = obj[key] = {}
    return found


def items(obj: Obj, key: str) -> list[Obj]:
    """The objects in the list at *key*, none when it is missing."""
    found = obj.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
