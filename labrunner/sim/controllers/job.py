"""Job: pods that run to completion, counted once each, with back-off, deadlines, indexes and suspension."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers import job_rules as rules
from labrunner.sim.controllers.ownership import controlled_by, owners_of_kind
from labrunner.sim.controllers.podstate import condition, condition_true, is_finished, is_ready, phase
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.controllers.templates import pod_from
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    clone,
    get_path,
    is_terminating,
    meta,
    name_of,
    namespace_of,
    owner_controller,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.store import Change

JOBS: Final = "jobs.batch"
BURST: Final = 50
_FINISHED: Final = ("Complete", "Failed")


class JobController(Controller):
    """Maps Jobs to what :class:`_Job` does; frees pods whose Job is gone."""

    name = "job-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {JOBS: itself, "pods": self._of_pod}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        return owners_of_kind(change, "Job")

    def reconcile(self, key: Key) -> float | None:
        job = self.api.store.get(JOBS, *key)
        self._free_orphans(key, uid_of(job) if job is not None else "")
        if job is None:
            return None
        if (
            get_path(job, "spec", "managedBy", default="kubernetes.io/job-controller")
            != "kubernetes.io/job-controller"
        ):
            return None
        return _Job(self, job).run()

    def _free_orphans(self, key: Key, uid: str) -> None:
        """Pods of a Job that is gone, even if another one has its name now, are held by nothing."""
        for pod in self.api.store.list("pods", key[0]):
            reference = owner_controller(pod) or {}
            named = reference.get("kind") == "Job" and reference.get("name") == key[1]
            if named and reference.get("uid") != uid:
                self.untrack(pod)

    def untrack(self, pod: Obj) -> None:
        """Take the tracking finalizer off a pod that has been counted."""
        finalizers = meta(pod).get("finalizers") or []
        if rules.TRACKING not in finalizers:
            return
        changed = clone(pod)
        rest = [f for f in finalizers if f != rules.TRACKING]
        meta(changed)["finalizers"] = rest
        if not rest:
            del changed["metadata"]["finalizers"]
        try:
            self.api.update("pods", changed)
        except ApiError as error:
            if error.code != 404:
                raise


class _Job:
    """One look at one Job."""

    def __init__(self, controller: JobController, job: Obj) -> None:
        self.controller = controller
        self.api = controller.api
        self.job = job
        self.spec = job["spec"]
        self.now = self.api.clock.now()
        self.status: Obj = clone(job.get("status") or {})
        self.pods = [p for p in self.api.store.list("pods", namespace_of(job)) if controlled_by(p, job)]
        self.counted: list[Obj] = []
        self.failure: ApiError | None = None
        self.wait: float | None = None

    def run(self) -> float | None:
        if any(condition_true(self.job, kind) for kind in _FINISHED):
            for pod in self.pods:
                self.controller.untrack(pod)
            return None
        suspended = bool(self.spec.get("suspend"))
        if "startTime" not in self.status and not suspended:
            self.status["startTime"] = timestamp(self.now)
        self._count()
        failing = self._failing()
        if failing is not None:
            self._fail(*failing)
        elif self._complete():
            self._succeed()
        elif not is_terminating(self.job):
            self._suspend(suspended)
            if not suspended:
                self._manage()
        self._write()
        if self.failure is not None:
            raise self.failure
        return self._next_look()

    # counting

    @property
    def _active(self) -> list[Obj]:
        return [p for p in self.pods if not is_finished(p) and not is_terminating(p)]

    def _tracked(self, pod: Obj) -> bool:
        return rules.TRACKING in (meta(pod).get("finalizers") or [])

    def _count(self) -> None:
        """Count each finished pod once; its finalizer says that it has not been counted."""
        indexes = rules.parse_indexes(self.status.get("completedIndexes", ""))
        for pod in self.pods:
            if not self._tracked(pod) or not (is_finished(pod) or self._counts_as_failed(pod)):
                continue
            self.counted.append(pod)
            if phase(pod) == "Succeeded":
                if rules.is_indexed(self.job):
                    indexes.add(rules.index_of(pod))
                else:
                    self.status["succeeded"] = self.status.get("succeeded", 0) + 1
            elif rules.failure_action(self.job, pod)[0] != "Ignore":
                self.status["failed"] = self.status.get("failed", 0) + 1
        if rules.is_indexed(self.job) and indexes:
            self.status["completedIndexes"] = rules.format_indexes(indexes)
            self.status["succeeded"] = len(indexes)

    def _counts_as_failed(self, pod: Obj) -> bool:
        """A deleted pod may never reach a final phase, so it counts at once, unless only failed ones are replaced."""
        strict = self.spec.get("podReplacementPolicy") == "Failed" or self.spec.get("podFailurePolicy")
        return is_terminating(pod) and (not strict or not get_path(pod, "spec", "nodeName"))

    def _failing(self) -> tuple[str, str] | None:
        """Reason and message when the job has failed."""
        target = condition(self.job, "FailureTarget")
        if target is not None:
            return target["reason"], target["message"]
        for pod in self.counted:
            action, text = rules.failure_action(self.job, pod) if phase(pod) == "Failed" else ("", "")
            if action == "FailJob":
                return "PodFailurePolicy", text
        limit = int(self.spec.get("backoffLimit", 6))
        restarts = self._restarts()
        on_failure = restarts > 0 if limit == 0 else restarts >= limit
        if self.status.get("failed", 0) > limit or (restarts and on_failure):
            return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        left = self._deadline_left()
        if left is not None and left <= 0:
            return "DeadlineExceeded", "Job was active longer than specified deadline"
        return None

    def _restarts(self) -> int:
        if get_path(self.spec, "template", "spec", "restartPolicy") != "OnFailure":
            return 0
        return sum(
            s.get("restartCount", 0)
            for p in self._active
            for field in ("initContainerStatuses", "containerStatuses")
            for s in get_path(p, "status", field, default=[])
        )

    def _deadline_left(self) -> float | None:
        limit = self.spec.get("activeDeadlineSeconds")
        if limit is None or "startTime" not in self.status or self.spec.get("suspend"):
            return None
        return float(limit) - (self.now - parse_timestamp(self.status["startTime"])).total_seconds()

    def _complete(self) -> bool:
        completions = self.spec.get("completions")
        succeeded = int(self.status.get("succeeded", 0))
        if completions is None:
            return succeeded > 0 and not self._active
        return succeeded >= int(completions) and ("startTime" in self.status)

    # ends

    def _set_condition(self, kind: str, reason: str, message: str, status: str = "True") -> None:
        found = rules.new_condition(kind, reason, message, timestamp(self.now), status)
        others = [c for c in self.status.get("conditions") or [] if c["type"] != kind]
        self.status["conditions"] = [*others, found]

    def _has(self, kind: str) -> bool:
        return any(c["type"] == kind for c in self.status.get("conditions") or [])

    def _delete_active(self) -> bool:
        """Delete the pods still at work; whether any is left that has not ended."""
        for pod in self._active:
            self._delete(pod)
        self.pods = [
            p for p in self.api.store.list("pods", namespace_of(self.job)) if controlled_by(p, self.job)
        ]
        return any(not is_finished(p) for p in self.pods)

    def _give_up(self, pods: list[Obj]) -> None:
        """Delete pods that are not wanted now; they do not count as failures."""
        for pod in pods:
            self.controller.untrack(pod)
            self._delete(pod)

    def _delete(self, pod: Obj) -> None:
        self.api.delete("pods", name_of(pod), namespace_of(pod))
        self.controller.event(self.job, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _fail(self, reason: str, message: str) -> None:
        if not self._has("FailureTarget"):
            self._set_condition("FailureTarget", reason, message)
        if self._delete_active():
            return
        self._count_late()
        self._set_condition("Failed", reason, message)
        self.controller.event(self.job, "Warning", reason, message)

    def _count_late(self) -> None:
        seen = {uid_of(p) for p in self.counted}
        for pod in self.pods:
            if self._tracked(pod) and uid_of(pod) not in seen:
                self.counted.append(pod)
                self.status["failed"] = self.status.get("failed", 0) + 1

    def _succeed(self) -> None:
        text = "Reached expected number of succeeded pods"
        if not self._has("SuccessCriteriaMet"):
            self._set_condition("SuccessCriteriaMet", "CompletionsReached", text)
        if self._delete_active():
            return
        self._set_condition("Complete", "CompletionsReached", text)
        self.status["completionTime"] = timestamp(self.now)
        self.controller.event(self.job, "Normal", "Completed", "Job completed")

    def _suspend(self, suspended: bool) -> None:
        found = next((c for c in self.status.get("conditions") or [] if c["type"] == "Suspended"), None)
        if suspended:
            self._give_up(self._active)
            if found is None or found["status"] != "True":
                self._set_condition("Suspended", "JobSuspended", "Job suspended")
                self.controller.event(self.job, "Normal", "Suspended", "Job suspended")
                self.status.pop("startTime", None)
        elif found is not None and found["status"] == "True":
            self._set_condition("Suspended", "JobResumed", "Job resumed", "False")
            self.controller.event(self.job, "Normal", "Resumed", "Job resumed")
            self.status["startTime"] = timestamp(self.now)

    # pods

    def _manage(self) -> None:
        active = self._active
        parallel = int(self.spec.get("parallelism", 1))
        completions = self.spec.get("completions")
        succeeded = int(self.status.get("succeeded", 0))
        if completions is None:
            wanted = len(active) if succeeded else parallel
        else:
            wanted = min(parallel, int(completions) - succeeded)
        if len(active) > wanted:
            surplus = sorted(active, key=lambda p: (is_ready(p), meta(p).get("creationTimestamp", "")))
            self._give_up(surplus[: len(active) - max(0, wanted)])
            return
        ending = [p for p in self.pods if is_terminating(p) and not is_finished(p)]
        missing = wanted - len(active)
        if self.spec.get("podReplacementPolicy") == "Failed" or self.spec.get("podFailurePolicy"):
            missing -= len(ending)
        if missing <= 0:
            return
        left = self._backoff_left()
        if left > 0:
            self.wait = left
            return
        self._create(min(missing, BURST))

    def _backoff_left(self) -> float:
        """After failures in a row, the next pod waits, counted from the last failure."""
        over = sorted((p for p in self.pods if is_finished(p)), key=rules.failed_at, reverse=True)
        streak = 0
        for pod in over:
            if phase(pod) != "Failed":
                break
            streak += 1
        if not streak:
            return 0.0
        since = (self.now - parse_timestamp(rules.failed_at(over[0]))).total_seconds()
        return rules.backoff_after(streak) - since

    def _create(self, count: int) -> None:
        indexes = self._free_indexes() if rules.is_indexed(self.job) else None
        for _ in range(count):
            number = next(indexes, None) if indexes is not None else None
            if indexes is not None and number is None:
                return
            try:
                made = self.api.create("pods", self._pod(number))
            except ApiError as error:
                text = f"Error creating: {error.message}"
                self.controller.event(self.job, "Warning", "FailedCreate", text)
                self.failure = error
                return
            self.pods.append(made)
            self.controller.event(self.job, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}")

    def _free_indexes(self) -> Iterator[int]:
        done = rules.parse_indexes(self.status.get("completedIndexes", ""))
        busy = {rules.index_of(p) for p in self.pods if not is_finished(p)}
        total = int(self.spec.get("completions") or 0)
        return (n for n in range(total) if n not in done and n not in busy)

    def _pod(self, index: int | None) -> Obj:
        prefix = f"{name_of(self.job)}-" + ("" if index is None else f"{index}-")
        pod = pod_from(self.spec["template"], self.job, generate_name=prefix)
        meta(pod).setdefault("finalizers", []).append(rules.TRACKING)
        if index is None:
            return pod
        meta(pod).setdefault("annotations", {})[rules.INDEX] = str(index)
        meta(pod).setdefault("labels", {})[rules.INDEX] = str(index)
        pod["spec"].setdefault("hostname", f"{name_of(self.job)}-{index}")
        source = {"fieldRef": {"fieldPath": f"metadata.labels['{rules.INDEX}']"}}
        for field in ("initContainers", "containers"):
            for container in pod["spec"].get(field) or []:
                env = container.setdefault("env", [])
                if not any(v.get("name") == "JOB_COMPLETION_INDEX" for v in env):
                    env.append({"name": "JOB_COMPLETION_INDEX", "valueFrom": clone(source)})
        return pod

    # status

    def _write(self) -> None:
        active = self._active
        self.status["active"] = len(active)
        self.status["ready"] = sum(is_ready(p) for p in active)
        self.status["terminating"] = sum(is_terminating(p) and not is_finished(p) for p in self.pods)
        self.status["uncountedTerminatedPods"] = {}
        for field in ("active", "succeeded", "failed"):
            if not self.status.get(field):
                self.status.pop(field, None)
        latest = self.api.store.get(JOBS, namespace_of(self.job), name_of(self.job))
        if latest is None or uid_of(latest) != uid_of(self.job):
            return
        if self.status != (latest.get("status") or {}):
            changed = clone(latest)
            changed["status"] = self.status
            self.api.update_status(JOBS, changed)
        for pod in self.counted:
            latest_pod = self.api.store.get("pods", namespace_of(pod), name_of(pod))
            if latest_pod is not None:
                self.controller.untrack(latest_pod)

    def _next_look(self) -> float | None:
        left = self._deadline_left()
        waits = [w for w in (self.wait, left) if w is not None and w > 0]
        return min(waits) + 0.01 if waits else None
