"""Addresses and ports that a service's author asks for must be free and in range."""

from __future__ import annotations

from labrunner.sim.admission.request import CREATE, UPDATE, Request
from labrunner.sim.errors import FieldError, invalid, invalid_value
from labrunner.sim.objects import Obj
from labrunner.sim.strategy.addresses import FIRST_NODE_PORT, LAST_NODE_PORT, SERVICE_NETWORK, Taken
from labrunner.sim.strategy.services import is_headless, needs_cluster_ip, needs_node_ports
from labrunner.sim.validation.addresses import parse_ip


def check(request: Request) -> None:
    """Refuse a service whose cluster IP or node port cannot be had. Raises ApiError 422."""
    service = request.object
    if service is None or request.gr != "services" or request.subresource:
        return
    if request.operation not in (CREATE, UPDATE):
        return
    spec: Obj = service.get("spec") or {}
    before: Obj = (request.old or {}).get("spec") or {}
    taken = Taken(request.api, service)
    problems = _families(spec)
    if not problems and needs_cluster_ip(spec) and not is_headless(spec):
        problems = _addresses(spec, before, taken)
    if not problems and needs_node_ports(spec):
        problems = _ports(spec, before, taken)
    if problems:
        raise invalid(request.rt.group_kind, request.name, problems)


def _families(spec: Obj) -> list[FieldError]:
    if not needs_cluster_ip(spec) or (is_headless(spec) and not spec.get("selector")):
        return []
    out = []
    policy = spec.get("ipFamilyPolicy")
    if policy == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        out.append(invalid_value("spec.ipFamilyPolicy", policy, text))
    for i, family in enumerate(spec.get("ipFamilies") or []):
        if family != "IPv4":
            out.append(invalid_value(f"spec.ipFamilies[{i}]", family, "not configured on this cluster"))
    return out


def _addresses(spec: Obj, before: Obj, taken: Taken) -> list[FieldError]:
    listed = spec.get("clusterIPs") or []
    if listed == (before.get("clusterIPs") or []):
        return []
    for address in listed:
        parsed = parse_ip(address)
        why = ""
        if parsed is None or parsed not in SERVICE_NETWORK:
            why = "the provided network does not match the current range"
        elif address in taken.addresses:
            why = "provided IP is already allocated"
        if why:
            return [invalid_value("spec.clusterIPs", listed, f"failed to allocate IP {address}: {why}")]
    return []


def _ports(spec: Obj, before: Obj, taken: Taken) -> list[FieldError]:
    held = {(p.get("protocol", "TCP"), p.get("nodePort")) for p in before.get("ports") or []}
    for i, port in enumerate(spec.get("ports") or []):
        number = port.get("nodePort") or 0
        key = (port.get("protocol", "TCP"), number)
        if not number or key in held:
            continue
        path = f"spec.ports[{i}].nodePort"
        if not FIRST_NODE_PORT <= number <= LAST_NODE_PORT:
            text = "provided port is not in the valid range. The range of valid ports is "
            return [invalid_value(path, number, f"{text}{FIRST_NODE_PORT}-{LAST_NODE_PORT}")]
        if key in taken.ports:
            return [invalid_value(path, number, "provided port is already allocated")]
    return []
