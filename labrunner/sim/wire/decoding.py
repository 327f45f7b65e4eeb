"""The ``k8s\\0`` envelope and the messages in it."""

from __future__ import annotations

from labrunner.sim.errors import bad_request
from labrunner.sim.objects import Obj

MAGIC = b"k8s\x00"


def decode(body: bytes) -> Obj:
    """The object in a protobuf *body*. Raises ApiError (400)."""
    raise bad_request("protobuf bodies are not decoded yet")
