"""Kubernetes quantities (`500m`, `1Gi`, `1e3`) as exact numbers.

Suffixes follow the API's resource.Quantity: n u m, k M G T P E by thousands, Ki Mi Gi Ti Pi Ei by 1024, or a
decimal exponent.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_SHAPE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?", re.ASCII)
_BINARY = {unit + "i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", start=1)}
_DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
}
_LONGEST = 64
_BEGINNINGS = frozenset("0123456789+-.")


def is_number(value: Any) -> bool:
    """Whether it is a JSON number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def parse_quantity(value: Any) -> Fraction | None:
    """The value of a number or of a quantity's text; None for anything else."""
    if isinstance(value, str):
        parts = _read(value)
        return None if parts is None else parts[0]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return Fraction(value) if is_number(value) else None


def same_quantity(one: Any, other: Any) -> bool:
    """Whether both are the same amount.

    Two texts compare by value only where a unit or exponent says that one is an amount: "1.0" and "1" may
    be version labels, "1000m" and "1" are not.
    """
    if isinstance(one, str) and isinstance(other, str):
        left, right = _read(one), _read(other)
        if left is None or right is None:
            return False
        return left[0] == right[0] and (left[1] or right[1])
    first, second = parse_quantity(one), parse_quantity(other)
    if first is None or second is None:
        return False
    if isinstance(one, float) or isinstance(other, float):
        return float(first) == float(second)
    return first == second


def _read(text: str) -> tuple[Fraction, bool] | None:
    """The amount, and whether a unit or exponent was written."""
    if not text or text[0] not in _BEGINNINGS or len(text) > _LONGEST:
        return None
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    digits, binary, decimal, exponent = found.groups()
    amount = Fraction(digits)
    if binary:
        amount *= _BINARY[binary]
    elif decimal:
        amount *= _DECIMAL[decimal]
    elif exponent:
        amount *= Fraction(10) ** int(exponent)
    return amount, bool(binary or decimal or exponent)
