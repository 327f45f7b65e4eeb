"""Small valid objects that tests of the simulated cluster start from."""

from __future__ import annotations

from typing import Any

from labrunner.sim import defaults
from labrunner.sim.errors import FieldError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.resources import Registry, ResourceType

REGISTRY = Registry()


def type_of(gr: str) -> ResourceType:
    found = REGISTRY.storage(gr)
    assert found is not None, gr
    return found


def made(gr: str, spec: Obj | None = None, *, name: str = "x", namespace: str = "lab", **top: Any) -> Obj:
    """An object as it is after decoding and defaulting."""
    rt = type_of(gr)
    meta: Obj = {"name": name, "uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if rt.namespaced:
        meta["namespace"] = namespace
    obj: Obj = {"apiVersion": rt.gv, "kind": rt.kind, "metadata": {**meta, **top.pop("metadata", {})}, **top}
    if spec is not None:
        obj["spec"] = clone(spec)
    defaults.apply(obj, rt)
    return obj


def pod(spec: Obj | None = None, container: Obj | None = None, **top: Any) -> Obj:
    """A pod of one container ``c`` from ``nginx``, with *container* and *spec* laid over it."""
    found = {"name": "c", "image": "nginx", **(container or {})}
    return made("pods", {"containers": [found], **(spec or {})}, **top)


def workload(gr: str, spec: Obj | None = None, **top: Any) -> Obj:
    """A workload whose selector and template agree on ``app: a``."""
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    return made(gr, {"selector": {"matchLabels": {"app": "a"}}, "template": template, **(spec or {})}, **top)


def messages(problems: list[FieldError]) -> list[str]:
    return [problem.message() for problem in problems]
