"""Columns of custom resources, from ``additionalPrinterColumns``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from labrunner.sim.gotext import number
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.printers.cluster import PLAIN
from labrunner.sim.printers.text import Column, Printer, since

_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]]*(?:\\\.[^.\[\]]*)+|[^.\[\]]+)"
    r"|\[(?P<index>-?\d+|\*)\]"
    r"|\['(?P<quoted>[^']*)'\]"
    r"|\[\?\(@\.(?P<key>[^=\s]+)\s*==\s*['\"](?P<value>[^'\"]*)['\"]\)\]"
)


def printer(declared: Sequence[Obj] | None) -> Printer:
    """The printer of a CRD version; Name and Age when it declares no columns."""
    if not declared:
        return PLAIN
    shown = [Column("Name", format="name")]
    shown += [
        Column(c["name"], c.get("type", "string"), int(c.get("priority") or 0), c.get("format", ""))
        for c in declared
    ]

    def row(obj: Obj, now: datetime) -> list[Any]:
        return [name_of(obj), *(_cell(c, find(obj, c.get("jsonPath", "")), now) for c in declared)]

    return Printer(tuple(shown), row)


def find(obj: Any, path: str) -> list[Any]:
    """Values at a simple JSONPath (names, indexes, ``[*]``, one equality filter)."""
    found = [obj]
    position = 0
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None or step.end() == position:
            return []
        found = [value for here in found for value in _follow(here, step)]
        position = step.end()
    return found


def _follow(here: Any, step: re.Match[str]) -> list[Any]:
    name = step["name"] if step["name"] is not None else step["quoted"]
    if name is not None:
        key = name.replace("\\.", ".")
        return [here[key]] if isinstance(here, dict) and here.get(key) is not None else []
    if step["index"] is not None:
        if step["index"] == "*":
            return list(here.values()) if isinstance(here, dict) else list(here or [])
        index = int(step["index"])
        return [here[index]] if isinstance(here, list) and -len(here) <= index < len(here) else []
    items = here if isinstance(here, list) else []
    return [item for item in items if isinstance(item, dict) and str(item.get(step["key"])) == step["value"]]


def _cell(column: Obj, values: list[Any], now: datetime) -> Any:
    kind = column.get("type", "string")
    if not values:
        return None
    value = values[0]
    if kind == "integer":
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if kind == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date":
        return since(value, now) if isinstance(value, str) else "<unknown>"
    return " ".join(_text(v) for v in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, separators=(",", ":"))
    return str(value)
