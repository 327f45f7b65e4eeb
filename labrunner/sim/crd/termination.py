"""The end of a definition: its objects go first, and meanwhile nothing new is made of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.crd.schemas import GR, CustomType, Definitions
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, is_terminating, meta, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"

_PENDING: Final = (
    "True",
    "InstanceDeletionPending",
    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
)
_IN_PROGRESS: Final = ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
_POLL_SECONDS: Final = 0.2


def set_condition(conditions: list[Obj], kind: str, verdict: tuple[str, str, str], now: datetime) -> None:
    """Set status, reason and message of a condition, in place; a new status has a new time."""
    status, reason, message = verdict
    found = next((c for c in conditions if c["type"] == kind), None)
    if found is None:
        found = {"type": kind}
        conditions.append(found)
    if found.get("status") != status:
        found["lastTransitionTime"] = timestamp(now)
    found.update(status=status, reason=reason, message=message)


def is_true(definition: Obj | None, kind: str) -> bool:
    """Whether a condition of the definition is true."""
    conditions: list[Obj] = ((definition or {}).get("status") or {}).get("conditions") or []
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)


def begin(definition: Obj, now: datetime) -> None:
    """Mark, in place, a definition whose deletion is asked for: only the server's own finalizer is added."""
    system = meta(definition)
    system["deletionTimestamp"] = timestamp(now)
    if CLEANUP not in (system.get("finalizers") or []):
        system["finalizers"] = [*(system.get("finalizers") or []), CLEANUP]
    _terminating(definition, _PENDING, now)


def check_creation(rt: CustomType, store: Definitions) -> None:
    """Refuse new objects while their definition goes away. Raises ApiError 405."""
    if rt.custom and is_true(store.get(GR, "", rt.gr), "Terminating"):
        text = "create not allowed while custom resource definition is terminating"
        raise ApiError(
            405, "MethodNotAllowed", text, {"group": rt.gr.partition(".")[2], "kind": rt.gr.partition(".")[0]}
        )


def proceed(api: Api, definition: Obj) -> None:
    """Delete every object of a definition that is going away; when none is left, let the definition go."""
    if CLEANUP not in (meta(definition).get("finalizers") or []):
        return
    marked = clone(definition)
    _terminating(marked, _IN_PROGRESS, api.clock.now())
    if marked != definition:
        api.store.put(GR, marked)  # which brings us here again
        return
    spec = definition["spec"]
    gr = f"{spec['names']['plural']}.{spec['group']}"
    if is_true(definition, "Established") and _delete_instances(api, gr):
        name: Any = name_of(definition)
        api.clock.call_later(_POLL_SECONDS, lambda: _again(api, name))
        return
    current = api.store.get(GR, "", name_of(definition))
    if current is None:
        return
    changed = clone(current)
    meta(changed)["finalizers"] = [f for f in meta(changed)["finalizers"] if f != CLEANUP]
    if is_true(definition, "Established"):
        outcome = "False", "InstanceDeletionCompleted", "removed all instances"
    else:
        outcome = "False", "NeverEstablished", "resource was never established"
    _terminating(changed, outcome, api.clock.now())
    if meta(changed)["finalizers"]:
        api.store.put(GR, changed)
    else:
        api.store.remove(GR, "", name_of(definition))


def _terminating(definition: Obj, verdict: tuple[str, str, str], now: datetime) -> None:
    status = definition.setdefault("status", {})
    set_condition(status.setdefault("conditions", []), "Terminating", verdict, now)


def _delete_instances(api: Api, gr: str) -> bool:
    """Ask for the deletion of all objects of *gr*; whether finalizers keep any."""
    for obj in api.store.list(gr):
        if is_terminating(obj):
            continue
        try:
            api.delete(gr, name_of(obj), namespace_of(obj))
        except ApiError:
            api.store.remove(gr, namespace_of(obj), name_of(obj))  # no version serves it any more
    return bool(api.store.count(gr))


def _again(api: Api, name: str) -> None:
    current = api.store.get(GR, "", name)
    if current is not None and is_terminating(current):
        proceed(api, current)
