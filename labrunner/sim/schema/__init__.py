"""What the API server knows of the shape of its objects: decoding, strict field checks, OpenAPI."""

from __future__ import annotations

from labrunner.sim.schema.decoding import Decoded, Kind, check, decode, strict_error

__all__ = ["Decoded", "Kind", "check", "decode", "strict_error"]
