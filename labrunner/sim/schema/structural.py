"""Pruning by a structural schema: what a custom resource loses on its way in, and what is said about it."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj

_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_RESOURCE: Final = frozenset(("apiVersion", "kind", "metadata"))


def prune(obj: Obj, schema: Obj) -> tuple[Obj, list[str]]:
    """*obj* without the fields that *schema* does not know, and a complaint on each, sorted. *obj* stays as it is."""
    gone: list[str] = []
    kept = _object(obj, schema, "", gone, resource=True)
    return kept, [f"unknown field {quote(path)}" for path in sorted(gone)]


def _value(value: Any, schema: Obj, path: str, gone: list[str]) -> Any:
    if isinstance(value, dict):
        resource = bool(schema.get("x-kubernetes-embedded-resource"))
        return _object(value, schema, path, gone, resource=resource)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [_value(item, items, f"{path}[{index}]", gone) for index, item in enumerate(value)]
    return value


def _object(value: Obj, schema: Obj, path: str, gone: list[str], *, resource: bool) -> Obj:
    properties: Obj = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    preserve = bool(schema.get(_PRESERVE)) or extra is True
    out: Obj = {}
    for key, item in value.items():
        below = f"{path}.{key}" if path else key
        if resource and key in _RESOURCE:
            out[key] = item
        elif key in properties:
            out[key] = _value(item, properties[key], below, gone)
        elif isinstance(extra, dict):
            out[key] = _value(item, extra, below, gone)
        elif preserve:
            out[key] = item
        else:
            gone.append(below)
    return out
