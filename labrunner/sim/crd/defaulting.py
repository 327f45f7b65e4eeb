"""Defaults of a structural schema, as the server fills them in when it decodes a custom object."""

from __future__ import annotations

from typing import Any

from labrunner.sim.objects import Obj, clone


def fill(obj: Obj, schema: Obj) -> None:
    """Fill in, in place, what *obj* leaves out; nulls that a schema does not allow are dropped first. Idempotent.

    ``metadata``, ``kind`` and ``apiVersion`` belong to the server and are left alone.
    """
    own = {k: v for k, v in obj.items() if k not in ("metadata", "kind", "apiVersion")}
    _drop_nulls(own, schema)
    _fill(own, schema)
    for key in [k for k in obj if k not in ("metadata", "kind", "apiVersion") and k not in own]:
        del obj[key]
    obj.update(own)


def _misplaced_null(value: Any, schema: Any) -> bool:
    return value is None and isinstance(schema, dict) and not schema.get("nullable")


def _drop_nulls(value: Any, schema: Any) -> None:
    """Drop nulls without a default from fields that are not nullable."""
    if not isinstance(schema, dict):
        return
    if isinstance(value, list):
        for item in value:
            _drop_nulls(item, schema.get("items"))
        return
    if not isinstance(value, dict):
        return
    for key in list(value):
        below = _schema_of_key(schema, key)
        if _misplaced_null(value[key], below) and below.get("default") is None:
            del value[key]
        else:
            _drop_nulls(value[key], below)


def _fill(value: Any, schema: Any) -> None:
    if not isinstance(schema, dict):
        return
    if isinstance(value, list):
        items: Any = schema.get("items")
        for index, item in enumerate(value):
            if _misplaced_null(item, items) and items.get("default") is not None:
                value[index] = clone(items["default"])
            _fill(value[index], items)
        return
    if not isinstance(value, dict):
        return
    properties: Obj = schema.get("properties") or {}
    for key, below in properties.items():
        default = below.get("default")
        if default is not None and (key not in value or _misplaced_null(value[key], below)):
            value[key] = clone(default)
    for key in value:
        below = _schema_of_key(schema, key)
        if _misplaced_null(value[key], below) and below.get("default") is not None:
            value[key] = clone(below["default"])
        _fill(value[key], below)


def _schema_of_key(schema: Obj, key: str) -> Any:
    properties: Obj = schema.get("properties") or {}
    return properties[key] if key in properties else schema.get("additionalProperties")
