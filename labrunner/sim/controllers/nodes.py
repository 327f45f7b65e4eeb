"""Nodes over time: heartbeats and leases, taints from conditions, eviction by NoExecute taints, events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import micro_timestamp, parse_timestamp, timestamp
from labrunner.sim.controllers import node_health
from labrunner.sim.controllers.disruption import mark_disrupted
from labrunner.sim.controllers.node_health import LEASES
from labrunner.sim.controllers.podstate import condition, is_finished
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.scheduler.matching import tolerates
from labrunner.sim.node.presence import is_stopped
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

RENEW: Final = 10.0
HEARTBEAT: Final = 300.0
POD_QUARANTINE: Final = 40.0
_MANAGED: Final = {
    "node.kubernetes.io/not-ready": ("Ready", ("False",)),
    "node.kubernetes.io/unreachable": ("Ready", ("Unknown",)),
    "node.kubernetes.io/memory-pressure": ("MemoryPressure", ("True",)),
    "node.kubernetes.io/disk-pressure": ("DiskPressure", ("True",)),
    "node.kubernetes.io/pid-pressure": ("PIDPressure", ("True",)),
}
_UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
_EXECUTES: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class NodeController(Controller):
    """Puts on and takes off the taints that conditions and ``unschedulable`` call for; tells of nodes that come."""

    name = "node-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._known: dict[str, bool] = {}

    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": itself}

    def reconcile(self, key: Key) -> float | None:
        node = self.api.store.get("nodes", *key)
        if node is None:
            if self._known.pop(key[1], None) is not None:
                self._tell_removed(key[1])
            return None
        self._tell(node)
        self._taint(node)
        return node_health.watch_over(self.api, node)

    def _tell_removed(self, name: str) -> None:
        gone = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
        self.event(gone, "Normal", "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")

    def _tell(self, node: Obj) -> None:
        """Events name the node as its UID, as those of the node controller and the kubelet do."""
        name = name_of(node)
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}
        cordoned = bool(get_path(node, "spec", "unschedulable", default=False))
        before = self._known.get(name)
        self._known[name] = cordoned
        if before is None:
            created = parse_timestamp(meta(node).get("creationTimestamp") or timestamp(self.api.clock.now()))
            if self.api.clock.now() - created < timedelta(seconds=30):
                text = f"Node {name} event: Registered Node {name} in Controller"
                self.event(about, "Normal", "RegisteredNode", text)
        elif before != cordoned:
            reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
            text = f"Node {name} status is now: {reason}"
            self.api.event(about, "Normal", reason, text, component="kubelet", host=name)

    def _taint(self, node: Obj) -> None:
        taints: list[Obj] = clone(get_path(node, "spec", "taints", default=[]))
        wanted = {("node.kubernetes.io/unschedulable", "NoSchedule")} if self._known[name_of(node)] else set()
        for key, (kind, values) in _MANAGED.items():
            found = condition(node, kind)
            if found is not None and found.get("status") in values:
                wanted.add((key, "NoSchedule"))
                if key in _EXECUTES:
                    wanted.add((key, "NoExecute"))
        managed = {*_MANAGED, _UNSCHEDULABLE}
        kept = [t for t in taints if t.get("key") not in managed or (t["key"], t.get("effect")) in wanted]
        have = {(t.get("key"), t.get("effect")) for t in kept}
        now = timestamp(self.api.clock.now())
        new = [{"key": k, "effect": e, "timeAdded": now} for k, e in sorted(wanted) if (k, e) not in have]
        if new or len(kept) != len(taints):
            changed = clone(node)
            changed["spec"]["taints"] = [*kept, *new]
            if not changed["spec"]["taints"]:
                del changed["spec"]["taints"]
            self.api.update("nodes", changed)


class HeartbeatController(Controller):
    """Renews the lease of every simulated node, and now and then the heartbeat in its conditions."""

    name = "kubelet"

    def watches(self) -> Mapping[str, Mapper]:
        return {LEASES: self._of_lease, "nodes": self._of_node}

    def _of_node(self, change: Change) -> Iterable[Key]:
        if change.new is not None and is_stopped(change.old or {}) and not is_stopped(change.new):
            yield "kube-node-lease", name_of(change.new)

    def _of_lease(self, change: Change) -> Iterable[Key]:
        if (
            change.new is not None
            and namespace_of(change.new) == "kube-node-lease"
            and change.type == "ADDED"
        ):
            yield key_of(change.new)

    def reconcile(self, key: Key) -> float | None:
        lease = self.api.store.get(LEASES, *key)
        node = self.api.store.get("nodes", "", key[1])
        if lease is None or node is None or is_stopped(node):
            return None
        now = self.api.clock.now()
        renewed = parse_timestamp(get_path(lease, "spec", "renewTime", default=timestamp(now)))
        if (now - renewed).total_seconds() < RENEW - 0.5:
            return RENEW - (now - renewed).total_seconds()
        changed = clone(lease)
        changed["spec"]["renewTime"] = micro_timestamp(now)
        self.api.store.put(LEASES, changed)
        conditions = get_path(node, "status", "conditions", default=[])
        beats = [parse_timestamp(c["lastHeartbeatTime"]) for c in conditions if c.get("lastHeartbeatTime")]
        if beats and (now - min(beats)).total_seconds() >= HEARTBEAT:
            fresh = clone(node)
            for found in fresh["status"]["conditions"]:
                found["lastHeartbeatTime"] = timestamp(now)
            self.api.store.put("nodes", fresh)
        return RENEW


class TaintEviction(Controller):
    """Deletes pods that do not tolerate a NoExecute taint of their node, at once or when their time is up."""

    name = "taint-eviction-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._doomed: set[str] = set()
        """UIDs of pods that are to go when their time is up."""

    def watches(self) -> Mapping[str, Mapper]:
        return {"pods": self._of_pod, "nodes": self._of_node}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new
        if (
            pod is not None
            and get_path(pod, "spec", "nodeName")
            and not get_path(change.old, "spec", "nodeName")
        ):
            yield key_of(pod)

    def _of_node(self, change: Change) -> Iterable[Key]:
        new, old = change.new, change.old
        if new is None or (old and get_path(new, "spec", "taints") == get_path(old, "spec", "taints")):
            return
        for pod in self.api.store.list("pods"):
            if get_path(pod, "spec", "nodeName") == name_of(new):
                yield key_of(pod)

    def reconcile(self, key: Key) -> float | None:
        pod = self.api.store.get("pods", *key)
        if pod is None or is_terminating(pod) or is_finished(pod):
            return None
        node = self.api.store.get("nodes", "", get_path(pod, "spec", "nodeName", default=""))
        taints = [t for t in get_path(node, "spec", "taints", default=[]) if t.get("effect") == "NoExecute"]
        left = self._left(pod, taints)
        if left is None:
            if uid_of(pod) in self._doomed:
                self._doomed.discard(uid_of(pod))
                text = f"Cancelling deletion of Pod {namespace_of(pod)}/{name_of(pod)}"
                self.event(pod, "Normal", "TaintManagerEviction", text)
            return None
        if left > 0:
            self._doomed.add(uid_of(pod))
            return left
        self._doomed.discard(uid_of(pod))
        self._evict(pod)
        return None

    def _left(self, pod: Obj, taints: list[Obj]) -> float | None:
        """Seconds until the pod has to go; None when it may stay."""
        waits: list[float] = []
        now = self.api.clock.now()
        for taint in taints:
            fitting = [t for t in get_path(pod, "spec", "tolerations", default=[]) if tolerates(t, taint)]
            if not fitting:
                return 0.0
            limits = [t["tolerationSeconds"] for t in fitting if t.get("tolerationSeconds") is not None]
            if limits:
                added = parse_timestamp(taint["timeAdded"]) if taint.get("timeAdded") else now
                waits.append(float(min(limits)) - (now - added).total_seconds())
        return max(0.0, min(waits)) if waits else None

    def _evict(self, pod: Obj) -> None:
        text = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
        self.event(pod, "Normal", "TaintManagerEviction", text)
        message = "Taint manager: deleting due to NoExecute taint"
        mark_disrupted(self.api, pod, "DeletionByTaintManager", message)
        self.api.delete("pods", name_of(pod), namespace_of(pod))


class OrphanedPods(Controller):
    """Removes pods whose node has been gone for a while: nobody is left to stop them."""

    name = "pod-garbage-collector"

    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": self._of_node, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        node = get_path(change.new, "spec", "nodeName") if change.type == "ADDED" else None
        if node and self.api.store.get("nodes", "", node) is None:
            self.requeue(("", node), POD_QUARANTINE)
        return []

    def _of_node(self, change: Change) -> Iterable[Key]:
        if change.new is None:
            self.requeue(("", name_of(change.old or {})), POD_QUARANTINE)
        return []

    def reconcile(self, key: Key) -> float | None:
        if self.api.store.get("nodes", *key) is not None:
            return None
        for pod in self.api.store.list("pods"):
            if get_path(pod, "spec", "nodeName") == key[1]:
                mark_disrupted(self.api, pod, "DeletionByPodGC", "PodGC: node no longer exists")
                self.api.delete("pods", name_of(pod), namespace_of(pod), grace_seconds=0)
        return None
