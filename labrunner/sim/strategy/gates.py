"""Fields of features that 1.36 leaves switched off: the server takes them away without a word."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj

DISABLED: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    # MaxUnavailableStatefulSet: on in 1.35.0, off again in 1.35.4 and 1.36.
    "statefulsets.apps": (("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"),),
}


def drop_disabled(obj: Obj, gr: str) -> None:
    """Remove from *obj*, in place, what belongs to features that are off."""
    for path in DISABLED.get(gr, ()):
        *parents, last = path
        here = obj
        for step in parents:
            here = here.get(step) or {}
        here.pop(last, None)
