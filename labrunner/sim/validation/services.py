"""Services and Endpoints."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj, annotations_of
from labrunner.sim.strategy.services import is_headless, needs_health_port
from labrunner.sim.validation import meta
from labrunner.sim.validation.addresses import check_cidr, check_ip, check_special_ip
from labrunner.sim.validation.cluster_ips import check_cluster_ips
from labrunner.sim.validation.containers import PROTOCOLS
from labrunner.sim.validation.syntax import (
    Errors,
    check,
    check_port,
    check_port_number,
    one_of,
)

_TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITY_LIMIT: Final = 86400
_KUBELET_PORT: Final = 10250
_SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_BALANCER_ONLY: Final = "may only be used when `type` is 'LoadBalancer'"


def create(service: Obj) -> Errors:
    """A new Service."""
    return meta.create(service, True, names.dns_label) + _service(service)


def update(new: Obj, old: Obj) -> Errors:
    """A Service replaced: addresses and families stay."""
    out = meta.update(new, old)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if "ExternalName" not in (after.get("type"), before.get("type")):
        out += _fixed_addresses(after, before)
        out += _fixed_families(after, before)
    out += _fixed_balancer_class(after, before)
    probed = needs_health_port(before) and needs_health_port(after)
    if probed and after.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
        out.append(forbidden_field("spec.healthCheckNodePort", "field is immutable"))
    return out + _service(new)


def _fixed_addresses(after: Obj, before: Obj) -> Errors:
    if is_headless(after) and is_headless(before):
        return []
    new, old = after.get("clusterIPs") or [], before.get("clusterIPs") or []
    changed = "may not change once set"
    if len(old) == len(new):
        return [
            invalid_value(f"spec.clusterIPs[{i}]", new, changed)
            for i, address in enumerate(old)
            if address != new[i]
        ]
    out: Errors = []
    if len(old) > len(new):
        if not new:
            out.append(invalid_value("spec.clusterIPs[0]", new, "primary clusterIP can not be unset"))
        elif new[0] != old[0]:
            out.append(invalid_value("spec.clusterIPs[0]", new, changed))
        if len(new) == 1 and after.get("ipFamilyPolicy") != "SingleStack":
            text = "must be set to 'SingleStack' when releasing the secondary clusterIP"
            out.append(invalid_value("spec.ipFamilyPolicy", after.get("ipFamilyPolicy"), text))
    elif old and new[0] != old[0]:
        out.append(invalid_value("spec.clusterIPs[0]", new, changed))
    return out


def _fixed_families(after: Obj, before: Obj) -> Errors:
    if is_headless(after) or is_headless(before):
        return []
    new, old = after.get("ipFamilies") or [], before.get("ipFamilies") or []
    if old and new and old[0] != new[0]:
        return [invalid_value("spec.ipFamilies[0]", new, "may not change once set")]
    return []


def _fixed_balancer_class(after: Obj, before: Obj) -> Errors:
    path, new, old = "spec.loadBalancerClass", after.get("loadBalancerClass"), before.get("loadBalancerClass")
    if after.get("type") == before.get("type") == "LoadBalancer" and new != old:
        return [invalid_value(path, new, "may not change once set")]
    return []


def _service(service: Obj) -> Errors:
    spec: Obj = service.get("spec") or {}
    kind = spec.get("type") or ""
    ports: list[Obj] = spec.get("ports") or []
    out = _topology(annotations_of(service))
    if not ports and not is_headless(spec) and kind != "ExternalName":
        out.append(required("spec.ports"))
    out += _by_type(spec, kind)
    seen: set[str] = set()
    for i, port in enumerate(ports):
        out += _port(port, len(ports) > 1, seen, f"spec.ports[{i}]")
    out += meta.labels(spec.get("selector"), "spec.selector")
    out += _affinity(spec)
    if kind != "ExternalName":
        out += check_cluster_ips(spec)
    for i, address in enumerate(spec.get("externalIPs") or []):
        path = f"spec.externalIPs[{i}]"
        out += check_ip(path, address) or check_special_ip(path, address)
    out += one_of("spec.type", kind, _TYPES)
    out += _duplicate_ports(ports, kind) + _source_ranges(service, kind)
    return out + _balancer(spec, kind) + _traffic(spec, kind)


def _topology(annotations: dict[str, str]) -> Errors:
    hints, mode = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
    if hints not in annotations or mode not in annotations or annotations[hints] == annotations[mode]:
        return []
    text = f"must match annotations[{hints}] when both are specified"
    return [invalid_value(f"metadata.annotations[{mode}]", annotations[mode], text)]


def _by_type(spec: Obj, kind: str) -> Errors:
    out: Errors = []
    if kind == "LoadBalancer":
        text = f"may not expose port {_KUBELET_PORT} externally since it is used by kubelet"
        for i, port in enumerate(spec.get("ports") or []):
            if port.get("port") == _KUBELET_PORT:
                out.append(invalid_value(f"spec.ports[{i}]", _KUBELET_PORT, text))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        text = f"may not be set to 'None' for {kind} services"
        out.append(invalid_value("spec.clusterIPs[0]", spec["clusterIPs"][0], text))
    if kind != "ExternalName":
        return out
    text = "may not be set for ExternalName services"
    keys = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
    out = [forbidden_field(f"spec.{key}", text) for key in keys if spec.get(key)]
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*out, required("spec.externalName")]
    return out + check("spec.externalName", name, names.dns_subdomain)


def _port(port: Obj, named: bool, seen: set[str], path: str) -> Errors:
    name = port.get("name") or ""
    out: Errors = []
    if name:
        out += check(f"{path}.name", name, names.dns_label)
        if name in seen:
            out.append(duplicate(f"{path}.name", name))
        seen.add(name)
    elif named:
        out.append(required(f"{path}.name"))
    out += check_port_number(f"{path}.port", port.get("port"))
    out += one_of(f"{path}.protocol", port.get("protocol") or "", PROTOCOLS)
    out += check_port(f"{path}.targetPort", port.get("targetPort"))
    if port.get("appProtocol") is not None:
        out += check(f"{path}.appProtocol", port["appProtocol"], names.qualified_name)
    return out


def _affinity(spec: Obj) -> Errors:
    kind, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    out = one_of("spec.sessionAffinity", kind, ("ClientIP", "None"))
    path = "spec.sessionAffinityConfig"
    if kind == "None" and config is not None:
        out.append(forbidden_field(path, "must not be set when session affinity is None"))
    if kind == "ClientIP":
        text = "when session affinity type is ClientIP"
        client = (config or {}).get("clientIP")
        seconds = (client or {}).get("timeoutSeconds")
        if config is None:
            out.append(required(path, text))
        elif client is None:
            out.append(required(f"{path}.clientIP", text))
        elif seconds is None:
            out.append(required(f"{path}.clientIP.timeoutSeconds", text))
        elif not 0 < seconds <= _AFFINITY_LIMIT:
            text = f"must be greater than 0 and less than {_AFFINITY_LIMIT}"
            out.append(invalid_value(f"{path}.clientIP.timeoutSeconds", seconds, text))
    return out


def _duplicate_ports(ports: list[Obj], kind: str) -> Errors:
    out: Errors = []
    if kind == "ClusterIP":
        text = "may not be used when `type` is 'ClusterIP'"
        out += [
            forbidden_field(f"spec.ports[{i}].nodePort", text)
            for i, port in enumerate(ports)
            if port.get("nodePort")
        ]
    opened: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol") or "", port.get("nodePort") or 0)
        if key[1] and key in opened:
            out.append(duplicate(f"spec.ports[{i}].nodePort", key[1]))
        opened.add(key)
    seen: set[tuple[str, int]] = set()
    for i, port in enumerate(ports):
        key = (port.get("protocol") or "", port.get("port") or 0)
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            out.append(duplicate(f"spec.ports[{i}]", shown))
        seen.add(key)
    return out


def _source_ranges(service: Obj, kind: str) -> Errors:
    """The field, or the annotation that older clients used for it."""
    ranges = (service.get("spec") or {}).get("loadBalancerSourceRanges") or []
    if ranges:
        path = "spec.LoadBalancerSourceRanges"
        listed = [(f"{path}[{i}]", value.strip()) for i, value in enumerate(ranges)]
    elif _SOURCE_RANGES in annotations_of(service):
        path = f"metadata.annotations[{_SOURCE_RANGES}]"
        text = annotations_of(service)[_SOURCE_RANGES].strip()
        listed = [(path, value.strip()) for value in text.split(",")] if text else []
    else:
        return []
    out = [] if kind == "LoadBalancer" else [forbidden_field(path, _BALANCER_ONLY)]
    return out + [error for here, value in listed for error in check_cidr(here, value)]


def _balancer(spec: Obj, kind: str) -> Errors:
    out: Errors = []
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        out.append(forbidden_field("spec.allocateLoadBalancerNodePorts", _BALANCER_ONLY))
    balancer = spec.get("loadBalancerClass")
    if balancer is not None:
        if kind != "LoadBalancer":
            out.append(forbidden_field("spec.loadBalancerClass", _BALANCER_ONLY))
        else:
            out += check("spec.loadBalancerClass", balancer, names.qualified_name)
    return out


def _traffic(spec: Obj, kind: str) -> Errors:
    out: Errors = []
    external = spec.get("externalTrafficPolicy") or ""
    open_outside = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    path = "spec.externalTrafficPolicy"
    if not open_outside:
        if external:
            out.append(invalid_value(path, external, "may only be set for externally-accessible services"))
    else:
        out += one_of(path, external, ("Cluster", "Local"))
    port = spec.get("healthCheckNodePort") or 0
    if port and not needs_health_port(spec):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        out.append(invalid_value("spec.healthCheckNodePort", port, text))
    elif port:
        out += check_port_number("spec.healthCheckNodePort", port)
    internal = spec.get("internalTrafficPolicy")
    if internal is None and kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        out.append(required("spec.internalTrafficPolicy"))
    elif internal is not None and internal not in ("Cluster", "Local"):
        out.append(not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local")))
    spread = spec.get("trafficDistribution")
    allowed = ("PreferClose", "PreferSameNode", "PreferSameZone")
    if spread is not None and spread not in allowed:
        out.append(not_supported("spec.trafficDistribution", spread, allowed))
    return out
