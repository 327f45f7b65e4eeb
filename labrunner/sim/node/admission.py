"""What the kubelet checks before it takes a pod: room, selectors, ports, taints and sysctls of its own node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from labrunner.sim.controllers.scheduler import matching
from labrunner.sim.controllers.scheduler.resources import NodeRoom, pod_requests
from labrunner.sim.objects import Obj, get_path, labels_of, uid_of

_SAFE_SYSCTLS: Final = frozenset(
    (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """``reason`` becomes the pod's status reason and the event's; ``message`` is the event's."""

    reason: str
    message: str


def refusal(pod: Obj, node: Obj, others: Iterable[Obj]) -> Refusal | None:
    """Why the kubelet of *node*, where the pods *others* live already, rejects *pod*; None when it takes it."""
    for check in (_operating_system, _resources, _placement, _taints, _sysctls):
        found = check(pod, node, list(others))
        if found is not None:
            return found
    return None


def _operating_system(pod: Obj, node: Obj, _others: list[Obj]) -> Refusal | None:
    mine = labels_of(node).get("kubernetes.io/os", "linux")
    wanted = get_path(pod, "spec", "nodeSelector", default={}).get("kubernetes.io/os")
    if wanted is not None and wanted != mine:
        text = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return Refusal("PodOSSelectorNodeLabelDoesNotMatch", text)
    named = get_path(pod, "spec", "os", "name")
    if named is not None and named != mine:
        return Refusal("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _resources(pod: Obj, node: Obj, others: list[Obj]) -> Refusal | None:
    room = NodeRoom(node, [p for p in others if uid_of(p) != uid_of(pod)])
    wanted = pod_requests(pod)
    limit = room.allocatable.get("pods", 110)
    if len(room.pods) + 1 > limit:
        return _out_of("pods", 1, len(room.pods), limit)
    order = {"cpu": 0, "memory": 1, "ephemeral-storage": 2}
    for name in sorted(wanted, key=lambda n: (order.get(n, 3), n)):
        have, used = room.allocatable.get(name), room.used.get(name, 0)
        # A kubelet leaves out extended resources that its node does not know at all.
        if have is not None and wanted[name] > have - used:
            return _out_of(name, wanted[name], used, have)
    return None


def _out_of(resource: str, requested: int, used: int, capacity: int) -> Refusal:
    amounts = f"requested: {requested}, used: {used}, capacity: {capacity}"
    return Refusal(f"OutOf{resource}", f"Node didn't have enough resource: {resource}, {amounts}")


def _placement(pod: Obj, node: Obj, others: list[Obj]) -> Refusal | None:
    if not matching.matches_node_affinity(pod, node):
        return _predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    ports = matching.host_ports(pod)
    theirs = (matching.host_ports(p) for p in others if uid_of(p) != uid_of(pod))
    if ports and any(matching.ports_clash(ports, p) for p in theirs):
        return _predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    return None


def _taints(pod: Obj, node: Obj, _others: list[Obj]) -> Refusal | None:
    if any(matching.untolerated(pod, node, ("NoExecute",))):
        return _predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def _predicate(name: str, text: str) -> Refusal:
    return Refusal(name, f"Predicate {name} failed: {text}")


def _sysctls(pod: Obj, _node: Obj, _others: list[Obj]) -> Refusal | None:
    for sysctl in get_path(pod, "spec", "securityContext", "sysctls", default=[]):
        name = str(sysctl.get("name", "")).replace("/", ".")
        if name not in _SAFE_SYSCTLS:
            return Refusal("SysctlForbidden", f'forbidden sysctl: "{name}" not allowlisted')
    return None


def placed_on(pods: Iterable[Obj], node: str) -> list[Obj]:
    """Those of *pods* that take room on *node*: neither finished nor rejected."""
    over = ("Succeeded", "Failed")
    return [
        p
        for p in pods
        if get_path(p, "spec", "nodeName") == node and get_path(p, "status", "phase") not in over
    ]
