"""The status of a Job: conditions, times and counters that must make sense together and may not go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from labrunner.sim.errors import OMIT, FieldError, duplicate, invalid_value, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.job_policies import count_indexes, overlap
from labrunner.sim.validation.syntax import Errors, non_negative

_COUNTERS: Final = ("active", "succeeded", "failed", "ready", "terminating")
_TERMINAL: Final = ("Failed", "Complete", "FailureTarget")
_UNSTARTED: Final = "startTime is required for finished job"


@dataclass(frozen=True, slots=True)
class _Facts:
    """A Job's status and the conditions that hold in it."""

    job: Obj

    @property
    def status(self) -> Obj:
        return self.job.get("status") or {}

    @property
    def spec(self) -> Obj:
        return self.job.get("spec") or {}

    def holds(self, kind: str) -> bool:
        found = self.status.get("conditions") or []
        return any(c.get("type") == kind and c.get("status") == "True" for c in found)

    @property
    def finished(self) -> bool:
        return self.holds("Complete") or self.holds("Failed")


def update(new: Obj, old: Obj) -> Errors:
    """A Job's status replaced. Most rules look only at what this update changes."""
    after, before = _Facts(new), _Facts(old)
    out = meta.update(new, old)
    for key in _COUNTERS:
        out += non_negative(f"status.{key}", after.status.get(key))
    out += _uncounted(after.status)
    out += _completion(after, before) + _causes(after, before)
    out += _finished(after, before) + _indexes(after, before)
    return out + _success(after) + _no_way_back(after, before)


def _condition(text: str) -> FieldError:
    return FieldError("FieldValueInvalid", "status.conditions", text, OMIT)


def _changed(after: _Facts, before: _Facts, *names: str) -> bool:
    """Whether any of these conditions (capitalised) or fields differs."""
    for name in names:
        if name == "finished":
            differs = after.finished != before.finished
        elif name[0].isupper():
            differs = after.holds(name) != before.holds(name)
        else:
            differs = (after.status.get(name) or None) != (before.status.get(name) or None)
        if differs:
            return True
    return False


def _uncounted(status: Obj) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for key in ("succeeded", "failed"):
        for i, uid in enumerate((status.get("uncountedTerminatedPods") or {}).get(key) or []):
            path = f"status.uncountedTerminatedPods.{key}[{i}]"
            if not uid:
                out.append(invalid_value(path, uid, "must not be empty"))
            elif uid in seen:
                out.append(duplicate(path, uid))
            seen.add(uid)
    return out


def _completion(after: _Facts, before: _Facts) -> Errors:
    complete, path = after.holds("Complete"), "status.completionTime"
    start, end = after.status.get("startTime"), after.status.get("completionTime")
    out: Errors = []
    if complete and after.holds("Failed") and _changed(after, before, "Complete", "Failed"):
        out.append(_condition("cannot set Complete=True and Failed=true conditions"))
    if complete and after.holds("FailureTarget") and _changed(after, before, "Complete", "FailureTarget"):
        out.append(_condition("cannot set Complete=True and FailureTarget=true conditions"))
    if _changed(after, before, "Complete", "completionTime"):
        if end and not complete:
            text = "cannot set completionTime when there is no Complete=True condition"
            out.append(invalid_value(path, end, text))
        if complete and not end:
            out.append(required(path, "completionTime is required for Complete jobs"))
    if start and end and end < start and _changed(after, before, "startTime", "completionTime"):
        out.append(invalid_value(path, end, "completionTime cannot be set before startTime"))
    return out


def _causes(after: _Facts, before: _Facts) -> Errors:
    out: Errors = []
    for kind, cause in (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet")):
        if after.holds(kind) and not after.holds(cause) and _changed(after, before, kind, cause):
            out.append(_condition(f"cannot set {kind}=True condition without the {cause}=true condition"))
    return out


def _finished(after: _Facts, before: _Facts) -> Errors:
    if not after.finished:
        return []
    status = after.status
    out: Errors = []
    if (status.get("active") or 0) > 0 and _changed(after, before, "finished", "active"):
        out.append(invalid_value("status.active", status["active"], "active>0 is invalid for finished job"))
    if not status.get("startTime") and _changed(after, before, "finished", "startTime"):
        out.append(required("status.startTime", _UNSTARTED))
    pods: Obj = status.get("uncountedTerminatedPods") or {}
    if (pods.get("failed") or pods.get("succeeded")) and _changed(
        after, before, "finished", "uncountedTerminatedPods"
    ):
        shown = {"Succeeded": pods.get("succeeded"), "Failed": pods.get("failed")}
        text = "uncountedTerminatedPods needs to be empty for finished job"
        out.append(invalid_value("status.uncountedTerminatedPods", shown, text))
    return out


def _indexes(after: _Facts, before: _Facts) -> Errors:
    completions = after.spec.get("completions")
    per_index = after.spec.get("backoffLimitPerIndex") is not None
    done, failed = after.status.get("completedIndexes") or "", after.status.get("failedIndexes")
    done_changed = _changed(after, before, "completedIndexes")
    failed_changed = _changed(after, before, "failedIndexes")
    out: Errors = []
    if done_changed and completions is not None:
        out += _readable("completedIndexes", done, completions)
    if failed_changed and completions is not None and per_index and failed is not None:
        out += _readable("failedIndexes", failed, completions)
    if done_changed and done and after.spec.get("completionMode") != "Indexed":
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        out.append(invalid_value("status.completedIndexes", done, text))
    if failed_changed and failed is not None and not per_index:
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        out.append(invalid_value("status.failedIndexes", failed, text))
    if (done_changed or failed_changed) and completions is not None and failed is not None:
        common = overlap(done, failed, completions)
        if common is not None:
            text = f"failedIndexes and completedIndexes overlap at index: {common}"
            out.append(invalid_value("status.failedIndexes", failed, text))
    terminating = after.status.get("terminating") or 0
    if terminating > 0 and after.finished and _changed(after, before, "finished", "terminating"):
        text = "terminating>0 is invalid for finished job"
        out.append(invalid_value("status.terminating", terminating, text))
    ready = after.status.get("ready") or 0
    if ready > (after.status.get("active") or 0) and _changed(after, before, "ready", "active"):
        out.append(invalid_value("status.ready", ready, "cannot set more ready pods than active"))
    return out


def _readable(key: str, text: str, completions: int) -> Errors:
    try:
        count_indexes(text, completions)
    except ValueError as error:
        return [invalid_value(f"status.{key}", text, f"error parsing {key}: {error}")]
    return []


def _success(after: _Facts) -> Errors:
    met = after.holds("SuccessCriteriaMet")
    out = [
        _condition(f"cannot set SuccessCriteriaMet=True and {kind}=true conditions")
        for kind in ("Failed", "FailureTarget")
        if met and after.holds(kind)
    ]
    if after.spec.get("successPolicy") is not None and not met and after.holds("Complete"):
        text = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        out.append(_condition(text))
    return out


def _no_way_back(after: _Facts, before: _Facts) -> Errors:
    spec = after.spec
    out = [
        _condition(f"cannot disable the terminal {kind}=True condition")
        for kind in _TERMINAL
        if before.holds(kind) and not after.holds(kind)
    ]
    # An indexed Job that runs all its indexes at once may be scaled down, which takes successes away.
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for key in ("failed", "succeeded"):
        count = after.status.get(key) or 0
        if count < (before.status.get(key) or 0) and not (key == "succeeded" and elastic):
            out.append(invalid_value(f"status.{key}", count, f"cannot decrease the {key} counter"))
    ended, was = after.status.get("completionTime"), before.status.get("completionTime")
    if ended and was and ended != was:
        out.append(invalid_value("status.completionTime", ended, "completionTime cannot be mutated"))
    started = before.status.get("startTime")
    if started and started != after.status.get("startTime") and not spec.get("suspend"):
        out.append(required("status.startTime", "startTime cannot be removed for unsuspended job"))
    met = after.holds("SuccessCriteriaMet")
    if before.holds("SuccessCriteriaMet") and not met:
        out.append(_condition("cannot disable the SuccessCriteriaMet=True condition"))
    elif before.holds("Complete") and not before.holds("SuccessCriteriaMet") and met:
        text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        out.append(_condition(text))
    return out
