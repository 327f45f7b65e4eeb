"""Disruption budgets, autoscalers, priority and runtime classes."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.validation import meta, quantities
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.syntax import Errors, check, non_negative, one_of
from labrunner.sim.validation.workloads import at_most_all, int_or_percent

_HIGHEST: Final = 1_000_000_000
_SYSTEM: Final = ("system-node-critical", "system-cluster-critical")
_METRICS: Final = ("ContainerResource", "External", "Object", "Pods", "Resource")


def create_budget(obj: Obj) -> Errors:
    """A PodDisruptionBudget."""
    return meta.create(obj, True) + _budget(obj.get("spec") or {})


def update_budget(new: Obj, old: Obj) -> Errors:
    """A PodDisruptionBudget replaced."""
    return meta.update(new, old) + _budget(new.get("spec") or {})


def _budget(spec: Obj) -> Errors:
    out: Errors = []
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        text = "minAvailable and maxUnavailable cannot be both set"
        out.append(invalid_value("spec", render(spec, "PodDisruptionBudgetSpec"), text))
    for key, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            out += int_or_percent(f"spec.{key}", value) + at_most_all(f"spec.{key}", value)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None:
        path = "spec.unhealthyPodEvictionPolicy"
        out += one_of(path, policy, ("AlwaysAllow", "IfHealthyBudget"))
    return out + meta.label_selector(spec.get("selector"), "spec.selector")


def create_autoscaler(obj: Obj) -> Errors:
    """A HorizontalPodAutoscaler."""
    return meta.create(obj, True) + _autoscaler(obj.get("spec") or {})


def update_autoscaler(new: Obj, old: Obj) -> Errors:
    """A HorizontalPodAutoscaler replaced."""
    return meta.update(new, old) + _autoscaler(new.get("spec") or {})


def _autoscaler(spec: Obj) -> Errors:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    out: Errors = []
    if least is not None and least < 1:
        out.append(invalid_value("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        out.append(invalid_value("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        text = "must be greater than or equal to `minReplicas`"
        out.append(invalid_value("spec.maxReplicas", most, text))
    target: Obj = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        path, value = f"spec.scaleTargetRef.{key}", target.get(key) or ""
        out += check(path, value, names.path_segment) if value else [required(path)]
    for i, metric in enumerate(spec.get("metrics") or []):
        out += _metric(metric, f"spec.metrics[{i}]")
    for direction in ("scaleUp", "scaleDown"):
        out += _rules((spec.get("behavior") or {}).get(direction), f"spec.behavior.{direction}")
    percentage = spec.get("targetCPUUtilizationPercentage")
    if percentage is not None and percentage < 1:
        path = "spec.targetCPUUtilizationPercentage"
        out.append(invalid_value(path, percentage, "must be greater than 0"))
    return out


def _metric(metric: Obj, path: str) -> Errors:
    kind = metric.get("type") or ""
    if not kind:
        return [required(f"{path}.type", "must specify a metric source type")]
    if kind not in _METRICS:
        return [not_supported(f"{path}.type", kind, _METRICS)]
    key = kind[0].lower() + kind[1:]
    source: Obj | None = metric.get(key)
    if source is None:
        return [required(f"{path}.{key}", "must populate information for the given metric source")]
    here = f"{path}.{key}"
    out: Errors = []
    if kind in ("Resource", "ContainerResource"):
        if not source.get("name"):
            out.append(required(f"{here}.name", "must specify a resource name"))
        if kind == "ContainerResource" and not source.get("container"):
            out.append(required(f"{here}.container", "must specify a container name"))
    elif not (source.get("metric") or {}).get("name"):
        out.append(required(f"{here}.metric.name", "must specify a metric name"))
    return out + _target(source.get("target") or {}, kind, f"{here}.target")


def _target(target: Obj, kind: str, path: str) -> Errors:
    out = one_of(f"{path}.type", target.get("type") or "", ("AverageValue", "Utilization", "Value"))
    for key in ("value", "averageValue"):
        if target.get(key) is not None and quantities.positive(target[key], path):
            out.append(invalid_value(f"{path}.{key}", str(target[key]), "must be positive"))
    used = target.get("averageUtilization")
    if used is not None and used < 1:
        out.append(invalid_value(f"{path}.averageUtilization", used, "must be greater than 0"))
    if kind in ("Resource", "ContainerResource"):
        average = target.get("averageValue")
        if used is None and average is None:
            text = "must set either a target raw value or a target utilization"
            out.append(required(f"{path}.averageUtilization", text))
        elif used is not None and average is not None:
            text = "may not set both a target raw value and a target utilization"
            out.append(forbidden_field(f"{path}.averageValue", text))
    return out


def _rules(rules: Obj | None, path: str) -> Errors:
    if rules is None:
        return []
    out: Errors = []
    seconds = rules.get("stabilizationWindowSeconds")
    out += non_negative(f"{path}.stabilizationWindowSeconds", seconds)
    if seconds is not None and seconds > 3600:
        text = "must be less than or equal to 3600"
        out.append(invalid_value(f"{path}.stabilizationWindowSeconds", seconds, text))
    if rules.get("selectPolicy") is not None:
        out += one_of(f"{path}.selectPolicy", rules["selectPolicy"], ("Disabled", "Max", "Min"))
    for i, policy in enumerate(rules.get("policies") or []):
        here = f"{path}.policies[{i}]"
        out += one_of(f"{here}.type", policy.get("type") or "", ("Percent", "Pods"))
        for key, limit in (("value", None), ("periodSeconds", 1800)):
            value = policy.get(key) or 0
            if value <= 0:
                out.append(invalid_value(f"{here}.{key}", value, "must be greater than zero"))
            if limit is not None and value > limit:
                out.append(invalid_value(f"{here}.{key}", value, f"must be less than or equal to {limit}"))
    return out


def create_priority_class(obj: Obj) -> Errors:
    """A PriorityClass."""
    out = meta.create(obj, False)
    name, value = name_of(obj), obj.get("value") or 0
    if name in _SYSTEM:
        return out
    if name.startswith("system-"):
        text = (
            "priority class names with 'system-' prefix are reserved for system use only. "
            f"error: {name} is not a known system priority class"
        )
        out.append(forbidden_field("metadata.name", text))
    if value > _HIGHEST:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        out.append(forbidden_field("value", text))
    policy = obj.get("preemptionPolicy")
    return out + one_of("preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))


def update_priority_class(new: Obj, old: Obj) -> Errors:
    """A PriorityClass keeps its value."""
    out = meta.update(new, old)
    if (new.get("value") or 0) != (old.get("value") or 0):
        out.append(forbidden_field("value", "may not be changed in an update."))
    return out + meta.immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def create_runtime_class(obj: Obj) -> Errors:
    """A RuntimeClass."""
    out = meta.create(obj, False) + check("handler", obj.get("handler") or "", names.dns_label)
    overhead = (obj.get("overhead") or {}).get("podFixed")
    if overhead is not None:
        out += quantities.requirements({"limits": overhead}, "overhead.podFixed", set())
    return out


def update_runtime_class(new: Obj, old: Obj) -> Errors:
    """A RuntimeClass keeps its handler."""
    return meta.update(new, old) + meta.immutable("handler", new.get("handler"), old.get("handler"))
