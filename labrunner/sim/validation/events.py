"""Events: loose rules for the core group, strict ones for what comes through ``events.k8s.io``.

Both are checked in the stored form, which is the core group's.
"""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import invalid_value, required
from labrunner.sim.objects import Obj, namespace_of
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import Errors, check

_LENGTH: Final = 128
_NOTE_LENGTH: Final = 1024
_STRAY: Final = "does not match event.namespace"
# (field, whether it must have a value, longest value)
_TEXTS: Final = (
    ("reportingInstance", True, _LENGTH),
    ("action", True, _LENGTH),
    ("reason", True, _LENGTH),
    ("message", False, _NOTE_LENGTH),
)
# Fields of the core group that newer events leave empty.
_OLD: Final = ("firstTimestamp", "lastTimestamp", "count", "source")
# What an update through events.k8s.io keeps: the stored field, its name in messages, its empty value.
_FIXED: Final[tuple[tuple[str, str, Any], ...]] = (
    ("involvedObject", "involvedObject", {}),
    ("reason", "reason", ""),
    ("message", "message", ""),
    ("source", "source", {}),
    ("firstTimestamp", "firstTimestamp", None),
    ("lastTimestamp", "lastTimestamp", None),
    ("count", "count", 0),
    ("type", "type", ""),
    ("eventTime", "eventTime", None),
    ("action", "action", ""),
    ("related", "related", None),
    ("reportingComponent", "reportingController", ""),
    ("reportingInstance", "reportingInstance", ""),
)


def create(obj: Obj) -> Errors:
    """An Event through the core group."""
    return _sensible(obj) or meta.create(obj, True, names.path_segment)


def update(new: Obj, old: Obj) -> Errors:
    """An Event replaced through the core group."""
    return _sensible(new) or meta.update(new, old)


def create_strictly(obj: Obj) -> Errors:
    """An Event through ``events.k8s.io``."""
    out = _sensible(obj) + meta.create(obj, True) + _series(obj)
    if not obj.get("eventTime"):
        out.append(required("eventTime"))
    if obj.get("type") not in ("Normal", "Warning"):
        out.append(invalid_value("type", "", f"has invalid value: {obj.get('type') or ''}"))
    return out + [invalid_value(key, "", "needs to be unset") for key in _OLD if obj.get(key)]


def update_strictly(new: Obj, old: Obj) -> Errors:
    """An Event replaced through ``events.k8s.io``: little but its series changes."""
    out = _sensible(new) + meta.update(new, old)
    if new.get("series") != old.get("series"):
        out += _series(new)
    for key, shown, empty in _FIXED:
        out += meta.immutable(shown, new.get(key) or empty, old.get(key) or empty)
    return out


def _series(obj: Obj) -> Errors:
    series: Obj | None = obj.get("series")
    if series is None:
        return []
    out: Errors = []
    if (series.get("count") or 0) < 2:
        out.append(invalid_value("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        out.append(required("series.lastObservedTime"))
    return out


def _sensible(obj: Obj) -> Errors:
    namespace = namespace_of(obj)
    about = (obj.get("involvedObject") or {}).get("namespace") or ""
    out: Errors = []
    if obj.get("eventTime"):
        if not about and namespace not in ("default", "kube-system"):
            out.append(invalid_value("involvedObject.namespace", about, _STRAY))
        out += _newer(obj)
    elif about != namespace and (about or namespace not in ("", "default")):
        out.append(invalid_value("involvedObject.namespace", about, _STRAY))
    return out + check("namespace", namespace, names.dns_subdomain)


def _newer(obj: Obj) -> Errors:
    controller = obj.get("reportingComponent") or ""
    out = [] if controller else [required("reportingController")]
    out += check("reportingController", controller, names.qualified_name)
    for key, needed, longest in _TEXTS:
        value = obj.get(key) or ""
        if needed and not value:
            out.append(required(key))
        if len(value.encode()) > longest:
            out.append(invalid_value(key, "", f"can have at most {longest} characters"))
    return out
