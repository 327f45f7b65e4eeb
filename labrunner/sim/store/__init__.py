"""The store: every object of the cluster in memory, one resourceVersion counter, history for watches, a journal."""

from __future__ import annotations

from labrunner.sim.store.change import Change, ChangeType, Record
from labrunner.sim.store.journal import Journal
from labrunner.sim.store.snapshot import Difference, Snapshot
from labrunner.sim.store.store import Compacted, Conflict, Store

__all__ = [
    "Change",
    "ChangeType",
    "Compacted",
    "Conflict",
    "Difference",
    "Journal",
    "Record",
    "Snapshot",
    "Store",
]
