"""Checks: evaluated against a cluster, the learner's machine and the session, and watched from then on.

Exports are loaded on first use, so that importing this package costs nothing; `kubernetes` is only ever
imported by the threads that talk to a cluster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labrunner.verify.clock import Clock, ManualClock, SystemClock
    from labrunner.verify.context import CellOutcome, CheckContext
    from labrunner.verify.engine import Verifier
    from labrunner.verify.scheduler import counts
    from labrunner.verify.verdict import CheckState, CheckStatus, Difference, Evidence, Verdict

_HOMES = {
    "Clock": "clock",
    "ManualClock": "clock",
    "SystemClock": "clock",
    "CellOutcome": "context",
    "CheckContext": "context",
    "Verifier": "engine",
    "counts": "scheduler",
    "CheckState": "verdict",
    "CheckStatus": "verdict",
    "Difference": "verdict",
    "Evidence": "verdict",
    "Verdict": "verdict",
}

__all__ = [
    "CellOutcome",
    "CheckContext",
    "CheckState",
    "CheckStatus",
    "Clock",
    "Difference",
    "Evidence",
    "ManualClock",
    "SystemClock",
    "Verdict",
    "Verifier",
    "counts",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"labrunner.verify.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
