"""The way back to a snapshot, change by change."""

from __future__ import annotations

from collections.abc import Sequence

from labrunner.sim.store.change import Change, ChangeType
from labrunner.sim.store.snapshot import Difference


def changes(found: Sequence[Difference], rv: int) -> list[Change]:
    """What makes every difference *found* true, from the resourceVersion after *rv* on.

    Removals come first, those found last before the others, so that custom objects go before their definition. An
    object that has taken the place of another goes, and the other comes back: no client sees a uid change.
    """
    gone = [each for each in found if each.type == "DELETED" or _replaced(each)]
    out = [
        Change("DELETED", each.gr, each.before, None, at) for at, each in enumerate(reversed(gone), rv + 1)
    ]
    replaced = {each.before for each in gone}
    at = rv + len(out)
    for each in found:
        if each.after is not None:
            at += 1
            before = None if each.before in replaced else each.before
            kind: ChangeType = "ADDED" if before is None else "MODIFIED"
            out.append(Change(kind, each.gr, before, each.after.at(at), at))
    return out


def _replaced(each: Difference) -> bool:
    before, after = each.before, each.after
    return before is not None and after is not None and before.uid != after.uid
