"""The simulated nodes' agents: they take the pods bound to their node and live them through."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.podstate import is_finished
from labrunner.sim.controllers.runner import Controller, Key, Mapper, key_of
from labrunner.sim.node.life import PodLife
from labrunner.sim.node.outcomes import CONFIG_MAP
from labrunner.sim.node.presence import is_simulated, is_stopped
from labrunner.sim.objects import Obj, get_path, is_terminating, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

_FIRST_HOST: Final = 2


class Host:
    """One simulated node: its address, the addresses of its pods, the images that count as pulled."""

    def __init__(self, api: Api, node: Obj) -> None:
        self.api = api
        self.name = name_of(node)
        self.images: set[str] = set()
        addresses = get_path(node, "status", "addresses", default=[])
        self.address = next((a["address"] for a in addresses if a.get("type") == "InternalIP"), "")
        self._network = ipaddress.ip_network(get_path(node, "spec", "podCIDR", default="10.244.255.0/24"))
        self._taken: set[str] = set()
        self._next = _FIRST_HOST

    def address_for(self, pod: Obj) -> str:
        """A free pod address, or the node's own for a pod on the host network."""
        if get_path(pod, "spec", "hostNetwork", default=False):
            return self.address
        size = self._network.num_addresses - _FIRST_HOST - 1
        for _ in range(size):
            found = str(self._network.network_address + self._next)
            self._next = _FIRST_HOST + (self._next - _FIRST_HOST + 1) % size
            if found not in self._taken:
                self._taken.add(found)
                return found
        return ""

    def claim_address(self, address: str) -> None:
        """An address that is in use already."""
        if address and address != self.address:
            self._taken.add(address)

    def release(self, address: str) -> None:
        """The address is free again."""
        self._taken.discard(address)


class KubeletController(Controller):
    """All simulated kubelets. Pods on nodes that are not simulated here (made by a learner) are left alone."""

    name = "kubelet"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._hosts: dict[str, Host] = {}
        self._lives: dict[str, PodLife] = {}

    def watches(self) -> Mapping[str, Mapper]:
        return {
            "nodes": self._of_node,
            "pods": self._of_pod,
            "configmaps": self._of_config,
            "secrets": self._of_config,
        }

    def stopped(self) -> None:
        for life in self._lives.values():
            life.end()
        self._lives.clear()

    def _of_node(self, change: Change) -> Iterable[Key]:
        node = change.new
        if node is None:
            self._lose(name_of(change.old or {}))
        elif is_stopped(node):
            self._lose(name_of(node))
        elif name_of(node) not in self._hosts and is_simulated(node):
            self._hosts[name_of(node)] = Host(self.api, node)
            for pod in self.api.store.list("pods"):
                if get_path(pod, "spec", "nodeName") == name_of(node):
                    yield key_of(pod)

    def _lose(self, node: str) -> None:
        """A node that was deleted or whose kubelet is stopped: its pods stand still."""
        self._hosts.pop(node, None)
        for uid, life in list(self._lives.items()):
            if life.host.name == node:
                life.end()
                del self._lives[uid]

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new
        if pod is None:
            life = self._lives.pop(uid_of(change.old or {}), None)
            if life is not None:
                life.stopper.torn_away()
                life.end()
        elif get_path(pod, "spec", "nodeName"):
            yield key_of(pod)

    def _of_config(self, change: Change) -> Iterable[Key]:
        scripted = name_of(change.new or change.old or {}) == CONFIG_MAP
        if scripted and change.gr == "configmaps":
            namespace = namespace_of(change.new or change.old or {})
            for life in [x for x in self._lives.values() if x.key[0] == namespace]:
                self.api.clock.call_later(0, life.rules_changed)
        elif change.new is not None:
            namespace = namespace_of(change.new)
            for life in list(self._lives.values()):
                if life.key[0] == namespace and get_path(life.pod, "status", "phase") == "Pending":
                    self.api.clock.call_later(0, life.poke)
        return []

    def reconcile(self, key: Key) -> float | None:
        pod = self.api.store.get("pods", *key)
        if pod is None:
            return None
        host = self._hosts.get(get_path(pod, "spec", "nodeName", default=""))
        if host is None:
            return None
        life = self._lives.get(uid_of(pod))
        if life is not None and not life.outdated(pod):
            life.changed(pod)
            return None
        if life is not None:
            # A restored snapshot has turned this pod's time back.
            life.end()
            del self._lives[uid_of(pod)]
        if is_finished(pod) and not is_terminating(pod):
            return None
        life = self._lives[uid_of(pod)] = PodLife(host, pod)
        if get_path(pod, "status", "startTime") or is_terminating(pod):
            life.recover()
        else:
            life.begin()
        return None
