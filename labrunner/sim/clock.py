"""Time as a dependency: the running server uses the event loop, tests move time by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    """A call that is to happen later."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Where the simulated cluster takes its time from."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""
        ...

    def call_later(self, seconds: float, fn: Callable[[], object]) -> Timer:
        """Call *fn* once, *seconds* from now, in the server's only thread."""
        ...


class RealClock:
    """Wall time and the running event loop's timers."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_later(self, seconds: float, fn: Callable[[], object]) -> Timer:
        loop = self._loop or asyncio.get_running_loop()
        return loop.call_later(max(0.0, seconds), fn)


class _FakeTimer:
    __slots__ = ("cancelled", "fn")

    def __init__(self, fn: Callable[[], object]) -> None:
        self.fn = fn
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """A clock that stands still until :meth:`advance` moves it."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
        self._queue: list[tuple[datetime, int, _FakeTimer]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    def call_later(self, seconds: float, fn: Callable[[], object]) -> Timer:
        timer = _FakeTimer(fn)
        due = self._now + timedelta(seconds=max(0.0, seconds))
        heapq.heappush(self._queue, (due, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move time on, running every call that falls due, in order, each at its own moment."""
        until = self._now + timedelta(seconds=seconds)
        while self._queue and self._queue[0][0] <= until:
            due, _, timer = heapq.heappop(self._queue)
            self._now = max(self._now, due)
            if not timer.cancelled:
                timer.fn()
        self._now = until

    def pending(self) -> int:
        """How many calls are still to come."""
        return sum(not timer.cancelled for _, _, timer in self._queue)


def timestamp(moment: datetime) -> str:
    """*moment* (in UTC) as ``metav1.Time``: RFC 3339, whole seconds, ``Z``."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"


def micro_timestamp(moment: datetime) -> str:
    """*moment* (in UTC) as ``metav1.MicroTime``: RFC 3339 with microseconds, ``Z``."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def parse_timestamp(text: str) -> datetime:
    """The moment of an RFC 3339 string. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return moment.astimezone(UTC)
