"""HorizontalPodAutoscaler in a cluster without metrics: bounds are kept, everything else is refused in real words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.deployment_rules import replicas_of, status_count
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.controllers.runner import Controller, Key, Mapper, key_of
from labrunner.sim.objects import Obj, clone, get_path, name_of, namespace_of
from labrunner.sim.resources import ResourceType

if TYPE_CHECKING:
    from labrunner.sim.store import Change

SCALERS: Final = "horizontalpodautoscalers.autoscaling"
PERIOD: Final = 15.0
_RESOURCES: Final = (
    "unable to fetch metrics from resource metrics API: the server could not find the requested resource "
    "(get pods.metrics.k8s.io)"
)
_CUSTOM: Final = (
    "unable to fetch metrics from custom metrics API: the server could not find the metric {} for pods"
)
_EXTERNAL: Final = (
    "unable to fetch metrics from external metrics API: the server could not find the requested resource"
)


class AutoscalerController(Controller):
    """Looks at each autoscaler every 15 seconds, as the real one does."""

    name = "horizontal-pod-autoscaler"

    def watches(self) -> Mapping[str, Mapper]:
        return {SCALERS: self._of_scaler}

    def _of_scaler(self, change: Change) -> Iterable[Key]:
        """A new or changed autoscaler gets its first look after one period, like every later one."""
        new, old = change.new, change.old
        if new is not None and (old is None or new.get("spec") != old.get("spec")):
            self.requeue(key_of(new), PERIOD)
        return []

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(SCALERS, *key)
        if found is None:
            return None
        told: list[tuple[str, bool, str, str]] = []
        status: Obj = {k: v for k, v in (found.get("status") or {}).items() if k == "lastScaleTime"}
        target, problem = self._target(found)
        if target is None:
            text = f"the HPA controller was unable to get the target's current scale: {problem}"
            self.event(found, "Warning", "FailedGetScale", problem)
            told.append(("AbleToScale", False, "FailedGetScale", text))
            status["currentReplicas"] = int(get_path(found, "status", "currentReplicas", default=0))
            status["desiredReplicas"] = int(get_path(found, "status", "desiredReplicas", default=0))
        else:
            status["currentReplicas"] = status_count(target[1], "replicas")
            status["desiredReplicas"] = 0
            told = self._look(found, target, status)
        self._write(found, status, told)
        return PERIOD

    def _target(self, found: Obj) -> tuple[tuple[ResourceType, Obj] | None, str]:
        reference = found["spec"]["scaleTargetRef"]
        rt = self.api.registry.by_api_version(reference.get("apiVersion") or "v1", reference.get("kind", ""))
        if rt is None:
            group = (reference.get("apiVersion") or "").rpartition("/")[0]
            return None, f'no matches for kind "{reference.get("kind")}" in group "{group}"'
        target = self.api.stored(rt, namespace_of(found), reference.get("name", ""))
        if target is None:
            return None, f'{rt.gr} "{reference.get("name")}" not found'
        return (rt, target), ""

    def _look(
        self, found: Obj, target: tuple[ResourceType, Obj], status: Obj
    ) -> list[tuple[str, bool, str, str]]:
        rt, obj = target
        spec = found["spec"]
        now = replicas_of(obj)
        able = (
            "AbleToScale",
            True,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        if now == 0 and spec.get("minReplicas") != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            return [able, ("ScalingActive", False, "ScalingDisabled", text)]
        least, most = int(spec.get("minReplicas") or 1), int(spec.get("maxReplicas") or 1)
        if now > most or now < least:
            size, word = (most, "above Spec.MaxReplicas") if now > most else (least, "below Spec.MinReplicas")
            return [self._rescale(found, rt, obj, size, word, status)]
        reason, detail, metric = _missing_metric(spec.get("metrics") or [])
        invalid = f"invalid metrics ({len(spec.get('metrics') or [1])} invalid out of {len(spec.get('metrics') or [1])})"
        self.event(found, "Warning", reason, detail)
        text = f"{invalid}, first error is: failed to get {metric}: {detail}"
        self.event(found, "Warning", "FailedComputeMetricsReplicas", text)
        why = f"the HPA was unable to compute the replica count: {detail}"
        return [able, ("ScalingActive", False, reason, why)]

    def _rescale(
        self, found: Obj, rt: ResourceType, obj: Obj, size: int, word: str, status: Obj
    ) -> tuple[str, bool, str, str]:
        changed = clone(obj)
        changed["spec"]["replicas"] = size
        self.api.update(rt.gr, changed)
        why = f"Current number of replicas {word}"
        self.event(found, "Normal", "SuccessfulRescale", f"New size: {size}; reason: {why}")
        status["lastScaleTime"] = timestamp(self.api.clock.now())
        status["desiredReplicas"] = size
        text = f"the HPA controller was able to update the target scale to {size}"
        return ("AbleToScale", True, "SucceededRescale", text)

    def _write(self, found: Obj, status: Obj, told: list[tuple[str, bool, str, str]]) -> None:
        now = timestamp(self.api.clock.now())
        fresh = {kind for kind, *_ in told}
        kept = [c for c in get_path(found, "status", "conditions", default=[]) if c["type"] not in fresh]
        out: list[Obj] = []
        for kind, holds, reason, message in told:
            value = "True" if holds else "False"
            old = condition(found, kind)
            since = old["lastTransitionTime"] if old and old.get("status") == value else now
            out.append(
                {
                    "type": kind,
                    "status": value,
                    "lastTransitionTime": since,
                    "reason": reason,
                    "message": message,
                }
            )
        order = ("AbleToScale", "ScalingActive", "ScalingLimited")
        status["conditions"] = sorted([*out, *kept], key=lambda c: order.index(c["type"]))
        status["currentMetrics"] = None
        if status != (found.get("status") or {}):
            latest = self.api.store.get(SCALERS, namespace_of(found), name_of(found))
            if latest is not None:
                self.api.update_status(SCALERS, {**clone(latest), "status": status})


def _missing_metric(metrics: list[Obj]) -> tuple[str, str, str]:
    """Event reason, error and the name of the first metric, none of which this cluster has."""
    first: Obj = metrics[0] if metrics else {"type": "Resource", "resource": {"name": "cpu", "target": {}}}
    kind: str = first.get("type", "Resource")
    if kind in ("Resource", "ContainerResource"):
        found = first.get("resource") or first.get("containerResource") or {}
        name = found.get("name", "cpu")
        plain = get_path(found, "target", "type", default="Utilization") == "AverageValue"
        what = "resource metric value" if plain else f"{name} utilization"
        error = f"failed to get {what}: unable to get metrics for resource {name}: {_RESOURCES}"
        reason = "FailedGetResourceMetric" if kind == "Resource" else "FailedGetContainerResourceMetric"
        return (
            reason,
            error,
            f"{name} {'resource' if kind == 'Resource' else 'container resource'} metric value",
        )
    name = get_path(first, kind[0].lower() + kind[1:], "metric", "name", default="")
    if kind == "Pods":
        detail = f"unable to get metric {name}: {_CUSTOM.format(name)}"
        return "FailedGetPodsMetric", detail, "pods metric value"
    if kind == "Object":
        return (
            "FailedGetObjectMetric",
            f"unable to get metric {name}: {_CUSTOM.format(name)}",
            "object metric value",
        )
    return (
        "FailedGetExternalMetric",
        f"unable to get external metric {name}: {_EXTERNAL}",
        "external metric value",
    )
