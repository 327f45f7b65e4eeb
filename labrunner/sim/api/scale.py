"""The ``scale`` subresource: an ``autoscaling/v1`` Scale as a window on an object's replicas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from labrunner.sim.errors import bad_request
from labrunner.sim.objects import Obj, get_path


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where an object keeps what a Scale shows."""

    spec: tuple[str, ...] = ("spec", "replicas")
    status: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ("spec", "selector")


BUILTIN: Final = ScalePaths()


def paths_of(declared: Obj) -> ScalePaths:
    """The paths that a CRD version's ``subresources.scale`` declares."""
    return ScalePaths(
        _steps(declared.get("specReplicasPath", ".spec.replicas")),
        _steps(declared.get("statusReplicasPath", ".status.replicas")),
        _steps(declared.get("labelSelectorPath", "")),
    )


def _steps(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split(".") if part)


def scale_of(obj: Obj, paths: ScalePaths) -> Obj:
    """The Scale of *obj*."""
    found = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = {key: found[key] for key in kept if key in found}
    replicas = get_path(obj, *paths.spec)
    spec = {"replicas": replicas} if replicas else {}
    status: Obj = {"replicas": get_path(obj, *paths.status, default=0)}
    selector = selector_text(get_path(obj, *paths.selector)) if paths.selector else ""
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def scaled(obj: Obj, paths: ScalePaths, replicas: int) -> Obj:
    """*obj*, changed in place, with that many replicas asked for."""
    here: Any = obj
    for step in paths.spec[:-1]:
        here = here.setdefault(step, {})
    here[paths.spec[-1]] = replicas
    return obj


def applied(body: bytes, name: str, gv: str, kind: str, paths: ScalePaths) -> bytes:
    """An applied Scale in terms of the object itself: just its replicas. Raises ApiError (400)."""
    from labrunner.sim.patch import ssa

    wanted, _ = ssa.parse(body)
    given = (wanted.get("apiVersion"), wanted.get("kind"))
    if given != ("autoscaling/v1", "Scale"):
        raise bad_request(f"invalid object type: {given[0] or '/'}, Kind={given[1] or ''}")
    metadata: Obj = {key: value for key, value in (wanted.get("metadata") or {}).items() if key != "labels"}
    out: Obj = {"apiVersion": gv, "kind": kind, "metadata": {"name": name, **metadata}}
    replicas = get_path(wanted, "spec", "replicas")
    if replicas is not None:
        scaled(out, paths, replicas)
    return json.dumps(out).encode()


_OPERATORS: Final = {"In": "in", "NotIn": "notin"}


def selector_text(selector: Any) -> str:
    """A label selector (object form, plain map or text) in its query form."""
    if isinstance(selector, str) or not selector:
        return selector or ""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression.get("key", ""), expression.get("operator", "")
        values = ",".join(sorted(expression.get("values") or ()))
        text = {"Exists": key, "DoesNotExist": f"!{key}"}.get(operator)
        terms.append((key, text or f"{key} {_OPERATORS.get(operator, operator)} ({values})"))
    return ",".join(text for _, text in sorted(terms))
