"""Conversion between versions of one stored resource: HorizontalPodAutoscaler v1/v2, Event core/events.k8s.io.

Custom resources convert by changing ``apiVersion`` alone (strategy None).
"""

from __future__ import annotations

import json
from typing import Any, Final

from labrunner.sim.objects import Obj, clone, get_path
from labrunner.sim.resources import ResourceType

METRICS: Final = "autoscaling.alpha.kubernetes.io/metrics"
CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR: Final = "autoscaling.alpha.kubernetes.io/behavior"
CURRENT: Final = "autoscaling.alpha.kubernetes.io/current-metrics"


def convert(obj: Obj, to: ResourceType) -> Obj:
    """*obj* in the version of *to*; a new object whose parts may be shared with *obj*."""
    if to.plural == "horizontalpodautoscalers" and to.group == "autoscaling":
        return _scaler_v1(obj, to) if to.version == "v1" else _scaler_v2(obj, to)
    if to.plural == "events" and to.group == "events.k8s.io":
        return _new_event(obj, to)
    if to.plural == "events" and to.group == "":
        return _core_event(obj, to)
    return {**obj, "apiVersion": to.gv, "kind": to.kind}


def _is_cpu(metric: Obj) -> bool:
    resource = metric.get("resource") or {}
    return (
        metric.get("type") == "Resource"
        and resource.get("name") == "cpu"
        and get_path(resource, "target", "averageUtilization") is not None
    )


def _scaler_v1(obj: Obj, to: ResourceType) -> Obj:
    out: Obj = {**clone(obj), "apiVersion": to.gv, "kind": to.kind}
    spec, annotations = out.get("spec") or {}, dict(out["metadata"].get("annotations") or {})
    metrics = spec.pop("metrics", None) or []
    others = [m for m in metrics if not _is_cpu(m)]
    for metric in metrics:
        if _is_cpu(metric):
            spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"]
    status = out.setdefault("status", {})
    for number in ("currentReplicas", "desiredReplicas"):
        status.setdefault(number, 0)
    for key, value in (
        (METRICS, others),
        (BEHAVIOR, spec.pop("behavior", None)),
        (CONDITIONS, status.pop("conditions", None)),
        (CURRENT, status.pop("currentMetrics", None)),
    ):
        if value:
            annotations[key] = json.dumps(value, separators=(",", ":"))
    if annotations:
        out["metadata"]["annotations"] = annotations
    return out


def _scaler_v2(obj: Obj, to: ResourceType) -> Obj:
    out: Obj = {**clone(obj), "apiVersion": to.gv, "kind": to.kind}
    if obj.get("apiVersion") != "autoscaling/v1":
        return out
    spec, status = out.setdefault("spec", {}), out.setdefault("status", {})
    annotations = dict(out["metadata"].get("annotations") or {})
    metrics: list[Obj] = []
    cpu = spec.pop("targetCPUUtilizationPercentage", None)
    if cpu is not None:
        target = {"type": "Utilization", "averageUtilization": cpu}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    for key, place, name in (
        (METRICS, spec, "metrics"),
        (BEHAVIOR, spec, "behavior"),
        (CONDITIONS, status, "conditions"),
        (CURRENT, status, "currentMetrics"),
    ):
        value = _loaded(annotations.pop(key, None))
        if name == "metrics":
            metrics += value or []
        elif value is not None:
            place[name] = value
    if metrics:
        spec["metrics"] = metrics
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    out["metadata"].pop("annotations", None)
    if annotations:
        out["metadata"]["annotations"] = annotations
    return out


def _loaded(text: str | None) -> Any:
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, list | dict) else None


_EVENT_FIELDS: Final = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("source", "deprecatedSource"),
)


def _new_event(obj: Obj, to: ResourceType) -> Obj:
    return _renamed(obj, to, dict(_EVENT_FIELDS))


def _core_event(obj: Obj, to: ResourceType) -> Obj:
    out = _renamed(obj, to, {new: core for core, new in _EVENT_FIELDS})
    out.setdefault("involvedObject", {})
    return out


def _renamed(obj: Obj, to: ResourceType, names: dict[str, str]) -> Obj:
    out = {names.get(key, key): value for key, value in obj.items()}
    return {**out, "apiVersion": to.gv, "kind": to.kind}
