"""What an autoscaler says of each kind of metric in a cluster that serves none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from labrunner.sim.gotext import label_selector
from labrunner.sim.objects import Obj, get_path

_RESOURCES: Final = (
    "unable to fetch metrics from resource metrics API: the server could not find the requested resource "
    "(get pods.metrics.k8s.io)"
)
_CUSTOM: Final = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
_EXTERNAL: Final = (
    "unable to fetch metrics from external metrics API: the server could not find the requested resource "
    "(get {}.external.metrics.k8s.io)"
)


@dataclass(frozen=True, slots=True)
class Missing:
    """The event's reason, its message, and what introduces the message in the summary of all metrics."""

    reason: str
    message: str
    introduction: str


def missing(metric: Obj, namespace: str) -> Missing:
    """Why *metric*, of an autoscaler in *namespace*, cannot be had."""
    kind: str = metric.get("type", "Resource")
    found: Obj = metric.get(kind[:1].lower() + kind[1:]) or {}
    name = get_path(found, "metric", "name", default="")
    target: Obj = found.get("target") or {}
    if kind in ("Resource", "ContainerResource"):
        return _resource(kind, found.get("name", ""), target)
    if kind == "Pods":
        return Missing(
            "FailedGetPodsMetric",
            f"unable to get metric {name}: {_CUSTOM}",
            "failed to get pods metric value",
        )
    if kind == "Object":
        about: Obj = found.get("describedObject") or {}
        # The real controller mixes its arguments up here; the message is known in this form.
        text = (
            f"unable to get metric {name}: {about.get('kind')} on {namespace} {about.get('name')}/{_CUSTOM}"
        )
        if target.get("type") == "AverageValue":
            text = f"failed to get {name} object metric: {text}"
        return Missing("FailedGetObjectMetric", text, "failed to get object metric value")
    selector = label_selector(get_path(found, "metric", "selector"))
    text = f"unable to get external metric {namespace}/{name}/{selector}: {_EXTERNAL.format(name)}"
    what = f"{name} external metric" if target.get("type") == "AverageValue" else f"external metric {name}"
    return Missing(
        "FailedGetExternalMetric",
        f"failed to get {what}: {text}",
        f"failed to get {name} external metric value",
    )


def _resource(kind: str, name: str, target: Obj) -> Missing:
    what = "usage" if target.get("type") == "AverageValue" else "utilization"
    text = f"failed to get {name} {what}: unable to get metrics for resource {name}: {_RESOURCES}"
    long = "resource" if kind == "Resource" else "container resource"
    return Missing(f"FailedGet{kind}Metric", text, f"failed to get {name} {long} metric value")
