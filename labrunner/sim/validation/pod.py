"""Pods and pod templates."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import FieldError as _FieldError
from labrunner.sim.errors import (
    duplicate,
    forbidden_field,
    invalid_value,
    required,
    too_long,
)
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.validation import containers, meta, platform, quantities, scheduling, security
from labrunner.sim.validation.addresses import check_ip
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.pod_annotations import agreement, annotation_rules
from labrunner.sim.validation.pod_resources import pod_resources
from labrunner.sim.validation.restart_rules import restart_policy
from labrunner.sim.validation.syntax import (
    Errors,
    check,
    dns_subdomain_underscore,
    one_of,
    out_of_range,
)
from labrunner.sim.validation.volumes import volumes

_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_INT32: Final = 2**31 - 1
# In the order in which the server looks at them.
_NOT_FOR_EPHEMERAL: Final = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)


def create(pod: Obj) -> Errors:
    """A new Pod."""
    out = meta.create(pod, True)
    out += metadata_and_spec(pod)
    spec: Obj = pod.get("spec") or {}
    if spec.get("ephemeralContainers"):
        out.append(forbidden_field("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        text = "cannot be set until all schedulingGates have been cleared"
        out.append(forbidden_field("spec.nodeName", text))
    return out + agreement(pod, "spec")


def metadata_and_spec(pod: Obj) -> Errors:
    """What holds for a Pod at any time, its ``metadata`` proper aside."""
    out = annotation_rules(pod, "metadata.annotations")
    spec: Obj = pod.get("spec") or {}
    out += pod_spec(spec, "spec", pod_name=name_of(pod), is_pod=True)
    if not spec.get("serviceAccountName"):
        for i, volume in enumerate(spec.get("volumes") or []):
            for j, source in enumerate((volume.get("projected") or {}).get("sources") or []):
                if source.get("serviceAccountToken") is not None:
                    here = f"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken"
                    text = "must not be specified when serviceAccountName is not set"
                    out.append(forbidden_field(here, text))
    for key in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(key) or []):
            out += _trimmed_image(container, f"spec.{key}[{i}]")
    return out


def _trimmed_image(container: Obj, path: str) -> Errors:
    image = container.get("image") or ""
    if image == image.strip():
        return []
    return [invalid_value(f"{path}.image", image, "must not have leading or trailing whitespace")]


def template(found: Obj | None, path: str) -> Errors:
    """A pod template in a workload."""
    holder: Obj = found or {}
    system: Obj = holder.get("metadata") or {}
    out = meta.labels(system.get("labels"), f"{path}.labels")
    out += meta.annotation_map(system.get("annotations"), f"{path}.annotations")
    out += annotation_rules(holder, f"{path}.annotations")
    spec: Obj = holder.get("spec") or {}
    out += pod_spec(spec, f"{path}.spec")
    out += agreement(holder, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        out.append(forbidden_field(f"{path}.spec.ephemeralContainers", text))
    return out


def pod_spec(spec: Obj, path: str, *, pod_name: str = "", is_pod: bool = False) -> Errors:
    """A PodSpec at *path*."""
    grace = spec.get("terminationGracePeriodSeconds")
    out: Errors = [] if grace is not None else [required(f"{path}.terminationGracePeriodSeconds")]
    known, problems = volumes(spec.get("volumes") or [], f"{path}.volumes", pod_name, is_pod=is_pod)
    out += problems
    claims = {c["name"] for c in spec.get("resourceClaims") or [] if c.get("name")}
    out += _resource_claims(spec.get("resourceClaims") or [], f"{path}.resourceClaims")
    setting = containers.Setting(
        known, claims, grace, spec.get("restartPolicy") or "", spec.get("hostUsers") is not False
    )
    out += _regular(spec, f"{path}.containers", setting)
    out += _init(spec, f"{path}.initContainers", setting)
    out += _ephemeral(spec, f"{path}.ephemeralContainers", setting)
    out += pod_resources(spec, f"{path}.resources", claims)
    out += _host_network(spec, f"{path}.containers", is_pod)
    restart = spec.get("restartPolicy") or ""
    out += one_of(f"{path}.restartPolicy", restart, ("Always", "OnFailure", "Never"))
    out += one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy") or "", _DNS_POLICIES)
    out += meta.labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    out += security.pod_context(spec.get("securityContext"), spec, f"{path}.securityContext")
    out += scheduling.affinity(spec.get("affinity"), f"{path}.affinity")
    out += _dns_config(spec, f"{path}.dnsConfig")
    for i, gate in enumerate(spec.get("readinessGates") or []):
        here = f"{path}.readinessGates[{i}].conditionType"
        out += check(here, gate.get("conditionType") or "", names.qualified_name)
    out += _scheduling_gates(spec.get("schedulingGates") or [], f"{path}.schedulingGates")
    out += scheduling.spread(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")
    out += platform.host_process(spec, path) + platform.host_users(spec, path)
    return out + _names(spec, path) + platform.system(spec, path)


def _names(spec: Obj, path: str) -> Errors:
    out: Errors = []
    for key, rule in (("serviceAccountName", names.dns_subdomain), ("nodeName", names.dns_subdomain)):
        if spec.get(key):
            out += check(f"{path}.{key}", spec[key], rule)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _INT32:
        out.append(invalid_value(f"{path}.activeDeadlineSeconds", deadline, out_of_range(1, _INT32)))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            out += check(f"{path}.{key}", spec[key], names.dns_label)
    out += _hostname_override(spec, path)
    out += scheduling.tolerations(spec.get("tolerations") or [], f"{path}.tolerations")
    for i, alias in enumerate(spec.get("hostAliases") or []):
        out += check_ip(f"{path}.hostAliases[{i}].ip", alias.get("ip") or "")
        for j, hostname in enumerate(alias.get("hostnames") or []):
            out += check(f"{path}.hostAliases[{i}].hostnames[{j}]", hostname, names.dns_subdomain)
    if spec.get("priorityClassName"):
        out += check(f"{path}.priorityClassName", spec["priorityClassName"], names.dns_subdomain)
    if spec.get("runtimeClassName") is not None:
        out += check(f"{path}.runtimeClassName", spec["runtimeClassName"], names.dns_subdomain)
    policy = spec.get("preemptionPolicy")
    if policy is not None:
        out += one_of(f"{path}.preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))
    if spec.get("overhead") is not None:
        out += quantities.requirements({"limits": spec["overhead"]}, f"{path}.overhead", set())
    return out


def _hostname_override(spec: Obj, path: str) -> Errors:
    name = spec.get("hostnameOverride")
    if name is None:
        return []
    here = f"{path}.hostnameOverride"
    out = check(here, name, names.dns_subdomain)
    return out + ([too_long(here, 64)] if len(name) > 64 else [])


def _regular(spec: Obj, path: str, setting: containers.Setting) -> Errors:
    found = spec.get("containers") or []
    if not found:
        return [required(path)]
    out: Errors = []
    seen: set[str] = set()
    for i, container in enumerate(found):
        here = f"{path}[{i}]"
        out += containers.common(container, here, setting)
        name = container.get("name") or ""
        if name in seen:
            out.append(duplicate(f"{here}.name", name))
        seen.add(name)
        out += containers.lifecycle(container.get("lifecycle"), f"{here}.lifecycle", setting.grace_seconds)
        out += containers.probes(container, here, setting.grace_seconds)
        out += restart_policy(container, here)
    return out + containers.host_port_conflicts(found, path)


def _init(spec: Obj, path: str, setting: containers.Setting) -> Errors:
    out: Errors = []
    seen = {c.get("name") or "" for c in spec.get("containers") or []}
    for i, container in enumerate(spec.get("initContainers") or []):
        here = f"{path}[{i}]"
        out += containers.common(container, here, setting)
        out += restart_policy(container, here)
        name = container.get("name") or ""
        if name in seen:
            out.append(duplicate(f"{here}.name", name))
        elif name:
            seen.add(name)
        out += containers.host_port_conflicts([container], path)
        if container.get("restartPolicy") == "Always":
            grace = setting.grace_seconds
            out += containers.lifecycle(container.get("lifecycle"), f"{here}.lifecycle", grace)
            out += containers.probes(container, here, grace)
            continue
        for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(key) is not None:
                text = "may not be set for init containers without restartPolicy=Always"
                out.append(forbidden_field(f"{here}.{key}", text))
    return out


def _ephemeral(spec: Obj, path: str, setting: containers.Setting) -> Errors:
    out: Errors = []
    others = {c.get("name") for key in ("containers", "initContainers") for c in spec.get(key) or []}
    seen: set[Any] = set(others)
    for i, container in enumerate(spec.get("ephemeralContainers") or []):
        here = f"{path}[{i}]"
        out += containers.common(container, here, setting) + _trimmed_image(container, here)
        name = container.get("name") or ""
        if name in seen:
            out.append(duplicate(f"{here}.name", name))
        seen.add(name)
        target = container.get("targetContainerName")
        if target and target not in others:
            out.append(_FieldError("FieldValueNotFound", f"{here}.targetContainerName", "", target))
        text = "cannot be set for an Ephemeral Container"
        out += [forbidden_field(f"{here}.{key}", text) for key in _NOT_FOR_EPHEMERAL if container.get(key)]
        for j, mount in enumerate(container.get("volumeMounts") or []):
            at = f"{here}.volumeMounts[{j}]"
            out += [forbidden_field(f"{at}.{k}", text) for k in ("subPath", "subPathExpr") if mount.get(k)]
    return out


def _host_network(spec: Obj, path: str, is_pod: bool) -> Errors:
    if not spec.get("hostNetwork"):
        return []
    out: Errors = []
    for i, container in enumerate(spec.get("containers") or []):
        for j, port in enumerate(container.get("ports") or []):
            host, own = port.get("hostPort") or 0, port.get("containerPort") or 0
            if (is_pod or host) and host != own:
                text = "must match `containerPort` when `hostNetwork` is true"
                out.append(invalid_value(f"{path}[{i}].ports[{j}].hostPort", host, text))
    return out


def _dns_config(spec: Obj, path: str) -> Errors:
    config: Obj | None = spec.get("dnsConfig")
    servers = (config or {}).get("nameservers") or []
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not servers:
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", text)]
    if config is None:
        return []
    out: Errors = []
    if len(servers) > 3:
        out.append(invalid_value(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for i, server in enumerate(servers):
        out += check_ip(f"{path}.nameservers[{i}]", server)
    searches = config.get("searches") or []
    if len(searches) > 32:
        out.append(invalid_value(f"{path}.searches", searches, "must not have more than 32 search paths"))
    if len(" ".join(searches)) > 2048:
        text = "must not have more than 2048 characters (including spaces) in the search list"
        out.append(invalid_value(f"{path}.searches", searches, text))
    for i, search in enumerate(searches):
        if search != ".":
            out += check(f"{path}.searches[{i}]", search.removesuffix("."), dns_subdomain_underscore)
    for i, option in enumerate(config.get("options") or []):
        if not option.get("name"):
            out.append(required(f"{path}.options[{i}]", "must not be empty"))
    return out


def _scheduling_gates(gates: list[Obj], path: str) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, gate in enumerate(gates):
        name = gate.get("name") or ""
        out += check(f"{path}[{i}]", name, names.qualified_name)
        if name in seen:
            out.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
    return out


def _resource_claims(claims: list[Obj], path: str) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        here, name = f"{path}[{i}]", claim.get("name") or ""
        if not name:
            out.append(required(f"{here}.name"))
        elif name in seen:
            out.append(duplicate(f"{here}.name", name))
        else:
            out += check(f"{here}.name", name, names.dns_label)
            seen.add(name)
        given = [k for k in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(k) is not None]
        if len(given) == 2:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            out.append(invalid_value(here, render(claim, "PodResourceClaim"), text))
        elif not given:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            out.append(invalid_value(here, render(claim, "PodResourceClaim"), text))
        for key in given:
            out += check(f"{here}.{key}", claim[key], names.dns_subdomain)
    return out
