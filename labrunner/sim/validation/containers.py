"""Containers: names, images, ports, environment, mounts, probes and hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from labrunner.sim.objects import Obj
from labrunner.sim.validation import fieldrefs, quantities, security
from labrunner.sim.validation.local_paths import descending_path, no_backsteps
from labrunner.sim.validation.syntax import (
    Errors,
    check,
    check_port,
    check_port_number,
    config_key,
    env_name,
    http_header_name,
    non_negative,
    one_of,
    port_name,
)
from labrunner.sim.validation.volumes import supports_devices

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


@dataclass(frozen=True, slots=True)
class Setting:
    """What containers need to know of the pod around them."""

    volumes: Mapping[str, Obj]
    claims: set[str] = field(default_factory=set)
    grace_seconds: int | None = 30
    restart_policy: str = "Always"
    host_users: bool = True


def common(container: Obj, path: str, setting: Setting) -> Errors:
    """What holds for containers of every sort."""
    name = container.get("name") or ""
    out = check(f"{path}.name", name, names.dns_label) if name else [required(f"{path}.name")]
    if not container.get("image"):
        out.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy") or ""
    out += one_of(f"{path}.terminationMessagePolicy", policy, ("File", "FallbackToLogsOnError"))
    out += _ports(container.get("ports") or [], f"{path}.ports")
    out += _env(container.get("env") or [], f"{path}.env", setting)
    out += _env_from(container.get("envFrom") or [], f"{path}.envFrom")
    out += _mounts(container, f"{path}.volumeMounts", setting)
    out += _devices(container, f"{path}.volumeDevices", setting)
    out += one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy") or "", PULL_POLICIES)
    out += quantities.requirements(container.get("resources"), f"{path}.resources", setting.claims)
    out += _resize_policy(container.get("resizePolicy") or [], f"{path}.resizePolicy", setting)
    context = container.get("securityContext")
    return out + security.container_context(context, f"{path}.securityContext", setting.host_users)


def _ports(ports: list[Obj], path: str) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, port in enumerate(ports):
        here = f"{path}[{i}]"
        name = port.get("name") or ""
        if name:
            problems = check(f"{here}.name", name, port_name)
            if not problems and name in seen:
                problems = [duplicate(f"{here}.name", name)]
            seen.add(name)
            out += problems
        if not port.get("containerPort"):
            out.append(required(f"{here}.containerPort"))
        else:
            out += check_port_number(f"{here}.containerPort", port["containerPort"])
        if port.get("hostPort"):
            out += check_port_number(f"{here}.hostPort", port["hostPort"])
        out += one_of(f"{here}.protocol", port.get("protocol") or "", PROTOCOLS)
    return out


def host_port_conflicts(containers: list[Obj], path: str) -> Errors:
    """The same port of the host twice."""
    out: Errors = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or []):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if key in seen:
                out.append(duplicate(f"{path}[{i}].ports[{j}].hostPort", key))
            seen.add(key)
    return out


def _env(variables: list[Obj], path: str, setting: Setting) -> Errors:
    out: Errors = []
    for i, variable in enumerate(variables):
        here = f"{path}[{i}]"
        name = variable.get("name") or ""
        out += check(f"{here}.name", name, env_name) if name else [required(f"{here}.name")]
        if variable.get("valueFrom") is not None:
            out += _value_from(variable, f"{here}.valueFrom", setting)
    return out


def _value_from(variable: Obj, path: str, setting: Setting) -> Errors:
    source: Obj = variable["valueFrom"]
    out: Errors = []
    count = 0
    for key in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"):
        reference = source.get(key)
        if reference is None:
            continue
        count += 1
        here = f"{path}.{key}"
        if key == "fieldRef":
            out += fieldrefs.object_field(reference, fieldrefs.ENV_FIELDS, here)
        elif key == "resourceFieldRef":
            out += fieldrefs.container_resource(reference, here, in_volume=False)
        elif key == "fileKeyRef":
            out += fieldrefs.file_key(reference, setting.volumes, here)
        else:
            out += _key_reference(reference, here)
    if not count:
        listed = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        out.append(invalid_value(path, "", f"must specify one of: {listed}"))
    elif variable.get("value"):
        out.append(invalid_value(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        out.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return out


def _key_reference(reference: Obj, path: str) -> Errors:
    out = check(f"{path}.name", reference.get("name") or "", names.dns_subdomain)
    key = reference.get("key") or ""
    return out + (check(f"{path}.key", key, config_key) if key else [required(f"{path}.key")])


def _env_from(sources: list[Obj], path: str) -> Errors:
    out: Errors = []
    for i, source in enumerate(sources):
        here = f"{path}[{i}]"
        if source.get("prefix"):
            out += check(f"{here}.prefix", source["prefix"], env_name)
        found = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        for key in found:
            name = source[key].get("name") or ""
            masked = f"{name[:-1]}a" if name.endswith("-") else name
            problems = names.dns_subdomain(masked) if name else []
            out += [invalid_value(f"{here}.{key}.name", name, text) for text in problems]
            if not name:
                out.append(required(f"{here}.{key}.name"))
        if not found:
            out.append(invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(found) > 1:
            out.append(invalid_value(path, "", "may not have more than one field specified at a time"))
    return out


def _mounts(container: Obj, path: str, setting: Setting) -> Errors:
    out: Errors = []
    devices = {d.get("name", ""): d.get("devicePath", "") for d in container.get("volumeDevices") or []}
    places: set[str] = set()
    for i, mount in enumerate(container.get("volumeMounts") or []):
        here = f"{path}[{i}]"
        name, where = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            out.append(required(f"{here}.name"))
        if name not in setting.volumes:
            out.append(FieldError("FieldValueNotFound", f"{here}.name", "", name))
        if not where:
            out.append(required(f"{here}.mountPath"))
        if where in places:
            out.append(invalid_value(f"{here}.mountPath", where, "must be unique"))
        places.add(where)
        if name in devices:
            out.append(invalid_value(f"{here}.name", name, "must not already exist in volumeDevices"))
        if where in devices.values():
            text = "must not already exist as a path in volumeDevices"
            out.append(invalid_value(f"{here}.mountPath", where, text))
        out += _sub_paths(mount, here, path)
        out += _propagation(mount, container, path)
    return out


def _sub_paths(mount: Obj, here: str, path: str) -> Errors:
    out: Errors = []
    plain, expanded = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if plain:
        out += descending_path(plain, f"{path}.subPath")
    if expanded:
        if plain:
            text = "subPathExpr and subPath are mutually exclusive"
            out.append(invalid_value(f"{here}.subPathExpr", expanded, text))
        out += descending_path(expanded, f"{path}.subPathExpr")
    return out


def _propagation(mount: Obj, container: Obj, path: str) -> Errors:
    out: Errors = []
    mode = mount.get("mountPropagation")
    if mode is not None:
        allowed = ("Bidirectional", "HostToContainer", "None")
        if mode not in allowed:
            out.append(not_supported(f"{path}.mountPropagation", mode, allowed))
        if mode == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            text = "Bidirectional mount propagation is available only to privileged containers"
            out.append(forbidden_field(f"{path}.mountPropagation", text))
    recursive = mount.get("recursiveReadOnly")
    if recursive in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            text = "may only be specified when readOnly is true"
            out.append(forbidden_field(f"{path}.recursiveReadOnly", text))
        if mode not in (None, "None"):
            text = "may only be specified when mountPropagation is None or not specified"
            out.append(forbidden_field(f"{path}.recursiveReadOnly", text))
    elif recursive not in (None, "Disabled"):
        allowed = ("Disabled", "Enabled", "IfPossible")
        out.append(not_supported(f"{path}.recursiveReadOnly", recursive, allowed))
    return out


def _devices(container: Obj, path: str, setting: Setting) -> Errors:
    out: Errors = []
    mounts = {m.get("name", ""): m.get("mountPath", "") for m in container.get("volumeMounts") or []}
    places: set[str] = set()
    seen: set[str] = set()
    for i, device in enumerate(container.get("volumeDevices") or []):
        here = f"{path}[{i}]"
        name, where = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            out.append(required(f"{here}.name"))
        if name in seen:
            out.append(invalid_value(f"{here}.name", name, "must be unique"))
        volume = setting.volumes.get(name)
        if volume is None:
            out.append(FieldError("FieldValueNotFound", f"{here}.name", "", name))
        elif not supports_devices(volume):
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            out.append(invalid_value(f"{here}.name", name, text))
        if not where:
            out.append(required(f"{here}.devicePath"))
        if where in places:
            out.append(invalid_value(f"{here}.devicePath", where, "must be unique"))
        if where and no_backsteps(where, here):
            text = "can not contain backsteps ('..')"
            out.append(invalid_value(f"{here}.devicePath", where, text))
        else:
            places.add(where)
        if name in mounts:
            out.append(invalid_value(f"{here}.name", name, "must not already exist in volumeMounts"))
        if where in mounts.values():
            text = "must not already exist as a path in volumeMounts"
            out.append(invalid_value(f"{here}.devicePath", where, text))
        if name:
            seen.add(name)
    return out


def _resize_policy(policies: list[Obj], path: str, setting: Setting) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        name, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            out.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
        out += one_of(path, name, ("cpu", "memory"))
        out += one_of(path, restart, ("NotRequired", "RestartContainer"))
        if setting.restart_policy == "Never" and restart != "NotRequired":
            text = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            out.append(invalid_value(path, restart, text))
    return out


def lifecycle(hooks: Obj | None, path: str, grace: int | None) -> Errors:
    """``postStart`` and ``preStop``."""
    out: Errors = []
    for key in ("postStart", "preStop"):
        handler = (hooks or {}).get(key)
        if handler is not None:
            out += _handler(handler, f"{path}.{key}", grace, ("exec", "httpGet", "tcpSocket", "sleep"))
    return out


def probes(container: Obj, path: str, grace: int | None) -> Errors:
    """The three probes, in the server's order."""
    out: Errors = []
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(key)
        if probe is None:
            continue
        here = f"{path}.{key}"
        out += _probe(probe, here, grace)
        if key != "readinessProbe" and probe.get("successThreshold") != 1:
            found = probe.get("successThreshold", 0)
            out.append(invalid_value(f"{here}.successThreshold", found, "must be 1"))
        seconds = probe.get("terminationGracePeriodSeconds")
        if key == "readinessProbe" and seconds is not None:
            text = "must not be set for readinessProbes"
            out.append(invalid_value(f"{here}.terminationGracePeriodSeconds", seconds, text))
    return out


def _probe(probe: Obj, path: str, grace: int | None) -> Errors:
    out = _handler(probe, path, grace, ("exec", "httpGet", "tcpSocket", "grpc"))
    for key in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        out += non_negative(f"{path}.{key}", probe.get(key))
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        text = "must be greater than 0"
        out.append(invalid_value(f"{path}.terminationGracePeriodSeconds", seconds, text))
    return out


def _handler(handler: Obj, path: str, grace: int | None, kinds: tuple[str, ...]) -> Errors:
    out: Errors = []
    found = [key for key in kinds if handler.get(key) is not None]
    for position, key in enumerate(found):
        here = f"{path}.{key}"
        if position:
            out.append(forbidden_field(here, "may not specify more than 1 handler type"))
        else:
            out += _action(key, handler[key], here, grace)
    if not found:
        out.append(required(path, "must specify a handler type"))
    return out


def _action(kind: str, action: Obj, path: str, grace: int | None) -> Errors:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if kind == "sleep":
        seconds = action.get("seconds", 0)
        if grace is not None and not 0 <= seconds <= grace:
            text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            return [invalid_value(path, seconds, text)]
        return []
    if kind != "httpGet":
        return check_port(f"{path}.port", action.get("port"))
    out = [] if action.get("path") else [required(f"{path}.path")]
    out += check_port(f"{path}.port", action.get("port"))
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        out.append(not_supported(f"{path}.scheme", action.get("scheme") or "", ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or []:
        out += check(f"{path}.httpHeaders", header.get("name") or "", http_header_name)
    return out
