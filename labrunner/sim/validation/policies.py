"""Disruption budgets, priority and runtime classes."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, not_supported
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.validation import meta, quantities, scheduling
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.syntax import Errors, check, one_of
from labrunner.sim.validation.workloads import at_most_all, int_or_percent

_HIGHEST: Final = 1_000_000_000
_SYSTEM: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_UNHEALTHY: Final = ("AlwaysAllow", "IfHealthyBudget")


def create_budget(obj: Obj) -> Errors:
    """A PodDisruptionBudget."""
    return meta.create(obj, True, names.path_segment) + _budget(obj.get("spec") or {})


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
    out += meta.label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _UNHEALTHY:
        out.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _UNHEALTHY))
    return out


def create_priority_class(obj: Obj) -> Errors:
    """A PriorityClass."""
    out = meta.create(obj, False)
    name, value = name_of(obj), obj.get("value") or 0
    if name.startswith("system-"):
        problem = _system_problem(obj)
        if problem:
            text = "priority class names with 'system-' prefix are reserved for system use only. error: "
            out.append(forbidden_field("metadata.name", text + problem))
    elif value > _HIGHEST:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        out.append(forbidden_field("value", text))
    policy = obj.get("preemptionPolicy")
    return out + one_of("preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))


def _system_problem(obj: Obj) -> str:
    """Why a class with a name of the system's is not the system's."""
    name = name_of(obj)
    value = _SYSTEM.get(name)
    if value is None:
        return f"{name} is not a known system priority class"
    if value != (obj.get("value") or 0):
        return f"value of {name} PriorityClass must be {value}"
    return f"globalDefault of {name} PriorityClass must be false" if obj.get("globalDefault") else ""


def update_priority_class(new: Obj, old: Obj) -> Errors:
    """A PriorityClass keeps its value."""
    out = meta.update(new, old)
    if (new.get("value") or 0) != (old.get("value") or 0):
        out.append(forbidden_field("value", "may not be changed in an update."))
    return out + meta.immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def create_runtime_class(obj: Obj) -> Errors:
    """A RuntimeClass."""
    out = meta.create(obj, False) + check("handler", obj.get("handler") or "", names.dns_label)
    if obj.get("overhead") is not None:
        fixed = obj["overhead"].get("podFixed") or {}
        out += quantities.requirements({"limits": fixed}, "overhead", set())
    placing: Obj = obj.get("scheduling") or {}
    out += meta.labels(placing.get("nodeSelector"), "scheduling.nodeSelector")
    tolerations = placing.get("tolerations") or []
    out += scheduling.tolerations(tolerations, "scheduling.tolerations")
    keys = [tuple(t.get(key) or "" for key in ("key", "operator", "value", "effect")) for t in tolerations]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            shown = render(tolerations[i], "Toleration")
            out.append(duplicate(f"scheduling.tolerations[{i}]", shown))
    return out


def update_runtime_class(new: Obj, old: Obj) -> Errors:
    """A RuntimeClass keeps its handler."""
    return meta.update(new, old) + meta.immutable("handler", new.get("handler"), old.get("handler"))
