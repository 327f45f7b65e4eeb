"""HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta, quantities
from labrunner.sim.validation.syntax import Errors, check

_LONGEST_PERIOD: Final = 1800
_LONGEST_WINDOW: Final = 3600
_TARGETS: Final = ("Utilization", "Value", "AverageValue")
_SELECTIONS: Final = ("Disabled", "Max", "Min")
_POLICIES: Final = ("Percent", "Pods")


def create_autoscaler(obj: Obj) -> Errors:
    """A HorizontalPodAutoscaler."""
    spec: Obj = obj.get("spec") or {}
    return meta.create(obj, True) + _autoscaler(spec, 1, groupless=_may_lack_group(spec))


def update_autoscaler(new: Obj, old: Obj) -> Errors:
    """A HorizontalPodAutoscaler replaced; what older servers let through may stay."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    groupless = _may_lack_group(spec) or _version_problem(before.get("scaleTargetRef") or {}) != ""
    least = 0 if before.get("minReplicas") == 0 else 1
    return meta.update(new, old) + _autoscaler(spec, least, groupless=groupless)


def _may_lack_group(spec: Obj) -> bool:
    return (spec.get("scaleTargetRef") or {}).get("kind") == "ReplicationController"


def _version_problem(reference: Obj) -> str:
    version = reference.get("apiVersion") or ""
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    return "" if version.partition("/")[1] and version[0] != "/" else "apiVersion must specify API group"


def _reference(reference: Obj, path: str, *, groupless: bool) -> Errors:
    out: Errors = []
    for key in ("kind", "name"):
        value = reference.get(key) or ""
        here = f"{path}.{key}"
        out += check(here, value, names.path_segment) if value else [required(here)]
    problem = _version_problem(reference)
    if problem and (not groupless or problem.startswith("unexpected")):
        out.append(invalid_value(f"{path}.apiVersion", reference.get("apiVersion") or "", problem))
    return out


def _autoscaler(spec: Obj, lowest: int, *, groupless: bool) -> Errors:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    out: Errors = []
    if least is not None and least < lowest:
        text = f"must be greater than or equal to {lowest}"
        out.append(invalid_value("spec.minReplicas", least, text))
    if most == 0:
        out.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        out.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        text = "must be greater than or equal to `minReplicas`"
        out.append(invalid_value("spec.maxReplicas", most, text))
    out += _reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef", groupless=groupless)
    metrics = spec.get("metrics") or []
    for i, metric in enumerate(metrics):
        out += _metric(metric, f"spec.metrics[{i}]")
    if least == 0 and not any(metric.get("type") in ("External", "Object") for metric in metrics):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        out.append(forbidden_field("spec.metrics", text))
    for direction in ("scaleUp", "scaleDown"):
        out += _rules((spec.get("behavior") or {}).get(direction), f"spec.behavior.{direction}")
    return out


def _metric(metric: Obj, path: str) -> Errors:
    kind = metric.get("type") or ""
    out: Errors = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    known = sorted(_SOURCES)
    if kind not in known:
        out.append(not_supported(f"{path}.type", kind, known))
    expected = kind[:1].lower() + kind[1:]
    present = [key for key in _KEYS if metric.get(key) is not None]
    if present:
        first = present[0]
        out += _SOURCES[first[0].upper() + first[1:]](metric[first], f"{path}.{first}")
    if kind in known and metric.get(expected) is None:
        out.append(required(f"{path}.{expected}", "must populate information for the given metric source"))
    if len(present) > 1:
        text = "must populate the given metric source only"
        out += [forbidden_field(f"{path}.{key}", text) for key in present if key != expected]
    return out


def _object(source: Obj, path: str) -> Errors:
    out = _reference(source.get("describedObject") or {}, f"{path}.describedObject", groupless=True)
    out += _identifier(source, path) + _target(source, path)
    return out + _value_or_average(source, path, "must set either a target value or averageValue")


def _external(source: Obj, path: str) -> Errors:
    out = _identifier(source, path) + _target(source, path)
    out += _value_or_average(source, path, "must set either a target value for metric or a per-pod target")
    target: Obj = source.get("target") or {}
    if target.get("value") is not None and target.get("averageValue") is not None:
        text = "may not set both a target value for metric and a per-pod target"
        out.append(forbidden_field(f"{path}.target.value", text))
    return out


def _pods(source: Obj, path: str) -> Errors:
    out = _identifier(source, path) + _target(source, path)
    if (source.get("target") or {}).get("averageValue") is None:
        text = "must specify a positive target averageValue"
        out.append(required(f"{path}.target.averageValue", text))
    return out


def _resource(source: Obj, path: str) -> Errors:
    out: Errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return out + _target(source, path) + _use(source, path)


def _container_resource(source: Obj, path: str) -> Errors:
    name, container = source.get("name") or "", source.get("container") or ""
    out = (
        quantities.container_resource_name(name, f"{path}.name")
        if name
        else [required(f"{path}.name", "must specify a resource name")]
    )
    here = f"{path}.container"
    out += (
        check(here, container, names.dns_label) if container else [required(here, "must specify a container")]
    )
    return out + _target(source, path) + _use(source, path)


_SOURCES: Final[dict[str, Callable[[Obj, str], Errors]]] = {
    "Object": _object,
    "External": _external,
    "Pods": _pods,
    "Resource": _resource,
    "ContainerResource": _container_resource,
}
_KEYS: Final = ("object", "external", "pods", "resource", "containerResource")


def _identifier(source: Obj, path: str) -> Errors:
    name = (source.get("metric") or {}).get("name") or ""
    here = f"{path}.metric.name"
    return check(here, name, names.path_segment) if name else [required(here, "must specify a metric name")]


def _value_or_average(source: Obj, path: str, text: str) -> Errors:
    target: Obj = source.get("target") or {}
    if target.get("value") is None and target.get("averageValue") is None:
        return [required(f"{path}.target.averageValue", text)]
    return []


def _use(source: Obj, path: str) -> Errors:
    target: Obj = source.get("target") or {}
    used, average = target.get("averageUtilization"), target.get("averageValue")
    if used is None and average is None:
        text = "must set either a target raw value or a target utilization"
        return [required(f"{path}.target.averageUtilization", text)]
    if used is not None and average is not None:
        text = "may not set both a target raw value and a target utilization"
        return [forbidden_field(f"{path}.target.averageValue", text)]
    return []


def _target(source: Obj, path: str) -> Errors:
    target: Obj = source.get("target") or {}
    kind, here = target.get("type") or "", f"{path}.target"
    out: Errors = [] if kind else [required(f"{here}.type", "must specify a metric target type")]
    if kind not in _TARGETS:
        text = "must be either Utilization, Value, or AverageValue"
        out.append(invalid_value(f"{here}.type", kind, text))
    for key in ("value", "averageValue"):
        if target.get(key) is not None and quantities.positive(target[key], here):
            shown = str(quantities.amount(target[key]))
            out.append(invalid_value(f"{here}.{key}", shown, "must be positive"))
    used = target.get("averageUtilization")
    if used is not None and used < 1:
        out.append(invalid_value(f"{here}.averageUtilization", used, "must be greater than 0"))
    return out


def _rules(rules: Obj | None, path: str) -> Errors:
    if rules is None:
        return []
    out: Errors = []
    here, seconds = f"{path}.stabilizationWindowSeconds", rules.get("stabilizationWindowSeconds")
    if seconds is not None and seconds < 0:
        out.append(invalid_value(here, seconds, "must be greater than or equal to zero"))
    if seconds is not None and seconds > _LONGEST_WINDOW:
        text = f"must be less than or equal to {_LONGEST_WINDOW}"
        out.append(invalid_value(here, seconds, text))
    selected = rules.get("selectPolicy")
    if selected is not None and selected not in _SELECTIONS:
        out.append(not_supported(f"{path}.selectPolicy", selected, _SELECTIONS))
    if not rules.get("policies"):
        out.append(required(f"{path}.policies", "must specify at least one Policy"))
    for i, policy in enumerate(rules.get("policies") or []):
        out += _policy(policy, f"{path}.policies[{i}]")
    tolerance = quantities.amount(rules["tolerance"]) if rules.get("tolerance") is not None else None
    if tolerance is not None and tolerance.nanos < 0:
        text = "must be greater than or equal to 0"
        out.append(invalid_value(f"{path}.tolerance", str(tolerance), text))
    return out


def _policy(policy: Obj, path: str) -> Errors:
    kind, seconds = policy.get("type") or "", policy.get("periodSeconds") or 0
    out: Errors = [] if kind in _POLICIES else [not_supported(f"{path}.type", kind, _POLICIES)]
    for key in ("value", "periodSeconds"):
        if (policy.get(key) or 0) <= 0:
            out.append(invalid_value(f"{path}.{key}", policy.get(key) or 0, "must be greater than zero"))
    if seconds > _LONGEST_PERIOD:
        text = f"must be less than or equal to {_LONGEST_PERIOD}"
        out.append(invalid_value(f"{path}.periodSeconds", seconds, text))
    return out
