"""Times, bars and states in the app's words."""

from __future__ import annotations

import time
from collections.abc import Sequence

SMALLEST = (60, 15)
"""Columns and rows below which the app only asks for a larger terminal."""

FULL, EMPTY = "█", "░"


def fitting(keys: Sequence[str], width: int) -> str:
    """As many keys as fit, the most important first."""
    line = ""
    for key in keys:
        longer = f"{line} · {key}" if line else f" {key}"
        if len(longer) > width:
            break
        line = longer
    return line


def bar(done: int, total: int, width: int = 10) -> str:
    """A progress bar of `width` cells."""
    filled = round(width * done / total) if total else 0
    return FULL * filled + EMPTY * (width - filled)


def percent(done: int, total: int) -> int:
    """Whole per cent; 100 only when all is done."""
    return done * 100 // total if total else 0


def clock_time(at: float) -> str:
    """Unix time as local HH:MM:SS."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def elapsed(seconds: float) -> str:
    """`12:40`, from an hour on `1:02:40`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def planned(seconds: float | None) -> str:
    """`35 min`, `1 h 5 min`; empty when nothing is planned."""
    if not seconds:
        return ""
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{max(1, minutes)} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
