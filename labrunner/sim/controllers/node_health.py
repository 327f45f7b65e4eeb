"""Nodes that stop reporting: their conditions become Unknown, their pods count as not ready, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.podstate import condition, is_finished, is_ready
from labrunner.sim.node.bootstrap import node_conditions
from labrunner.sim.node.presence import is_simulated, is_stopped
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

LEASES: Final = "leases.coordination.k8s.io"
STARTUP_GRACE: Final = 60.0
GRACE: Final = 50.0
"""Seconds without a heartbeat after which a node counts as unreachable."""
_KINDS: Final = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
_NEVER: Final = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
_STOPPED: Final = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
_HEALTHY: Final = (
    "NodeHasSufficientMemory",
    "NodeHasNoDiskPressure",
    "NodeHasSufficientPID",
    "NodeReady",
)


def watch_over(api: Api, node: Obj) -> float | None:
    """Note when *node* falls silent or comes back; seconds until the next look, or None."""
    if not is_simulated(node):
        return _never_seen(api, node)
    if is_stopped(node):
        return _silent(api, node)
    if (condition(node, "Ready") or {}).get("reason") == _STOPPED[0]:
        _back(api, node)
    return None


def _never_seen(api: Api, node: Obj) -> float | None:
    """A node that nobody runs on never reports."""
    if condition(node, "Ready") is not None:
        return None
    now = api.clock.now()
    created = parse_timestamp(meta(node).get("creationTimestamp") or timestamp(now))
    left = STARTUP_GRACE - (now - created).total_seconds()
    if left > 0:
        return left
    _become_unknown(api, node, *_NEVER)
    return None


def _silent(api: Api, node: Obj) -> float | None:
    now = api.clock.now()
    lease = api.store.get(LEASES, "kube-node-lease", name_of(node))
    renewed = parse_timestamp(get_path(lease, "spec", "renewTime", default=timestamp(now)))
    left = GRACE - (now - renewed).total_seconds()
    if left > 0:
        return left
    if (condition(node, "Ready") or {}).get("status") != "Unknown":
        _become_unknown(api, node, *_STOPPED)
        _tell(api, node, "NodeNotReady", "node-controller")
        for pod in _pods_on(api, name_of(node)):
            _not_ready(api, pod)
    return None


def _become_unknown(api: Api, node: Obj, reason: str, message: str) -> None:
    now = timestamp(api.clock.now())
    known = {c["type"]: c for c in get_path(node, "status", "conditions", default=[])}
    changed = clone(node)
    beat = meta(node).get("creationTimestamp") or now
    changed.setdefault("status", {})["conditions"] = [
        {
            "type": kind,
            "status": "Unknown",
            "lastHeartbeatTime": known.get(kind, {}).get("lastHeartbeatTime") or beat,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        for kind in (_KINDS if known else ("Ready", *_KINDS[:3]))
    ]
    api.update_status("nodes", changed)


def _pods_on(api: Api, node: str) -> Iterator[Obj]:
    for pod in api.store.list("pods"):
        if get_path(pod, "spec", "nodeName") == node and not is_finished(pod):
            yield pod


def _not_ready(api: Api, pod: Obj) -> None:
    api.event(pod, "Warning", "NodeNotReady", "Node is not ready", component="node-controller")
    if not is_ready(pod) or is_terminating(pod):
        return
    changed = clone(pod)
    for found in changed["status"]["conditions"]:
        if found["type"] == "Ready":
            found.update(status="False", lastTransitionTime=timestamp(api.clock.now()))
    api.update_status("pods", changed)


def _back(api: Api, node: Obj) -> None:
    changed = clone(node)
    changed["status"]["conditions"] = node_conditions(api.clock.now())
    api.update_status("nodes", changed)
    about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name_of(node), "uid": name_of(node)}}
    api.event(about, "Normal", "Starting", "Starting kubelet.", component="kubelet", host=name_of(node))
    for reason in _HEALTHY:
        _tell(api, node, reason, "kubelet")


def _tell(api: Api, node: Obj, reason: str, component: str) -> None:
    name = name_of(node)
    about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
    text = f"Node {name} status is now: {reason}"
    api.event(about, "Normal", reason, text, component=component, host=name if component == "kubelet" else "")
