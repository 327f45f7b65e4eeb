"""The cluster IPs and families of a service, which are checked before any is allocated and with the rest again."""

from __future__ import annotations

from typing import Final

from labrunner.sim.errors import duplicate, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation.addresses import check_ip, parse_ip
from labrunner.sim.validation.syntax import Errors

_FAMILIES: Final = ("IPv4", "IPv6")
_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
_PATH: Final = "spec.clusterIPs"


def check_cluster_ips(spec: Obj) -> Errors:
    """``clusterIP``, ``clusterIPs``, ``ipFamilies`` and ``ipFamilyPolicy`` of one service, whatever its type."""
    listed: list[str] = spec.get("clusterIPs") or []
    out = _same_first(spec.get("clusterIP") or "", listed)
    seen: set[str] = set()
    for i, family in enumerate(spec.get("ipFamilies") or []):
        if family not in _FAMILIES:
            out.append(not_supported(f"spec.ipFamilies[{i}]", family, _FAMILIES))
        if family in seen:
            out.append(duplicate(f"spec.ipFamilies[{i}]", family))
        seen.add(family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        out.append(not_supported("spec.ipFamilyPolicy", policy, _POLICIES))
    problems = _listed(listed)
    out += problems
    if len(listed) > 2:
        out.append(invalid_value(_PATH, listed, "may only hold up to 2 values"))
    return out if problems else out + _by_family(listed, spec.get("ipFamilies") or [])


def _same_first(single: str, listed: list[str]) -> Errors:
    if single and not listed:
        return [required(_PATH)]
    if single and listed[0] != single:
        return [invalid_value(_PATH, listed, "first value must match `clusterIP`")]
    if listed and not single:
        return [invalid_value(_PATH, listed, "must be empty when `clusterIP` is not specified")]
    return []


def _listed(listed: list[str]) -> Errors:
    out: Errors = []
    for i, address in enumerate(listed):
        if i == 0 and address == "None":
            if len(listed) > 1:
                out.append(invalid_value(_PATH, listed, "'None' must be the first and only value"))
            continue
        out += check_ip(f"{_PATH}[{i}]", address)
    return out


def _by_family(listed: list[str], families: list[str]) -> Errors:
    versions = [parsed.version if (parsed := parse_ip(address)) else 0 for address in listed]
    out: Errors = []
    if len(listed) > 1 and (len(listed) != 2 or len(set(versions)) != 2):
        out.append(invalid_value(_PATH, listed, "may specify no more than one IP for each IP family"))
    for i, (address, family, version) in enumerate(zip(listed, families, versions, strict=False)):
        if version and family in _FAMILIES and family != f"IPv{version}":
            text = f"expected an {family} value as indicated by `ipFamilies[{i}]`"
            out.append(invalid_value(f"{_PATH}[{i}]", address, text))
    return out
