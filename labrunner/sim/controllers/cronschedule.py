"""Cron schedules: five fields or a macro, in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = {m: i + 1 for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}  # noqa: SIM905
_DAYS: Final = {d: i for i, d in enumerate("sun mon tue wed thu fri sat".split())}  # noqa: SIM905
_FIELDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_SEARCH_DAYS: Final = 366 * 5


class ScheduleError(ValueError):
    """A schedule that cannot be read."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes at which something is due; ``every`` is the interval of an ``@every`` schedule, in seconds."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True
    every: float = 0.0
    zone: tzinfo = UTC

    def _day_matches(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return in_month and in_week
        return in_month or in_week

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due time after *moment*, in UTC."""
        if self.every:
            return (moment + timedelta(seconds=self.every)).replace(microsecond=0)
        local = moment.astimezone(self.zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for _ in range(_SEARCH_DAYS):
            if self._day_matches(local):
                for hour in sorted(h for h in self.hours if h >= local.hour):
                    first = local.minute if hour == local.hour else 0
                    for minute in sorted(m for m in self.minutes if m >= first):
                        return local.replace(hour=hour, minute=minute).astimezone(UTC)
            local = (local + timedelta(days=1)).replace(hour=0, minute=0)
        return None


def _number(text: str, names: dict[str, int], low: int, high: int) -> int:
    value = names.get(text.lower())
    if value is None:
        if not text.isdigit():
            raise ScheduleError(f"failed to parse int from {text}")
        value = int(text)
        if names is _DAYS and value == 7:
            value = 0
    if not low <= value <= high:
        raise ScheduleError(f"{value} out of range")
    return value


def _field(text: str, low: int, high: int, names: dict[str, int]) -> tuple[frozenset[int], bool]:
    out: set[int] = set()
    wild = False
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if step_text.isdigit() else 1
        if step < 1 or (slash and not step_text.isdigit()):
            raise ScheduleError(f"bad step in {part}")
        if span in ("*", "?"):
            first, last = low, high
            wild = wild or not slash
        elif "-" in span:
            left, _, right = span.partition("-")
            first, last = _number(left, names, low, high), _number(right, names, low, high)
            if first > last:
                raise ScheduleError(f"beginning of range ({first}) beyond end of range ({last}): {span}")
        else:
            first = _number(span, names, low, high)
            last = high if slash else first
        out.update(range(first, last + 1, step))
    return frozenset(out), wild


def _duration(text: str) -> float:
    total, number = 0.0, ""
    for char in text:
        if char.isdigit() or char == ".":
            number += char
        elif char in "hms" and number:
            total += float(number) * {"h": 3600, "m": 60, "s": 1}[char]
            number = ""
        else:
            raise ScheduleError(f"failed to parse duration @every {text}")
    return total


def parse(text: str, zone: str = "") -> Schedule:
    """The schedule *text*, in the time zone called *zone* (UTC when empty). Raises ScheduleError."""
    try:
        where: tzinfo = ZoneInfo(zone) if zone else UTC
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"unknown time zone {zone}") from error
    if text.startswith("@every "):
        return Schedule(every=max(1.0, _duration(text.removeprefix("@every "))), zone=where)
    parts = _MACROS.get(text, text).split()
    if len(parts) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(parts)}: {parts}")
    values = [_field(part, low, high, names) for part, (low, high, names) in zip(parts, _FIELDS, strict=True)]
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = values
    return Schedule(minutes, hours, days, months, weekdays, any_day, any_weekday, zone=where)
