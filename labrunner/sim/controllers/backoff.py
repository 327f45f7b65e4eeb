"""Waiting ever longer between tries, per key, as client-go's flow control does."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime


class Backoff:
    """Doubles the wait of a key with every try, from *first* to *last* seconds; a long rest forgets it."""

    def __init__(self, first: float, last: float) -> None:
        self._first = first
        self._last = last
        self._tries: dict[Hashable, tuple[float, datetime]] = {}

    def left(self, key: Hashable, now: datetime) -> float:
        """Seconds until the next try is due; 0 or less when it is."""
        found = self._tries.get(key)
        return found[0] - (now - found[1]).total_seconds() if found is not None else 0.0

    def note(self, key: Hashable, now: datetime) -> None:
        """A try is made now."""
        found = self._tries.get(key)
        if found is None or (now - found[1]).total_seconds() > 2 * self._last:
            self._tries[key] = (self._first, now)
        else:
            self._tries[key] = (min(self._last, found[0] * 2), now)
