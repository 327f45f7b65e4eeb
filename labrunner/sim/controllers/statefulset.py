"""StatefulSet: pods with ordinals and claims of their own, one after the other, updated from the last to the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers import statefulset_claims as claims
from labrunner.sim.controllers.ownership import claim, controlled_by, owners_of_kind
from labrunner.sim.controllers.podstate import available_in, is_finished, is_ready, phase
from labrunner.sim.controllers.revisions import sync_history, template_of, trim_history
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.controllers.templates import REVISION_LABEL, pod_from
from labrunner.sim.errors import ApiError, internal
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
    from labrunner.sim.store import Change

SETS: Final = "statefulsets.apps"
POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
BURST: Final = 50
POD_INDEX: Final = "apps.kubernetes.io/pod-index"


def ordinal_of(pod: Obj) -> int:
    """The number at the end of the pod's name; -1 without one."""
    found = re.fullmatch(r".*-(\d+)", name_of(pod))
    return int(found[1]) if found else -1


def revision_label(pod: Obj) -> str:
    """The name of the revision the pod was made of."""
    return labels_of(pod).get(REVISION_LABEL, "")


class StatefulSetController(Controller):
    """Maps StatefulSets to what :class:`_Set` does."""

    name = "statefulset-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {SETS: itself, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        yield from owners_of_kind(change, "StatefulSet")
        pod = change.new
        if pod is not None and owner_controller(pod) is None and ordinal_of(pod) >= 0:
            yield namespace_of(pod), name_of(pod).rpartition("-")[0]

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(SETS, *key)
        if found is None:
            return None
        return _Set(self, found).run()


class _Set:
    """One look at one StatefulSet."""

    def __init__(self, controller: StatefulSetController, owner: Obj) -> None:
        self.controller = controller
        self.api = controller.api
        self.owner = owner
        self.spec = owner["spec"]
        self.now = self.api.clock.now()
        self.ready_seconds = int(self.spec.get("minReadySeconds") or 0)
        self.ordered = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        self.first = int(get_path(self.spec, "ordinals", "start", default=0))
        self.wanted = 1 if self.spec.get("replicas") is None else int(self.spec["replicas"])
        self.wait: float | None = None

    def run(self) -> float | None:
        history = sync_history(self.api, self.owner, "controller.kubernetes.io/hash")
        status = self.owner.get("status") or {}
        update = history.current
        current = history.named(status.get("currentRevision", "")) or update
        failure: ApiError | None = None
        if not is_terminating(self.owner):
            try:
                self._manage(current, update)
            except ApiError as error:
                failure = error
        self._report(current, update)
        in_use = {name_of(current), *(revision_label(p) for p in self._pods())}
        trim_history(self.api, history, in_use, int(self.spec.get("revisionHistoryLimit", 10)))
        if failure is not None:
            raise failure
        return self.wait

    def _pods(self) -> list[Obj]:
        selector = from_label_selector(self.spec.get("selector"))
        prefix = f"{name_of(self.owner)}-"
        candidates = [
            p
            for p in self.api.store.list("pods", namespace_of(self.owner))
            if controlled_by(p, self.owner)
            or (name_of(p).startswith(prefix) and ordinal_of(p) >= 0 and owner_controller(p) is None)
        ]
        return claim(self.api, "pods", self.owner, selector, candidates)

    def _healthy(self, pod: Obj) -> bool:
        if is_terminating(pod) or phase(pod) != "Running" or not is_ready(pod):
            return False
        left = available_in(pod, self.ready_seconds, self.now)
        if left:
            self.wait = min(left, self.wait or left)
        return left == 0

    # creating, scaling down, updating

    def _manage(self, current: Obj, update: Obj) -> None:
        pods = {ordinal_of(p): p for p in self._pods()}
        numbers = range(self.first, self.first + self.wanted)
        made = 0
        for number in numbers:
            made += number not in pods
            if not self._process(number, pods.get(number), current, update) and self.ordered:
                return
            if made == BURST:
                # The new pods bring this set back to the queue; requests are answered in between.
                return
        condemned = sorted((n for n in pods if n not in numbers), reverse=True)
        for number in condemned:
            claims.align_owners(self.api, self.owner, pods[number], scaled_down=True)
        sick = [n for n in (*numbers, *reversed(condemned)) if n not in pods or not self._healthy(pods[n])]
        for number in condemned:
            if not self._scale_down(pods[number], sick[0] if sick else -1) and self.ordered:
                return
        self._roll({n: p for n, p in pods.items() if n in numbers}, update)

    def _process(self, number: int, pod: Obj | None, current: Obj, update: Obj) -> bool:
        """Whether the replica is as it should be, so that the next may follow."""
        name = f"{name_of(self.owner)}-{number}"
        if pod is None:
            if claims.stale(self.api, self.owner, name):
                self.wait = 1.0
                return False
            self._create(number, name, current if self._keeps_current(number, current, update) else update)
            return False
        if is_finished(pod):
            if not is_terminating(pod):
                self._delete(pod)
            return False
        if phase(pod) == "Pending":
            claims.create_missing(self.controller, self.owner, name)
        healthy = self._healthy(pod)
        if healthy or not self.ordered:
            self._keep_identity(number, pod)
        return healthy

    def _keep_identity(self, number: int, pod: Obj) -> None:
        """Bring back the labels that name the pod, should somebody have changed them; see to its claims' owners."""
        claims.align_owners(self.api, self.owner, pod, scaled_down=False)
        wanted = {POD_NAME: name_of(pod), POD_INDEX: str(number)}
        if wanted.items() <= labels_of(pod).items():
            return
        changed = clone(pod)
        meta(changed).setdefault("labels", {}).update(wanted)
        self.api.update("pods", changed)
        self._tell("Update", name_of(pod))

    def _tell(self, verb: str, pod: str, problem: str = "") -> None:
        text = f"{verb} Pod {pod} in StatefulSet {name_of(self.owner)}"
        if problem:
            self.controller.event(self.owner, "Warning", f"Failed{verb}", f"{text} failed error: {problem}")
        else:
            self.controller.event(self.owner, "Normal", f"Successful{verb}", f"{text} successful")

    def _keeps_current(self, number: int, current: Obj, update: Obj) -> bool:
        strategy = self.spec.get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate" or name_of(current) == name_of(update):
            return False
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            return number < self.first + int(get_path(self.owner, "status", "currentReplicas", default=0))
        return number < self.first + int(rolling.get("partition") or 0)

    def _scale_down(self, pod: Obj, first_sick: int) -> bool:
        """Whether the next condemned replica may go too."""
        if is_terminating(pod):
            return not self.ordered
        if self.ordered and not self._healthy(pod) and first_sick != ordinal_of(pod):
            return False
        self._delete(pod)
        return not self.ordered

    def _roll(self, pods: Mapping[int, Obj], update: Obj) -> None:
        strategy = self.spec.get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        partition = int(get_path(strategy, "rollingUpdate", "partition", default=0))
        for number in range(self.first + self.wanted - 1, self.first + partition - 1, -1):
            pod = pods.get(number)
            if pod is None:
                return
            if revision_label(pod) != name_of(update) and not is_terminating(pod):
                self._delete(pod)
                return
            if not self._healthy(pod):
                return

    def _delete(self, pod: Obj) -> None:
        self.api.delete("pods", name_of(pod), namespace_of(pod))
        self._tell("Delete", name_of(pod))

    def _create(self, number: int, name: str, revision: Obj) -> None:
        problem = claims.create_missing(self.controller, self.owner, name)
        if problem:
            self._tell("Create", name, problem)
            raise internal(problem)
        try:
            made = self.api.create("pods", self._pod(number, name, revision), user=self.controller.user)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._tell("Create", name, error.message)
            raise
        claims.align_owners(self.api, self.owner, made, scaled_down=False)
        self._tell("Create", name)

    def _pod(self, number: int, name: str, revision: Obj) -> Obj:
        pod = pod_from(template_of(revision), self.owner, name=name)
        meta(pod)["labels"] = {
            **labels_of(pod),
            POD_INDEX: str(number),
            REVISION_LABEL: name_of(revision),
            POD_NAME: name,
        }
        spec = pod["spec"]
        spec["hostname"] = name
        if self.spec.get("serviceName"):
            spec["subdomain"] = self.spec["serviceName"]
        volumes = claims.claimed_volumes(self.owner, name, spec.get("volumes") or [])
        if volumes:
            spec["volumes"] = volumes
        return pod

    # status

    def _report(self, current: Obj, update: Obj) -> None:
        owner = self.api.store.get(SETS, namespace_of(self.owner), name_of(self.owner))
        if owner is None or uid_of(owner) != uid_of(self.owner):
            return
        pods = self._pods()
        status: Obj = {
            "observedGeneration": get_path(owner, "metadata", "generation", default=1),
            "replicas": len(pods),
            "availableReplicas": 0,
            "collisionCount": int(get_path(owner, "status", "collisionCount", default=0)),
            "currentRevision": name_of(current),
            "updateRevision": name_of(update),
        }
        live = [p for p in pods if not is_terminating(p)]
        ready = [p for p in pods if phase(p) == "Running" and is_ready(p)]
        status["availableReplicas"] = sum(available_in(p, self.ready_seconds, self.now) == 0 for p in ready)
        counts = {
            "readyReplicas": len(ready),
            "currentReplicas": sum(revision_label(p) == name_of(current) for p in live),
            "updatedReplicas": sum(revision_label(p) == name_of(update) for p in live),
        }
        done = counts["updatedReplicas"] == counts["readyReplicas"] == len(pods) == self.wanted
        rolling = get_path(self.spec, "updateStrategy", "type", default="RollingUpdate") == "RollingUpdate"
        if done and rolling:
            counts["currentReplicas"] = counts["updatedReplicas"]
            status["currentRevision"] = name_of(update)
        status.update({k: v for k, v in counts.items() if v})
        if status != (owner.get("status") or {}):
            changed = clone(owner)
            changed["status"] = status
            self.api.update_status(SETS, changed)
