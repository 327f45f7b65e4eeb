"""What the API server's own loops keep in step: IPAddresses of services, APIServices of custom groups, ``kubernetes``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from ipaddress import ip_address as ip_address_of
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.own_objects import (
    API_SERVICES,
    AUTOMANAGED,
    IP_ADDRESSES,
    SERVICE_CIDRS,
    api_service,
    ip_address,
)
from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.node.bootstrap import kubernetes_service
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, labels_of, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change

_DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
_RECREATED_AFTER: Final = 10.0
_FINALIZER: Final = "networking.k8s.io/service-cidr-finalizer"


class ClusterAddresses(Controller):
    """An IPAddress for each cluster IP in use, and none for the others."""

    name = "ipallocator"

    def watches(self) -> Mapping[str, Mapper]:
        return {"services": _addresses_of, IP_ADDRESSES: itself}

    def reconcile(self, key: Key) -> float | None:
        address = key[1]
        found = self.api.store.get(IP_ADDRESSES, "", address)
        holder = self._holder(address)
        if holder is not None and found is None:
            self.api.create(IP_ADDRESSES, ip_address(address, namespace_of(holder), name_of(holder)))
        elif holder is None and found is not None and _is_services(found):
            self.api.delete(IP_ADDRESSES, address)
        return None

    def _holder(self, address: str) -> Obj | None:
        for service in self.api.store.list("services"):
            if address in get_path(service, "spec", "clusterIPs", default=[]):
                return service
        return None


def _addresses_of(change: Change) -> Iterable[Key]:
    for service in (change.old, change.new):
        for address in get_path(service, "spec", "clusterIPs", default=[]):
            if address != "None":
                yield "", address


def _is_services(found: Obj) -> bool:
    return labels_of(found).get("ipaddress.kubernetes.io/managed-by") == "ipallocator.k8s.io"


class ServiceNetworks(Controller):
    """ServiceCIDRs: ready for use, and not gone before their last address is."""

    name = "servicecidrs-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {SERVICE_CIDRS: itself, IP_ADDRESSES: self._all}

    def _all(self, change: Change) -> Iterable[Key]:
        if change.new is None:
            yield from (("", name_of(found)) for found in self.api.store.list(SERVICE_CIDRS))

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(SERVICE_CIDRS, *key)
        if found is None:
            return None
        if is_terminating(found):
            self._release(found)
        elif _FINALIZER not in (found["metadata"].get("finalizers") or []):
            changed = clone(found)
            changed["metadata"].setdefault("finalizers", []).append(_FINALIZER)
            self.api.update(SERVICE_CIDRS, changed)
        elif not get_path(found, "status", "conditions"):
            self._say(found, "True", "", "Kubernetes Service CIDR is ready")
        return None

    def _release(self, found: Obj) -> None:
        own = _networks(found)
        others = [
            network
            for other in self.api.store.list(SERVICE_CIDRS)
            if name_of(other) != name_of(found) and not is_terminating(other)
            for network in _networks(other)
        ]
        used = (ip_address_of(name_of(address)) for address in self.api.store.list(IP_ADDRESSES))
        if any(_within(address, own) and not _within(address, others) for address in used):
            text = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
            if get_path(found, "status", "conditions", default=[{}])[0].get("reason") != "Terminating":
                self._say(found, "False", "Terminating", text)
            return
        changed = clone(found)
        changed["metadata"]["finalizers"] = [
            f for f in changed["metadata"].get("finalizers") or [] if f != _FINALIZER
        ]
        self.api.update(SERVICE_CIDRS, changed)

    def _say(self, found: Obj, status: str, reason: str, message: str) -> None:
        changed = clone(found)
        condition = {
            "type": "Ready",
            "status": status,
            "lastTransitionTime": timestamp(self.api.clock.now()),
            "reason": reason,
            "message": message,
        }
        changed["status"] = {"conditions": [condition]}
        self.api.update_status(SERVICE_CIDRS, changed)


def _networks(found: Obj) -> list[IPv4Network | IPv6Network]:
    return [ip_network(cidr) for cidr in get_path(found, "spec", "cidrs", default=[])]


def _within(address: IPv4Address | IPv6Address, found: list[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in found)


class CustomGroups(Controller):
    """An APIService for each group and version that a definition serves."""

    name = "crd-autoregister"

    def watches(self) -> Mapping[str, Mapper]:
        return {_DEFINITIONS: _groups_of, API_SERVICES: itself}

    def reconcile(self, key: Key) -> float | None:
        version, _, group = key[1].partition(".")
        found = self.api.store.get(API_SERVICES, "", key[1])
        wanted = any(key in _served(definition) for definition in self.api.store.list(_DEFINITIONS))
        if wanted and found is None:
            moment = timestamp(self.api.clock.now())
            self.api.create(API_SERVICES, api_service(group, version, moment, custom=True))
        elif not wanted and found is not None and labels_of(found).get(AUTOMANAGED) == "true":
            self.api.delete(API_SERVICES, key[1])
        return None


def _served(definition: Obj) -> list[Key]:
    group = get_path(definition, "spec", "group", default="")
    versions = get_path(definition, "spec", "versions", default=[])
    return [("", f"{version['name']}.{group}") for version in versions if version.get("served")]


def _groups_of(change: Change) -> Iterable[Key]:
    for definition in (change.old, change.new):
        if definition is not None:
            yield from _served(definition)


class ExtensionServers(Controller):
    """Says of APIServices with a service of their own why it does not answer: nothing runs in this cluster's pods."""

    name = "available-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {API_SERVICES: itself, "services": lambda _: self._served()}

    def _served(self) -> Iterable[Key]:
        for found in self.api.store.list(API_SERVICES):
            if get_path(found, "spec", "service"):
                yield "", name_of(found)

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(API_SERVICES, *key)
        where = get_path(found, "spec", "service")
        if found is None or not where:
            return None
        namespace, name = where.get("namespace", ""), where.get("name", "")
        reason, message = "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
        if self.api.store.get("services", namespace, name) is not None:
            reason, message = "FailedDiscoveryCheck", "nothing answers: this cluster is simulated"
        before = get_path(found, "status", "conditions", 0, default={})
        if before.get("reason") != reason:
            condition = {
                "type": "Available",
                "status": "False",
                "lastTransitionTime": timestamp(self.api.clock.now()),
                "reason": reason,
                "message": message,
            }
            self.api.update_status(API_SERVICES, {**found, "status": {"conditions": [condition]}})
        return None


class OwnService(Controller):
    """The service ``kubernetes``, which comes back some seconds after it was deleted."""

    name = "kubernetes-service"
    _missed = False

    def watches(self) -> Mapping[str, Mapper]:
        return {"services": _only_own}

    def reconcile(self, key: Key) -> float | None:
        if self.api.store.get("services", *key) is not None:
            self._missed = False
            return None
        if not self._missed:
            self._missed = True
            return _RECREATED_AFTER
        for gr, obj in kubernetes_service(self.api.clock.now()):
            if self.api.store.get(gr, *key) is None:
                self.api.create(gr, obj)
        return None


def _only_own(change: Change) -> Iterable[Key]:
    return [key for key in itself(change) if key == ("default", "kubernetes")]
