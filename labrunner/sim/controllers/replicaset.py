"""ReplicaSet and ReplicationController: keep as many pods as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers import pod_control
from labrunner.sim.controllers.ownership import claim, owners_of_kind
from labrunner.sim.controllers.podstate import (
    available_in,
    is_active,
    is_finished,
    is_ready,
    victims_first,
)
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.templates import pod_from
from labrunner.sim.errors import ApiError
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
from labrunner.sim.selectors import LabelSelector, from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

BURST: Final = 50
"""Pods made or deleted in one go; the rest follows, so that requests are answered in between."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What tells the two kinds apart."""

    name: str
    gr: str
    kind: str
    counts_terminating: bool


REPLICA_SET: Final = Flavour("replicaset-controller", "replicasets.apps", "ReplicaSet", True)
REPLICATION_CONTROLLER: Final = Flavour(
    "replication-controller", "replicationcontrollers", "ReplicationController", False
)


class ReplicaSetController(Controller):
    """Creates and deletes pods until their number is right; reports counts and failures."""

    def __init__(self, api: Api, flavour: Flavour = REPLICA_SET) -> None:
        super().__init__(api)
        self.flavour = flavour
        self.name = flavour.name

    def watches(self) -> Mapping[str, Mapper]:
        return {self.flavour.gr: itself, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        pod = change.new or change.old or {}
        yield from owners_of_kind(change, self.flavour.kind)
        if owner_controller(pod) is None and change.new is not None and labels_of(pod):
            for owner in self.api.store.list(self.flavour.gr, namespace_of(pod)):
                if self._selector(owner).matches(labels_of(pod)):
                    yield key_of(owner)

    def _selector(self, owner: Obj) -> LabelSelector:
        selector = get_path(owner, "spec", "selector", default={})
        if self.flavour is REPLICATION_CONTROLLER:
            selector = {"matchLabels": selector}
        return from_label_selector(selector)

    def reconcile(self, key: Key) -> float | None:
        owner = self.api.store.get(self.flavour.gr, *key)
        if owner is None:
            return None
        candidates = self.api.store.list("pods", key[0])
        pods = claim(
            self.api,
            "pods",
            owner,
            self._selector(owner),
            [p for p in candidates if not is_finished(p)],
        )
        failure: ApiError | None = None
        reason = ""
        if not is_terminating(owner):
            failure, reason = self._manage(owner, [p for p in pods if is_active(p)])
        wait = self._report(key, failure, reason)
        if failure is not None:
            raise failure
        return wait

    def _manage(self, owner: Obj, active: list[Obj]) -> tuple[ApiError | None, str]:
        wanted = int(get_path(owner, "spec", "replicas", default=0))
        missing = wanted - len(active)
        if missing > 0:
            template = get_path(owner, "spec", "template", default={})
            pods = [pod_from(template, owner, generate_name=f"{name_of(owner)}-")] * min(missing, BURST)
            return pod_control.create(self, owner, pods)[1], "FailedCreate"
        if missing < 0:
            return self._delete(owner, active, min(-missing, BURST)), "FailedDelete"
        return None, ""

    def _delete(self, owner: Obj, active: list[Obj], count: int) -> ApiError | None:
        crowd: dict[str, int] = {}
        for pod in self._related(owner, active):
            node = get_path(pod, "spec", "nodeName", default="")
            crowd[node] = crowd.get(node, 0) + 1
        order = sorted(
            active, key=lambda p: victims_first(p, crowd[get_path(p, "spec", "nodeName", default="")])
        )
        failure: ApiError | None = None
        for pod in order[:count]:
            try:
                pod_control.delete(self, owner, pod)
            except ApiError as error:
                failure = failure or error
        return failure

    def _related(self, owner: Obj, active: list[Obj]) -> list[Obj]:
        """Active pods of all replica sets of the same Deployment: nodes with many of them lose one first."""
        parent = owner_controller(owner)
        if parent is None:
            return active
        siblings = {
            uid_of(s)
            for s in self.api.store.list(self.flavour.gr, namespace_of(owner))
            if (owner_controller(s) or {}).get("uid") == parent.get("uid")
        }
        pods = self.api.store.list("pods", namespace_of(owner))
        return [p for p in pods if is_active(p) and (owner_controller(p) or {}).get("uid") in siblings]

    def _report(self, key: Key, failure: ApiError | None, reason: str) -> float | None:
        owner = self.api.store.get(self.flavour.gr, *key)
        if owner is None:
            return None
        now = self.api.clock.now()
        mine = [
            p
            for p in self.api.store.list("pods", key[0])
            if (owner_controller(p) or {}).get("uid") == meta(owner).get("uid")
        ]
        active = [p for p in mine if is_active(p)]
        least = int(get_path(owner, "spec", "minReadySeconds", default=0))
        waits = [w for p in active if (w := available_in(p, least, now)) is not None]
        template_labels = get_path(owner, "spec", "template", "metadata", "labels", default={})
        labelled = sum(template_labels.items() <= labels_of(p).items() for p in active)
        counts = {
            "fullyLabeledReplicas": labelled,
            "readyReplicas": sum(is_ready(p) for p in active),
            "availableReplicas": sum(w == 0 for w in waits),
        }
        status: Obj = {"replicas": len(active), **{k: v for k, v in counts.items() if v}}
        if self.flavour.counts_terminating:
            status["terminatingReplicas"] = sum(is_terminating(p) and not is_finished(p) for p in mine)
        status["observedGeneration"] = get_path(owner, "metadata", "generation", default=1)
        conditions = self._conditions(owner, failure, reason)
        if conditions:
            status["conditions"] = conditions
        if status != (owner.get("status") or {}):
            changed = clone(owner)
            changed["status"] = status
            self.api.update_status(self.flavour.gr, changed)
        return min((w for w in waits if w > 0), default=None)

    def _conditions(self, owner: Obj, failure: ApiError | None, reason: str) -> list[Obj]:
        had: list[Obj] = clone(get_path(owner, "status", "conditions", default=[]))
        others = [c for c in had if c.get("type") != "ReplicaFailure"]
        if failure is None:
            return others
        if len(others) < len(had):
            return had
        return [
            *others,
            {
                "type": "ReplicaFailure",
                "status": "True",
                "lastTransitionTime": timestamp(self.api.clock.now()),
                "reason": reason,
                "message": failure.message,
            },
        ]
