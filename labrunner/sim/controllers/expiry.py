"""Finished Jobs that are to be removed some time after their end (``ttlSecondsAfterFinished``)."""

from __future__ import annotations

from collections.abc import Mapping

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.controllers.podstate import condition
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.objects import Obj, get_path, is_terminating, uid_of


class ExpiryController(Controller):
    """Deletes Jobs, and their pods before them, when their time is up."""

    name = "ttl-after-finished-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {"jobs.batch": itself}

    def reconcile(self, key: Key) -> float | None:
        job = self.api.store.get("jobs.batch", *key)
        ttl = get_path(job, "spec", "ttlSecondsAfterFinished")
        if job is None or ttl is None or is_terminating(job):
            return None
        ended = _ended(job)
        if ended is None:
            return None
        left = float(ttl) - (self.api.clock.now() - parse_timestamp(ended)).total_seconds()
        if left > 0:
            return left
        self.api.delete("jobs.batch", key[1], key[0], propagation="Foreground", uid=uid_of(job))
        return None


def _ended(job: Obj) -> str | None:
    for kind in ("Complete", "Failed"):
        found = condition(job, kind)
        if found is not None and found.get("status") == "True":
            return str(found["lastTransitionTime"])
    return None
