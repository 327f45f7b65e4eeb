"""Security contexts of pods and containers."""

from __future__ import annotations

import re
from typing import Final

from labrunner.sim.errors import duplicate, invalid_value, not_supported, required, too_long
from labrunner.sim.objects import Obj
from labrunner.sim.validation.local_paths import descending_path
from labrunner.sim.validation.platform import windows_options
from labrunner.sim.validation.syntax import Errors, identity

_SYSCTL: Final = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")


def pod_context(context: Obj | None, spec: Obj, path: str) -> Errors:
    """``securityContext`` of a pod."""
    found: Obj = context or {}
    out = identity(f"{path}.fsGroup", found.get("fsGroup"))
    out += identity(f"{path}.runAsUser", found.get("runAsUser"))
    out += identity(f"{path}.runAsGroup", found.get("runAsGroup"))
    for i, group in enumerate(found.get("supplementalGroups") or []):
        out += identity(f"{path}.supplementalGroups[{i}]", group)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        out.append(invalid_value(f"{path}.shareProcessNamespace", True, text))
    out += _sysctls(found.get("sysctls") or [], spec, f"{path}.sysctls")
    out += _choice(found, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), path)
    out += seccomp_profile(found.get("seccompProfile"), f"{path}.seccompProfile")
    out += windows_options(found.get("windowsOptions"), f"{path}.windowsOptions")
    out += app_armor_profile(found.get("appArmorProfile"), f"{path}.appArmorProfile")
    out += _choice(found, "supplementalGroupsPolicy", ("Merge", "Strict"), path)
    return out + _choice(found, "seLinuxChangePolicy", ("MountOption", "Recursive"), path)


def _choice(found: Obj, key: str, allowed: tuple[str, ...], path: str) -> Errors:
    value = found.get(key)
    return [] if value is None or value in allowed else [not_supported(f"{path}.{key}", value, allowed)]


def _sysctls(sysctls: list[Obj], spec: Obj, path: str) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, sysctl in enumerate(sysctls):
        here, name = f"{path}[{i}].name", sysctl.get("name") or ""
        if not name:
            out.append(required(here))
        elif len(name) > 253 or re.fullmatch(_SYSCTL, name) is None:
            text = f"must have at most 253 characters and match regex ^{_SYSCTL}$"
            out.append(invalid_value(here, name, text))
        elif name in seen:
            out.append(duplicate(here, name))
        if spec.get("hostNetwork") and name.startswith("net."):
            out.append(invalid_value(here, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and name.startswith(
            ("kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue.")
        ):
            out.append(invalid_value(here, name, "may not be specified when 'hostIPC' is true"))
        seen.add(name)
    return out


def container_context(context: Obj | None, path: str, host_users: bool) -> Errors:
    """``securityContext`` of a container."""
    if context is None:
        return []
    out = identity(f"{path}.runAsUser", context.get("runAsUser"))
    out += identity(f"{path}.runAsGroup", context.get("runAsGroup"))
    mount = context.get("procMount")
    if mount is not None:
        if mount not in ("Default", "Unmasked"):
            out.append(not_supported(f"{path}.procMount", mount, ("Default", "Unmasked")))
        if host_users and mount == "Unmasked":
            text = "`hostUsers` must be false to use `Unmasked`"
            out.append(invalid_value(f"{path}.procMount", mount, text))
    out += seccomp_profile(context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            out.append(invalid_value(path, internal_context(context), text))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or []):
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            out.append(invalid_value(path, internal_context(context), text))
    out += windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    return out + app_armor_profile(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def internal_context(context: Obj) -> Obj:
    """A container's context as the server's internal type prints it."""
    from labrunner.sim.validation.internal_form import render

    return render(context, "SecurityContext")


def seccomp_profile(profile: Obj | None, path: str) -> Errors:
    """``seccompProfile``."""
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    out: Errors = []
    if not kind:
        out.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in _PROFILES:
        out.append(not_supported(f"{path}.type", kind, _PROFILES))
    if kind == "Localhost":
        if local is None:
            out.append(required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            out += descending_path(local, f"{path}.localhostProfile")
    elif local is not None:
        text = "can only be set when seccomp type is Localhost"
        value = {"Type": kind, "LocalhostProfile": local}
        out.append(invalid_value(f"{path}.localhostProfile", value, text))
    return out


def app_armor_profile(profile: Obj | None, path: str) -> Errors:
    """``appArmorProfile``."""
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    here = f"{path}.localhostProfile"
    if kind == "Localhost":
        if not local:
            return [required(here, "must be set when AppArmor type is Localhost")]
        padded = local != local.strip()
        out = [invalid_value(here, local, "must not be padded with whitespace")] if padded else []
        return out + ([too_long(here, 4095)] if len(local.encode()) > 4095 else [])
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    if kind not in _PROFILES:
        return [not_supported(f"{path}.type", kind, _PROFILES)]
    if local is not None:
        return [invalid_value(here, local, "can only be set when AppArmor type is Localhost")]
    return []
