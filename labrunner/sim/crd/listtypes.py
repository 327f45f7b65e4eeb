"""Lists that are sets or maps hold nothing twice."""

from __future__ import annotations

from typing import Any

from labrunner.sim.crd.correlation import map_key
from labrunner.sim.errors import FieldError, duplicate
from labrunner.sim.gotext import json_text
from labrunner.sim.objects import Obj


def check(value: Any, schema: Any, path: str = "") -> list[FieldError]:
    """A complaint for each item that repeats an earlier one in a set or, by its keys, in a map."""
    if not isinstance(schema, dict):
        return []
    out: list[FieldError] = []
    if isinstance(value, list):
        out += _items(value, schema, path)
        for index, item in enumerate(value):
            out += check(item, schema.get("items"), f"{path}[{index}]")
    elif isinstance(value, dict):
        properties: Obj = schema.get("properties") or {}
        for key, item in value.items():
            below = properties[key] if key in properties else schema.get("additionalProperties")
            out += check(item, below, f"{path}.{key}" if path else key)
    return out


def _items(values: list[Any], schema: Obj, path: str) -> list[FieldError]:
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return []
    seen: set[str] = set()
    told: set[str] = set()
    out: list[FieldError] = []
    for index, item in enumerate(values):
        key = item if kind == "set" else map_key(item, schema)
        if key is None:
            continue
        text = json_text(dict(sorted(key.items())) if isinstance(key, dict) else key)
        if text in seen and text not in told:
            told.add(text)
            out.append(
                duplicate(f"{path}[{index}]", dict(sorted(key.items())) if isinstance(key, dict) else key)
            )
        seen.add(text)
    return out
