"""What the API server says about an applied configuration that does not fit its schema."""

from __future__ import annotations

from typing import Any

from labrunner.sim.patch.paths import ItemError, item_element, shown
from labrunner.sim.patch.shapes import ANY, Shape
from labrunner.sim.schema.goprint import plus_v, unstructured_name


def complaints(value: Any, shape: Shape) -> list[str]:
    """All misfits of *value*: ``.spec.replicaz: field not declared in schema``."""
    out: list[str] = []
    _check(value, shape, "", out)
    return out


def joined(found: list[str]) -> str:
    """Several complaints as one message."""
    return found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {text}" for text in found)])


def _check(value: Any, shape: Shape, path: str, out: list[str]) -> None:
    form = shape.form_of(value)
    if value is None:
        return
    if form == "scalar":
        wrong = _scalar(value, shape.scalar)
        if wrong:
            out.append(f"{path}: {wrong}")
    elif form == "map":
        if not isinstance(value, dict):
            out.append(f"{path}: expected map, got &{{{plus_v(value)}}}")
            return
        for key, item in value.items():
            child = shape.child(key)
            if child is None:
                out.append(f"{path}.{key}: field not declared in schema")
                return
            _check(item, child, f"{path}.{key}", out)
    elif not isinstance(value, list):
        out.append(f"{path}: expected list, got &{{{plus_v(value)}}}")
    else:
        _check_items(value, shape, path, out)


def _check_items(values: list[Any], shape: Shape, path: str, out: list[str]) -> None:
    seen = set()
    for index, item in enumerate(values):
        element = f"i:{index}"
        if not shape.is_atomic("list"):
            try:
                element = item_element(item, shape)
            except ItemError as error:
                out.append(f"{path}: element {index}: {error}")
                return
            if element in seen:
                out.append(f"{path}: duplicate entries for key {shown([element])}")
            seen.add(element)
        _check(item, shape.elem or ANY, path + shown([element]), out)


def _scalar(value: Any, wanted: str) -> str:
    if wanted == "numeric" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return f"expected numeric (int or float), got {unstructured_name(value)}"
    if wanted == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{plus_v(value)}}}"
    if wanted == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got &{{{plus_v(value)}}}"
    if wanted == "untyped" and isinstance(value, dict | list):
        return f"expected any scalar, got &{{{plus_v(value)}}}"
    return ""
