"""How Go prints untyped JSON values and their types (``%+v``, ``%T``)."""

from __future__ import annotations

from typing import Any

from labrunner.sim import gotext


def plus_v(value: Any) -> str:
    """*value* as ``%+v`` prints it: ``map[a:1 b:[x y]]``."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plus_v(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plus_v, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return gotext.number(value)
    return str(value)


def unstructured_name(value: Any) -> str:
    """The Go type of an untyped JSON value: ``int64``, ``map[string]interface {}``."""
    if isinstance(value, bool):
        return "bool"
    names = {
        dict: "map[string]interface {}",
        list: "[]interface {}",
        int: "int64",
        float: "float64",
        str: "string",
    }
    return names.get(type(value), "<nil>")


def unstructured_kind(value: Any) -> str:
    """The Go kind of an untyped JSON value: ``map``, ``slice``, ``int64``."""
    if isinstance(value, dict):
        return "map"
    return "slice" if isinstance(value, list) else unstructured_name(value)
