"""Job: pods that run to completion, counted once each, with back-off, deadlines, indexes and suspension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers import job_indexes as indexes
from labrunner.sim.controllers import job_pods, pod_control
from labrunner.sim.controllers import job_rules as rules
from labrunner.sim.controllers.job_backoff import Backoffs
from labrunner.sim.controllers.job_policies import counts, failure_action, success_message
from labrunner.sim.controllers.job_state import JOBS, JobState
from labrunner.sim.controllers.ownership import owners_of_kind
from labrunner.sim.controllers.podstate import condition_true, is_finished, is_ready, phase
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    get_path,
    is_terminating,
    labels_of,
    namespace_of,
    owner_controller,
    uid_of,
)
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

ITSELF: Final = "kubernetes.io/job-controller"
_FINISHED: Final = ("Complete", "Failed")


class JobController(Controller):
    """Maps Jobs to what :class:`_Job` does; frees pods whose Job is gone."""

    name = "job-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.backoffs = Backoffs()

    def watches(self) -> Mapping[str, Mapper]:
        return {JOBS: itself, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        yield from owners_of_kind(change, "Job")
        pod = change.new
        if pod is None or owner_controller(pod) is not None or not (labels_of(pod) or rules.is_tracked(pod)):
            return
        found = [j for j in self.api.store.list(JOBS, namespace_of(pod)) if _selects(j, pod)]
        yield from map(key_of, found)
        if not found and rules.is_tracked(pod):
            job_pods.untrack(self, pod)

    def reconcile(self, key: Key) -> float | None:
        job = self.api.store.get(JOBS, *key)
        self._free_orphans(key, uid_of(job) if job is not None else "")
        if job is None or (job["spec"].get("managedBy") or ITSELF) != ITSELF:
            return None
        if any(condition_true(job, kind) for kind in _FINISHED):
            self.backoffs.forget(job)
            return None
        return _Job(self, job).run()

    def _free_orphans(self, key: Key, uid: str) -> None:
        """Pods of a Job that is gone, even if another one has its name now, are held by nothing."""
        for pod in self.api.store.list("pods", key[0]):
            reference = owner_controller(pod) or {}
            named = reference.get("kind") == "Job" and reference.get("name") == key[1]
            if named and reference.get("uid") != uid:
                job_pods.untrack(self, pod)


def _selects(job: Obj, pod: Obj) -> bool:
    return from_label_selector(get_path(job, "spec", "selector")).matches(labels_of(pod))


class _Job(JobState):
    """One look at one Job: whether it is over, and what pods it needs otherwise."""

    def __init__(self, controller: JobController, job: Obj) -> None:
        super().__init__(controller, job)
        self.backoffs = controller.backoffs
        self.failure: ApiError | None = None
        self.waits: list[float] = []

    def run(self) -> float | None:
        if "startTime" not in self.status and not self.suspended:
            self.status["startTime"] = timestamp(self.now)
        tracked = [p for p in self.pods if rules.is_tracked(p) and rules.is_valid(self.job, p)]
        fresh_failures = [p for p in tracked if rules.has_failed(self.job, p)]
        fresh_successes = [p for p in tracked if phase(p) == "Succeeded"]
        self.succeeded += len(fresh_successes)
        failed = int(self.status.get("failed", 0)) + sum(counts(self.job, p) for p in fresh_failures)
        self.backoffs.note(self.job, fresh_failures, fresh_successes, failed)
        end = self._standing_end() or self._limit_end(failed)
        if self.indexed:
            end = self._index_end(tracked, end)
        if end is not None:
            self._delete_active()
        else:
            end = self._carry_on()
        self.write(end)
        if self.failure is not None:
            raise self.failure
        left = self._deadline_left()
        waits = [w for w in (*self.waits, left) if w is not None and w > 0]
        return min(waits) + 0.01 if waits else None

    # whether it is over

    def _standing_end(self) -> Obj | None:
        """The end that was decided before, or that a pod's failure decides by the failure policy."""
        for kind in ("SuccessCriteriaMet", "FailureTarget"):
            found = self.present(kind)
            if found is not None and found["status"] == "True":
                return found
        if self.spec.get("podFailurePolicy") is None:
            return None
        for pod in self.pods:
            if rules.has_failed(self.job, pod):
                action, text = failure_action(self.job, pod)
                if action == "FailJob":
                    return self.condition("FailureTarget", "PodFailurePolicy", text)
        return None

    def _limit_end(self, failed: int) -> Obj | None:
        limit = int(self.spec.get("backoffLimit", 6))
        restarts = 0
        if get_path(self.spec, "template", "spec", "restartPolicy") == "OnFailure":
            restarts = rules.container_restarts(self.pods)
        if failed > limit or (restarts and restarts >= limit):
            text = "Job has reached the specified backoff limit"
            return self.condition("FailureTarget", "BackoffLimitExceeded", text)
        left = self._deadline_left()
        if left is not None and left <= 0:
            text = "Job was active longer than specified deadline"
            return self.condition("FailureTarget", "DeadlineExceeded", text)
        return None

    def _index_end(self, tracked: list[Obj], end: Obj | None) -> Obj | None:
        total = int(self.spec.get("completions") or 0)
        self.done = indexes.parse_indexes(self.status.get("completedIndexes", ""), total)
        self.done |= {indexes.index_of(p) for p in tracked if phase(p) == "Succeeded"}
        self.succeeded = len(self.done)
        if indexes.has_limit_per_index(self.job):
            self.lost = indexes.parse_indexes(self.status.get("failedIndexes", ""), total)
            self.lost |= {indexes.index_of(p) for p in tracked if self._loses_index(p)}
            most = self.spec.get("maxFailedIndexes")
            if end is None and most is not None and len(self.lost) > int(most):
                text = "Job has exceeded the specified maximal number of failed indexes"
                end = self.condition("FailureTarget", "MaxFailedIndexesExceeded", text)
            elif end is None and self.lost and len(self.lost) + len(self.done) >= total:
                end = self.condition("FailureTarget", "FailedIndexes", "Job has failed indexes")
            self._find_replaced(tracked)
        if end is None:
            text = success_message(self.job, self.done)
            if text:
                end = self.condition("SuccessCriteriaMet", "SuccessPolicy", text)
        return end

    def _loses_index(self, pod: Obj) -> bool:
        if not rules.has_failed(self.job, pod):
            return False
        action, _ = failure_action(self.job, pod)
        if action == "FailIndex":
            return True
        return action != "Ignore" and indexes.failures_of(pod) >= int(self.spec["backoffLimitPerIndex"])

    def _find_replaced(self, tracked: list[Obj]) -> None:
        """The last failed pod of each index that needs another: it stays until its failures have been passed on."""
        settled = self.done | self.lost | {indexes.index_of(p) for p in self.active}
        for pod in sorted(tracked, key=lambda p: (indexes.all_failures_of(p), rules.finished_at(p))):
            if rules.has_failed(self.job, pod) and indexes.index_of(pod) not in settled:
                self.replaced[indexes.index_of(pod)] = pod

    def _deadline_left(self) -> float | None:
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is None or "startTime" not in self.status or self.suspended:
            return None
        return float(limit) - (self.now - parse_timestamp(self.status["startTime"])).total_seconds()

    # pods

    def _delete_active(self) -> None:
        for pod in self.active:
            pod_control.delete(self.controller, self.job, pod)
        self.terminating += len(self.active)
        self.active, self.ready = [], 0

    def _give_up(self, pods: list[Obj]) -> None:
        """Delete pods that are not wanted now; they do not count as failures."""
        for pod in pods[: job_pods.BURST]:
            job_pods.untrack(self.controller, pod)
            pod_control.delete(self.controller, self.job, pod)
            self.terminating += 1
            self.ready -= is_ready(pod)
        gone = {uid_of(p) for p in pods}
        self.active = [p for p in self.active if uid_of(p) not in gone]

    def _carry_on(self) -> Obj | None:
        """Make or delete pods; the success condition when nothing is left to do."""
        if is_terminating(self.job):
            number = len(self.active)
        else:
            number = self._manage()
        completions = self.spec.get("completions")
        needed = 1 if completions is None else int(completions)
        self.status["active"] = number
        if self.succeeded >= needed and number == 0:
            text = "Reached expected number of succeeded pods"
            return self.condition("SuccessCriteriaMet", "CompletionsReached", text)
        if not is_terminating(self.job):
            self.note_suspension()
        return None

    def _manage(self) -> int:
        """Bring the number of active pods nearer to what is wanted; how many there are then."""
        number = len(self.active)
        if self.suspended:
            self._give_up(self.active)
            return 0
        parallel, completions = int(self.spec.get("parallelism", 1)), self.spec.get("completions")
        if completions is None:
            wanted = number if self.succeeded else parallel
        else:
            wanted = max(0, min(parallel, int(completions) - self.succeeded))
        surplus = rules.surplus(self.job, self.active, max(0, number - wanted))
        if surplus:
            self._give_up(surplus)
            return len(self.active)
        leaving = self.terminating if rules.only_replaces_failed(self.job) else 0
        missing = wanted - leaving - number
        if missing <= 0:
            return number
        numbers = self._pending(missing)
        made, self.failure = job_pods.create(self.controller, self.job, numbers, self.replaced)
        return number + made

    def _pending(self, missing: int) -> list[int | None]:
        """The index of each pod that may be made now (None for Jobs without indexes)."""
        if not indexes.has_limit_per_index(self.job):
            left = self.backoffs.left(self.job, self.now)
            if left > 0:
                self.waits.append(left)
                return []
        if not self.indexed:
            return [None] * missing
        busy = {indexes.index_of(p) for p in self.active} | self.done | self.lost
        if rules.only_replaces_failed(self.job):
            busy |= {indexes.index_of(p) for p in self.pods if is_terminating(p) and not is_finished(p)}
        total = int(self.spec.get("completions") or 0)
        free = [n for n in range(total) if n not in busy][:missing]
        waits = {n: self._index_backoff(n) for n in free}
        now = [n for n in free if waits[n] <= 0]
        if free and not now:
            self.waits.append(min(waits.values()))
        return [*now]

    def _index_backoff(self, index: int) -> float:
        pod = self.replaced.get(index)
        if pod is None:
            return 0.0
        since = (self.now - rules.finished_at(pod)).total_seconds()
        return rules.backoff_after(indexes.all_failures_of(pod) + 1) - since
