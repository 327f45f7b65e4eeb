"""Resources of a pod as a whole, and how they go with those of its containers."""

from __future__ import annotations

from collections.abc import Callable

from labrunner.sim.errors import forbidden_field, invalid_value
from labrunner.sim.objects import Obj
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import quantities
from labrunner.sim.validation.syntax import Errors

Amounts = dict[str, Quantity]


def pod_resources(spec: Obj, path: str, claims: set[str]) -> Errors:
    """``spec.resources``."""
    own: Obj | None = spec.get("resources")
    if own is None:
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden_field(path, "may not be set for a windows pod")]
    out: Errors = []
    if own.get("claims") is not None:
        out.append(forbidden_field(f"{path}.claims", "claims cannot be set for Resources at pod-level"))
    out += quantities.requirements(own, path, claims, quantities.pod_resource_name)
    return out + _enough(spec, own, path) + _container_limits(spec, own, path)


def _enough(spec: Obj, own: Obj, path: str) -> Errors:
    out: Errors = []
    for section, huge_pages_only in (("requests", False), ("limits", True)):
        have = amounts(own.get(section))
        for name, total in sorted(aggregate(spec, section).items()):
            if (
                name not in have
                or total <= have[name]
                or (huge_pages_only and not quantities.is_huge_page(name))
            ):
                continue
            text = f"must be greater than or equal to aggregate container {section} of {total}"
            out.append(invalid_value(f"{path}.{section}[{name}]", str(have[name]), text))
    return out


def _container_limits(spec: Obj, own: Obj, path: str) -> Errors:
    out: Errors = []
    most = amounts(own.get("limits"))
    for i, container in enumerate(spec.get("containers") or []):
        for name, limit in sorted(amounts((container.get("resources") or {}).get("limits")).items()):
            if name in most and limit > most[name]:
                text = f"must be less than or equal to pod limits of {most[name]}"
                out.append(invalid_value(f"{path}.containers[{i}][{name}].limits", str(limit), text))
    return out


def amounts(found: Obj | None) -> Amounts:
    """The readable quantities of a resource list."""
    return {name: q for name, v in (found or {}).items() if (q := quantities.amount(v)) is not None}


def aggregate(spec: Obj, section: str) -> Amounts:
    """What all containers ask for together: sidecars add up, other init containers run one after another."""

    def of(container: Obj) -> Amounts:
        return amounts((container.get("resources") or {}).get(section))

    total: Amounts = {}
    for container in spec.get("containers") or []:
        _combine(total, of(container), lambda a, b: a + b)
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or []:
        needed = of(container)
        if container.get("restartPolicy") == "Always":
            _combine(total, needed, lambda a, b: a + b)
            _combine(sidecars, needed, lambda a, b: a + b)
            needed = dict(sidecars)
        else:
            _combine(needed, sidecars, lambda a, b: a + b)
        _combine(peak, needed, max)
    _combine(total, peak, max)
    return total


def _combine(into: Amounts, other: Amounts, how: Callable[[Quantity, Quantity], Quantity]) -> None:
    for name, quantity in other.items():
        into[name] = how(into[name], quantity) if name in into else quantity
