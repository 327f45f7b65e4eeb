"""Nodes: resources, addresses, taints and the networks of their pods."""

from __future__ import annotations

from labrunner.sim.errors import duplicate, forbidden_field, invalid_value
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import meta, quantities, scheduling
from labrunner.sim.validation.addresses import check_cidr, parse_cidr
from labrunner.sim.validation.syntax import Errors

_CIDRS = "spec.podCIDRs"


def create(obj: Obj) -> Errors:
    """A Node."""
    spec: Obj = obj.get("spec") or {}
    out = meta.create(obj, False)
    out += scheduling.taints(spec.get("taints") or [], "metadata.taints")
    out += _resources(obj)
    return out + _networks(spec.get("podCIDRs") or [])


def update(new: Obj, old: Obj) -> Errors:
    """A Node replaced; the new one is checked like a fresh one first."""
    return create(new) + status(new, old)


def status(new: Obj, old: Obj) -> Errors:
    """What an update must respect whichever endpoint it goes through."""
    out = meta.update(new, old) + _resources(new)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    seen: list[Obj] = []
    for i, address in enumerate(get_path(new, "status", "addresses", default=[])):
        if address in seen:
            shown = {"Type": address.get("type") or "", "Address": address.get("address") or ""}
            out.append(duplicate(f"status.addresses[{i}]", shown))
        seen.append(address)
    known = before.get("podCIDRs") or []
    if known and known != (after.get("podCIDRs") or []):
        text = 'node updates may not change podCIDR except from "" to valid'
        out.append(forbidden_field(_CIDRS, text))
    if before.get("providerID") and before["providerID"] != after.get("providerID"):
        text = 'node updates may not change providerID except from "" to valid'
        out.append(forbidden_field("spec.providerID", text))
    return out + scheduling.taints(after.get("taints") or [], "metadata.taints")


def _resources(obj: Obj) -> Errors:
    out: Errors = []
    for key in ("capacity", "allocatable"):
        for name, value in sorted(get_path(obj, "status", key, default={}).items()):
            out += quantities.quantity_value(name, value, f"status.{key}.{name}")
    return out


def _networks(found: list[str]) -> Errors:
    out = [error for i, cidr in enumerate(found) for error in check_cidr(f"{_CIDRS}[{i}]", cidr)]
    networks = [network for cidr in found if (network := parse_cidr(cidr)) is not None]
    if len(found) > 2 or (len(found) == 2 and len({n.version for n in networks}) == 1 and not out):
        out.append(invalid_value(_CIDRS, found, "may specify no more than one CIDR for each IP family"))
    out += [duplicate(f"{_CIDRS}[{i}]", cidr) for i, cidr in enumerate(found) if cidr in found[:i]]
    return out
