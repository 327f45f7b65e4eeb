"""The pods of Jobs: how they are made, numbered, deleted and let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from labrunner.sim.controllers import job_rules as rules
from labrunner.sim.controllers import pod_control
from labrunner.sim.controllers.job_indexes import (
    FAILURES,
    IGNORED_FAILURES,
    INDEX,
    all_failures_of,
    failures_of,
    has_limit_per_index,
)
from labrunner.sim.controllers.job_policies import counts
from labrunner.sim.controllers.runner import Controller
from labrunner.sim.controllers.templates import pod_from
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, meta, name_of, namespace_of

BURST: Final = 50
_LONGEST_PREFIX: Final = 58
_ENVIRONMENT: Final = "JOB_COMPLETION_INDEX"


def build(job: Obj, index: int | None, replaced: Obj | None) -> Obj:
    """A pod of *job*, for *index* of an Indexed Job; *replaced* is the failed pod of that index."""
    prefix = f"{name_of(job)}-" if index is None else _prefix(name_of(job), f"-{index}-")
    pod = pod_from(job["spec"]["template"], job, generate_name=prefix)
    finalizers = meta(pod).setdefault("finalizers", [])
    if rules.TRACKING not in finalizers:
        finalizers.append(rules.TRACKING)
    if index is None:
        return pod
    notes = meta(pod).setdefault("annotations", {})
    notes[INDEX] = str(index)
    if has_limit_per_index(job):
        notes.update(_failure_counts(job, replaced))
    meta(pod).setdefault("labels", {})[INDEX] = str(index)
    pod["spec"]["hostname"] = f"{name_of(job)}-{index}"
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    for field in ("initContainers", "containers"):
        for container in pod["spec"].get(field) or []:
            env = container.get("env") or []
            if not any(v.get("name") == _ENVIRONMENT for v in env):
                container["env"] = [*env, {"name": _ENVIRONMENT, "valueFrom": clone(source)}]
    return pod


def _prefix(job: str, ending: str) -> str:
    return job[: _LONGEST_PREFIX - len(ending)] + ending


def _failure_counts(job: Obj, replaced: Obj | None) -> dict[str, str]:
    failed, ignored = 0, 0
    if replaced is not None:
        failed, ignored = failures_of(replaced), all_failures_of(replaced) - failures_of(replaced)
        if counts(job, replaced):
            failed += 1
        else:
            ignored += 1
    found = {FAILURES: str(failed)}
    if ignored:
        found[IGNORED_FAILURES] = str(ignored)
    return found


def create(
    controller: Controller, job: Obj, indexes: Iterable[int | None], replaced: Mapping[int, Obj]
) -> tuple[int, ApiError | None]:
    """Make a pod for each of *indexes*, *replaced* being the failed pods of theirs. How many were made, and why not."""
    pods = [build(job, n, replaced.get(n) if n is not None else None) for n in list(indexes)[:BURST]]
    return pod_control.create(controller, job, pods)


def untrack(controller: Controller, pod: Obj) -> None:
    """Take the tracking finalizer off a pod, which may be gone or changed by now."""
    found = controller.api.store.get("pods", namespace_of(pod), name_of(pod))
    if found is None or not rules.is_tracked(found):
        return
    changed = clone(found)
    rest = [f for f in changed["metadata"]["finalizers"] if f != rules.TRACKING]
    changed["metadata"]["finalizers"] = rest
    if not rest:
        del changed["metadata"]["finalizers"]
    controller.api.update("pods", changed)
