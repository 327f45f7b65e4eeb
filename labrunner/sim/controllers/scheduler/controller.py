"""The default scheduler: takes pods without a node and gives them one, or keeps them until something changes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.disruption import mark_disrupted
from labrunner.sim.controllers.podstate import condition, is_finished
from labrunner.sim.controllers.provisioning import SELECTED_NODE, claim_reference
from labrunner.sim.controllers.runner import Controller, Key, Mapper, key_of
from labrunner.sim.controllers.scheduler.claims import static_volume
from labrunner.sim.controllers.scheduler.cycle import Cycle, Verdict, unschedulable_message
from labrunner.sim.controllers.scheduler.preemption import BY_SCHEDULER, Preemption, preempt, priority
from labrunner.sim.controllers.scheduler.resources import NodeRoom
from labrunner.sim.controllers.volume_matching import BOUND_BY
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

FIRST_BACKOFF: Final = 1.0
LAST_BACKOFF: Final = 10.0
FLUSH: Final = 300.0
"""Seconds after which a waiting pod is tried again even if nothing has changed."""
_RETRY_ON: Final = (
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
)


class SchedulerController(Controller):
    """Binds pods one at a time, remembering which pods had to be left."""

    name = "default-scheduler"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._rooms: dict[str, NodeRoom] = {}
        self._place: dict[str, str] = {}
        self._waiting: dict[Key, tuple[int, float]] = {}
        self._stuck: set[Key] = set()
        """Waiting pods that would not be helped if another pod went away."""

    def watches(self) -> Mapping[str, Mapper]:
        return {"nodes": self._of_node, "pods": self._of_pod, **dict.fromkeys(_RETRY_ON, self._retry)}

    def event(self, about: Obj, kind: str, reason: str, message: str) -> None:
        told = {"Scheduled": "Binding", "FailedScheduling": "Scheduling", "Preempted": "Preempting"}
        sort: Literal["Normal", "Warning"] = "Warning" if kind == "Warning" else "Normal"
        self.api.event(about, sort, reason, message, component=self.name, action=told[reason])

    # what the scheduler knows

    def _of_node(self, change: Change) -> Iterable[Key]:
        node = change.new
        if node is None:
            self._rooms.pop(name_of(change.old or {}), None)
            return []
        room = self._rooms.get(name_of(node))
        if room is not None:
            before = room.node
            room.describe(node)
            same_spec = before.get("spec") == node.get("spec")
            same_labels = meta(before).get("labels") == meta(node).get("labels")
            same_room = get_path(before, "status", "allocatable") == get_path(node, "status", "allocatable")
            return [] if same_spec and same_labels and same_room else self._retry(change)
        there = [p for p in self.api.store.list("pods") if self._counts_on(p) == name_of(node)]
        self._rooms[name_of(node)] = NodeRoom(node, there)
        self._place.update({uid_of(p): name_of(node) for p in there})
        return self._retry(change)

    @staticmethod
    def _counts_on(pod: Obj) -> str:
        return "" if is_finished(pod) else str(get_path(pod, "spec", "nodeName", default=""))

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new
        uid = uid_of(pod or change.old or {})
        was, now = self._place.get(uid, ""), "" if pod is None else self._counts_on(pod)
        if was and was != now and was in self._rooms:
            self._rooms[was].drop(uid)
        if now:
            self._place[uid] = now
            if now in self._rooms:
                self._rooms[now].add(pod or {})
        else:
            self._place.pop(uid, None)
        if was and not now:
            return self._retry(change, self._stuck)
        if pod is not None and self._is_mine(pod):
            if change.old is not None and change.old.get("spec") != pod.get("spec"):
                # Tolerations added or a gate lifted: worth another try at once.
                self._waiting.pop(key_of(pod), None)
            return [key_of(pod)]
        if now and not was:
            return self._retry_affine(change)
        if pod is None:
            self._waiting.pop(key_of(change.old or {}), None)
        return []

    def _is_mine(self, pod: Obj) -> bool:
        spec = pod.get("spec") or {}
        scheduler = spec.get("schedulerName") or "default-scheduler"
        return not spec.get("nodeName") and scheduler == self.name and not is_finished(pod)

    def _retry(self, _change: Change, without: Container[Key] = ()) -> Iterable[Key]:
        """Something may have made room: look at all waiting pods again, not more often than the back-off allows."""
        now = self.api.clock.now().timestamp()
        for key in sorted((k for k in self._waiting if k not in without), key=self._turn):
            attempts, last = self._waiting[key]
            pause = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempts - 1, 10))
            self.requeue(key, max(0.0, last + pause - now))
        return []

    def _turn(self, key: Key) -> tuple[int, str]:
        """Pods of higher priority first, then those that have waited for longer."""
        pod = self.api.store.get("pods", *key) or {}
        return -priority(pod), str(get_path(pod, "metadata", "creationTimestamp", default=""))

    def _nominated(self) -> list[Obj]:
        """Waiting pods for which room is being made."""
        waiting = (self.api.store.get("pods", *key) for key in self._waiting)
        return [p for p in waiting if p is not None and get_path(p, "status", "nominatedNodeName")]

    def _retry_affine(self, change: Change) -> Iterable[Key]:
        """A newly placed pod can only help pods that want company."""
        if any(
            get_path(self.api.store.get("pods", *key), "spec", "affinity", "podAffinity")
            for key in self._waiting
        ):
            return self._retry(change)
        return []

    # one pod

    def reconcile(self, key: Key) -> float | None:
        pod = self.api.store.get("pods", *key)
        if pod is None or not self._is_mine(pod) or is_terminating(pod):
            self._waiting.pop(key, None)
            return None
        if get_path(pod, "spec", "schedulingGates"):
            self._gate(pod)
            return None
        if key in self._waiting and not self._due(key):
            return None
        cycle = Cycle(self.api, pod, self._rooms, self._nominated())
        verdict = cycle.decide()
        if verdict.node:
            self._waiting.pop(key, None)
            self._bind(pod, verdict)
        else:
            self._fail(key, pod, cycle, verdict)
            return FLUSH
        return None

    def _due(self, key: Key) -> bool:
        """An update of a waiting pod alone (its own status) is no reason to try again at once."""
        attempts, last = self._waiting[key]
        pause = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(attempts - 1, 10))
        return bool(self.api.clock.now().timestamp() >= last + pause - 0.001)

    def _gate(self, pod: Obj) -> None:
        if condition(pod, "PodScheduled") is None:
            text = "Scheduling is blocked due to non-empty scheduling gates"
            self._set_unscheduled(pod, "SchedulingGated", text)

    def _bind(self, pod: Obj, verdict: Verdict) -> None:
        if verdict.claims.waiting:
            self._select_node(verdict)
            self._waiting[key_of(pod)] = (1, self.api.clock.now().timestamp() - FIRST_BACKOFF)
            return
        self._assign(pod, verdict.node)
        about = f"{namespace_of(pod)}/{name_of(pod)}"
        self.event(pod, "Normal", "Scheduled", f"Successfully assigned {about} to {verdict.node}")

    def _assign(self, pod: Obj, node: str) -> None:
        """What the binding subresource does: the node's name and the PodScheduled condition in one step."""
        changed = clone(pod)
        changed["spec"]["nodeName"] = node
        status = changed.setdefault("status", {})
        others = [c for c in status.get("conditions") or [] if c["type"] != "PodScheduled"]
        found = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        found["lastTransitionTime"] = timestamp(self.api.clock.now())
        status["conditions"] = [*others, found]
        status.pop("nominatedNodeName", None)
        self.api.store.put("pods", changed)

    def _select_node(self, verdict: Verdict) -> None:
        """Reserve volumes that are there already; else say where the first consumer is going to be."""
        node = self._rooms[verdict.node].node
        for claim in verdict.claims.waiting:
            volume = static_volume(self.api, claim, node)
            if volume is not None:
                changed = clone(volume)
                changed["spec"]["claimRef"] = claim_reference(claim)
                meta(changed).setdefault("annotations", {})[BOUND_BY] = "yes"
                self.api.update("persistentvolumes", changed, manager="kube-scheduler")
                continue
            changed = clone(claim)
            meta(changed).setdefault("annotations", {})[SELECTED_NODE] = verdict.node
            self.api.update("persistentvolumeclaims", changed, manager="kube-scheduler")

    def _fail(self, key: Key, pod: Obj, cycle: Cycle, verdict: Verdict) -> None:
        room = Preemption(kept=True) if verdict.refusal or not self._rooms else preempt(cycle, verdict)
        message = unschedulable_message(verdict, len(self._rooms), room.why)
        attempts = self._waiting.get(key, (0, 0.0))[0] + 1
        self._waiting[key] = (attempts, self.api.clock.now().timestamp())
        if all(any(final for _, final in problems) for problems in verdict.problems.values()):
            self._stuck.add(key)
        else:
            self._stuck.discard(key)
        self.event(pod, "Warning", "FailedScheduling", message)
        self._set_unscheduled(pod, "Unschedulable", message, None if room.kept else room.node)
        for victim in room.victims:
            self._preempt(victim, pod, room.node)

    def _set_unscheduled(self, pod: Obj, reason: str, message: str, nominated: str | None = None) -> None:
        """*nominated*: the node that room is made on, empty for none; None leaves that as it is."""
        now = timestamp(self.api.clock.now())
        found: Obj = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        if reason == "Unschedulable":
            found["observedGeneration"] = meta(pod).get("generation", 1)
        before = condition(pod, "PodScheduled")
        if before is not None and before.get("status") == "False":
            found["lastTransitionTime"] = before["lastTransitionTime"]
        unchanged = nominated in (None, get_path(pod, "status", "nominatedNodeName", default=""))
        if before == found and unchanged:
            return
        changed = clone(pod)
        status = changed.setdefault("status", {})
        others = [c for c in status.get("conditions") or [] if c["type"] != "PodScheduled"]
        status["conditions"] = [*others, found]
        if nominated is not None:
            status["nominatedNodeName"] = nominated
        if not status.get("nominatedNodeName"):
            status.pop("nominatedNodeName", None)
        self.api.update_status("pods", changed, manager="kube-scheduler")

    def _preempt(self, victim: Obj, pod: Obj, node: str) -> None:
        try:
            message = "default-scheduler: preempting to accommodate a higher priority pod"
            mark_disrupted(self.api, victim, BY_SCHEDULER, message)
            self.api.delete("pods", name_of(victim), namespace_of(victim))
        except ApiError as error:
            if error.code != 404:
                raise
        self.event(victim, "Normal", "Preempted", f"Preempted by pod {uid_of(pod)} on node {node}")
