"""What the API server says when an untyped value does not fit its Go type (strategic merge patches)."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.goprint import unstructured_kind, unstructured_name
from labrunner.sim.schema.gotypes import Struct, Type


def complaint(value: Obj, target: Struct) -> str | None:
    """The first misfit of *value*, in the order of the struct's fields; None when it fits."""
    for name, field in target.fields.items():
        item = value.get(name)
        if item is not None:
            wrong = _check(item, field.type)
            if wrong is not None:
                return wrong
    return None


def _check(value: Any, target: Type) -> str | None:
    if value is None:
        return None
    kind = target.kind
    if kind == "struct":
        if not isinstance(value, dict):
            return f"cannot restore struct from: {unstructured_kind(value)}"
        return complaint(value, gotypes.struct(target.name))
    if kind == "map":
        if not isinstance(value, dict):
            return f"cannot restore map from {unstructured_kind(value)}"
        return _first(value.values(), target.elem)
    if kind == "list":
        if not isinstance(value, list):
            return f"cannot restore slice from {unstructured_kind(value)}"
        return _first(value, target.elem)
    if kind == "bytes":
        return None if isinstance(value, str) else f"cannot restore slice from {unstructured_kind(value)}"
    return _scalar(value, target) if kind in _SCALARS else None


def _first(values: Any, elem: Type | None) -> str | None:
    for value in values:
        wrong = _check(value, elem) if elem is not None else None
        if wrong is not None:
            return wrong
    return None


_SCALARS: Final = frozenset(("string", "bool", "int", "float"))


def _scalar(value: Any, target: Type) -> str | None:
    """Simple values: Go converts between numbers; a number "converts" to a string only to be refused by name."""
    given = unstructured_name(value)
    if given == target.kind or (given == "int64" and target.kind in ("int", "float")):
        return None
    if given == "float64" and target.kind in ("int", "float"):
        fits = target.kind == "float" or value == int(value)
        return None if fits else f"cannot convert float64 to {target.go}"
    if given == "int64" and target.kind == "string":
        return f"cannot convert int64 to {target.go}"
    under = {"int": f"int{target.bits}", "float": "float64"}.get(target.kind, target.kind)
    return f"unrecognized type: {under}"
