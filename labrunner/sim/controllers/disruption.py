"""PodDisruptionBudget status: how many pods there should be, are healthy, and may be disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.deployment_rules import replicas_of, scaled
from labrunner.sim.controllers.podstate import condition, is_ready
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.gotext import label_selector
from labrunner.sim.objects import (
    Obj,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    owner_controller,
    uid_of,
)
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

BUDGETS: Final = "poddisruptionbudgets.policy"
_FORGET_AFTER: Final = timedelta(minutes=2)
_SCALED: Final = frozenset(("ReplicaSet", "ReplicationController", "StatefulSet", "Deployment"))
_UNMANAGED: Final = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of "
    "the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please "
    'set ".spec.minAvailable" field of the PDB to an integer value.'
)


class _UncountableError(Exception):
    """The controllers of the pods do not say how many there are to be."""


class DisruptionController(Controller):
    """Keeps the status of budgets in step with their pods."""

    name = "controllermanager"

    def watches(self) -> Mapping[str, Mapper]:
        return {
            BUDGETS: itself,
            "pods": self._of_pod,
            **dict.fromkeys(("replicasets.apps", "deployments.apps", "statefulsets.apps"), self._of_workload),
        }

    def _of_pod(self, change: Change) -> Iterable[Key]:
        for budget in self.api.store.list(BUDGETS, namespace_of(change.new or change.old or {})):
            selector = from_label_selector(get_path(budget, "spec", "selector"))
            if any(selector.matches(labels_of(p)) for p in (change.new, change.old) if p):
                yield key_of(budget)

    def _of_workload(self, change: Change) -> Iterable[Key]:
        if change.new and change.old and replicas_of(change.new) == replicas_of(change.old):
            return
        for budget in self.api.store.list(BUDGETS, namespace_of(change.new or change.old or {})):
            yield key_of(budget)

    def reconcile(self, key: Key) -> float | None:
        budget = self.api.store.get(BUDGETS, *key)
        if budget is None or is_terminating(budget):
            return None
        selector = from_label_selector(get_path(budget, "spec", "selector"))
        pods = [p for p in self.api.store.list("pods", key[0]) if selector.matches(labels_of(p))]
        if not pods:
            self.event(budget, "Normal", "NoPods", "No matching pods found")
        disrupted, wait = self._disrupted(budget, pods)
        try:
            expected, desired = self._expectations(budget, pods)
        except _UncountableError as problem:
            text = f"Failed to calculate the number of expected pods: {problem}"
            self.event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
            self._give_up(budget, str(problem))
            return None
        healthy = sum(is_ready(p) and not is_terminating(p) and name_of(p) not in disrupted for p in pods)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status: Obj = {
            "conditions": [self._condition(budget, allowed)],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": get_path(budget, "metadata", "generation", default=1),
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        if status != (budget.get("status") or {}):
            changed = clone(budget)
            changed["status"] = status
            self.api.update_status(BUDGETS, changed)
        return wait

    def _disrupted(self, budget: Obj, pods: list[Obj]) -> tuple[dict[str, str], float | None]:
        """Evicted pods that are still there; ones that did not go in two minutes count again."""
        now = self.api.clock.now()
        there = {name_of(p): p for p in pods}
        out: dict[str, str] = {}
        waits: list[float] = []
        for name, moment in get_path(budget, "status", "disruptedPods", default={}).items():
            left = (parse_timestamp(moment) + _FORGET_AFTER - now).total_seconds()
            if name in there and not is_terminating(there[name]) and left > 0:
                out[name] = moment
                waits.append(left)
        return out, min(waits, default=None)

    def _expectations(self, budget: Obj, pods: list[Obj]) -> tuple[int, int]:
        """Expected pods and how many of them must stay healthy."""
        spec = budget.get("spec") or {}
        if spec.get("maxUnavailable") is not None:
            expected = self._controlled(budget, pods)
            return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, round_up=True))
        least = spec.get("minAvailable")
        if isinstance(least, str):
            expected = self._controlled(budget, pods)
            return expected, scaled(least, expected, round_up=True)
        return len(pods), int(least or 0)

    def _controlled(self, budget: Obj, pods: list[Obj]) -> int:
        """Sum of the sizes of the controllers behind the pods; pods without a controller cannot be counted."""
        sizes: dict[str, int] = {}
        loose = False
        for pod in pods:
            reference = owner_controller(pod)
            if reference is None:
                loose = True
                continue
            owner = self._owner(pod, pod)
            if owner is None:
                raise _UncountableError(self._why_uncountable(pod, reference))
            sizes[uid_of(owner)] = replicas_of(owner)
        if loose:
            shown = label_selector(get_path(budget, "spec", "selector"))
            self.event(budget, "Warning", "UnmanagedPods", _UNMANAGED.format(shown))
        return sum(sizes.values())

    def _why_uncountable(self, pod: Obj, reference: Obj) -> str:
        rt = self.api.registry.by_api_version(reference.get("apiVersion", ""), reference.get("kind", ""))
        if rt is not None and rt.subresource("scale") is None:
            return f"{rt.gr} does not implement the scale subresource"
        return f'found no controllers for pod "{name_of(pod)}"'

    def _give_up(self, budget: Obj, problem: str) -> None:
        """While nothing can be said about the pods, none may be disturbed."""
        changed = clone(budget)
        status = changed.setdefault("status", {})
        for field in ("currentHealthy", "desiredHealthy", "expectedPods"):
            status.setdefault(field, 0)
        status["disruptionsAllowed"] = 0
        found = self._condition(budget, 0)
        found.update(reason="SyncFailed", message=problem)
        found["observedGeneration"] = status.get("observedGeneration", 0)
        if not found["observedGeneration"]:
            del found["observedGeneration"]
        status["conditions"] = [found]
        if status != budget.get("status"):
            self.api.update_status(BUDGETS, changed)

    def _owner(self, pod: Obj, obj: Obj) -> Obj | None:
        reference = owner_controller(obj)
        if reference is None or reference.get("kind") not in _SCALED:
            return None
        rt = self.api.registry.by_api_version(reference.get("apiVersion", ""), reference["kind"])
        owner = self.api.store.get(rt.storage_gr, namespace_of(pod), reference["name"]) if rt else None
        if owner is None or uid_of(owner) != reference.get("uid"):
            return None
        return self._owner(pod, owner) or owner

    def _condition(self, budget: Obj, allowed: int) -> Obj:
        value, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
        old = condition(budget, "DisruptionAllowed")
        same = old is not None and old.get("status") == value
        return {
            "type": "DisruptionAllowed",
            "status": value,
            "reason": reason,
            "message": "",
            "observedGeneration": get_path(budget, "metadata", "generation", default=1),
            "lastTransitionTime": old["lastTransitionTime"]
            if same and old
            else timestamp(self.api.clock.now()),
        }


def mark_disrupted(api: Api, pod: Obj, reason: str, message: str) -> None:
    """Put the DisruptionTarget condition on a pod that is about to be removed."""
    changed = clone(pod)
    status = changed.setdefault("status", {})
    found = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(api.clock.now()),
        "reason": reason,
        "message": message,
        "observedGeneration": meta(pod).get("generation", 1),
    }
    status["conditions"] = [*[c for c in status.get("conditions") or [] if c["type"] != found["type"]], found]
    api.update_status("pods", changed)
