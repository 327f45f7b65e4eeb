"""EndpointSlices, and the Endpoints they replace."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import duplicate, invalid_value, required, too_many
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.addresses import check_ip, check_special_ip, parse_ip
from labrunner.sim.validation.containers import PROTOCOLS
from labrunner.sim.validation.syntax import Errors, check, check_port_number, fully_qualified_domain, one_of

_MOST_ENDPOINTS: Final = 1000
_MOST_ADDRESSES: Final = 100
_MOST_PORTS: Final = 20000
_MOST_HINTS: Final = 8


def create_slice(obj: Obj) -> Errors:
    """An EndpointSlice."""
    return meta.create(obj, True) + _slice(obj)


def update_slice(new: Obj, old: Obj) -> Errors:
    """An EndpointSlice keeps its address type."""
    out = meta.update(new, old) + _slice(new)
    return out + meta.immutable("addressType", new.get("addressType"), old.get("addressType"))


def _slice(obj: Obj) -> Errors:
    kind = obj.get("addressType") or ""
    out = one_of("addressType", kind, ("FQDN", "IPv4", "IPv6"))
    endpoints: list[Obj] = obj.get("endpoints") or []
    if len(endpoints) > _MOST_ENDPOINTS:
        out.append(too_many("endpoints", len(endpoints), _MOST_ENDPOINTS))
    else:
        for i, endpoint in enumerate(endpoints):
            out += _endpoint(endpoint, kind, f"endpoints[{i}]")
    return out + _slice_ports(obj.get("ports") or [])


def _slice_ports(ports: list[Obj]) -> Errors:
    if len(ports) > _MOST_PORTS:
        return [too_many("ports", len(ports), _MOST_PORTS)]
    out: Errors = []
    seen: set[str] = set()
    for i, port in enumerate(ports):
        here, name = f"ports[{i}]", port.get("name") or ""
        if name:
            out += check(f"{here}.name", name, names.dns_label)
        if name in seen:
            out.append(duplicate(f"{here}.name", name))
        seen.add(name)
        out += one_of(f"{here}.protocol", port.get("protocol") or "", ("SCTP", "TCP", "UDP"))
        if port.get("appProtocol") is not None:
            out += check(f"{here}.appProtocol", port["appProtocol"], names.qualified_name)
    return out


def _endpoint(endpoint: Obj, kind: str, path: str) -> Errors:
    addresses = endpoint.get("addresses") or []
    out: Errors = []
    if not addresses:
        out.append(required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > _MOST_ADDRESSES:
        out.append(too_many(f"{path}.addresses", len(addresses), _MOST_ADDRESSES))
    for i, given in enumerate(addresses):
        here, address = f"{path}.addresses[{i}]", given if isinstance(given, str) else ""
        if kind == "FQDN":
            out += fully_qualified_domain(here, address)
        if kind not in ("IPv4", "IPv6"):
            continue
        problems = check_ip(here, address)
        parsed = parse_ip(address)
        if not problems and parsed is not None and kind != f"IPv{parsed.version}":
            problems.append(invalid_value(here, address, f"must be an {kind} address"))
        out += problems or check_special_ip(here, address)
    if endpoint.get("nodeName") is not None:
        out += check(f"{path}.nodeName", endpoint["nodeName"], names.dns_subdomain)
    if endpoint.get("hostname") is not None:
        out += check(f"{path}.hostname", endpoint["hostname"], names.dns_label)
    return out + _hints(endpoint.get("hints") or {}, f"{path}.hints")


def _hints(hints: Obj, path: str) -> Errors:
    out: Errors = []
    for key, rule in (("forZones", names.label_value), ("forNodes", names.dns_subdomain)):
        listed = hints.get(key) or []
        if len(listed) > _MOST_HINTS:
            return [*out, too_many(f"{path}.{key}", len(listed), _MOST_HINTS)]
        seen: set[str] = set()
        for i, entry in enumerate(listed):
            here, name = f"{path}.{key}[{i}].name", entry.get("name") or ""
            if name in seen:
                out.append(duplicate(here, name))
            seen.add(name)
            out += check(here, name, rule)
    return out


def create_endpoints(obj: Obj) -> Errors:
    """Endpoints."""
    return meta.create(obj, True) + _subsets(obj)


def update_endpoints(new: Obj, old: Obj) -> Errors:
    """Endpoints replaced."""
    return meta.update(new, old) + _subsets(new)


def _subsets(obj: Obj) -> Errors:
    out: Errors = []
    for i, subset in enumerate(obj.get("subsets") or []):
        here = f"subsets[{i}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            out.append(required(here, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(key) or []):
                at = f"{here}.{key}[{j}]"
                out += check_ip(f"{at}.ip", address.get("ip") or "")
                if address.get("hostname"):
                    out += check(f"{at}.hostname", address["hostname"], names.dns_label)
                if address.get("nodeName") is not None:
                    out += check(f"{at}.nodeName", address["nodeName"], names.dns_subdomain)
                out += check_special_ip(f"{at}.ip", address.get("ip") or "")
        ports = subset.get("ports") or []
        for j, port in enumerate(ports):
            at = f"{here}.ports[{j}]"
            if port.get("name"):
                out += check(f"{at}.name", port["name"], names.dns_label)
            elif len(ports) > 1:
                out.append(required(f"{at}.name"))
            out += check_port_number(f"{at}.port", port.get("port"))
            out += one_of(f"{at}.protocol", port.get("protocol") or "", PROTOCOLS)
            if port.get("appProtocol") is not None:
                out += check(f"{at}.appProtocol", port["appProtocol"], names.qualified_name)
    return out
