"""Times and durations as Go reads and writes them in JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})\Z", re.ASCII
)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT: Final = "2006-01-02T15:04:05.000000Z07:00"
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)")


def normal(text: str, *, micro: bool = False) -> str:
    """An RFC 3339 time in UTC, cut to seconds (microseconds with *micro*). Raises ValueError with Go's words."""
    layout = _MICRO_LAYOUT if micro else _LAYOUT
    found = _RFC3339.match(text)
    if found is None:
        raise ValueError(_complaint(text, layout))
    *digits, fraction, zone = found.groups()
    try:
        year, month, day, hour, minute, second = map(int, digits)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone))
        moment = moment.astimezone(UTC) + timedelta(microseconds=int((fraction or ".0")[1:7].ljust(6, "0")))
    except (ValueError, OverflowError):
        raise ValueError(f'parsing time "{text}": out of range') from None
    stamp = f"{moment.year:04}" + moment.strftime("-%m-%dT%H:%M:%S")
    return f"{stamp}.{moment.microsecond:06}Z" if micro else f"{stamp}Z"


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


_STEPS: Final = (
    ("2006", re.compile(r"\d{4}")),
    ("-", re.compile("-")),
    ("01", re.compile(r"\d{2}")),
    ("-", re.compile("-")),
    ("02", re.compile(r"\d{2}")),
    ("T", re.compile("T")),
    ("15", re.compile(r"\d{2}")),
    (":", re.compile(":")),
    ("04", re.compile(r"\d{2}")),
    (":", re.compile(":")),
    ("05", re.compile(r"\d{2}(?:[.,]\d+)?")),
    ("Z07:00", re.compile(r"Z|[+-]\d{2}:\d{2}")),
)


def _complaint(text: str, layout: str) -> str:
    rest = text
    for wanted, pattern in _STEPS:
        found = pattern.match(rest)
        if found is None:
            return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{wanted}"'
        rest = rest[found.end() :]
    return f'parsing time "{text}": extra text: "{rest}"'


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as ``1h30m``. Raises ValueError with Go's words."""
    body = text.lstrip("+-") if text[:1] in "+-" else text
    if body == "0":
        return 0
    position, total = 0, 0
    while position < len(body):
        found = _PART.match(body, position)
        if found is None or not (found[1] or found[2]):
            break
        unit = _UNITS[found[3]]
        total += int(found[1] or 0) * unit
        if found[2]:
            total += int(found[2]) * unit // 10 ** len(found[2])
        position = found.end()
    if not body or position < len(body):
        raise ValueError(f'time: invalid duration "{text}"')
    return -total if text.startswith("-") else total


def duration_text(nanos: int) -> str:
    """*nanos* as Go prints a duration: ``1h30m0s``, ``1.5s``, ``20ms``."""
    if nanos == 0:
        return "0s"
    sign, left = ("-", -nanos) if nanos < 0 else ("", nanos)
    if left < 10**9:
        for unit, size in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if left >= size:
                return f"{sign}{_decimal(left, size)}{unit}"
    seconds, fraction = divmod(left, 10**9)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds * 10**9 + fraction, 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else sign + text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"
