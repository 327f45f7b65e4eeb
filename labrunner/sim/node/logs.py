"""Container logs: what a command obviously prints, and a line that says so for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp
from labrunner.sim.node.config import environment
from labrunner.sim.node.container import FIELDS
from labrunner.sim.node.outcomes import Outcomes
from labrunner.sim.node.process import Process
from labrunner.sim.objects import Obj, get_path

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

NOTE: Final = "[simulated] this container does not run: its cluster is simulated, so it has no log of its own"
_STATUS: Final = {"containers": "containerStatuses", "initContainers": "initContainerStatuses"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. ``known`` is False for lines that only say that nothing is known."""

    at: datetime
    text: str
    known: bool = True


def container_spec(pod: Obj, name: str) -> Obj | None:
    """The container called *name*, of any sort."""
    for field in FIELDS.values():
        for found in get_path(pod, "spec", field, default=[]):
            if found.get("name") == name:
                return dict(found)
    return None


def container_status(pod: Obj, name: str) -> Obj | None:
    """The status of the container called *name*."""
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for found in get_path(pod, "status", field, default=[]):
            if found.get("name") == name:
                return dict(found)
    return None


def log_lines(api: Api, pod: Obj, container: str, *, previous: bool = False) -> list[LogLine]:
    """The log of a container's present (or *previous*) run, oldest first; empty when it never ran.

    Lines are computed from the command and the times in the status, so that they are the same at every call.
    """
    spec, status = container_spec(pod, container), container_status(pod, container)
    if spec is None or status is None:
        return []
    state = status.get("lastState") if previous else status.get("state")
    if not previous and "waiting" in (state or {}):
        state = status.get("lastState")
    run = (state or {}).get("running") or (state or {}).get("terminated")
    if not run:
        return []
    started = parse_timestamp(run.get("startedAt") or "1970-01-01T00:00:00Z")
    now = (
        parse_timestamp(run["finishedAt"]) + timedelta(seconds=1)
        if run.get("finishedAt")
        else api.clock.now()
    )
    scripted = Outcomes(api, pod).find(spec, "run", "exit", "oom")
    process = Process(spec, environment(api, pod, spec), started, scripted)
    elapsed = max(0.0, (now - started).total_seconds())
    out: list[LogLine] = []
    if process.argv is None:
        return [LogLine(started, NOTE, known=False)]
    for offset, text, known in process.lines(elapsed):
        at = started + timedelta(seconds=offset)
        if known:
            out += [LogLine(at, line) for line in text.split("\n")]
        else:
            out.append(LogLine(at, f"[simulated] the output of {text} is not known", known=False))
    if not out and not process.finished_looking:
        out.append(LogLine(started, NOTE, known=False))
    return out
