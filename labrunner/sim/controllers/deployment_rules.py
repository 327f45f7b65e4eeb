"""The arithmetic of deployments: surge, unavailability, revisions, proportional scaling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from labrunner.sim.controllers.templates import same_template
from labrunner.sim.objects import Obj, annotations_of, get_path, meta, name_of

REVISION: Final = "deployment.kubernetes.io/revision"
REVISION_HISTORY: Final = "deployment.kubernetes.io/revision-history"
DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
MAXIMUM: Final = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED: Final = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    )
)
_HISTORY_LIMIT: Final = 2000


def replicas_of(obj: Obj) -> int:
    """``spec.replicas``; 1 when unset."""
    value = get_path(obj, "spec", "replicas")
    return 1 if value is None else int(value)


def status_count(obj: Obj, field: str) -> int:
    """A counter of ``status``; 0 when unset."""
    return int(get_path(obj, "status", field, default=0))


def scaled(value: object, total: int, *, round_up: bool) -> int:
    """An IntOrString such as ``25%`` as a number of *total*."""
    if isinstance(value, str):
        try:
            share = total * int(value.removesuffix("%")) / 100
        except ValueError:
            return 0
        return math.ceil(share) if round_up else math.floor(share)
    return int(value) if isinstance(value, int) else 0


def is_rolling(deployment: Obj) -> bool:
    """Whether the strategy is RollingUpdate."""
    return bool(get_path(deployment, "spec", "strategy", "type", default="RollingUpdate") == "RollingUpdate")


def max_surge(deployment: Obj) -> int:
    """How many pods may exist above the wanted number."""
    if not is_rolling(deployment):
        return 0
    value = get_path(deployment, "spec", "strategy", "rollingUpdate", "maxSurge", default=0)
    return scaled(value, replicas_of(deployment), round_up=True)


def max_unavailable(deployment: Obj) -> int:
    """How many pods may be missing below the wanted number; never 0 together with :func:`max_surge`."""
    total = replicas_of(deployment)
    if not is_rolling(deployment) or total == 0:
        return 0
    value = get_path(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable", default=0)
    allowed = scaled(value, total, round_up=False)
    if allowed == 0 and max_surge(deployment) == 0:
        allowed = 1
    return min(allowed, total)


def revision_of(obj: Obj) -> int:
    """The revision annotation as a number; 0 when it is missing."""
    try:
        return int(annotations_of(obj).get(REVISION, "0"))
    except ValueError:
        return 0


def by_age(sets: Iterable[Obj]) -> list[Obj]:
    """Oldest first."""
    return sorted(sets, key=lambda r: (get_path(r, "metadata", "creationTimestamp", default=""), name_of(r)))


def find_new(deployment: Obj, sets: Iterable[Obj]) -> Obj | None:
    """The oldest replica set made of the deployment's present template."""
    template = get_path(deployment, "spec", "template", default={})
    for found in by_age(sets):
        if same_template(get_path(found, "spec", "template", default={}), template):
            return found
    return None


def total_replicas(sets: Iterable[Obj | None]) -> int:
    """Sum of the wanted replicas."""
    return sum(replicas_of(s) for s in sets if s is not None)


def total_status(sets: Iterable[Obj | None], field: str) -> int:
    """Sum of a counter of ``status``."""
    return sum(status_count(s, field) for s in sets if s is not None)


def active(sets: Iterable[Obj | None]) -> list[Obj]:
    """Those that want pods."""
    return [s for s in sets if s is not None and replicas_of(s) > 0]


def new_set_size(deployment: Obj, sets: Sequence[Obj | None], new: Obj | None) -> int:
    """How many replicas the new replica set should want now."""
    wanted = replicas_of(deployment)
    if not is_rolling(deployment):
        return wanted
    own = replicas_of(new) if new is not None else 0
    room = wanted + max_surge(deployment) - total_replicas(sets)
    if room <= 0:
        return own
    return own + min(room, wanted - own)


def set_replica_annotations(replica_set: Obj, deployment: Obj) -> bool:
    """Write the desired and maximum size on *replica_set*; whether anything changed."""
    notes = meta(replica_set).setdefault("annotations", {})
    desired = str(replicas_of(deployment))
    maximum = str(replicas_of(deployment) + max_surge(deployment))
    changed: bool = notes.get(DESIRED) != desired or notes.get(MAXIMUM) != maximum
    notes[DESIRED], notes[MAXIMUM] = desired, maximum
    return changed


def set_new_annotations(replica_set: Obj, deployment: Obj, revision: int, *, exists: bool) -> bool:
    """Copy the deployment's annotations and number the revision; whether anything changed."""
    notes = meta(replica_set).setdefault("annotations", {})
    changed = False
    for key, value in annotations_of(deployment).items():
        if key not in _NOT_COPIED and notes.get(key) != value:
            notes[key] = value
            changed = True
    before = notes.get(REVISION)
    if revision_of(replica_set) < revision:
        notes[REVISION] = str(revision)
        changed = True
        if before is not None:
            past = [p for p in notes.get(REVISION_HISTORY, "").split(",") if p]
            past.append(before)
            while sum(len(p) + 1 for p in past) > _HISTORY_LIMIT:
                past.pop(0)
            notes[REVISION_HISTORY] = ",".join(past)
    if not exists and set_replica_annotations(replica_set, deployment):
        changed = True
    return changed


def is_scaling(deployment: Obj, sets: Iterable[Obj]) -> bool:
    """Whether the wanted number changed since the replica sets were last sized."""
    wanted = str(replicas_of(deployment))
    return any(annotations_of(s).get(DESIRED, wanted) != wanted for s in active(sets))


def _fraction(replica_set: Obj, deployment: Obj) -> int:
    own = replicas_of(replica_set)
    if replicas_of(deployment) == 0:
        return -own
    try:
        before = int(annotations_of(replica_set).get(MAXIMUM, ""))
    except ValueError:
        before = status_count(deployment, "replicas")
    if before == 0:
        return 0
    after = own * (replicas_of(deployment) + max_surge(deployment)) / before
    return math.floor(after + 0.5) - own


def proportional_sizes(deployment: Obj, sets: Sequence[Obj]) -> dict[str, int]:
    """New sizes by name when a deployment is scaled in the middle of a rollout."""
    wanted = replicas_of(deployment)
    allowed = wanted + max_surge(deployment) if wanted > 0 else 0
    to_add = allowed - total_replicas(sets)
    newest_first = list(reversed(by_age(sets))) if to_add > 0 else by_age(sets)
    ordered = sorted(newest_first, key=replicas_of, reverse=True)
    sizes: dict[str, int] = {}
    added = 0
    for found in ordered:
        share = 0
        if to_add:
            room = to_add - added
            share = _fraction(found, deployment)
            share = min(share, room) if to_add > 0 else max(share, room)
        sizes[name_of(found)] = replicas_of(found) + share
        added += share
    if ordered and to_add:
        first = name_of(ordered[0])
        sizes[first] = max(0, sizes[first] + to_add - added)
    return sizes
