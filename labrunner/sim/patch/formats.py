"""The three patch formats that change an object directly."""

from __future__ import annotations

from labrunner.sim.objects import Obj
from labrunner.sim.schema.decoding import Kind

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


def apply(content_type: str, current: Obj, body: bytes, kind: Kind) -> Obj:
    """*current* as changed by the patch in *body*; a new object. Raises ApiError (400, 415, 422)."""
    raise NotImplementedError(content_type)
