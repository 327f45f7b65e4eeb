"""Syntax of IP addresses and networks, strict as API fields are since v1.36 (StrictIPCIDRValidation)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from labrunner.sim.errors import invalid_value
from labrunner.sim.gotext import quote
from labrunner.sim.validation.syntax import Errors

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_BAD_IP: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_BAD_CIDR: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_LEADING_ZERO: Final = re.compile(r"(?<![0-9a-fA-F:])0+(?=[0-9])")
_MULTICAST_V4: Final = ip_network("224.0.0.0/24")
_MULTICAST_V6: Final = ip_network("ff02::/16")


def parse_ip(text: str) -> Address | None:
    """The address, or None; leading zeros are not accepted."""
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def _parse_loosely(text: str) -> Address | None:
    """The address as older servers read it: zeros in front of a decimal number do not count."""
    return parse_ip(_LEADING_ZERO.sub("", text)) if "." in text else parse_ip(text)


def parse_cidr(text: str) -> Network | None:
    """The network *text* stands for (host bits dropped), or None."""
    address, slash, mask = text.partition("/")
    found = _parse_loosely(address)
    if not slash or not mask.isdigit() or found is None:
        return None
    try:
        return ip_network(f"{found}/{int(mask)}", strict=False)
    except ValueError:
        return None


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def ip_problem(text: str) -> str:
    """What is wrong with an address, empty when nothing is."""
    loose = _parse_loosely(text)
    if loose is None:
        return _BAD_IP
    if parse_ip(text) is None:
        return "must not have leading 0s"
    return "must not be an IPv4-mapped IPv6 address" if _is_mapped(loose) else ""


def cidr_problem(text: str) -> str:
    """What is wrong with a network, empty when nothing is."""
    network = parse_cidr(text)
    address, _, mask = text.partition("/")
    if network is None:
        return _BAD_CIDR
    exact = parse_ip(address)
    if exact is None or (len(mask) > 1 and mask.startswith("0")):
        return "must not have leading 0s in IP or prefix length"
    if _is_mapped(exact):
        return "must not have an IPv4-mapped IPv6 address"
    return "" if exact == network.network_address else "must not have bits set beyond the prefix length"


def check_ip(path: str, text: str, *, canonical: bool = False) -> Errors:
    """Field errors for an IP address; newer fields want it in its *canonical* form."""
    problem = ip_problem(text)
    if not problem and canonical and str(parse_ip(text)) != text:
        problem = f"must be in canonical form ({quote(str(parse_ip(text)))})"
    return [invalid_value(path, text, problem)] if problem else []


def check_cidr(path: str, text: str, *, canonical: bool = False) -> Errors:
    """Field errors for a network; newer fields want it in its *canonical* form."""
    problem = cidr_problem(text)
    if not problem and canonical and str(parse_cidr(text)) != text:
        problem = f"must be in canonical form ({quote(str(parse_cidr(text)))})"
    return [invalid_value(path, text, problem)] if problem else []


def ip_warnings(path: str, text: str) -> list[str]:
    """Warnings for an address that is accepted but not written as RFC 5952 has it."""
    found = parse_ip(text)
    if not isinstance(found, IPv6Address) or str(found) == text:
        return []
    return [
        f"{path}: IPv6 address {quote(text)} should be in RFC 5952 canonical format ({quote(str(found))})"
    ]


def cidr_warnings(path: str, text: str) -> list[str]:
    """Warnings for a network that is accepted but not written as RFC 5952 has it."""
    found = parse_cidr(text)
    if not isinstance(found, IPv6Network) or str(found) == text:
        return []
    shown = quote(str(found))
    return [f"{path}: IPv6 CIDR value {quote(text)} should be in RFC 5952 canonical format ({shown})"]


def check_special_ip(path: str, text: str) -> Errors:
    """Field errors for addresses that endpoints and external IPs may not use."""
    address = _parse_loosely(text)
    if address is None:
        return [invalid_value(path, text, "must be a valid IP address")]
    problems: list[str] = []
    if address.is_unspecified:
        problems.append(f"may not be unspecified ({text})")
    if address.is_loopback:
        problems.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        problems.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if address in (_MULTICAST_V4 if address.version == 4 else _MULTICAST_V6):
        problems.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return [invalid_value(path, text, problem) for problem in problems]
