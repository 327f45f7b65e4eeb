"""CronJob: makes Jobs when they are due, by concurrency policy, and keeps a short history of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.cronschedule import Schedule, ScheduleError, parse
from labrunner.sim.controllers.ownership import controlled_by, controller_reference, owners_of_kind
from labrunner.sim.controllers.podstate import condition_true
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
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
    resource_version_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.store import Change

CRON_JOBS: Final = "cronjobs.batch"
JOBS: Final = "jobs.batch"
SCHEDULED: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_TOO_MANY: Final = 100


def finished_as(job: Obj) -> str:
    """``Complete``, ``Failed``, or empty while the job is going on."""
    for kind in ("Complete", "Failed"):
        if condition_true(job, kind):
            return kind
    return ""


class CronJobController(Controller):
    """Reconciles CronJobs at their due times and when their Jobs change."""

    name = "cronjob-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {CRON_JOBS: itself, JOBS: self._of_job}

    def _of_job(self, change: Change) -> Iterable[Key]:
        return owners_of_kind(change, "CronJob")

    def reconcile(self, key: Key) -> float | None:
        cron = self.api.store.get(CRON_JOBS, *key)
        if cron is None or is_terminating(cron):
            return None
        jobs = [j for j in self.api.store.list(JOBS, key[0]) if controlled_by(j, cron)]
        status = clone(cron.get("status") or {})
        self._follow_jobs(cron, jobs, status)
        wait = self._schedule(cron, jobs, status)
        if status != (cron.get("status") or {}):
            latest = clone(self.api.store.get(CRON_JOBS, *key) or cron)
            latest["status"] = status
            self.api.update_status(CRON_JOBS, latest)
        self._trim(cron, jobs)
        return wait

    def _follow_jobs(self, cron: Obj, jobs: list[Obj], status: Obj) -> None:
        active: list[Obj] = status.get("active") or []
        uids = {a.get("uid") for a in active}
        there = {uid_of(j) for j in jobs}
        for job in jobs:
            end = finished_as(job)
            if uid_of(job) not in uids and not end:
                text = f"Saw a job that the controller did not create or forgot: {name_of(job)}"
                self.event(cron, "Warning", "UnexpectedJob", text)
            elif uid_of(job) in uids and end:
                active = [a for a in active if a.get("uid") != uid_of(job)]
                text = f"Saw completed job: {name_of(job)}, condition: {end}"
                self.event(cron, "Normal", "SawCompletedJob", text)
            done = get_path(job, "status", "completionTime")
            if end == "Complete" and done and done > status.get("lastSuccessfulTime", ""):
                status["lastSuccessfulTime"] = done
        for gone in [a for a in active if a.get("uid") not in there]:
            self.event(cron, "Normal", "MissingJob", f"Active job went missing: {gone.get('name')}")
            active = [a for a in active if a is not gone]
        status["active"] = active
        if not active:
            del status["active"]

    def _schedule(self, cron: Obj, jobs: list[Obj], status: Obj) -> float | None:
        spec = cron["spec"]
        if spec.get("suspend"):
            return None
        try:
            schedule = parse(spec.get("schedule", ""), spec.get("timeZone") or "")
        except ScheduleError as error:
            self.event(cron, "Warning", "UnparseableSchedule", f"unparseable schedule: {error}")
            return None
        now = self.api.clock.now()
        due = self._due(cron, schedule, status, now)
        following = schedule.next_after(now)
        wait = None if following is None else (following - now).total_seconds() + 0.1
        if due is None:
            return wait
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and due + timedelta(seconds=int(deadline)) < now:
            text = f"Missed scheduled time to start a job: {due.strftime('%a, %d %b %Y %H:%M:%S')} +0000"
            self.event(cron, "Warning", "MissSchedule", text)
            return wait
        self._run(cron, jobs, status, due)
        return wait

    def _due(self, cron: Obj, schedule: Schedule, status: Obj, now: datetime) -> datetime | None:
        """The latest due time that has not been served."""
        since = status.get("lastScheduleTime") or meta(cron).get("creationTimestamp", "")
        earliest = parse_timestamp(since)
        deadline = cron["spec"].get("startingDeadlineSeconds")
        if deadline is not None:
            earliest = max(earliest, now - timedelta(seconds=int(deadline)))
        found: datetime | None = None
        missed = 0
        at = schedule.next_after(earliest)
        while at is not None and at <= now:
            found = at
            missed += 1
            if missed == _TOO_MANY + 1:
                text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
                self.event(cron, "Warning", "TooManyMissedTimes", text)
                # Go on from close to now, so that a long sleep costs no long search.
                at = schedule.next_after(now - timedelta(days=1))
                if at is None or at <= found:
                    at = schedule.next_after(found)
                continue
            at = schedule.next_after(at)
        return found

    def _run(self, cron: Obj, jobs: list[Obj], status: Obj, due: datetime) -> None:
        spec = cron["spec"]
        active = status.get("active") or []
        policy = spec.get("concurrencyPolicy") or "Allow"
        if policy == "Forbid" and active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.event(cron, "Normal", "JobAlreadyActive", text)
            return
        if policy == "Replace":
            for job in jobs:
                if any(a.get("uid") == uid_of(job) for a in active):
                    self._delete(cron, job)
            status.pop("active", None)
        try:
            job = self.api.create(JOBS, self._job(cron, due), user=self.user)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                status["lastScheduleTime"] = timestamp(due)
                return
            self.event(cron, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self.event(cron, "Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        status.setdefault("active", []).append(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": name_of(job),
                "namespace": namespace_of(job),
                "resourceVersion": resource_version_of(job),
                "uid": uid_of(job),
            }
        )
        status["lastScheduleTime"] = timestamp(due)

    def _job(self, cron: Obj, due: datetime) -> Obj:
        template = cron["spec"]["jobTemplate"]
        zone = parse(cron["spec"]["schedule"], cron["spec"].get("timeZone") or "").zone
        moment = due.astimezone(zone)
        shown = timestamp(due) if moment.utcoffset() == timedelta(0) else moment.isoformat(timespec="seconds")
        return {
            "metadata": {
                "name": f"{name_of(cron)}-{int(due.timestamp()) // 60}",
                "namespace": namespace_of(cron),
                "labels": dict(labels_of(template)),
                "annotations": {**annotations_of(template), SCHEDULED: shown},
                "ownerReferences": [controller_reference(cron)],
            },
            "spec": clone(template.get("spec") or {}),
        }

    def _delete(self, cron: Obj, job: Obj) -> None:
        self.api.delete(JOBS, name_of(job), namespace_of(job), propagation="Background")
        self.event(cron, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")

    def _trim(self, cron: Obj, jobs: list[Obj]) -> None:
        for kind, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            limit = cron["spec"].get(field, default)
            done = [j for j in jobs if finished_as(j) == kind and not is_terminating(j)]
            done.sort(key=lambda j: get_path(j, "status", "startTime", default=""))
            for job in done[: max(0, len(done) - int(limit))]:
                self._delete(cron, job)
