"""The functions of CEL's standard library and of its extensions for lists, sets, times and optionals.

A method is called with its target as the first argument.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.crd.cel import kinds
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.formatting import formatted
from labrunner.sim.crd.cel.kinds import Duration, Optional, TypeName
from labrunner.sim.crd.cel.operators import contained, is_number, less, no_overload
from labrunner.sim.crd.cel.text import TEXT, strings


def _size(value: Any) -> int:
    if not isinstance(value, str | bytes | list | dict):
        no_overload("size")
    return len(value)


def _int(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise CelError(f"strconv.ParseInt: parsing {gotext.quote(value)}: invalid syntax") from None
    if isinstance(value, datetime):
        return int(value.timestamp())
    if not is_number(value) or not math.isfinite(value):
        no_overload("int")
    return int(value)


def _uint(value: Any) -> int:
    found = _int(value)
    if found < 0:
        raise CelError("unsigned integer overflow")
    return found


def _double(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise CelError(f"strconv.ParseFloat: parsing {gotext.quote(value)}: invalid syntax") from None
    if not is_number(value):
        no_overload("double")
    return float(value)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return gotext.number(value)
    if isinstance(value, Duration):
        return kinds.shown_duration(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, list | dict | Optional | TypeName):
        no_overload("string")
    return str(value)


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "True", "TRUE", "t", "1"):
        return True
    if value in ("false", "False", "FALSE", "f", "0"):
        return False
    raise CelError("no such overload: bool")


def _numbers(values: Any) -> list[Any]:
    if not isinstance(values, list):
        no_overload()
    return values


def _extreme(values: Any, name: str, *, least: bool) -> Any:
    found = _numbers(values)
    if not found:
        raise CelError(f"{name} called on empty list")
    best = found[0]
    for value in found[1:]:
        if less(value, best) if least else less(best, value):
            best = value
    return best


def _sum(values: Any) -> Any:
    found = _numbers(values)
    if found and isinstance(found[0], Duration):
        return Duration(sum(value.nanos for value in found))
    return sum(found)


def _is_sorted(values: Any) -> bool:
    found = _numbers(values)
    return not any(less(b, a) for a, b in itertools.pairwise(found))


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    strings(value)
    return kinds.duration(value)


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    strings(value)
    return kinds.timestamp(value)


def _part(seconds: int, clock: Callable[[datetime], int]) -> Callable[..., int]:
    """A part of a time, or the whole of a duration in units of *seconds* (0: milliseconds)."""

    def part(value: Any, zone: str = "UTC") -> int:
        if isinstance(value, Duration):
            return value.nanos // (seconds * 1_000_000_000 if seconds else 1_000_000)
        if not isinstance(value, datetime):
            no_overload()
        from zoneinfo import ZoneInfo

        return clock(value.astimezone(ZoneInfo(zone)))

    return part


def _optional_value(value: Optional) -> Any:
    if not value.present:
        raise CelError("optional.none() dereference")
    return value.value


STANDARD: Final[dict[str, Callable[..., Any]]] = {
    **TEXT,
    "size": _size,
    "int": _int,
    "uint": _uint,
    "double": _double,
    "string": _string,
    "bool": _bool,
    "bytes": lambda value: value.encode() if isinstance(value, str) else value,
    "dyn": lambda value: value,
    "type": lambda value: TypeName(kinds.type_name(value)),
    "duration": _duration,
    "timestamp": _timestamp,
    "min": lambda values: _extreme(values, "min", least=True),
    "max": lambda values: _extreme(values, "max", least=False),
    "sum": _sum,
    "isSorted": _is_sorted,
    "sets.contains": lambda one, other: all(contained(item, one) for item in other),
    "sets.intersects": lambda one, other: any(contained(item, one) for item in other),
    "sets.equivalent": lambda a, b: all(contained(i, a) for i in b) and all(contained(i, b) for i in a),
    "optional.of": lambda value: Optional(value, True),
    "optional.none": Optional,
    "optional.ofNonZeroValue": lambda value: Optional(value, True) if value else Optional(),
    "optional.unwrap": lambda values: [value.value for value in values if value.present],
    "unwrapOpt": lambda values: [value.value for value in values if value.present],
    "first": lambda values: Optional(values[0], True) if values else Optional(),
    "last": lambda values: Optional(values[-1], True) if values else Optional(),
    "format": formatted,
    "hasValue": lambda value: value.present,
    "value": _optional_value,
    "orValue": lambda value, other: value.value if value.present else other,
    "or": lambda value, other: value if value.present else other,
    "getFullYear": _part(1, lambda t: t.year),
    "getMonth": _part(1, lambda t: t.month - 1),
    "getDate": _part(1, lambda t: t.day),
    "getDayOfMonth": _part(1, lambda t: t.day - 1),
    "getDayOfWeek": _part(1, lambda t: (t.weekday() + 1) % 7),
    "getDayOfYear": _part(1, lambda t: t.timetuple().tm_yday - 1),
    "getHours": _part(3600, lambda t: t.hour),
    "getMinutes": _part(60, lambda t: t.minute),
    "getSeconds": _part(1, lambda t: t.second),
    "getMilliseconds": _part(0, lambda t: t.microsecond // 1000),
}
