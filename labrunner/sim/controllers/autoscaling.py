"""HorizontalPodAutoscaler in a cluster without metrics: bounds are kept, everything else is refused in real words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.scale import BUILTIN, ScalePaths, paths_of, scale_of, scaled
from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.missing_metrics import missing
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.controllers.runner import Controller, Key, Mapper, key_of
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, labels_of, name_of, namespace_of
from labrunner.sim.resources import ResourceType
from labrunner.sim.selectors import parse

if TYPE_CHECKING:
    from labrunner.sim.store import Change

SCALERS: Final = "horizontalpodautoscalers.autoscaling"
DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
PERIOD: Final = 15.0
_ORDER: Final = ("AbleToScale", "ScalingActive", "ScalingLimited")


@dataclass(frozen=True, slots=True)
class _Said:
    """A condition as it is to be now."""

    kind: str
    holds: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class _Target:
    """What is scaled, and how."""

    rt: ResourceType
    obj: Obj
    paths: ScalePaths

    @property
    def wanted(self) -> int:
        return int(get_path(self.obj, *self.paths.spec, default=0))

    @property
    def selector(self) -> str:
        return str(scale_of(self.obj, self.paths)["status"].get("selector", ""))


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
        status: Obj = clone(found.get("status") or {})
        status.setdefault("desiredReplicas", 0)
        target, problem = self._target(found)
        if target is None:
            self.event(found, "Warning", "FailedGetScale", problem)
            text = f"the HPA controller was unable to get the target's current scale: {problem}"
            said = [_Said("AbleToScale", False, "FailedGetScale", text)]
        else:
            said = self._look(found, target, status)
        self._write(found, status, said)
        return PERIOD

    def _target(self, found: Obj) -> tuple[_Target | None, str]:
        reference = found["spec"]["scaleTargetRef"]
        kind, name = reference.get("kind", ""), reference.get("name", "")
        rt = self.api.registry.by_api_version(reference.get("apiVersion") or "v1", kind)
        if rt is None:
            group = (reference.get("apiVersion") or "").rpartition("/")[0]
            return None, f'no matches for kind "{kind}" in group "{group}"'
        if rt.subresource("scale") is None:
            return None, "the server could not find the requested resource"
        obj = self.api.stored(rt, namespace_of(found), name)
        if obj is None:
            return None, f'{rt.gr} "{name}" not found'
        return _Target(rt, obj, self._paths(rt)), ""

    def _paths(self, rt: ResourceType) -> ScalePaths:
        definition = self.api.store.get(DEFINITIONS, "", rt.gr) if rt.custom else None
        for version in get_path(definition, "spec", "versions", default=[]):
            if version.get("name") == rt.version:
                return paths_of(get_path(version, "subresources", "scale", default={}))
        return BUILTIN

    def _look(self, found: Obj, target: _Target, status: Obj) -> list[_Said]:
        spec, now = found["spec"], target.wanted
        able = _Said(
            "AbleToScale",
            True,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        status["currentReplicas"] = now
        least, most = int(spec.get("minReplicas", 1)), int(spec.get("maxReplicas", 1))
        if now == 0 and least != 0:
            status.update(currentMetrics=None, desiredReplicas=0)
            text = "scaling is disabled since the replica count of the target is zero"
            return [able, _Said("ScalingActive", False, "ScalingDisabled", text)]
        if now > most:
            return [self._rescale(found, target, most, "above Spec.MaxReplicas", status)]
        if now < least:
            return [self._rescale(found, target, least, "below Spec.MinReplicas", status)]
        metrics = spec.get("metrics") or [{"type": "Resource", "resource": {"name": "cpu", "target": {}}}]
        refused, text = self._selector_problem(found, target)
        if refused is None:
            refused, text = self._metrics(found, metrics)
            status["currentMetrics"] = [{"type": ""} for _ in metrics]
        else:
            status["currentMetrics"] = None
        self.event(found, "Warning", "FailedComputeMetricsReplicas", text)
        return [able, refused]

    def _selector_problem(self, found: Obj, target: _Target) -> tuple[_Said | None, str]:
        """Why the pods of *target* cannot be told, or not be told to be this autoscaler's."""
        selector = target.selector
        if not selector:
            text = "selector is required"
            self.event(found, "Warning", "SelectorRequired", text)
            why = "the HPA target's scale is missing a selector"
            return _Said("ScalingActive", False, "InvalidSelector", why), text
        rivals = self._scalers_of(namespace_of(found), selector)
        if len(rivals) > 1:
            text = f"pods by selector {selector} are controlled by multiple HPAs: [{' '.join(rivals)}]"
            self.event(found, "Warning", "AmbiguousSelector", text)
            return _Said("ScalingActive", False, "AmbiguousSelector", text), text
        return None, ""

    def _scalers_of(self, namespace: str, selector: str) -> list[str]:
        """Names of the autoscalers whose targets select a pod that *selector* selects too."""
        matching = parse(selector)
        pods = [p for p in self.api.store.list("pods", namespace) if matching.matches(labels_of(p))]
        out: list[str] = []
        for scaler in self.api.store.list(SCALERS, namespace):
            target, _ = self._target(scaler)
            theirs = parse(target.selector) if target is not None and target.selector else None
            if theirs is not None and any(theirs.matches(labels_of(p)) for p in pods):
                out.append(f"{namespace}/{name_of(scaler)}")
        return out

    def _metrics(self, found: Obj, metrics: list[Obj]) -> tuple[_Said, str]:
        """Tell of every metric that cannot be had; the condition and the summary name the first."""
        problems = [missing(m, namespace_of(found)) for m in metrics]
        for problem in problems:
            self.event(found, "Warning", problem.reason, problem.message)
        first, count = problems[0], len(problems)
        why = f"the HPA was unable to compute the replica count: {first.message}"
        text = (
            f"invalid metrics ({count} invalid out of {count}), first error is: "
            f"{first.introduction}: {first.message}"
        )
        return _Said("ScalingActive", False, first.reason, why), text

    def _rescale(self, found: Obj, target: _Target, size: int, word: str, status: Obj) -> _Said:
        why = f"Current number of replicas {word}"
        status["currentMetrics"] = None
        try:
            self.api.update(target.rt.gr, scaled(clone(target.obj), target.paths, size))
        except ApiError as error:
            text = f"New size: {size}; reason: {why}; error: {error.message}"
            self.event(found, "Warning", "FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error.message}"
            return _Said("AbleToScale", False, "FailedUpdateScale", text)
        self.event(found, "Normal", "SuccessfulRescale", f"New size: {size}; reason: {why}")
        status.update(lastScaleTime=timestamp(self.api.clock.now()), desiredReplicas=size)
        text = f"the HPA controller was able to update the target scale to {size}"
        return _Said("AbleToScale", True, "SucceededRescale", text)

    def _write(self, found: Obj, status: Obj, said: list[_Said]) -> None:
        now = timestamp(self.api.clock.now())
        fresh = {s.kind for s in said}
        kept = [c for c in get_path(found, "status", "conditions", default=[]) if c["type"] not in fresh]
        for each in said:
            value = "True" if each.holds else "False"
            old = condition(found, each.kind)
            since = old["lastTransitionTime"] if old and old.get("status") == value else now
            kept.append(
                {
                    "type": each.kind,
                    "status": value,
                    "lastTransitionTime": since,
                    "reason": each.reason,
                    "message": each.message,
                }
            )
        status["conditions"] = sorted(kept, key=lambda c: _ORDER.index(c["type"]))
        status.setdefault("currentMetrics", None)
        if not status.get("currentReplicas"):
            status.pop("currentReplicas", None)
        if status != (found.get("status") or {}):
            latest = self.api.store.get(SCALERS, namespace_of(found), name_of(found))
            if latest is not None:
                self.api.update_status(SCALERS, {**clone(latest), "status": status})
