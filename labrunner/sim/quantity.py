"""Resource quantities: parsing, arithmetic and the canonical text of apimachinery.

A quantity is exact down to 10⁻⁹; finer values are rounded away from zero, as the API server does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

PATTERN: Final = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
WRONG_FORMAT: Final = f"quantities must match the regular expression '{PATTERN}'"
WRONG_NUMBER: Final = "unable to parse numeric part of quantity"
WRONG_SUFFIX: Final = "unable to parse quantity's suffix"

_SHAPE: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*(?:[-+]?[0-9]*))\Z")
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SUFFIX_OF_EXPONENT: Final = {v: k for k, v in _DECIMAL.items()}
_BINARY_SUFFIXES: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_NANO: Final = 10**9
_LIMIT: Final = (2**63 - 1) * _NANO


class QuantityError(ValueError):
    """Text that is no quantity; the message is the API server's."""


@dataclass(frozen=True, slots=True, order=False)
class Quantity:
    """A fixed-point number with the format it likes to be written in. ``nanos`` is the value × 10⁹."""

    nanos: int
    format: Format = "DecimalSI"

    @staticmethod
    def parse(text: Any) -> Quantity:
        """The quantity that *text* (or a JSON number) denotes. Raises QuantityError with the server's words."""
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise QuantityError(WRONG_FORMAT)
        return _parse(str(text))

    @staticmethod
    def of(units: int, form: Format = "DecimalSI") -> Quantity:
        """A whole number of units."""
        return Quantity(units * _NANO, form)

    @staticmethod
    def of_milli(milli: int, form: Format = "DecimalSI") -> Quantity:
        """A number of thousandths."""
        return Quantity(milli * 10**6, form)

    def __str__(self) -> str:
        return _canonical(self.nanos, self.format)

    def value(self) -> int:
        """Units, rounded up."""
        return -(-self.nanos // _NANO)

    def milli(self) -> int:
        """Thousandths, rounded up."""
        return -(-self.nanos // 10**6)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos + other.nanos, self.format if self.nanos else other.format)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nanos - other.nanos, self.format if self.nanos else other.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.format)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: Quantity) -> bool:
        return self.nanos <= other.nanos

    def __gt__(self, other: Quantity) -> bool:
        return self.nanos > other.nanos

    def __ge__(self, other: Quantity) -> bool:
        return self.nanos >= other.nanos

    def __bool__(self) -> bool:
        return self.nanos != 0


def parse(text: Any) -> Quantity:
    """Same as :meth:`Quantity.parse`."""
    return Quantity.parse(text)


def canonical(text: Any) -> str:
    """The text the API server stores for *text*: ``0.5`` becomes ``500m``. Raises QuantityError."""
    return str(Quantity.parse(text))


@lru_cache(maxsize=2048)
def _parse(text: str) -> Quantity:
    found = _SHAPE.match(text)
    if not text or not found:
        raise QuantityError(WRONG_FORMAT)
    sign, whole, fraction, suffix = found.groups(default="")
    if not whole and not fraction:
        raise QuantityError(WRONG_NUMBER if "." in text else WRONG_FORMAT)
    form, base, exponent = _scale(suffix)
    digits = int((whole or "0") + fraction)
    numerator, denominator = digits * _NANO, 10 ** len(fraction)
    if base == 2:
        numerator <<= exponent
    elif exponent >= 0:
        numerator *= 10**exponent
    else:
        denominator *= 10**-exponent
    nanos = min(-(-numerator // denominator), _LIMIT)
    return Quantity(-nanos if sign == "-" else nanos, form)


def _scale(suffix: str) -> tuple[Format, int, int]:
    if suffix in _DECIMAL:
        return "DecimalSI", 10, _DECIMAL[suffix]
    if suffix in _BINARY:
        return "BinarySI", 2, _BINARY[suffix]
    if suffix[0] in "eE" and re.fullmatch(r"[+-]?[0-9]{1,4}", suffix[1:]):
        return "DecimalExponent", 10, int(suffix[1:])
    raise QuantityError(WRONG_SUFFIX)


@lru_cache(maxsize=2048)
def _canonical(nanos: int, form: Format) -> str:
    if nanos == 0:
        return "0"
    if form == "BinarySI" and abs(nanos) >= 1024 * _NANO and nanos % _NANO == 0:
        units, power = nanos // _NANO, 0
        while units % 1024 == 0 and power < 6:
            units, power = units // 1024, power + 1
        return f"{units}{_BINARY_SUFFIXES[power]}"
    mantissa, exponent = nanos, -9
    while mantissa % 1000 == 0 and exponent < 18:
        mantissa, exponent = mantissa // 1000, exponent + 3
    if form == "DecimalExponent":
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_SUFFIX_OF_EXPONENT[exponent]}"
