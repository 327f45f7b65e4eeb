"""Limit ranges: bounds and defaults that must agree with each other."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, required
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import meta, quantities
from labrunner.sim.validation.syntax import Errors, check

_LIMIT_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")


def create(obj: Obj) -> Errors:
    """A LimitRange."""
    out = meta.create(obj, True)
    seen: set[str] = set()
    for i, item in enumerate(get_path(obj, "spec", "limits", default=[])):
        path, kind = f"spec.limits[{i}]", item.get("type") or ""
        problems = check(f"{path}.type", kind, names.qualified_name)
        if not problems and "/" not in kind and kind not in _LIMIT_TYPES:
            text = "must be a standard limit type or fully qualified"
            problems = [invalid_value(f"{path}.type", kind, text)]
        out += problems
        if kind in seen:
            out.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        out += _limits(item, kind, path)
    return out


def update(new: Obj, old: Obj) -> Errors:
    """A LimitRange replaced."""
    return meta.update(new, old) + create(new)


def _limits(item: Obj, kind: str, path: str) -> Errors:
    rule = quantities.container_resource_name if kind in ("Pod", "Container") else quantities.resource_name
    out: Errors = []
    found: dict[str, dict[str, Quantity]] = {}
    for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        values: Obj = item.get(key) or {}
        if kind == "Pod" and key.startswith("default"):
            if values:
                text = "may not be specified when `type` is 'Pod'"
                out.append(forbidden_field(f"{path}.{key}", text))
            values = {}
        for name in sorted(values):
            out += rule(name, f"{path}.{key}[{name}]")
        found[key] = {name: q for name, v in values.items() if (q := quantities.amount(v)) is not None}
    if kind == "PersistentVolumeClaim" and not {"storage"} & {*found["max"], *found["min"]}:
        text = "either minimum or maximum storage value is required, but neither was provided"
        out.append(required(f"{path}.limits", text))
    for name in sorted({name for values in found.values() for name in values}):
        out += _consistent(name, {key: values.get(name) for key, values in found.items()}, path)
    return out


# (smaller, larger, field, whose value is shown, words for both)
_ORDER: Final = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    (
        "min",
        "defaultRequest",
        "defaultRequest",
        "defaultRequest",
        "min value {} is greater than default request value {}",
    ),
    (
        "defaultRequest",
        "max",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than max value {}",
    ),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "default", "min", "min value {} is greater than default value {}"),
    ("default", "max", "default", "max", "default value {} is greater than max value {}"),
)


def _consistent(name: str, of: dict[str, Quantity | None], path: str) -> Errors:
    out: Errors = []
    for small, large, field, shown, text in _ORDER:
        low, high = of[small], of[large]
        if low is not None and high is not None and low > high:
            value = of[shown]
            out.append(invalid_value(f"{path}.{field}[{name}]", str(value), text.format(low, high)))
    ratio, low, high = of["maxLimitRequestRatio"], of["min"], of["max"]
    here = f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is not None and ratio < Quantity.of(1):
        out.append(invalid_value(here, str(ratio), f"ratio {ratio} is less than 1"))
    if ratio is not None and low and high is not None and ratio.nanos / 10**9 > high.nanos / low.nanos:
        text = f"ratio {ratio} is greater than max/min = {high.nanos / low.nanos:f}"
        out.append(invalid_value(here, str(ratio), text))
    default, wanted = of["default"], of["defaultRequest"]
    if default is None or wanted is None or default == wanted or quantities.may_overcommit(name):
        return out
    text = f"default value {default} must equal to defaultRequest value {wanted} in {name}"
    return [*out, invalid_value(f"{path}.defaultRequest[{name}]", str(wanted), text)]
