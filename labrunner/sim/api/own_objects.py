"""Objects that the API server itself keeps: its network of cluster IPs, its groups as APIServices, flow control."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.flow_control import flow_schemas, priority_levels
from labrunner.sim.clock import timestamp
from labrunner.sim.objects import Obj
from labrunner.sim.strategy.addresses import SERVICE_NETWORK

if TYPE_CHECKING:
    from labrunner.sim.resources import Registry

API_SERVICES: Final = "apiservices.apiregistration.k8s.io"
SERVICE_CIDRS: Final = "servicecidrs.networking.k8s.io"
IP_ADDRESSES: Final = "ipaddresses.networking.k8s.io"
AUTOMANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"

# Where a group stands among the others, and a version among those of its group.
_PRIORITIES: Final[dict[str, tuple[int, int]]] = {
    "": (18000, 1),
    "apps": (17800, 15),
    "events.k8s.io": (17750, 15),
    "authentication.k8s.io": (17700, 15),
    "authorization.k8s.io": (17600, 15),
    "autoscaling": (17500, 15),
    "batch": (17400, 15),
    "certificates.k8s.io": (17300, 15),
    "networking.k8s.io": (17200, 15),
    "policy": (17100, 15),
    "rbac.authorization.k8s.io": (17000, 15),
    "storage.k8s.io": (16800, 15),
    "apiextensions.k8s.io": (16700, 15),
    "admissionregistration.k8s.io": (16700, 15),
    "scheduling.k8s.io": (16600, 15),
    "coordination.k8s.io": (16500, 15),
    "node.k8s.io": (16300, 15),
    "discovery.k8s.io": (16200, 15),
    "flowcontrol.apiserver.k8s.io": (16100, 21),
    "resource.k8s.io": (15900, 15),
}
_CUSTOM: Final = (1000, 100)


def own_objects(registry: Registry, now: datetime) -> Iterator[tuple[str, Obj]]:
    """Pairs of resource and object of a new cluster, without creation times except where a condition has one."""
    moment = timestamp(now)
    yield SERVICE_CIDRS, _service_cidr(moment)
    first = str(SERVICE_NETWORK.network_address + 1)
    yield IP_ADDRESSES, ip_address(first, "default", "kubernetes")
    for group in registry.groups():
        for version in group.versions if group.group in _PRIORITIES else ():
            yield API_SERVICES, api_service(group.group, version, moment, custom=False)
    for level in priority_levels():
        yield "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", level
    for schema in flow_schemas(moment):
        yield "flowschemas.flowcontrol.apiserver.k8s.io", schema


def _service_cidr(moment: str) -> Obj:
    condition = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": moment,
        "reason": "",
        "message": "Kubernetes Service CIDR is ready",
    }
    return {
        "metadata": {"name": "kubernetes", "finalizers": ["networking.k8s.io/service-cidr-finalizer"]},
        "spec": {"cidrs": [str(SERVICE_NETWORK)]},
        "status": {"conditions": [condition]},
    }


def ip_address(address: str, namespace: str, service: str) -> Obj:
    """The IPAddress that says which service holds a cluster IP."""
    labels = {
        "ipaddress.kubernetes.io/ip-family": "IPv6" if ":" in address else "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    return {
        "metadata": {"name": address, "labels": labels},
        "spec": {"parentRef": {"resource": "services", "namespace": namespace, "name": service}},
    }


def api_service(group: str, version: str, moment: str, *, custom: bool) -> Obj:
    """The APIService of a group and version that this server serves itself; *moment* dates its condition."""
    of_group, of_version = _CUSTOM if custom else _PRIORITIES[group]
    if (group, version) == ("autoscaling", "v2"):
        of_version = 30
    condition = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": moment,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {
        "metadata": {
            "name": f"{version}.{group}",
            "labels": {AUTOMANAGED: "true" if custom else "onstart"},
        },
        "spec": {
            **({"group": group} if group else {}),
            "version": version,
            "groupPriorityMinimum": of_group,
            "versionPriority": of_version,
        },
        "status": {"conditions": [condition]},
    }
