"""All that is checked of a custom object, in the server's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim import validation
from labrunner.sim.crd import embedded, listtypes, rules, scaling, values
from labrunner.sim.errors import FieldError
from labrunner.sim.objects import Obj, get_path

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType


def create(obj: Obj, rt: ResourceType, version: Obj) -> list[FieldError]:
    """Everything wrong with a new object; *version* is the entry of ``spec.versions`` that it is in."""
    schema: Obj = get_path(version, "schema", "openAPIV3Schema", default={})
    out = validation.create(obj, rt)
    out += values.check(obj, schema)
    out += scaling.check(obj, get_path(version, "subresources", "scale"))
    out += embedded.check(obj, schema)
    out += listtypes.check(obj, schema)
    return out + rules.check(obj, schema, out)


def update(new: Obj, old: Obj, rt: ResourceType, version: Obj, subresource: str = "") -> list[FieldError]:
    """Everything wrong with replacing *old* by *new*."""
    schema: Obj = get_path(version, "schema", "openAPIV3Schema", default={})
    out = validation.update(new, old, rt, subresource)
    out += values.check(new, schema, {**old, "apiVersion": new.get("apiVersion")})
    if subresource != "status":
        out += scaling.check(new, get_path(version, "subresources", "scale"))
    out += embedded.check(new, schema)
    if not listtypes.check(old, schema):
        out += listtypes.check(new, schema)
    return out + rules.check(new, schema, out, old)
