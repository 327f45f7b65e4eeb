"""Printing objects in the API server's internal types, for the errors that show them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.quantity import QuantityError, canonical
from labrunner.sim.validation.internal_types import TYPES

_ZERO: Final[dict[str, Any]] = {"s": "", "i": 0, "b": False, "n": None, "q": "0"}
Fields = tuple[tuple[str, str, str], ...]


@cache
def _fields(kind: str) -> Fields:
    found: list[tuple[str, str, str]] = []
    for entry in TYPES[kind].split():
        name, key, shape = entry.split(":")
        if name == "+":
            found += _fields(shape)
        else:
            found.append((name, key, shape))
    return tuple(found)


def render(value: Obj | None, kind: str, outer: Obj | None = None) -> Obj:
    """*value* with the field names, order and empty values of the internal type *kind*.

    *outer* holds the fields that the JSON form keeps one level up (``^`` in the table).
    """
    found: Obj = value or {}
    out: Obj = {}
    for name, key, shape in _fields(kind):
        source = (outer or {}) if key.startswith("^") else found
        out[name] = _field(source.get(key.removeprefix("^")), shape, found)
    return out


def _field(value: Any, shape: str, around: Obj) -> Any:
    if shape in _ZERO:
        if value is None or (shape == "n" and value in ([], {})):
            return _ZERO[shape]
        return _amounts(value) if isinstance(value, dict) else value
    if shape.startswith("["):
        return [render(item, shape[1:-1]) for item in value] if value else None
    if shape.startswith("{"):
        return None if value is None else render(value, shape[1:-1], around)
    return render(value, shape, around)


def _amounts(value: Obj) -> Obj:
    """String maps in key order, quantities in canonical form."""
    return {key: _canonical(value[key]) for key in sorted(value)} if _is_amounts(value) else value


def _is_amounts(value: Obj) -> bool:
    return bool(value) and all(isinstance(v, str | int | float) for v in value.values())


def _canonical(value: Any) -> Any:
    try:
        return canonical(value) if not isinstance(value, bool) and str(value)[:1].isdigit() else value
    except QuantityError:
        return value


def template(value: Obj | None) -> Obj:
    """A pod template: its metadata in JSON form, then the internal ``Spec``."""
    found: Obj = value or {}
    shown: Obj = {}
    metadata: Obj = found.get("metadata") or {}
    for key in ("name", "generateName", "namespace", "labels", "annotations"):
        if metadata.get(key):
            shown[key] = metadata[key]
    return {**shown, **render(found, "PodTemplateSpec")}


def indented(value: Any) -> str:
    """JSON with one blank per level, as the server prints before it compares."""
    return json.dumps(value, indent=1, ensure_ascii=False)
