"""Functions that Kubernetes adds to CEL: addresses, URLs, quantities and named formats."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from labrunner.sim import quantity
from labrunner.sim.crd import formats
from labrunner.sim.crd.cel import versions
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import Address, Network, Optional
from labrunner.sim.crd.cel.operators import no_overload
from labrunner.sim.names import dns_1035_label, dns_label, dns_subdomain, label_value, qualified_name
from labrunner.sim.quantity import Quantity


def _ip(text: Any) -> Address:
    if not isinstance(text, str):
        no_overload()
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise CelError(f"IP Address {text!r} parse error during conversion from string") from None
    return found


def _is_ip(text: Any, version: int = 0) -> bool:
    try:
        return _ip(text).version in ((version,) if version else (4, 6))
    except CelError:
        return False


def _cidr(text: Any) -> Network:
    if not isinstance(text, str) or "/" not in text:
        raise CelError(f"network address parse error during conversion from string: {text!r}")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise CelError(f"network address parse error during conversion from string: {text!r}") from None


def _is_cidr(text: Any) -> bool:
    try:
        _cidr(text)
    except CelError:
        return False
    return True


def _contains_ip(network: Network, address: Any) -> bool:
    found = _ip(address) if isinstance(address, str) else address
    return bool(found.version == network.version and found in network)


def _url(text: Any) -> SplitResult:
    if not isinstance(text, str):
        no_overload()
    if not formats.fits("uri", text):
        raise CelError(
            f'URL parse error during conversion from string: parse "{text}": invalid URI for request'
        )
    return urlsplit(text)


def _is_url(text: Any) -> bool:
    try:
        _url(text)
    except CelError:
        return False
    return True


def _host(found: SplitResult) -> str:
    return found.netloc.rpartition("@")[2]


def _quantity(text: Any) -> Quantity:
    try:
        return quantity.parse(text)
    except ValueError as error:
        raise CelError(str(error)) from None


def _is_quantity(text: Any) -> bool:
    try:
        _quantity(text)
    except CelError:
        return False
    return True


def _amount(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity.of(int(value))


def _compare(one: Any, other: Any) -> int:
    return -1 if one < other else int(other < one)


def _validated(check: Callable[[str], list[str]]) -> Callable[[Any], Optional]:
    def run(text: Any) -> Optional:
        problems = check(text)
        return Optional(problems, True) if problems else Optional()

    return run


def _of_format(name: str) -> Callable[[str], list[str]]:
    return lambda text: [] if formats.fits(name, text) else [f"invalid {name}"]


_FORMATS: Final[dict[str, Callable[[str], list[str]]]] = {
    "dns1123Label": dns_label,
    "dns1123LabelPrefix": lambda text: dns_label(text.removesuffix("-")),
    "dns1123SubdomainPrefix": lambda text: dns_subdomain(text.removesuffix("-")),
    "dns1035Label": dns_1035_label,
    "dns1035LabelPrefix": lambda text: dns_1035_label(text.removesuffix("-")),
    "dns1123Subdomain": dns_subdomain,
    "qualifiedName": qualified_name,
    "labelValue": label_value,
    **{name: _of_format(name) for name in ("uri", "uuid", "byte", "date", "datetime")},
}


def _named_format(name: str) -> Optional:
    return Optional(_FORMATS[name], True) if name in _FORMATS else Optional()


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "ip": lambda value: value.network_address if hasattr(value, "network_address") else _ip(value),
    "isIP": _is_ip,
    "family": lambda value: value.version,
    "isLoopback": lambda value: value.is_loopback,
    "isUnspecified": lambda value: value.is_unspecified,
    "isLinkLocalMulticast": lambda value: value.is_multicast and value.is_link_local,
    "isLinkLocalUnicast": lambda value: value.is_link_local and not value.is_multicast,
    "isGlobalUnicast": lambda value: (
        not (value.is_multicast or value.is_loopback or value.is_unspecified or value.is_link_local)
    ),
    "ip.isCanonical": lambda text: str(_ip(text)) == text,
    "cidr": _cidr,
    "isCIDR": _is_cidr,
    "containsIP": _contains_ip,
    "containsCIDR": lambda network, other: (_cidr(other) if isinstance(other, str) else other).subnet_of(
        network
    ),
    "prefixLength": lambda network: network.prefixlen,
    "masked": lambda network: network,
    "url": _url,
    "isURL": _is_url,
    "getScheme": lambda found: found.scheme,
    "getHost": _host,
    "getHostname": lambda found: found.hostname or "",
    "getPort": lambda found: str(found.port) if found.port is not None else "",
    "getEscapedPath": lambda found: found.path,
    "getQuery": lambda found: parse_qs(found.query, keep_blank_values=True),
    "semver": versions.semver,
    "isSemver": versions.is_semver,
    "major": lambda found: found.major,
    "minor": lambda found: found.minor,
    "patch": lambda found: found.patch,
    "jsonpatch.escapeKey": lambda text: text.replace("~", "~0").replace("/", "~1"),
    "quantity": _quantity,
    "isQuantity": _is_quantity,
    "isInteger": lambda value: value.milli() % 1000 == 0,
    "asInteger": lambda value: value.value(),
    "asApproximateFloat": lambda value: value.milli() / 1000,
    "sign": lambda value: _compare(value, Quantity.of(0)),
    "add": lambda one, other: one + _amount(other),
    "sub": lambda one, other: one - _amount(other),
    "compareTo": _compare,
    "isGreaterThan": lambda one, other: other < one,
    "isLessThan": lambda one, other: one < other,
    "format.named": _named_format,
    "validate": lambda check, text: _validated(check)(text),
    **{f"format.{name}": (lambda found=check: found) for name, check in _FORMATS.items()},
}
