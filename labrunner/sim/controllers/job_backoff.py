"""How long Jobs wait after failures in a row."""

from __future__ import annotations

from datetime import datetime

from labrunner.sim.controllers.job_rules import backoff_after, finished_at
from labrunner.sim.objects import Obj, get_path, uid_of


class Backoffs:
    """Failures in a row of each Job, kept in memory as the real controller does: a restart forgets them."""

    def __init__(self) -> None:
        # By uid: failures in a row, when the last one was, and the failures counted by then.
        self._records: dict[str, tuple[int, datetime, int]] = {}

    def note(self, job: Obj, failures: list[Obj], successes: list[Obj], failed: int) -> None:
        """Count pods that ended since the last look; *failed* is the number of failures with them."""
        uid = uid_of(job)
        record = self._records.get(uid)
        if (
            record is not None
            and int(get_path(job, "status", "failed", default=0)) < record[2]
            and not failures
        ):
            # The status is older than the record: a snapshot was restored.
            record = self._records.pop(uid) and None
        streak = record[0] if record is not None else 0
        if successes:
            last = max(finished_at(p) for p in successes)
            streak = 0
            failures = [p for p in failures if finished_at(p) > last]
        if failures:
            ended = max(finished_at(p) for p in failures)
            self._records[uid] = (streak + len(failures), ended, failed)
        elif successes:
            self.forget(job)

    def left(self, job: Obj, now: datetime) -> float:
        """Seconds until the next pod may be made."""
        record = self._records.get(uid_of(job))
        return backoff_after(record[0]) - (now - record[1]).total_seconds() if record is not None else 0.0

    def forget(self, job: Obj) -> None:
        """The Job is over or has had a success."""
        self._records.pop(uid_of(job), None)
