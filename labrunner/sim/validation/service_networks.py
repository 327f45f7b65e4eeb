"""ServiceCIDRs and IPAddresses: the networks of cluster IPs and who holds which of their addresses."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import invalid_value, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.addresses import check_cidr, ip_problem, parse_cidr, parse_ip
from labrunner.sim.validation.syntax import Errors, check

_CIDRS: Final = "spec.cidrs"
_ONE_EACH: Final = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def create_service_cidr(obj: Obj) -> Errors:
    """A ServiceCIDR."""
    out = meta.create(obj, False)
    spec: Obj = obj.get("spec") or {}
    cidrs: list[str] = spec.get("cidrs") or []
    if not cidrs:
        return [*out, required(_CIDRS, "at least one CIDR required")]
    shown = {"CIDRs": cidrs}
    if len(cidrs) > 2:
        return [*out, invalid_value(_CIDRS, shown, "may only hold up to 2 values")]
    networks = [parse_cidr(cidr) for cidr in cidrs]
    if len(cidrs) == 2 and len({n.version for n in networks if n is not None}) != 2:
        return [*out, invalid_value(_CIDRS, shown, _ONE_EACH)]
    for i, cidr in enumerate(cidrs):
        out += check_cidr(f"{_CIDRS}[{i}]", cidr, canonical=True)
    return out


def update_service_cidr(new: Obj, old: Obj) -> Errors:
    """A ServiceCIDR keeps its networks."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    return meta.update(new, old) + meta.immutable(_CIDRS, after.get("cidrs"), before.get("cidrs"))


def _address_name(name: str) -> list[str]:
    problem = ip_problem(name)
    if not problem and str(parse_ip(name)) != name:
        problem = f'must be in canonical form ("{parse_ip(name)}")'
    return [problem] if problem else []


def create_ip_address(obj: Obj) -> Errors:
    """An IPAddress, which is named after the address."""
    out = meta.create(obj, False, _address_name)
    path = "spec.parentRef"
    parent: Obj | None = (obj.get("spec") or {}).get("parentRef")
    if parent is None:
        return [*out, required(path)]
    if parent.get("group"):
        out += check(f"{path}.group", parent["group"], names.dns_subdomain)
    for key in ("resource", "name"):
        value = parent.get(key) or ""
        out += check(f"{path}.{key}", value, names.path_segment) if value else [required(f"{path}.{key}")]
    if parent.get("namespace"):
        out += check(f"{path}.namespace", parent["namespace"], names.path_segment)
    return out


def update_ip_address(new: Obj, old: Obj) -> Errors:
    """An IPAddress stays with its owner."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    return meta.update(new, old) + meta.immutable(
        "spec.parentRef", after.get("parentRef"), before.get("parentRef")
    )
