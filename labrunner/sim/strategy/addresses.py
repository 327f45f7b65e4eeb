"""Cluster IPs and node ports: which are taken, and which free one a service gets.

A real allocator picks at random; this one derives its first choice from the service's name, so that the same lab
shows the same addresses again, and walks on from there to a free one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final

from labrunner.sim.objects import Obj, get_path, is_terminating, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

SERVICE_NETWORK: Final = IPv4Network("10.96.0.0/16")
FIRST_NODE_PORT: Final = 30000
LAST_NODE_PORT: Final = 32767
# The lower part of each range is kept for addresses that authors choose themselves.
_STATIC_ADDRESSES: Final = 256
_STATIC_PORTS: Final = 86


def networks(api: Api) -> list[IPv4Network]:
    """The networks that cluster IPs may come from: those of ServiceCIDRs that are not being deleted."""
    found = [
        IPv4Network(cidr)
        for obj in api.store.list("servicecidrs.networking.k8s.io")
        if not is_terminating(obj)
        for cidr in get_path(obj, "spec", "cidrs", default=[])
        if ":" not in cidr
    ]
    return found or [SERVICE_NETWORK]


class Taken:
    """Addresses and ports of all services but one."""

    def __init__(self, api: Api, service: Obj) -> None:
        self.addresses: set[str] = set()
        self.ports: set[tuple[str, int]] = set()
        own = (namespace_of(service), name_of(service))
        for other in api.store.list("services"):
            if (namespace_of(other), name_of(other)) != own:
                self._add(other)

    def _add(self, service: Obj) -> None:
        spec: Obj = service.get("spec") or {}
        self.addresses.update(ip for ip in spec.get("clusterIPs") or [] if ip != "None")
        if spec.get("healthCheckNodePort"):
            self.ports.add(("TCP", spec["healthCheckNodePort"]))
        for port in spec.get("ports") or []:
            if port.get("nodePort"):
                self.ports.add((port.get("protocol", "TCP"), port["nodePort"]))

    def free_address(self, service: Obj) -> str:
        """A free cluster IP, or an empty string when the range is full."""
        base = int(SERVICE_NETWORK.network_address)
        size = SERVICE_NETWORK.num_addresses - 1
        start = _seed(service, "address") % (size - _STATIC_ADDRESSES) + _STATIC_ADDRESSES
        for offset in _walk(start, _STATIC_ADDRESSES, size):
            address = str(IPv4Address(base + offset))
            if address not in self.addresses:
                return address
        return ""

    def free_port(self, service: Obj, protocol: str, salt: str) -> int:
        """A free node port, or 0 when the range is full."""
        low, high = FIRST_NODE_PORT + _STATIC_PORTS, LAST_NODE_PORT + 1
        start = _seed(service, salt) % (high - low) + low
        for port in _walk(start, low, high):
            if (protocol, port) not in self.ports:
                self.ports.add((protocol, port))
                return port
        return 0


def _walk(start: int, low: int, high: int) -> Iterable[int]:
    yield from range(start, high)
    yield from range(low, start)


def _seed(service: Obj, salt: str) -> int:
    text = f"{namespace_of(service)}/{name_of(service) or uid_of(service)}/{salt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
