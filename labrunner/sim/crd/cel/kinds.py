"""CEL values that JSON does not have, and the names of types."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import SplitResult

from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.quantity import Quantity


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be missing."""

    value: Any = None
    present: bool = False


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as a value."""

    name: str


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAMES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "bool"), (int, "int"), (float, "double"), (str, "string"), (bytes, "bytes"), (list, "list"), (dict, "map"),
    (type(None), "null_type"), (Duration, "google.protobuf.Duration"), (datetime, "google.protobuf.Timestamp"),
    (TypeName, "type"), (Optional, "optional_type"), (Quantity, "kubernetes.Quantity"), (SplitResult, "kubernetes.URL"),
    ((ipaddress.IPv4Address, ipaddress.IPv6Address), "net.IP"),
    ((ipaddress.IPv4Network, ipaddress.IPv6Network), "net.CIDR"),
)  # fmt: skip


def type_name(value: Any) -> str:
    """The CEL type of *value*."""
    return next((name for kinds, name in _NAMES if isinstance(value, kinds)), "dyn")


_UNITS: Final = {
    "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "µs": 1_000,
    "μs": 1_000, "ns": 1,
}  # fmt: skip
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def duration(text: str) -> Duration:
    """A duration as Go writes it: ``1h30m``. Raises CelError."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    position, nanos = 0, Decimal(0)
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None:
            raise CelError(f'time: invalid duration "{text}"')
        nanos += Decimal(part[1]) * _UNITS[part[2]]
        position = part.end()
    if not rest:
        raise CelError(f'time: invalid duration "{text}"')
    return Duration(-int(nanos) if text[0] == "-" else int(nanos))


def timestamp(text: str) -> datetime:
    """A time in RFC 3339. Raises CelError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CelError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse') from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def shown_duration(found: Duration) -> str:
    """``90s`` as CEL prints a duration."""
    seconds = Decimal(found.nanos) / 1_000_000_000
    return f"{seconds.normalize():f}s"
