"""Rows of resource.k8s.io: device classes, claims, their templates, and slices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, name_of
from labrunner.sim.printers.text import Printer, age, columns


def _claim_state(obj: Obj) -> str:
    deleted = get_path(obj, "metadata", "deletionTimestamp") is not None
    states = ["deleted"] if deleted else []
    status: Obj = obj.get("status") or {}
    if status.get("allocation") is None:
        states += [] if deleted else ["pending"]
    else:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    return ",".join(states)


def _claim(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), _claim_state(obj), age(obj, now)]


def _slice(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    pool = get_path(spec, "pool", "name", default="")
    return [name_of(obj), spec.get("nodeName") or "", spec.get("driver", ""), pool, age(obj, now)]


RESOURCE_CLAIM = Printer(columns("State", "Age"), _claim)
RESOURCE_SLICE = Printer(columns("Node", "Driver", "Pool", "Age"), _slice)
