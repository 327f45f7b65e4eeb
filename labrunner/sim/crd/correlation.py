"""Which part of the old object a part of the new one replaces; items of lists only where a key tells."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.objects import Obj


class _Absent:
    """Marks that there is nothing to compare with."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def of_key(old: Any, key: str) -> Any:
    """The value of *key* in *old*."""
    return old.get(key, ABSENT) if isinstance(old, dict) else ABSENT


def item_of(old: Any, item: Any, schema: Obj) -> Any:
    """The item of the list *old* that has the keys of *item*, in a list of type map."""
    if not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map":
        return ABSENT
    wanted = map_key(item, schema)
    if wanted is None:
        return ABSENT
    return next((other for other in old if same(map_key(other, schema), wanted)), ABSENT)


def map_key(item: Any, schema: Obj) -> Obj | None:
    """The key fields of *item*, with the schema's defaults; None for what is no object."""
    if not isinstance(item, dict):
        return None
    properties = (schema.get("items") or {}).get("properties") or {}
    found: Obj = {}
    for key in schema.get("x-kubernetes-list-map-keys") or ():
        if item.get(key) is not None:
            found[key] = item[key]
        elif (properties.get(key) or {}).get("default") is not None:
            found[key] = properties[key]["default"]
    return found
