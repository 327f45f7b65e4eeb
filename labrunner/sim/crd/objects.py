"""Custom objects: generation and status on the way in, defaults and validation by their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim import validation
from labrunner.sim.crd import defaulting, embedded, listtypes, rules, scaling, values
from labrunner.sim.crd.schemas import schema_of, version_of
from labrunner.sim.errors import FieldError
from labrunner.sim.objects import Obj, get_path, meta

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
    version = version_of(rt, api.store)
    schema: Obj = get_path(version, "schema", "openAPIV3Schema", default={})
    out = validation.create(obj, rt)
    out += values.check(obj, schema)
    out += scaling.check(obj, get_path(version, "subresources", "scale"))
    out += embedded.check(obj, schema)
    out += listtypes.check(obj, schema)
    return out + rules.check(obj, schema, out)


def validate_update(
    new: Obj, old: Obj, rt: ResourceType, api: Api, subresource: str = ""
) -> list[FieldError]:
    """Everything wrong with replacing *old* by *new*. What is not changed is not held against it."""
    version = version_of(rt, api.store)
    schema: Obj = get_path(version, "schema", "openAPIV3Schema", default={})
    out = validation.update(new, old, rt, subresource)
    out += values.check(new, schema, {**old, "apiVersion": new.get("apiVersion")})
    if subresource != "status":
        out += scaling.check(new, get_path(version, "subresources", "scale"))
    out += embedded.check(new, schema)
    if not listtypes.check(old, schema):
        out += listtypes.check(new, schema)
    return out + rules.check(new, schema, out, old)


def _content(obj: Obj, rt: ResourceType) -> Obj:
    ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if rt.subresource("status") else set())
    return {key: value for key, value in obj.items() if key not in ignored}
