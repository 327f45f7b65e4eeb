"""What depends on the operating system of a pod, and on the user namespace it runs in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation.syntax import Errors, check

_SYSTEMS: Final = ("linux", "windows")
_FOR_LINUX: Final = "windows options cannot be set for a linux pod"
_FOR_WINDOWS: Final = "cannot be set for a windows pod"
# Fields a Windows pod may not set, in the server's order: (in the security context, field).
_POD_FIELDS: Final = (
    (True, "appArmorProfile"),
    (True, "seLinuxOptions"),
    (False, "hostUsers"),
    (False, "hostPID"),
    (False, "hostIPC"),
    (True, "seccompProfile"),
    (True, "fsGroup"),
    (True, "fsGroupChangePolicy"),
    (True, "sysctls"),
    (False, "shareProcessNamespace"),
    (True, "runAsUser"),
    (True, "runAsGroup"),
    (True, "supplementalGroups"),
    (True, "supplementalGroupsPolicy"),
    (True, "seLinuxChangePolicy"),
)
_CONTAINER_FIELDS: Final = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)
_NETBIOS: Final = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_DNS_LABEL: Final = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_NAME: Final = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_BAD_USER: Final = re.compile(r'["/\\:;|=,+*?<>@\[\]]')


def visit(spec: Obj, path: str) -> Iterator[tuple[Obj, str]]:
    """Every container of a pod with its path: init containers first, as the server walks them."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(key) or []):
            yield container, f"{path}.{key}[{i}]"


def host_users(spec: Obj, path: str) -> Errors:
    """A user namespace of its own goes with no other namespace of the host."""
    if spec.get("hostUsers") is not False:
        return []
    shown = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    text = "when `pod.Spec.HostUsers` is false"
    return [forbidden_field(f"{path}.{shown[key]}", text) for key in shown if spec.get(key)]


def system(spec: Obj, path: str) -> Errors:
    """``os``, and the fields that go with it."""
    found = spec.get("os")
    if found is None:
        return []
    name = found.get("name") or ""
    if not name:
        return [required(f"{path}.os.name", "cannot be empty")]
    if name not in _SYSTEMS:
        return [not_supported(f"{path}.os", name, _SYSTEMS)]
    return _linux(spec, path) if name == "linux" else _windows(spec, path)


def _linux(spec: Obj, path: str) -> Errors:
    places = [(spec, path), *visit(spec, path)]
    return [
        forbidden_field(f"{here}.securityContext.windowsOptions", _FOR_LINUX)
        for holder, here in places
        if (holder.get("securityContext") or {}).get("windowsOptions") is not None
    ]


def _windows(spec: Obj, path: str) -> Errors:
    out: Errors = []
    context: Obj = spec.get("securityContext") or {}
    for in_context, key in _POD_FIELDS:
        holder, here = (context, f"{path}.securityContext") if in_context else (spec, path)
        if holder.get(key) is not None and not (key in ("hostPID", "hostIPC") and not holder[key]):
            out.append(forbidden_field(f"{here}.{key}", _FOR_WINDOWS))
    for container, here in visit(spec, path):
        own: Obj = container.get("securityContext") or {}
        out += [
            forbidden_field(f"{here}.securityContext.{key}", _FOR_WINDOWS)
            for key in _CONTAINER_FIELDS
            if own.get(key) is not None
        ]
    return out


def host_process(spec: Obj, path: str) -> Errors:
    """Windows HostProcess containers: all of a pod's or none, and on the host's network."""
    pod_wide = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    out: Errors = []
    total = chosen = 0
    for container, here in visit(spec, path):
        total += 1
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if pod_wide is not None and own is not None and own != pod_wide:
            shown = "true" if pod_wide else "false"
            text = f"pod hostProcess value must be identical if both are specified, was {shown}"
            out.append(invalid_value(f"{here}.securityContext.windowsOptions.hostProcess", own, text))
        chosen += bool(pod_wide if own is None else own)
    if chosen and chosen != total:
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        out.append(invalid_value(path, "", text))
    if chosen and not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        out.append(invalid_value(f"{path}.hostNetwork", False, text))
    return out


def windows_options(options: Obj | None, path: str) -> Errors:
    """``windowsOptions`` of a pod or container."""
    found: Obj = options or {}
    out: Errors = []
    if found.get("gmsaCredentialSpecName") is not None:
        out += check(f"{path}.gmsaCredentialSpecName", found["gmsaCredentialSpecName"], names.dns_subdomain)
    spec = found.get("gmsaCredentialSpec")
    if spec == "":
        out.append(
            invalid_value(f"{path}.gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string")
        )
    user = found.get("runAsUserName")
    if user is not None:
        out += [invalid_value(f"{path}.runAsUserName", user, text) for text in _user_problems(user)]
    return out


def _user_problems(text: str) -> list[str]:
    if not text:
        return ["runAsUserName cannot be an empty string"]
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        return ["runAsUserName cannot contain control characters"]
    domain, backslash, user = text.rpartition("\\")
    if "\\" in domain:
        return ["runAsUserName cannot contain more than one backslash"]
    out: list[str] = []
    if len(domain) >= 256:
        out.append("runAsUserName's Domain length must be under 256 characters")
    if backslash and not (_NETBIOS.fullmatch(domain) or _DNS_NAME.fullmatch(domain)):
        out.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
    if not user:
        out.append("runAsUserName's User cannot be empty")
    elif len(user) > 104:
        out.append("runAsUserName's User length must not be longer than 104 characters")
    if user and not user.strip(". "):
        out.append("runAsUserName's User cannot contain only periods or spaces")
    if _BAD_USER.search(user):
        out.append("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return out
