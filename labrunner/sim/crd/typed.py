"""JSON values as rules see them: numbers, times, durations and bytes by the schema's types and formats."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import duration, timestamp
from labrunner.sim.objects import Obj


def typed(value: Any, schema: Any) -> Any:
    """*value* for CEL; values that do not fit stay as they are."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, dict):
        properties: Obj = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        return {
            key: typed(item, below)
            for key, item in value.items()
            # Rules take a field that is null for one that is not there.
            if not ((below := properties.get(key, extra)) and item is None)
        }
    if isinstance(value, list):
        return [typed(item, schema.get("items")) for item in value]
    kind, form = schema.get("type"), schema.get("format")
    if isinstance(value, str) and kind == "string" and form:
        return _formatted(value, form)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if kind == "number":
            return float(value)
        if kind == "integer" and float(value).is_integer():
            return int(value)
    return value


def _formatted(value: str, form: str) -> Any:
    try:
        if form == "duration":
            return duration(value)
        if form == "date-time" or form == "date":
            return timestamp(value)
        if form == "byte":
            return base64.b64decode(value)
    except (CelError, binascii.Error, ValueError):
        return value
    return value
