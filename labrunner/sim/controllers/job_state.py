"""What a Job's controller knows at one moment, and how it writes it into the status."""

from __future__ import annotations

from typing import Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers import job_indexes as indexes
from labrunner.sim.controllers import job_pods
from labrunner.sim.controllers import job_rules as rules
from labrunner.sim.controllers.job_policies import counts
from labrunner.sim.controllers.ownership import claim, controlled_by
from labrunner.sim.controllers.podstate import is_active, is_finished, is_ready, phase
from labrunner.sim.controllers.runner import Controller
from labrunner.sim.objects import (
    Obj,
    clone,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_controller,
    uid_of,
)
from labrunner.sim.selectors import from_label_selector

JOBS: Final = "jobs.batch"


class JobState:
    """What is known of one Job at one moment, and how that is written into its status."""

    def __init__(self, controller: Controller, job: Obj) -> None:
        self.controller = controller
        self.api = controller.api
        self.job = job
        self.spec = job["spec"]
        self.now = self.api.clock.now()
        self.status: Obj = clone(job.get("status") or {})
        self.indexed = indexes.is_indexed(job)
        self.suspended = bool(self.spec.get("suspend"))
        self.pods = self._claimed()
        self.active = [p for p in self.pods if is_active(p)]
        self.terminating = sum(is_terminating(p) and not is_finished(p) for p in self.pods)
        self.ready = sum(is_ready(p) for p in self.active)
        self.succeeded = int(self.status.get("succeeded", 0))
        self.done: set[int] = set()
        self.lost: set[int] = set()
        self.replaced: dict[int, Obj] = {}

    def _claimed(self) -> list[Obj]:
        selector = from_label_selector(self.spec.get("selector"))
        candidates = [
            p
            for p in self.api.store.list("pods", namespace_of(self.job))
            if controlled_by(p, self.job) or (owner_controller(p) is None and selector.matches(labels_of(p)))
        ]
        return claim(self.api, "pods", self.job, selector, candidates)

    def condition(self, kind: str, reason: str, message: str) -> Obj:
        """A condition that begins now."""
        return rules.new_condition(kind, reason, message, timestamp(self.now))

    def present(self, kind: str) -> Obj | None:
        """The condition of type *kind*."""
        return next((c for c in self.status.get("conditions") or [] if c["type"] == kind), None)

    def put(self, found: Obj) -> bool:
        """Put a condition in; whether that changed anything. What has never been True is not said to be False."""
        old = self.present(found["type"])
        if old is None:
            said: bool = found["status"] != "False"
            if said:
                self.status.setdefault("conditions", []).append(found)
            return said
        if all(old.get(k) == found[k] for k in ("status", "reason", "message")):
            return False
        self.status["conditions"] = [found if c is old else c for c in self.status["conditions"]]
        return True

    def note_suspension(self) -> None:
        """Say that the Job was suspended or resumed."""
        now = timestamp(self.now)
        if self.suspended:
            found = rules.new_condition("Suspended", "JobSuspended", "Job suspended", now)
            if self.put(found):
                self.controller.event(self.job, "Normal", "Suspended", "Job suspended")
                self.status.pop("startTime", None)
        elif self.put(rules.new_condition("Suspended", "JobResumed", "Job resumed", now, "False")):
            self.controller.event(self.job, "Normal", "Resumed", "Job resumed")
            self.status["startTime"] = now

    def write(self, end: Obj | None) -> None:
        """Write the counts in two steps, as watchers of a real cluster see them: first noted, then counted."""
        failing = end is not None and end["type"] == "FailureTarget"
        noted: dict[str, list[str]] = {}
        released = [p for p in self.pods if rules.is_tracked(p) and self._may_release(p, end)]
        for pod in released:
            if phase(pod) == "Succeeded":
                if not self.indexed:
                    noted.setdefault("succeeded", []).append(uid_of(pod))
            elif self._fails(pod, failing=failing):
                noted.setdefault("failed", []).append(uid_of(pod))
        self.status.update(active=len(self.active) if end else self.status.get("active", 0))
        self.status.update(ready=self.ready, terminating=self.terminating, uncountedTerminatedPods=noted)
        if self.indexed:
            self.status["completedIndexes"] = indexes.format_indexes(self.done)
            self.status["succeeded"] = len(self.done)
            if indexes.has_limit_per_index(self.job):
                self.status["failedIndexes"] = indexes.format_indexes(self.lost)
        if end is not None:
            self.put(end)
        self._flush()
        for pod in released:
            job_pods.untrack(self.controller, pod)
        for field, uids in noted.items():
            self.status[field] = int(self.status.get(field, 0)) + len(uids)
        self.status["uncountedTerminatedPods"] = {}
        over = end is not None and self.terminating == 0
        if end is not None and over:
            self._finish(end, failing=failing)
        self._flush()
        if end is not None and over:
            self._announce(end, failing=failing)

    def _fails(self, pod: Obj, *, failing: bool) -> bool:
        """Whether a pod that is let go adds to the failures; all that were at work do when the whole Job fails."""
        over = failing or rules.has_failed(self.job, pod)
        return over and rules.is_valid(self.job, pod) and counts(self.job, pod)

    def _may_release(self, pod: Obj, end: Obj | None) -> bool:
        if is_terminating(self.job) or end is not None or phase(pod) == "Succeeded":
            return True
        if not rules.has_failed(self.job, pod):
            return False
        held = self.replaced.get(indexes.index_of(pod))
        return held is None or uid_of(held) != uid_of(pod)

    def _finish(self, end: Obj, *, failing: bool) -> None:
        kind = "Failed" if failing else "Complete"
        self.put(self.condition(kind, end["reason"], end["message"]))
        if not failing:
            self.status["completionTime"] = timestamp(self.now)

    def _announce(self, end: Obj, *, failing: bool) -> None:
        if failing:
            self.controller.event(self.job, "Warning", end["reason"], end["message"])
            return
        completions = self.spec.get("completions")
        if completions is not None and int(self.status.get("succeeded", 0)) > int(completions):
            text = "Too many succeeded pods running after completion count reached"
            self.controller.event(self.job, "Warning", "TooManySucceededPods", text)
        self.controller.event(self.job, "Normal", "Completed", "Job completed")

    def _flush(self) -> None:
        latest = self.api.store.get(JOBS, namespace_of(self.job), name_of(self.job))
        if latest is None or uid_of(latest) != uid_of(self.job):
            return
        empty = ("active", "succeeded", "failed", "completedIndexes")
        status = {k: clone(v) for k, v in self.status.items() if v or k not in empty}
        if status != (latest.get("status") or {}):
            self.api.update_status(JOBS, {**clone(latest), "status": status})
