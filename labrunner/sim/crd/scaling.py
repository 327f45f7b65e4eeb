"""The fields behind a custom resource's scale subresource must be able to serve it."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.errors import FieldError, invalid_value
from labrunner.sim.objects import Obj
from labrunner.sim.schema.goprint import plus_v, unstructured_name

_MOST: Final = 2**31 - 1


def check(obj: Obj, declared: Obj | None) -> list[FieldError]:
    """What is wrong with the replicas and the selector of *obj*; *declared* is ``subresources.scale``."""
    if declared is None:
        return []
    out: list[FieldError] = []
    for name in ("specReplicasPath", "statusReplicasPath"):
        path = declared.get(name)
        if path:
            out += _replicas(obj, path)
    path = declared.get("labelSelectorPath")
    if path:
        value, problem = _nested(obj, path, str)
        if problem:
            out.append(invalid_value(path, value or "", problem))
    return out


def _replicas(obj: Obj, path: str) -> list[FieldError]:
    value, problem = _nested(obj, path, int)
    if problem:
        return [invalid_value(path, 0, problem)]
    if value is not None and value < 0:
        return [invalid_value(path, value, "should be a non-negative integer")]
    if value is not None and value > _MOST:
        return [invalid_value(path, value, f"should be less than or equal to {_MOST}")]
    return []


def _nested(obj: Obj, path: str, wanted: type) -> tuple[Any, str]:
    here: Any = obj
    steps = [step for step in path.split(".") if step]
    for index, step in enumerate(steps):
        if not isinstance(here, dict):
            return None, _accessor(".".join(["", *steps[: index + 1]]), here, "map[string]interface{}")
        if step not in here:
            return None, ""
        here = here[step]
    if type(here) is not wanted:
        return None, _accessor(path, here, "int64" if wanted is int else "string")
    return here, ""


def _accessor(path: str, value: Any, wanted: str) -> str:
    return (
        f"{path} accessor error: {plus_v(value)} is of the type {unstructured_name(value)}, expected {wanted}"
    )
