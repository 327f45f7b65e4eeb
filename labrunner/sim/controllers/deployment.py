"""Deployment: replica sets per revision, rolled over by strategy, paused, resumed, scaled in proportion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from labrunner.sim.controllers import deployment_rules as rules
from labrunner.sim.controllers import deployment_status as progress
from labrunner.sim.controllers.ownership import claim, controller_reference, owners_of_kind
from labrunner.sim.controllers.podstate import condition, is_finished
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.templates import HASH_LABEL, same_template, template_hash
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
    owner_controller,
    uid_of,
)
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.store import Change

DEPLOYMENTS = "deployments.apps"
REPLICA_SETS = "replicasets.apps"


class DeploymentController(Controller):
    """Maps deployments to rollouts; see :class:`_Rollout`."""

    name = "deployment-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {DEPLOYMENTS: itself, REPLICA_SETS: self._of_set, "pods": self._of_pod}

    def _of_set(self, change: Change) -> Iterable[Key]:
        yield from owners_of_kind(change, "Deployment")
        found = change.new
        if found is not None and owner_controller(found) is None:
            for deployment in self.api.store.list(DEPLOYMENTS, namespace_of(found)):
                selector = from_label_selector(get_path(deployment, "spec", "selector", default={}))
                if selector.matches(labels_of(found)):
                    yield key_of(deployment)

    def _of_pod(self, change: Change) -> Iterable[Key]:
        """A Recreate deployment waits for its last old pod to be gone."""
        if change.new is not None and not is_finished(change.new):
            return
        pod = change.new or change.old or {}
        reference = owner_controller(pod)
        if reference is None or reference.get("kind") != "ReplicaSet":
            return
        parent = self.api.store.get(REPLICA_SETS, namespace_of(pod), reference["name"])
        owner = owner_controller(parent) if parent else None
        if owner is not None and owner.get("kind") == "Deployment":
            yield namespace_of(pod), owner["name"]

    def reconcile(self, key: Key) -> float | None:
        deployment = self.api.store.get(DEPLOYMENTS, *key)
        if deployment is None or not get_path(deployment, "spec", "selector"):
            return None
        return _Rollout(self, deployment).run()


class _Rollout:
    """One look at one deployment."""

    def __init__(self, controller: DeploymentController, deployment: Obj) -> None:
        self.controller = controller
        self.api = controller.api
        self.deployment = deployment
        selector = from_label_selector(deployment["spec"]["selector"])
        listed = self.api.store.list(REPLICA_SETS, namespace_of(deployment))
        self.sets = claim(self.api, REPLICA_SETS, deployment, selector, listed)
        self.new: Obj | None = rules.find_new(deployment, self.sets)

    @property
    def old(self) -> list[Obj]:
        new = uid_of(self.new) if self.new else ""
        return [s for s in self.sets if uid_of(s) != new]

    @property
    def all(self) -> list[Obj]:
        return [*self.old, *([self.new] if self.new else [])]

    def run(self) -> float | None:
        if is_terminating(self.deployment):
            return self._write_status(rolling_out=False)
        self._note_pause()
        if get_path(self.deployment, "spec", "paused", default=False):
            self._sync_revision(create=False)
            self._scale()
            self._clean_up()
            return self._write_status(rolling_out=False)
        if rules.is_scaling(self.deployment, self.sets):
            self._sync_revision(create=False)
            self._scale()
            return self._write_status(rolling_out=False)
        if rules.is_rolling(self.deployment):
            self._roll()
        else:
            self._recreate()
        return self._write_status(rolling_out=True)

    # strategies

    def _roll(self) -> None:
        self._sync_revision(create=True)
        if self.new is None:
            return
        wanted = rules.replicas_of(self.deployment)
        own = rules.replicas_of(self.new)
        size = own
        if own > wanted:
            size = wanted
        elif own < wanted:
            size = rules.new_set_size(self.deployment, self.all, self.new)
        if self._resize(self.new, size) or self._shrink_old():
            return
        if progress.is_complete(self.deployment, self.deployment.get("status") or {}):
            self._clean_up()

    def _shrink_old(self) -> bool:
        old = rules.active(self.old)
        if not old or self.new is None:
            return False
        least = rules.replicas_of(self.deployment) - rules.max_unavailable(self.deployment)
        not_yet = rules.replicas_of(self.new) - rules.status_count(self.new, "availableReplicas")
        removable = rules.total_replicas(self.all) - least - not_yet
        if removable <= 0:
            return False
        done = 0
        for found in rules.by_age(old):
            sick = rules.replicas_of(found) - rules.status_count(found, "availableReplicas")
            count = min(removable - done, sick)
            if count > 0 and self._resize(found, rules.replicas_of(found) - count):
                done += count
        spare = rules.total_status(self.all, "availableReplicas") - least
        gone = 0
        for found in rules.by_age(rules.active(self.old)):
            count = min(rules.replicas_of(found), spare - gone)
            if count > 0 and self._resize(found, rules.replicas_of(found) - count):
                gone += count
        return done + gone > 0

    def _recreate(self) -> None:
        self._sync_revision(create=False)
        shrunk = [self._resize(s, 0) for s in rules.active(self.old)]
        if any(shrunk):
            return
        if self._old_pods_run():
            return
        self._sync_revision(create=True)
        if self.new is not None:
            self._resize(self.new, rules.replicas_of(self.deployment))
        if progress.is_complete(self.deployment, self.deployment.get("status") or {}):
            self._clean_up()

    def _old_pods_run(self) -> bool:
        old = {uid_of(s) for s in self.old}
        return any(
            (owner_controller(p) or {}).get("uid") in old and not is_finished(p)
            for p in self.api.store.list("pods", namespace_of(self.deployment))
        )

    def _scale(self) -> None:
        wanted = rules.replicas_of(self.deployment)
        live = rules.active(self.all)
        if len(live) <= 1:
            only = live[0] if live else self.new or next(reversed(rules.by_age(self.old)), None)
            if only is not None:
                self._resize(only, wanted)
            return
        if self.new is not None and self._saturated(self.new):
            for found in rules.active(self.old):
                self._resize(found, 0)
        elif rules.is_rolling(self.deployment):
            sizes = rules.proportional_sizes(self.deployment, live)
            for found in live:
                self._resize(found, sizes[name_of(found)], note=True)

    def _saturated(self, new: Obj) -> bool:
        wanted = rules.replicas_of(self.deployment)
        return (
            rules.replicas_of(new) == wanted
            and annotations_of(new).get(rules.DESIRED) == str(wanted)
            and rules.status_count(new, "availableReplicas") == wanted
        )

    # replica sets

    def _resize(self, replica_set: Obj, size: int, *, note: bool = True) -> bool:
        """Give *replica_set* another size; whether the size changed."""
        before = rules.replicas_of(replica_set)
        changed = clone(replica_set)
        noted = note and rules.set_replica_annotations(changed, self.deployment)
        if before == size and not noted:
            return False
        changed["spec"]["replicas"] = size
        self._replace(self.api.update(REPLICA_SETS, changed))
        if before != size:
            way = "up" if size > before else "down"
            text = f"Scaled {way} replica set {name_of(replica_set)} from {before} to {size}"
            self.controller.event(self.deployment, "Normal", "ScalingReplicaSet", text)
        return before != size

    def _replace(self, changed: Obj) -> None:
        uid = uid_of(changed)
        self.sets = [changed if uid_of(s) == uid else s for s in self.sets]
        if self.new is not None and uid_of(self.new) == uid:
            self.new = changed

    def _sync_revision(self, *, create: bool) -> None:
        """Number the new replica set after all old ones; make it when *create* and it is not there."""
        revision = max((rules.revision_of(s) for s in self.old), default=0) + 1
        if self.new is not None:
            changed = clone(self.new)
            touched = rules.set_new_annotations(changed, self.deployment, revision, exists=True)
            ready = get_path(self.deployment, "spec", "minReadySeconds", default=0)
            if get_path(changed, "spec", "minReadySeconds", default=0) != ready:
                changed["spec"]["minReadySeconds"] = ready
                touched = True
            if touched:
                self._replace(self.api.update(REPLICA_SETS, changed))
            self._set_revision(str(rules.revision_of(self.new)))
            if progress.has_deadline(self.deployment) and condition(self.deployment, "Progressing") is None:
                self._say_progress(
                    "True", "FoundNewReplicaSet", f'Found new replica set "{name_of(self.new)}"'
                )
        elif create:
            self._create_set(revision)

    def _create_set(self, revision: int) -> None:
        deployment = self.deployment
        template = deployment["spec"]["template"]
        collisions = int(get_path(deployment, "status", "collisionCount", default=0))
        suffix = template_hash(template, collisions)
        made = self._new_set(template, suffix)
        made["spec"]["replicas"] = size = rules.new_set_size(deployment, self.old, None)
        rules.set_new_annotations(made, deployment, revision, exists=False)
        name = name_of(made)
        try:
            created = self.api.create(REPLICA_SETS, made, user=self.controller.user)
        except ApiError as error:
            self._creation_failed(name, template, error, collisions)
            return
        self.sets.append(created)
        self.new = created
        if size > 0:
            text = f"Scaled up replica set {name} from 0 to {size}"
            self.controller.event(deployment, "Normal", "ScalingReplicaSet", text)
        self._set_revision(str(revision))
        if progress.has_deadline(deployment):
            self._say_progress("True", "NewReplicaSetCreated", f'Created new replica set "{name}"')

    def _new_set(self, template: Obj, suffix: str) -> Obj:
        deployment = self.deployment
        labelled = clone(template)
        meta(labelled).setdefault("labels", {})[HASH_LABEL] = suffix
        selector = clone(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = suffix
        spec: Obj = {"selector": selector, "template": labelled}
        ready = get_path(deployment, "spec", "minReadySeconds", default=0)
        if ready:
            spec["minReadySeconds"] = ready
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{name_of(deployment)}-{suffix}",
                "namespace": namespace_of(deployment),
                "labels": dict(meta(labelled)["labels"]),
                "annotations": {},
                "ownerReferences": [controller_reference(deployment)],
            },
            "spec": spec,
        }

    def _creation_failed(self, name: str, template: Obj, error: ApiError, collisions: int) -> None:
        if error.reason == "AlreadyExists":
            there = self.api.store.get(REPLICA_SETS, namespace_of(self.deployment), name) or {}
            if not same_template(get_path(there, "spec", "template", default={}), template):
                changed = clone(self.deployment)
                changed.setdefault("status", {})["collisionCount"] = collisions + 1
                self.deployment = self.api.update_status(DEPLOYMENTS, changed)
            raise error
        text = f'Failed to create new replica set "{name}": {error.message}'
        if progress.has_deadline(self.deployment):
            self._say_progress("False", "ReplicaSetCreateError", text)
        self.controller.event(self.deployment, "Warning", "ReplicaSetCreateError", text)
        raise error

    def _clean_up(self) -> None:
        limit = get_path(self.deployment, "spec", "revisionHistoryLimit")
        if limit is None:
            return
        old = sorted((s for s in self.old if not is_terminating(s)), key=rules.revision_of)
        for found in old[: max(0, len(old) - int(limit))]:
            generation = get_path(found, "metadata", "generation", default=1)
            busy = rules.replicas_of(found) or rules.status_count(found, "replicas")
            if not busy and generation <= rules.status_count(found, "observedGeneration"):
                self.api.delete(REPLICA_SETS, name_of(found), namespace_of(found))

    # the deployment itself

    def _set_revision(self, revision: str) -> None:
        """Copy the revision to the deployment, as ``kubectl rollout`` reads it."""
        if annotations_of(self.deployment).get(rules.REVISION) == revision:
            return
        changed = clone(self.deployment)
        meta(changed).setdefault("annotations", {})[rules.REVISION] = revision
        # Through the status, as the real controller does: an update would count as a new generation.
        self.deployment = self.api.update_status(DEPLOYMENTS, changed)

    def _say_progress(self, status: str, reason: str, message: str) -> None:
        found = progress.new_condition("Progressing", status, reason, message, self.api.clock.now())
        changed = clone(self.deployment)
        progress.set_condition(changed.setdefault("status", {}), found)
        self.deployment = self.api.update_status(DEPLOYMENTS, changed)

    def _note_pause(self) -> None:
        if not progress.has_deadline(self.deployment):
            return
        found = condition(self.deployment, "Progressing") or {}
        if found.get("reason") == progress.TIMED_OUT:
            return
        paused = bool(get_path(self.deployment, "spec", "paused", default=False))
        noted = found.get("reason") == "DeploymentPaused"
        if paused and not noted:
            self._say_progress("Unknown", "DeploymentPaused", "Deployment is paused")
        elif noted and not paused:
            self._say_progress("Unknown", "DeploymentResumed", "Deployment is resumed")

    def _write_status(self, *, rolling_out: bool) -> float | None:
        now = self.api.clock.now()
        compute = progress.rollout_status if rolling_out else progress.base_status
        status = compute(self.deployment, self.all, self.new, now)
        if status != (self.deployment.get("status") or {}):
            changed = clone(self.deployment)
            changed["status"] = status
            self.deployment = self.api.update_status(DEPLOYMENTS, changed)
        found = condition({"status": status}, "Progressing") or {}
        left = progress.deadline_left(self.deployment, status, now)
        if left is None or found.get("reason") == progress.TIMED_OUT or not rolling_out:
            return None
        return max(0.0, left) + 1
