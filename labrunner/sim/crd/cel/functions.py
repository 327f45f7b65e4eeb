"""The functions of CEL's standard library and of its extensions for strings, lists, sets and regular expressions.

A method is called with its target as the first argument.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from labrunner.sim import gotext
from labrunner.sim.crd.cel import kinds
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import Duration, Optional, TypeName
from labrunner.sim.crd.cel.operators import contained, equal, is_number, less, no_overload
from labrunner.sim.crd.patterns import compiled


def _strings(*values: Any) -> None:
    if not all(isinstance(value, str) for value in values):
        no_overload()


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


def _matches(text: Any, pattern: Any) -> bool:
    _strings(text, pattern)
    expression = compiled(pattern)
    if expression is None:
        raise CelError(f"error parsing regexp: {pattern}")
    return expression.search(text) is not None


def _find(text: Any, pattern: Any) -> str:
    _strings(text, pattern)
    expression = compiled(pattern)
    found = expression.search(text) if expression is not None else None
    return found[0] if found is not None else ""


def _find_all(text: Any, pattern: Any, limit: int = -1) -> list[str]:
    _strings(text, pattern)
    expression = compiled(pattern)
    found = [m[0] for m in expression.finditer(text)] if expression is not None else []
    return found if limit < 0 else found[:limit]


def _within(text: str, position: int) -> int:
    if not 0 <= position <= len(text):
        raise CelError(f"index out of range: {position}")
    return position


def _char_at(text: Any, position: int) -> str:
    _strings(text)
    return str(text[_within(text, position) : position + 1])


def _substring(text: Any, start: int, end: int | None = None) -> str:
    _strings(text)
    last = len(text) if end is None else _within(text, end)
    if _within(text, start) > last:
        raise CelError(f"invalid substring range. start: {start}, end: {last}")
    return str(text[start:last])


def _index_of(value: Any, wanted: Any, start: int = 0) -> int:
    if isinstance(value, list):
        return next((i for i, item in enumerate(value) if equal(item, wanted)), -1)
    _strings(value, wanted)
    return int(value.find(wanted, _within(value, start)))


def _last_index_of(value: Any, wanted: Any, end: int | None = None) -> int:
    if isinstance(value, list):
        return next((i for i in range(len(value) - 1, -1, -1) if equal(value[i], wanted)), -1)
    _strings(value, wanted)
    return int(value.rfind(wanted) if end is None else value.rfind(wanted, 0, end + len(wanted)))


def _split(text: Any, separator: Any, limit: int = -1) -> list[str]:
    _strings(text, separator)
    if limit == 0:
        return []
    if not separator:
        return list(text) if limit < 0 else [*text[: limit - 1], text[limit - 1 :]]
    return list(text.split(separator, limit - 1 if limit > 0 else -1))


def _replace(text: Any, old: Any, new: Any, limit: int = -1) -> str:
    _strings(text, old, new)
    return str(text.replace(old, new, limit))


def _join(values: Any, separator: str = "") -> str:
    _strings(*values)
    return separator.join(values)


def _reverse(value: Any) -> Any:
    return value[::-1]


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


def _distinct(values: Any) -> list[Any]:
    out: list[Any] = []
    for value in _numbers(values):
        if not contained(value, out):
            out.append(value)
    return out


def _flatten(values: Any, depth: int = 1) -> list[Any]:
    out: list[Any] = []
    for value in _numbers(values):
        out += _flatten(value, depth - 1) if isinstance(value, list) and depth > 0 else [value]
    return out


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    _strings(value)
    return kinds.duration(value)


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    _strings(value)
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


def _string_test(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def run(text: Any, other: Any) -> bool:
        _strings(text, other)
        return test(text, other)

    return run


def _string_change(change: Callable[[str], str]) -> Callable[[Any], str]:
    def run(text: Any) -> str:
        _strings(text)
        return change(text)

    return run


_ASCII_UPPER: Final = {ord(c): c.upper() for c in "abcdefghijklmnopqrstuvwxyz"}
_ASCII_LOWER: Final = {ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

STANDARD: Final[dict[str, Callable[..., Any]]] = {
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
    "matches": _matches,
    "find": _find,
    "findAll": _find_all,
    "startsWith": _string_test(str.startswith),
    "endsWith": _string_test(str.endswith),
    "contains": _string_test(lambda text, other: other in text),
    "charAt": _char_at,
    "substring": _substring,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "split": _split,
    "replace": _replace,
    "join": _join,
    "reverse": _reverse,
    "trim": _string_change(str.strip),
    "lowerAscii": _string_change(lambda text: text.translate(_ASCII_LOWER)),
    "upperAscii": _string_change(lambda text: text.translate(_ASCII_UPPER)),
    "strings.quote": lambda text: gotext.quote(text),
    "base64.encode": lambda value: base64.b64encode(value).decode(),
    "base64.decode": base64.b64decode,
    "min": lambda values: _extreme(values, "min", least=True),
    "max": lambda values: _extreme(values, "max", least=False),
    "sum": _sum,
    "isSorted": _is_sorted,
    "distinct": _distinct,
    "flatten": _flatten,
    "slice": lambda values, start, end: values[start:end],
    "sort": lambda values: sorted(_numbers(values)),
    "lists.range": lambda count: list(range(min(count, 100_000))),
    "math.greatest": lambda *values: max(values[0] if isinstance(values[0], list) else values),
    "math.least": lambda *values: min(values[0] if isinstance(values[0], list) else values),
    "math.abs": abs,
    "math.ceil": lambda value: float(math.ceil(value)),
    "math.floor": lambda value: float(math.floor(value)),
    "sets.contains": lambda one, other: all(contained(item, one) for item in other),
    "sets.intersects": lambda one, other: any(contained(item, one) for item in other),
    "sets.equivalent": lambda a, b: all(contained(i, a) for i in b) and all(contained(i, b) for i in a),
    "optional.of": lambda value: Optional(value, True),
    "optional.none": Optional,
    "optional.ofNonZeroValue": lambda value: Optional(value, True) if value else Optional(),
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
