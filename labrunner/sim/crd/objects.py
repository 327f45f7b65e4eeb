"""Custom objects: generation and status on the way in, defaults and validation by their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.crd import defaulting
from labrunner.sim.crd.schemas import schema_of, version_of
from labrunner.sim.errors import FieldError
from labrunner.sim.objects import Obj, meta

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType


def prepare_create(obj: Obj, rt: ResourceType, api: Api) -> None:  # noqa: ARG001
    """Change a new custom object in place: generation 1, no status when that is a subresource."""
    meta(obj)["generation"] = 1
    if rt.subresource("status"):
        obj.pop("status", None)


def prepare_update(new: Obj, old: Obj, rt: ResourceType, api: Api, subresource: str = "") -> None:  # noqa: ARG001
    """Change *new* in place: what its endpoint may not touch comes from *old*; generation counts changes."""
    if subresource == "status":
        kept = meta(new).get("managedFields")
        status = new.get("status")
        system = dict(old["metadata"])
        if kept is not None:
            system["managedFields"] = kept
        new.clear()
        new.update(old)
        new["metadata"] = system
        new.pop("status", None)
        if status is not None:
            new["status"] = status
        return
    if rt.subresource("status"):
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if _content(new, rt) != _content(old, rt):
        meta(new)["generation"] = (old["metadata"].get("generation") or 0) + 1


def complete(obj: Obj, rt: ResourceType, api: Api) -> None:
    """Fill in, in place, the defaults of the schema. Idempotent."""
    schema = schema_of(rt, api.store)
    if schema is not None:
        defaulting.fill(obj, schema)


def validate_create(obj: Obj, rt: ResourceType, api: Api) -> list[FieldError]:
    """Everything wrong with a new custom object."""
    from labrunner.sim.crd import checking  # with CEL: not needed before the first custom object

    return checking.create(obj, rt, version_of(rt, api.store))


def validate_update(
    new: Obj, old: Obj, rt: ResourceType, api: Api, subresource: str = ""
) -> list[FieldError]:
    """Everything wrong with replacing *old* by *new*. What is not changed is not held against it."""
    from labrunner.sim.crd import checking

    return checking.update(new, old, rt, version_of(rt, api.store), subresource)


def _content(obj: Obj, rt: ResourceType) -> Obj:
    ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if rt.subresource("status") else set())
    return {key: value for key, value in obj.items() if key not in ignored}
