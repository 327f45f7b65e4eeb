"""LimitRanger: default requests and limits, and their bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from labrunner.sim.admission.request import CREATE, UPDATE, Request, aggregate
from labrunner.sim.objects import Obj, clone, get_path, meta
from labrunner.sim.quantity import Quantity, QuantityError

_ANNOTATION: Final = "kubernetes.io/limit-ranger"
Amounts = dict[str, Quantity]


def fill(request: Request) -> None:
    """Give containers the requests and limits their namespace provides."""
    pod = request.object
    if pod is None or not request.creates("pods"):
        return
    for limits in request.api.store.list("limitranges", request.namespace):
        _fill_from(pod, limits)


def _fill_from(pod: Obj, limits: Obj) -> None:
    default: Obj = {}
    requests: Obj = {}
    for item in get_path(limits, "spec", "limits", default=[]):
        if item.get("type") == "Container":
            default.update(item.get("default") or {})
            requests.update(item.get("defaultRequest") or {})
    notes: list[str] = []
    for key, word in (("containers", "container"), ("initContainers", "init container")):
        for container in get_path(pod, "spec", key, default=[]):
            resources = container.setdefault("resources", {})
            for section, source, noun in (("requests", requests, "request"), ("limits", default, "limit")):
                added = _add_missing(resources, section, source)
                if added:
                    notes.append(f"{', '.join(added)} {noun} for {word} {container.get('name', '')}")
    if notes:
        text = f"LimitRanger plugin set: {'; '.join(notes)}"
        meta(pod).setdefault("annotations", {})[_ANNOTATION] = text


def _add_missing(resources: Obj, section: str, source: Obj) -> list[str]:
    if not source:
        return []
    found = resources.setdefault(section, {})
    added = sorted(name for name in source if name not in found)
    for name in added:
        found[name] = clone(source[name])
    return added


def check(request: Request) -> None:
    """Refuse what exceeds a bound of its namespace. Raises ApiError 403."""
    obj = request.object
    if obj is None or request.subresource:
        return
    pods = request.gr == "pods" and request.operation == CREATE
    claims = request.gr == "persistentvolumeclaims" and request.operation in (CREATE, UPDATE)
    if not pods and not claims:
        return
    problems: list[str] = []
    for limits in request.api.store.list("limitranges", request.namespace):
        items = get_path(limits, "spec", "limits", default=[])
        found = _pod_problems(obj, items) if pods else _claim_problems(obj, items)
        if found:
            problems += found
            break
    if problems:
        raise request.forbid(aggregate(problems))


def _amounts(values: dict[str, Any] | None) -> Amounts:
    out: Amounts = {}
    for name, value in (values or {}).items():
        try:
            out[name] = Quantity.parse(value)
        except QuantityError:
            continue
    return out


def _pod_problems(pod: Obj, items: Iterable[Obj]) -> list[str]:
    spec: Obj = pod.get("spec") or {}
    out: list[str] = []
    for item in items:
        kind = item.get("type", "")
        if kind == "Container":
            for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
                resources: Obj = container.get("resources") or {}
                out += _bounds(
                    kind, item, _amounts(resources.get("requests")), _amounts(resources.get("limits"))
                )
        elif kind == "Pod":
            out += _bounds(kind, item, pod_total(spec, "requests"), pod_total(spec, "limits"))
    return out


def pod_total(spec: Obj, section: str) -> Amounts:
    """Requests or limits of a whole pod: containers and sidecars together, or the largest init container."""
    total: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("containers") or []:
        _add(total, _amounts((container.get("resources") or {}).get(section)))
    sidecars: Amounts = {}
    for container in spec.get("initContainers") or []:
        amounts = _amounts((container.get("resources") or {}).get(section))
        if container.get("restartPolicy") == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            needed = dict(sidecars)
        else:
            needed = dict(sidecars)
            _add(needed, amounts)
        for name, value in needed.items():
            peak[name] = max(peak.get(name, value), value)
    for name, value in peak.items():
        total[name] = max(total.get(name, value), value)
    own = _amounts((spec.get("resources") or {}).get(section))
    total.update(own)
    if section == "requests" or total:
        for name, value in _amounts(spec.get("overhead")).items():
            if section == "requests" or name in total:
                total[name] = total[name] + value if name in total else value
    return total


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _bounds(kind: str, item: Obj, requests: Amounts, limits: Amounts) -> list[str]:
    out: list[str] = []
    for name, bound in sorted(_amounts(item.get("min")).items()):
        out += _minimum(kind, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted(_amounts(item.get("max")).items()):
        out += _maximum(kind, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted(_amounts(item.get("maxLimitRequestRatio")).items()):
        out += _ratio(kind, name, bound, requests.get(name), limits.get(name))
    return out


def _minimum(
    kind: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None
) -> list[str]:
    text = f"minimum {name} usage per {kind} is {bound}"
    if request is None:
        return [f"{text}.  No request is specified"]
    if request < bound:
        return [f"{text}, but request is {request}"]
    if limit is not None and limit < bound:
        return [f"{text}, but limit is {limit}"]
    return []


def _maximum(
    kind: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None
) -> list[str]:
    text = f"maximum {name} usage per {kind} is {bound}"
    if limit is None:
        return [f"{text}.  No limit is specified"]
    if limit > bound:
        return [f"{text}, but limit is {limit}"]
    if request is not None and request > bound:
        return [f"{text}, but request is {request}"]
    return []


def _ratio(
    kind: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None
) -> list[str]:
    text = f"{name} max limit to request ratio per {kind} is {bound}"
    if not request:
        return [f"{text}, but no request is specified or request is 0"]
    if not limit:
        return [f"{text}, but no limit is specified or limit is 0"]
    ratio = limit.nanos / request.nanos
    return [f"{text}, but provided ratio is {ratio:f}"] if ratio > bound.nanos / 10**9 else []


def _claim_problems(claim: Obj, items: Iterable[Obj]) -> list[str]:
    requests = _amounts(get_path(claim, "spec", "resources", "requests"))
    out: list[str] = []
    for item in items:
        if item.get("type") != "PersistentVolumeClaim":
            continue
        for name, bound in sorted(_amounts(item.get("min")).items()):
            out += _minimum("PersistentVolumeClaim", name, bound, requests.get(name), None)
        for name, bound in sorted(_amounts(item.get("max")).items()):
            asked = requests.get(name)
            text = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
            if asked is None:
                out.append(f"{text}.  No request is specified")
            elif asked > bound:
                out.append(f"{text}, but request is {asked}")
    return out
