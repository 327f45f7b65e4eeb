"""Services: families, cluster IPs and node ports, on creation and as the type changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labrunner.sim.objects import Obj
from labrunner.sim.strategy import allocation
from labrunner.sim.strategy.addresses import Taken

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

NONE = "None"


def prepare_create(service: Obj, api: Api) -> None:
    """Give a new service what it needs."""
    spec: Obj = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    allocation.check(service, None, api)
    _settle_families(spec)
    _allocate(service, api)


def prepare_update(new: Obj, old: Obj, api: Api) -> None:
    """Keep what was allocated, give back what the new type does not use, allocate what is missing."""
    after: Obj = new["spec"]
    before: Obj = old.get("spec") or {}
    _patch_allocated(after, before)
    _sync_addresses(after, before)
    _drop_by_type(after, before)
    allocation.check(new, old, api)
    _release_second(after, before)
    _settle_families(after)
    _allocate(new, api)


def needs_cluster_ip(spec: Obj) -> bool:
    """Whether services of this type have a cluster IP (``None`` counts as one)."""
    return spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")


def needs_node_ports(spec: Obj) -> bool:
    """Whether ports of this service are opened on every node."""
    if spec.get("type") == "NodePort":
        return True
    return spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False


def needs_health_port(spec: Obj) -> bool:
    """Whether a node port answers health checks of the balancer."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_headless(spec: Obj) -> bool:
    """Whether the service has no virtual address."""
    return bool(spec.get("clusterIPs")) and spec["clusterIPs"][0] == NONE


def _settle_families(spec: Obj) -> None:
    if not needs_cluster_ip(spec):
        return
    if is_headless(spec) and not spec.get("selector"):
        spec.setdefault("ipFamilyPolicy", "RequireDualStack")
        if not spec.get("ipFamilies"):
            spec["ipFamilies"] = ["IPv4", "IPv6"]
        return
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]


def _release_second(after: Obj, before: Obj) -> None:
    """Asking for a single stack gives up the second address and family, even if they are still listed."""
    if after.get("ipFamilyPolicy") != "SingleStack":
        return
    for key in ("clusterIPs", "ipFamilies"):
        if len(after.get(key) or []) > 1 and after.get(key) == before.get(key):
            after[key] = after[key][:1]


def _allocate(service: Obj, api: Api) -> None:
    spec: Obj = service["spec"]
    taken: Taken | None = None
    if needs_cluster_ip(spec) and not spec.get("clusterIPs"):
        taken = Taken(api, service)
        address = taken.free_address(service)
        if address:
            spec["clusterIP"], spec["clusterIPs"] = address, [address]
    ports = spec.get("ports") or []
    if needs_node_ports(spec) and any(not p.get("nodePort") for p in ports):
        taken = taken or Taken(api, service)
        _allocate_ports(service, taken)
    if needs_health_port(spec) and not spec.get("healthCheckNodePort"):
        taken = taken or Taken(api, service)
        spec["healthCheckNodePort"] = taken.free_port(service, "TCP", "health")


def _allocate_ports(service: Obj, taken: Taken) -> None:
    ports: list[Obj] = service["spec"]["ports"]
    for port in ports:
        if port.get("nodePort"):
            taken.ports.add((port.get("protocol", "TCP"), port["nodePort"]))
    for port in ports:
        if port.get("nodePort"):
            continue
        protocol = port.get("protocol", "TCP")
        # One number serves several protocols of the same port.
        for other in ports:
            number = other.get("nodePort")
            if number and other.get("port") == port.get("port") and (protocol, number) not in taken.ports:
                port["nodePort"] = number
                taken.ports.add((protocol, number))
                break
        else:
            port["nodePort"] = taken.free_port(service, protocol, f"{protocol}/{port.get('port')}")


def _patch_allocated(after: Obj, before: Obj) -> None:
    if needs_cluster_ip(before) and needs_cluster_ip(after):
        if not after.get("clusterIP") and before.get("clusterIP"):
            after["clusterIP"] = before["clusterIP"]
        if not after.get("clusterIPs") and after.get("clusterIP") == before.get("clusterIP"):
            after["clusterIPs"] = list(before.get("clusterIPs") or [])
        for key in ("ipFamilies", "ipFamilyPolicy"):
            if not after.get(key) and before.get(key):
                after[key] = before[key]
    if needs_node_ports(before) and needs_node_ports(after):
        known = {_port_key(p): p.get("nodePort") for p in before.get("ports") or []}
        used = {p.get("nodePort") for p in after.get("ports") or []}
        for port in after.get("ports") or []:
            number = known.get(_port_key(port))
            if not port.get("nodePort") and number and number not in used:
                port["nodePort"] = number
    if needs_health_port(before) and needs_health_port(after) and not after.get("healthCheckNodePort"):
        after["healthCheckNodePort"] = before.get("healthCheckNodePort", 0)


def _port_key(port: Obj) -> tuple[Any, ...]:
    return port.get("protocol", "TCP"), port.get("port"), port.get("name") or ""


def _sync_addresses(after: Obj, before: Obj) -> None:
    """``clusterIP`` and ``clusterIPs`` say the same; the one that changed wins."""
    single, listed = after.get("clusterIP") or "", after.get("clusterIPs") or []
    if single != (before.get("clusterIP") or "") and listed == (before.get("clusterIPs") or []):
        after["clusterIPs"] = [single] if single else []
        if not single:
            del after["clusterIPs"]
    elif listed and not single:
        after["clusterIP"] = listed[0]
    elif listed != (before.get("clusterIPs") or []) and single == (before.get("clusterIP") or ""):
        after["clusterIP"] = listed[0] if listed else ""


def _drop_by_type(after: Obj, before: Obj) -> None:
    """Give up what only the old type had, unless the client set it anew."""

    def gone(needed: Any, *keys: str) -> None:
        if needed(before) and not needed(after) and all(after.get(k) == before.get(k) for k in keys):
            for key in keys:
                after.pop(key, None)

    gone(needs_cluster_ip, "clusterIP", "clusterIPs")
    gone(needs_cluster_ip, "ipFamilies")
    gone(needs_cluster_ip, "ipFamilyPolicy")
    if needs_node_ports(before) and not needs_node_ports(after):
        known = {p.get("nodePort") for p in before.get("ports") or []}
        for port in after.get("ports") or []:
            if port.get("nodePort") in known:
                port.pop("nodePort", None)
    gone(needs_health_port, "healthCheckNodePort")
    gone(lambda s: s.get("type") == "LoadBalancer", "allocateLoadBalancerNodePorts")
    gone(lambda s: s.get("type") == "LoadBalancer", "loadBalancerClass")
    gone(_externally_accessible, "externalTrafficPolicy")


def _externally_accessible(spec: Obj) -> bool:
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        return True
    return spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
