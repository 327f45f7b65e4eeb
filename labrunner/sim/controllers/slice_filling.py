"""Which endpoints go into which EndpointSlice, so that as few slices as possible change."""

from __future__ import annotations

from dataclasses import dataclass, field

from labrunner.sim.objects import Obj

PER_SLICE = 100


@dataclass(slots=True)
class Filling:
    """The endpoints of one slice: one that is there, or a new one (``slice`` None)."""

    slice: Obj | None
    ports: list[Obj]
    endpoints: list[Obj] = field(default_factory=list)
    touched: bool = False

    @property
    def room(self) -> int:
        """How many endpoints fit in yet."""
        return PER_SLICE - len(self.endpoints)


def _address(endpoint: Obj) -> str:
    return str(endpoint["addresses"][0])


def _fill(slices: list[Obj], ports: list[Obj], endpoints: list[Obj]) -> list[Filling]:
    """Endpoints stay where they are; new ones go where something changes anyway, else where they all fit."""
    left = {_address(e): e for e in endpoints}
    out: list[Filling] = []
    for found in slices:
        had = found.get("endpoints") or []
        kept = [left.pop(_address(e)) for e in had if _address(e) in left]
        out.append(Filling(found, ports, kept, touched=kept != had))
    fresh = list(left.values())
    for filling in out:
        if filling.touched and filling.endpoints:
            taken = fresh[: filling.room]
            fresh = fresh[len(taken) :]
            filling.endpoints += taken
    while fresh:
        fitting = [f for f in out if f.endpoints and f.room >= len(fresh)]
        if fitting:
            min(fitting, key=lambda f: f.room).endpoints += fresh
            break
        out.append(Filling(None, ports, fresh[:PER_SLICE]))
        fresh = fresh[PER_SLICE:]
    return out


def distribute(
    slices: list[Obj], groups: list[tuple[list[Obj], list[Obj]]]
) -> tuple[list[Filling], list[Obj]]:
    """Slices as they should be, and those to delete. *groups* are ports with the endpoints that have them.

    A slice that would have to go is used for what would have to be made, so a Service keeps its slice's name.
    """
    free = list(slices)
    wanted: list[Filling] = []
    for ports, endpoints in groups:
        same = [s for s in free if (s.get("ports") or []) == ports]
        free = [s for s in free if s not in same]
        wanted += _fill(same, ports, endpoints)
    spare = [*free, *(f.slice for f in wanted if f.slice is not None and not f.endpoints)]
    wanted = [f for f in wanted if f.endpoints]
    if not wanted:
        # A Service without endpoints still has one slice.
        wanted = [Filling(None, [])]
    for filling in wanted:
        if filling.slice is None and spare:
            filling.slice = spare.pop()
    return wanted, spare
