"""Annotations that mean something for pods, and that must agree with the fields that took their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from labrunner.sim import gotext
from labrunner.sim.errors import FieldError, forbidden_field, invalid_value
from labrunner.sim.objects import Obj, annotations_of
from labrunner.sim.validation.local_paths import descending_path
from labrunner.sim.validation.platform import visit
from labrunner.sim.validation.syntax import Errors

MIRROR: Final = "kubernetes.io/config.mirror"
APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_INT32: Final = 2**31 - 1
_LOCAL: Final = "localhost/"
# The annotation value for each type of profile.
_SECCOMP_VALUES: Final = {
    "Unconfined": ("unconfined",),
    "RuntimeDefault": ("runtime/default", "docker/default"),
}
_APP_ARMOR_VALUES: Final = {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)}


def annotation_rules(holder: Obj, path: str) -> Errors:
    """The annotations of a pod or template at *path*."""
    found = annotations_of(holder)
    spec: Obj = holder.get("spec") or {}
    out: Errors = []
    if MIRROR in found and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        out.append(invalid_value(f"{path}[{MIRROR}]", found[MIRROR], text))
    cost = found.get(_DELETION_COST)
    if cost is not None and not _is_int32(cost):
        out.append(invalid_value(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer"))
    return out + _seccomp(found, path) + _app_armor(found, spec, path)


def _is_int32(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isdigit() and str(int(digits)) == digits and -(2**31) <= int(text) <= _INT32


def _seccomp(found: dict[str, str], path: str) -> Errors:
    out: Errors = []
    keys = [key for key in sorted(found) if key.startswith(SECCOMP_CONTAINER)]
    for key in [SECCOMP_POD, *keys] if SECCOMP_POD in found else keys:
        value, here = found[key], f"{path}.{key}"
        if value in ("runtime/default", "docker/default", "unconfined"):
            continue
        if value.startswith(_LOCAL):
            out += descending_path(value.removeprefix(_LOCAL), here)
        else:
            out.append(invalid_value(here, value, "must be a valid seccomp profile"))
    return out


def _app_armor(found: dict[str, str], spec: Obj, path: str) -> Errors:
    out: Errors = []
    containers = {container.get("name") for container, _ in visit(spec, "spec")}
    for key in sorted(found):
        if not key.startswith(APP_ARMOR):
            continue
        name, value = key.removeprefix(APP_ARMOR), found[key]
        if name not in containers:
            out.append(invalid_value(f"{path}[{key}]", name, "container not found"))
        if value not in ("", "runtime/default", "unconfined") and not value.startswith(_LOCAL):
            text = f"invalid AppArmor profile name: {gotext.quote(value)}"
            out.append(invalid_value(f"{path}[{key}]", value, text))
    return out


def agreement(holder: Obj, path: str) -> Errors:
    """Annotations and fields of a new pod or template (its spec at *path*) that say different things."""
    found = annotations_of(holder)
    if not found:
        return []
    spec: Obj = holder.get("spec") or {}
    context: Obj = spec.get("securityContext") or {}
    out: Errors = []
    if SECCOMP_POD in found:
        here = f"{path}.securityContext.seccompProfile"
        out += _differs("seccomp", found[SECCOMP_POD], context.get("seccompProfile"), _SECCOMP_VALUES, here)
    for container, here in visit(spec, path):
        key = f"{SECCOMP_CONTAINER}{container.get('name')}"
        own: Obj = container.get("securityContext") or {}
        if key in found:
            at = f"{here}.securityContext.seccompProfile"
            out += _differs("seccomp", found[key], own.get("seccompProfile"), _SECCOMP_VALUES, at)
    if (spec.get("os") or {}).get("name") == "windows":
        return out
    for container, here in visit(spec, path):
        key = f"{APP_ARMOR}{container.get('name')}"
        own = container.get("securityContext") or {}
        profile = own.get("appArmorProfile") or context.get("appArmorProfile")
        if key in found:
            at = f"{here}.securityContext.appArmorProfile"
            out += _differs("apparmor", found[key], profile, _APP_ARMOR_VALUES, at)
    return out


def _differs(
    what: str, annotation: str, profile: Obj | None, values: Mapping[str, tuple[str, ...]], path: str
) -> list[FieldError]:
    kind = str((profile or {}).get("type"))
    if kind == "Localhost":
        if not annotation.startswith(_LOCAL):
            return [forbidden_field(f"{path}.type", f"{what} type in annotation and field must match")]
        if annotation.removeprefix(_LOCAL) != (profile or {}).get("localhostProfile"):
            text = f"{what} profile in annotation and field must match"
            return [forbidden_field(f"{path}.localhostProfile", text)]
    elif kind in values and annotation not in values[kind]:
        return [forbidden_field(f"{path}.type", f"{what} type in annotation and field must match")]
    return []
