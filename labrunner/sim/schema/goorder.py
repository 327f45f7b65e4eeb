"""Objects in the order in which a Go server writes them: struct fields as declared, maps by key.

Clients that decode do not care, so what is stored keeps the order in which it came; this is for answers that somebody
reads as they are (``kubectl get --raw``, ``curl``).
"""

from __future__ import annotations

from typing import Any

from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes


def in_go_order(obj: Obj, group: str, version: str, kind: str) -> Obj:
    """*obj* of that kind as its server would write it; objects of unknown (custom) kinds by key throughout."""
    found = gotypes.struct_of(group, version, kind)
    return _by_key(obj) if found is None else _struct(obj, found)


def _struct(value: Obj, struct: gotypes.Struct) -> Obj:
    known = {key: _value(value[key], field.type) for key, field in struct.fields.items() if key in value}
    return {**known, **{key: inner for key, inner in value.items() if key not in known}}


def _value(value: Any, target: gotypes.Type) -> Any:
    if isinstance(value, dict):
        if target.kind == "struct":
            return _struct(value, gotypes.struct(target.name))
        if target.kind == "map" and target.elem is not None:
            return {key: _value(value[key], target.elem) for key in sorted(value)}
        return _by_key(value) if target.kind == "any" else value
    if isinstance(value, list) and target.elem is not None:
        return [_value(item, target.elem) for item in value]
    return value


def _by_key(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _by_key(value[key]) for key in sorted(value)}
    return [_by_key(item) for item in value] if isinstance(value, list) else value
