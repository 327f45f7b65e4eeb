"""What the service allocators refuse: families the cluster has not, addresses and ports that are taken or out of range.

They run before validation, so that their complaints are the only ones. Source: messages of the allocators in
``pkg/registry/core/service`` of Kubernetes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.errors import FieldError, internal, invalid, invalid_value
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.strategy.addresses import FIRST_NODE_PORT, LAST_NODE_PORT, Taken, networks
from labrunner.sim.validation.addresses import parse_ip
from labrunner.sim.validation.cluster_ips import check_cluster_ips

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

_OUT_OF_RANGE: Final = (
    f"provided port is not in the valid range. The range of valid ports is {FIRST_NODE_PORT}-{LAST_NODE_PORT}"
)
_TAKEN_PORT: Final = "provided port is already allocated"
_POLICY: Final = "spec.ipFamilyPolicy"


def check(service: Obj, old: Obj | None, api: Api) -> None:
    """Refuse what a service asks for and cannot have. Raises ApiError (422, or 500 for the health check's port)."""
    spec: Obj = service.get("spec") or {}
    before: Obj = (old or {}).get("spec") or {}
    problems = families(spec, before)
    if problems:
        raise invalid("Service", name_of(service), problems)
    taken = Taken(api, service)
    problems = _addresses(spec, before, taken, api) or _ports(spec, before, taken)
    if problems:
        raise invalid("Service", name_of(service), problems)
    _health_port(spec, before, taken)


def families(spec: Obj, before: Obj) -> list[FieldError]:
    """What is wrong with the families and cluster IPs asked of a cluster that has IPv4 only."""
    if spec.get("type") == "ExternalName" or _untouched(spec, before):
        return []
    policy = spec.get("ipFamilyPolicy") or before.get("ipFamilyPolicy")
    headless = spec.get("clusterIP") == "None" and not spec.get("selector")
    policy = policy or ("RequireDualStack" if headless else "SingleStack")
    problems = check_cluster_ips({**spec, "ipFamilyPolicy": policy})
    if problems:
        return problems
    problems = _policy_fits(spec, before, policy)
    listed, wanted = spec.get("clusterIPs") or [], list(spec.get("ipFamilies") or [])
    for i, address in enumerate(listed[: 0 if listed[:1] == ["None"] else None]):
        parsed = parse_ip(address)
        if i < len(wanted) or parsed is None:
            continue
        family = f"IPv{parsed.version}"
        wanted.append(family)
        if family != "IPv4":
            text = f"{family} is not configured on this cluster"
            problems.append(invalid_value(f"spec.clusterIPs[{i}]", listed, text))
    if problems or headless:
        return problems
    if policy == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        problems.append(invalid_value(_POLICY, policy, text))
    for i, family in enumerate(wanted):
        if family != "IPv4":
            text = "not configured on this cluster"
            problems.append(invalid_value(f"spec.ipFamilies[{i}]", family, text))
    return problems


def _untouched(spec: Obj, before: Obj) -> bool:
    """A service that prefers two families is left as it is unless one of them is asked for or given up."""
    if not before or "PreferDualStack" not in (spec.get("ipFamilyPolicy"), before.get("ipFamilyPolicy")):
        return False
    return all(spec.get(key) == before.get(key) for key in ("ipFamilyPolicy", "ipFamilies", "clusterIPs"))


def _policy_fits(spec: Obj, before: Obj, policy: str) -> list[FieldError]:
    pairs = (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family"))
    out: list[FieldError] = []
    if before and policy != "SingleStack":
        for key, what in pairs:
            old, new = before.get(key) or [], spec.get(key) or []
            if len(old) == 2 and len(new) == 1 and old[0] == new[0]:
                text = f"must be 'SingleStack' to release the secondary {what}"
                out.append(invalid_value(_POLICY, policy, text))
    if policy == "SingleStack":
        for key, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
            if len(spec.get(key) or []) == 2 and spec.get(key) != before.get(key):
                text = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
                out.append(invalid_value(_POLICY, policy, text))
    return out


def _addresses(spec: Obj, before: Obj, taken: Taken, api: Api) -> list[FieldError]:
    listed = spec.get("clusterIPs") or []
    held = before.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")
    if spec.get("type") == "ExternalName" or held or listed[:1] == ["None"]:
        return []
    for address in listed:
        parsed = parse_ip(address)
        network = next((n for n in networks(api) if parsed is not None and parsed in n), None)
        why = ""
        if network is None:
            why = "the provided network does not match the current range"
        elif parsed in (network.network_address, network.broadcast_address):
            why = (
                f"the provided IP ({address}) is not in the valid range. The range of valid IPs is {network}"
            )
        elif str(parsed) in taken.addresses:
            why = "provided IP is already allocated"
        if why:
            return [invalid_value("spec.clusterIPs", listed, f"failed to allocate IP {address}: {why}")]
    return []


def _ports(spec: Obj, before: Obj, taken: Taken) -> list[FieldError]:
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return []
    held = {(p.get("protocol", "TCP"), p.get("nodePort")) for p in before.get("ports") or []}
    for i, port in enumerate(spec.get("ports") or []):
        number = port.get("nodePort") or 0
        key = (port.get("protocol", "TCP"), number)
        if not number or key in held:
            continue
        path = f"spec.ports[{i}].nodePort"
        if not FIRST_NODE_PORT <= number <= LAST_NODE_PORT:
            return [invalid_value(path, number, _OUT_OF_RANGE)]
        if key in taken.ports:
            return [invalid_value(path, number, _TAKEN_PORT)]
    return []


def _health_port(spec: Obj, before: Obj, taken: Taken) -> None:
    number = spec.get("healthCheckNodePort") or 0
    needed = spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    if not needed or not number or number == before.get("healthCheckNodePort"):
        return
    why = "" if FIRST_NODE_PORT <= number <= LAST_NODE_PORT else _OUT_OF_RANGE
    why = why or (_TAKEN_PORT if ("TCP", number) in taken.ports else "")
    if why:
        raise internal(f"failed to allocate requested HealthCheck NodePort {number}: {why}")
