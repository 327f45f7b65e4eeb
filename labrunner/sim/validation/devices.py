"""Dynamic resource allocation: device classes, and claims for devices with their templates."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, invalid_value, not_supported, required, too_long, too_many
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import meta
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.syntax import IMMUTABLE, Errors, check

_MOST: Final = 32
_MOST_ALTERNATIVES: Final = 8
_LONGEST_EXPRESSION: Final = 10 * 1024
_ONE_KIND: Final = "exactly one of `exactly` or `firstAvailable` is required"
_NO_SUCH_REQUEST: Final = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)


def create_class(obj: Obj) -> Errors:
    """A DeviceClass."""
    selectors = get_path(obj, "spec", "selectors", default=[])
    return meta.create(obj, False) + _selectors(selectors, "spec.selectors")


def update_class(new: Obj, old: Obj) -> Errors:
    """A DeviceClass replaced."""
    return meta.update(new, old) + create_class(new)


def create_claim(obj: Obj) -> Errors:
    """A ResourceClaim."""
    return meta.create(obj, True) + _claim(get_path(obj, "spec", "devices", default={}), "spec.devices")


def create_template(obj: Obj) -> Errors:
    """A ResourceClaimTemplate."""
    devices: Obj = get_path(obj, "spec", "spec", "devices", default={})
    return meta.create(obj, True) + _claim(devices, "spec.spec.devices")


def update_claim(new: Obj, old: Obj) -> Errors:
    """A ResourceClaim keeps its spec."""
    return meta.update(new, old) + _fixed(new, old, "ResourceClaimSpec")


def update_template(new: Obj, old: Obj) -> Errors:
    """A ResourceClaimTemplate keeps its spec."""
    return meta.update(new, old) + _fixed(new, old, "ResourceClaimTemplateSpec")


def _fixed(new: Obj, old: Obj, kind: str) -> Errors:
    if (new.get("spec") or {}) == (old.get("spec") or {}):
        return []
    return [invalid_value("spec", render(new.get("spec"), kind), IMMUTABLE)]


def _claim(devices: Obj, path: str) -> Errors:
    requests = devices.get("requests") or []
    out = _unique(requests, _MOST, f"{path}.requests")
    known: set[str] = set()
    for i, request in enumerate(requests):
        out += _request(request, f"{path}.requests[{i}]")
        name = request.get("name") or ""
        known |= {name, *(f"{name}/{sub.get('name')}" for sub in request.get("firstAvailable") or [])}
    for key in ("constraints", "config"):
        for i, entry in enumerate(devices.get(key) or []):
            for j, name in enumerate(entry.get("requests") or []):
                if name not in known:
                    here = f"{path}.{key}[{i}].requests[{j}]"
                    out.append(invalid_value(here, name, _NO_SUCH_REQUEST))
    return out


def _unique(found: list[Obj], most: int, path: str) -> Errors:
    out: Errors = [too_many(path, len(found), most)] if len(found) > most else []
    seen: set[str] = set()
    for i, item in enumerate(found):
        name = item.get("name") or ""
        if name in seen:
            out.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
    return out


def _request(request: Obj, path: str) -> Errors:
    out = check(f"{path}.name", request.get("name") or "", names.dns_label)
    exactly, first = request.get("exactly"), request.get("firstAvailable") or []
    if exactly is not None and first:
        return [*out, invalid_value(path, None, f"{_ONE_KIND}, but multiple fields are set")]
    if exactly is not None:
        return out + _wanted(exactly, f"{path}.exactly")
    if not first:
        return [*out, required(path, _ONE_KIND)]
    out += _unique(first, _MOST_ALTERNATIVES, f"{path}.firstAvailable")
    for i, alternative in enumerate(first):
        here = f"{path}.firstAvailable[{i}]"
        out += check(f"{here}.name", alternative.get("name") or "", names.dns_label)
        out += _wanted(alternative, here)
    return out


def _wanted(wanted: Obj, path: str) -> Errors:
    name = wanted.get("deviceClassName") or ""
    here = f"{path}.deviceClassName"
    out = check(here, name, names.dns_subdomain) if name else [required(here)]
    out += _selectors(wanted.get("selectors") or [], f"{path}.selectors")
    mode, count = wanted.get("allocationMode") or "", wanted.get("count") or 0
    if mode == "All":
        if count:
            text = "must not be specified when allocationMode is 'All'"
            out.append(invalid_value(f"{path}.count", count, text))
    elif mode != "ExactCount":
        out.append(not_supported(f"{path}.allocationMode", mode, ("All", "ExactCount")))
    elif count <= 0:
        out.append(invalid_value(f"{path}.count", count, "must be greater than zero"))
    return out


def _selectors(found: list[Obj], path: str) -> Errors:
    out: Errors = [too_many(path, len(found), _MOST)] if len(found) > _MOST else []
    for i, selector in enumerate(found):
        cel = selector.get("cel")
        if cel is None:
            out.append(required(f"{path}[{i}].cel"))
        elif len((cel.get("expression") or "").encode()) > _LONGEST_EXPRESSION:
            out.append(too_long(f"{path}[{i}].cel.expression", _LONGEST_EXPRESSION))
    return out
