"""Protobuf request bodies, as ``kubectl create``, ``run``, ``expose`` and ``auth can-i`` send them."""

from __future__ import annotations

from labrunner.sim.wire.decoding import decode

__all__ = ["decode"]
