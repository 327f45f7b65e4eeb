"""The way back to a snapshot, change by change."""

from __future__ import annotations

from collections.abc import Iterable

from labrunner.sim.store.change import Change, Record
from labrunner.sim.store.snapshot import Difference


def changes(found: Iterable[Difference], rv: int) -> list[Change]:
    """What makes every difference *found* true, from the resourceVersion after *rv* on.

    Removals come first, those found last before the others, so that custom objects go before their definition. An
    object that has taken the place of another goes, and the other comes back: no client sees a uid change.
    """
    gone: list[tuple[str, Record]] = []
    kept: list[tuple[str, Record | None, Record]] = []
    for each in found:
        before, after = each.before, each.after
        if before is not None and (after is None or before.uid != after.uid):
            gone.append((each.gr, before))
            before = None
        if after is not None:
            kept.append((each.gr, before, after))
    out = [Change("DELETED", gr, record, None, at) for at, (gr, record) in enumerate(reversed(gone), rv + 1)]
    for at, (gr, before, after) in enumerate(kept, rv + 1 + len(out)):
        out.append(Change("MODIFIED" if before is not None else "ADDED", gr, before, after.at(at), at))
    return out
