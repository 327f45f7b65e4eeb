"""DaemonSet: one pod on every node that will have it, replaced in a rolling way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers import daemonset_rollout as rollout
from labrunner.sim.controllers import pod_control
from labrunner.sim.controllers.backoff import Backoff
from labrunner.sim.controllers.ownership import claim, owners_of_kind
from labrunner.sim.controllers.podstate import available_in, is_finished, is_ready, phase
from labrunner.sim.controllers.revisions import sync_history, trim_history
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.scheduler.matching import matches_node_affinity, untolerated
from labrunner.sim.controllers.templates import REVISION_LABEL, pod_from
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    uid_of,
)
from labrunner.sim.selectors import from_label_selector
from labrunner.sim.strategy.daemonsets import GENERATION

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

SETS: Final = "daemonsets.apps"
_TOLERATED: Final = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSetController(Controller):
    """Maps DaemonSets to what :class:`_Set` does."""

    name = "daemonset-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.failures = Backoff(1.0, 900.0)

    def watches(self) -> Mapping[str, Mapper]:
        return {SETS: itself, "nodes": self._of_node, "pods": lambda c: owners_of_kind(c, "DaemonSet")}

    def _of_node(self, change: Change) -> Iterable[Key]:
        new, old = change.new, change.old
        if new and old and new.get("spec") == old.get("spec") and labels_of(new) == labels_of(old):
            return
        for found in self.api.store.list(SETS):
            yield key_of(found)

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(SETS, *key)
        return None if found is None else _Set(self, found).run()


class _Set:
    """One look at one DaemonSet."""

    def __init__(self, controller: DaemonSetController, owner: Obj) -> None:
        self.controller = controller
        self.api = controller.api
        self.owner = owner
        self.spec = owner["spec"]
        self.now = self.api.clock.now()
        self.ready_seconds = int(self.spec.get("minReadySeconds") or 0)
        self.strategy: Obj = self.spec.get("updateStrategy") or {}
        self.nodes = self.api.store.list("nodes")
        self.wait: float | None = None

    def run(self) -> float | None:
        history = sync_history(self.api, self.owner, REVISION_LABEL)
        current = labels_of(history.current).get(REVISION_LABEL, "")
        failure: ApiError | None = None
        if not is_terminating(self.owner):
            busy, failure = self._manage(current)
            if not busy and self.strategy.get("type", "RollingUpdate") == "RollingUpdate":
                failure = self._roll(current)
        self._report(current)
        used = {labels_of(p).get(REVISION_LABEL, "") for p in self._pods()}
        in_use = {name_of(r) for r in history.revisions if labels_of(r).get(REVISION_LABEL) in used}
        trim_history(self.api, history, in_use, int(self.spec.get("revisionHistoryLimit", 10)))
        if failure is not None:
            raise failure
        return self.wait

    def _pods(self) -> list[Obj]:
        selector = from_label_selector(self.spec.get("selector"))
        return claim(
            self.api, "pods", self.owner, selector, self.api.store.list("pods", namespace_of(self.owner))
        )

    def _by_node(self) -> dict[str, list[Obj]]:
        out: dict[str, list[Obj]] = {}
        for pod in self._pods():
            if not (is_terminating(pod) and is_finished(pod)):
                out.setdefault(_node_of(pod), []).append(pod)
        return out

    def _pod(self, node: str) -> Obj:
        pod = pod_from(self.spec["template"], self.owner, generate_name=f"{name_of(self.owner)}-")
        spec = pod["spec"]
        tolerations = spec.setdefault("tolerations", [])
        for key, effect in _TOLERATED:
            found = {"key": key, "operator": "Exists", "effect": effect}
            if found not in tolerations:
                tolerations.append(found)
        if spec.get("hostNetwork"):
            network = "node.kubernetes.io/network-unavailable"
            tolerations.append({"key": network, "operator": "Exists", "effect": "NoSchedule"})
        affinity = spec.setdefault("affinity", {})
        terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
        node_affinity = affinity.setdefault("nodeAffinity", {})
        node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
        return pod

    def _belongs(self, node: Obj) -> tuple[bool, bool]:
        """Whether a pod should be made on *node*, and whether one there may stay."""
        template = {
            "metadata": {"namespace": namespace_of(self.owner)},
            "spec": clone(self.spec["template"]["spec"]),
        }
        if not matches_node_affinity(template, node):
            return False, False
        extra = [{"key": k, "operator": "Exists", "effect": e} for k, e in _TOLERATED]
        template["spec"]["tolerations"] = [*(template["spec"].get("tolerations") or []), *extra]
        if any(untolerated(template, node, ("NoExecute",))):
            return False, False
        return not any(untolerated(template, node, ("NoSchedule",))), True

    # pods

    def _manage(self, current: str) -> tuple[bool, ApiError | None]:
        """One pod on every node that should have one; whether anything was done, and what was refused."""
        by_node = self._by_node()
        names = {name_of(n) for n in self.nodes}
        missing: list[str] = []
        surplus: list[Obj] = []
        for node in self.nodes:
            should, may_stay = self._belongs(node)
            there = by_node.get(name_of(node), [])
            live = [p for p in there if not is_terminating(p)]
            if should and not there:
                missing.append(name_of(node))
            elif not may_stay:
                surplus += live
            else:
                surplus += self._ended(live, name_of(node))
                running = [p for p in live if not is_finished(p)]
                surplus += rollout.excess(running, self.strategy, current, self._available)
        surplus += [p for n, pods in by_node.items() if n not in names for p in pods if not is_terminating(p)]
        failure = self._create(missing, current)
        for pod in surplus:
            self._delete(pod)
        return bool(missing or surplus), failure

    def _ended(self, pods: list[Obj], node: str) -> list[Obj]:
        """Pods that should not have ended: each is told of, and goes; failed ones of a node ever less often."""
        out: list[Obj] = []
        for pod in pods:
            where = f"{namespace_of(pod)}/{name_of(pod)} on node {node}"
            if phase(pod) == "Failed":
                left = self.controller.failures.left((uid_of(self.owner), node), self.now)
                if left > 0:
                    self.wait = min(left, self.wait or left)
                    continue
                self.controller.failures.note((uid_of(self.owner), node), self.now)
                text = f"Found failed daemon pod {where}, will try to kill it"
                self.controller.event(self.owner, "Warning", "FailedDaemonPod", text)
                out.append(pod)
            elif phase(pod) == "Succeeded":
                text = f"Found succeeded daemon pod {where}, will try to delete it"
                self.controller.event(self.owner, "Normal", "SucceededDaemonPod", text)
                out.append(pod)
        return out

    def _create(self, nodes: Iterable[str], current: str) -> ApiError | None:
        generation = annotations_of(self.owner).get(GENERATION, "1")
        added = {REVISION_LABEL: current, "pod-template-generation": generation}
        pods = [self._pod(node) for node in nodes]
        for pod in pods:
            meta(pod)["labels"] = {**labels_of(pod), **added}
        return pod_control.create(self.controller, self.owner, pods)[1]

    def _delete(self, pod: Obj) -> None:
        pod_control.delete(self.controller, self.owner, pod)

    def _available(self, pod: Obj) -> bool:
        left = available_in(pod, self.ready_seconds, self.now)
        if left:
            self.wait = min(left, self.wait or left)
        return left == 0

    def _roll(self, current: str) -> ApiError | None:
        wanted = {name_of(n) for n in self.nodes if self._belongs(n)[0]}
        found = rollout.plan(self._by_node(), wanted, self.strategy, current, self._available)
        failure = self._create(found.create, current)
        for pod in found.delete:
            self._delete(pod)
        return failure

    # status

    def _report(self, current: str) -> None:
        owner = self.api.store.get(SETS, namespace_of(self.owner), name_of(self.owner))
        if owner is None or uid_of(owner) != uid_of(self.owner):
            return
        by_node = self._by_node()
        counts = dict.fromkeys(
            ("desiredNumberScheduled", "currentNumberScheduled", "numberMisscheduled", "numberReady"), 0
        )
        available = updated = 0
        for node in self.nodes:
            should, _ = self._belongs(node)
            there = rollout.oldest_first(by_node.get(name_of(node), []))
            if not should:
                counts["numberMisscheduled"] += bool(there)
                continue
            counts["desiredNumberScheduled"] += 1
            if not there:
                continue
            oldest = there[0]
            counts["currentNumberScheduled"] += 1
            counts["numberReady"] += is_ready(oldest)
            available += is_ready(oldest) and self._available(oldest)
            updated += labels_of(oldest).get(REVISION_LABEL) == current
        status: Obj = {**counts, "observedGeneration": get_path(owner, "metadata", "generation", default=1)}
        optional = {
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberUnavailable": counts["desiredNumberScheduled"] - available,
        }
        status.update({k: v for k, v in optional.items() if v})
        if status != (owner.get("status") or {}):
            changed = clone(owner)
            changed["status"] = status
            self.api.update_status(SETS, changed)


def _node_of(pod: Obj) -> str:
    """The node the pod is on, or is meant for."""
    bound = get_path(pod, "spec", "nodeName")
    if bound:
        return str(bound)
    path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    for term in get_path(pod, "spec", *path, default=[]):
        for field in term.get("matchFields") or []:
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""
