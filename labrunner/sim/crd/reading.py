"""Stored custom objects under the schema of today: pruned of what it does not know, with defaults it has since."""

from __future__ import annotations

from labrunner.sim.crd import defaulting
from labrunner.sim.objects import Obj, clone
from labrunner.sim.schema.structural import prune


def under(obj: Obj, schema: Obj | None, gv: str, kind: str) -> Obj:
    """*obj* as a version with *schema* shows it: itself when nothing changes, else a new object."""
    renamed = obj
    if obj.get("apiVersion") != gv or obj.get("kind") != kind:
        renamed = {**obj, "apiVersion": gv, "kind": kind}
    if not schema:
        return renamed
    kept, _ = prune(renamed, schema)
    found: Obj = clone(kept)
    defaulting.fill(found, schema)
    return renamed if found == renamed else found
