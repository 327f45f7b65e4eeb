"""The operators of CEL on evaluated operands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import Duration, Optional

_LARGEST: Final = 2**63


def no_overload(name: str = "") -> NoReturn:
    """There is no such operation on values of these types."""
    raise CelError(f"no such overload{': ' + name if name else ''}")


def is_number(value: Any) -> bool:
    """Whether *value* is an int or a double."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(one: Any, other: Any) -> bool:
    """CEL equality: numbers across their types, the rest only within one type."""
    if is_number(one) and is_number(other):
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, Optional) and isinstance(other, Optional):
        return one.present == other.present and equal(one.value, other.value)
    return type(one) is type(other) and bool(one == other)


def less(one: Any, other: Any) -> bool:
    """Order of numbers, strings, bytes, booleans, times and durations."""
    comparable = type(one) is type(other) and isinstance(one, str | bytes | bool | datetime | Duration)
    if not comparable and not (is_number(one) and is_number(other)):
        no_overload()
    return bool(one < other)


def contained(item: Any, container: Any) -> bool:
    """``item in container``."""
    if isinstance(container, dict):
        return any(equal(item, key) for key in container)
    if isinstance(container, list):
        return any(equal(item, other) for other in container)
    no_overload()


def _checked(value: Any) -> Any:
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        raise CelError("integer overflow")
    return value


def _same_numbers(one: Any, other: Any) -> bool:
    return is_number(one) and type(one) is type(other)


def add(one: Any, other: Any) -> Any:
    """``one + other``."""
    if _same_numbers(one, other):
        return _checked(one + other)
    if isinstance(one, str | bytes | list) and type(one) is type(other):
        return one + other  # type: ignore[operator]
    if isinstance(one, Duration) and isinstance(other, Duration):
        return Duration(one.nanos + other.nanos)
    if isinstance(one, datetime) and isinstance(other, Duration):
        return one + timedelta(microseconds=other.nanos / 1000)
    if isinstance(one, Duration) and isinstance(other, datetime):
        return add(other, one)
    no_overload()


def subtract(one: Any, other: Any) -> Any:
    """``one - other``."""
    if _same_numbers(one, other):
        return _checked(one - other)
    if isinstance(one, Duration) and isinstance(other, Duration):
        return Duration(one.nanos - other.nanos)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return Duration(round((one - other).total_seconds() * 1_000_000_000))
    if isinstance(one, datetime) and isinstance(other, Duration):
        return one - timedelta(microseconds=other.nanos / 1000)
    no_overload()


def multiply(one: Any, other: Any) -> Any:
    """``one * other``."""
    if not _same_numbers(one, other):
        no_overload()
    return _checked(one * other)


def divide(one: Any, other: Any) -> Any:
    """``one / other``, rounded to zero for ints."""
    if not _same_numbers(one, other):
        no_overload()
    if isinstance(one, int):
        if other == 0:
            raise CelError("division by zero")
        quotient = abs(one) // abs(other)
        return quotient if (one < 0) == (other < 0) else -quotient
    if other == 0:
        return float("nan") if one == 0 else float("inf") * (1 if one > 0 else -1)
    return one / other


def remainder(one: Any, other: Any) -> Any:
    """``one % other``, with the sign of *one*."""
    if not _same_numbers(one, other) or isinstance(one, float):
        no_overload()
    if other == 0:
        raise CelError("modulus by zero")
    return one - other * divide(one, other)


def negated(value: Any) -> Any:
    """``-value``."""
    if not is_number(value):
        no_overload()
    return _checked(-value)


BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": equal,
    "!=": lambda one, other: not equal(one, other),
    "<": less,
    ">": lambda one, other: less(other, one),
    "<=": lambda one, other: not less(other, one),
    ">=": lambda one, other: not less(one, other),
    "in": contained,
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
