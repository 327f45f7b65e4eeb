"""Jobs and CronJobs."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from labrunner.sim.errors import invalid_value, not_supported, required
from labrunner.sim.objects import Obj, clone, get_path, name_of, uid_of
from labrunner.sim.validation import meta, pod
from labrunner.sim.validation.cron import check_schedule
from labrunner.sim.validation.internal_form import template as internal_template
from labrunner.sim.validation.pod_update import same
from labrunner.sim.validation.syntax import IMMUTABLE, Errors, non_negative, one_of

_COUNTS: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_MODES: Final = ("NonIndexed", "Indexed")
# What may still change in the template of a job that is suspended and has not started.
_SCHEDULING: Final = ("affinity", "nodeSelector", "tolerations", "schedulingGates", "resources")


def create_job(obj: Obj) -> Errors:
    """A new Job."""
    return meta.create(obj, True) + _generated_selector(obj) + _job(obj.get("spec") or {})


def _generated_selector(job: Obj) -> Errors:
    spec: Obj = job.get("spec") or {}
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    out: Errors = []
    labels = get_path(spec, "template", "metadata", "labels", default={})
    wanted = {"controller-uid": uid_of(job), "job-name": name_of(job)}
    wanted |= {f"batch.kubernetes.io/{key}": value for key, value in wanted.items()}
    for key in (
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
    ):
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            out.append(required(path, f"must be '{wanted[key]}'"))
        elif labels[key] != wanted[key]:
            out.append(invalid_value(path, labels, f"must be '{wanted[key]}'"))
    if not meta.selector_matches(spec["selector"], wanted):
        out.append(invalid_value("spec.selector", spec["selector"], "`selector` not auto-generated"))
    return out


def _job(spec: Obj) -> Errors:
    out = _job_spec(spec, "spec")
    selector = spec.get("selector")
    if selector is None:
        return [*out, required("spec.selector")]
    out += meta.label_selector(selector, "spec.selector")
    labels = get_path(spec, "template", "metadata", "labels")
    if not meta.selector_matches(selector, labels):
        text = "`selector` does not match template `labels`"
        out.append(invalid_value("spec.template.metadata.labels", labels, text))
    return out


def _job_spec(spec: Obj, path: str) -> Errors:
    out: Errors = []
    for key in _COUNTS:
        out += non_negative(f"{path}.{key}", spec.get(key))
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        out.append(not_supported(f"{path}.completionMode", mode, _MODES))
    if mode == "Indexed":
        if spec.get("completions") is None:
            out.append(required(f"{path}.completions", "when completion mode is Indexed"))
        if (spec.get("parallelism") or 0) > 100000:
            text = "must be less than or equal to 100000 when completion mode is Indexed"
            out.append(invalid_value(f"{path}.parallelism", spec["parallelism"], text))
    elif spec.get("backoffLimitPerIndex") is not None:
        text = "requires indexed completion mode"
        out.append(invalid_value(f"{path}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], text))
    out += _failure_policy(spec, f"{path}.podFailurePolicy")
    out += pod.template(spec.get("template"), f"{path}.template")
    restart = get_path(spec, "template", "spec", "restartPolicy", default="")
    here = f"{path}.template.spec.restartPolicy"
    if restart == "Always":
        out.append(required(here, 'valid values: "OnFailure", "Never"'))
    elif restart not in ("OnFailure", "Never"):
        out.append(not_supported(here, restart, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and restart != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        out.append(invalid_value(here, restart, text))
    return out


def _failure_policy(spec: Obj, path: str) -> Errors:
    out: Errors = []
    for i, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or []):
        here = f"{path}.rules[{i}]"
        action = rule.get("action") or ""
        actions = ("Count", "FailIndex", "FailJob", "Ignore")
        out += one_of(f"{here}.action", action, actions)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
        if codes is not None:
            out += one_of(f"{here}.onExitCodes.operator", codes.get("operator") or "", ("In", "NotIn"))
            if not codes.get("values"):
                text = "at least one value is required"
                out.append(invalid_value(f"{here}.onExitCodes.values", codes.get("values"), text))
        if codes is not None and conditions:
            text = "specifying both OnExitCodes and OnPodConditions is not supported"
            out.append(invalid_value(here, "", text))
        elif codes is None and not conditions:
            text = "specifying one of OnExitCodes and OnPodConditions is required"
            out.append(invalid_value(here, "", text))
    return out


def update_job(new: Obj, old: Obj) -> Errors:
    """A Job replaced: hardly anything about its pods may change."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old) + _job(after)
    if not _elastic(after, before):
        out += meta.immutable("spec.completions", after.get("completions"), before.get("completions"))
    out += meta.immutable("spec.selector", after.get("selector"), before.get("selector"))
    if not same(_pinned(after.get("template"), old), _pinned(before.get("template"), old)):
        shown = internal_template(after.get("template"))
        out.append(invalid_value("spec.template", shown, IMMUTABLE))
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        out += meta.immutable(f"spec.{key}", after.get(key), before.get(key))
    return out


def _elastic(after: Obj, before: Obj) -> bool:
    """Indexed jobs may grow and shrink when completions and parallelism move together."""
    indexed = after.get("completionMode") == before.get("completionMode") == "Indexed"
    return indexed and after.get("completions") == after.get("parallelism")


def _pinned(template: Obj | None, job: Obj) -> Obj:
    """The part of a job's template that is fixed in the state *job* is in."""
    out: Obj = clone(template or {})
    suspended = get_path(job, "spec", "suspend") and get_path(job, "status", "startTime") is None
    if suspended:
        spec = out.get("spec") or {}
        for key in _SCHEDULING:
            spec.pop(key, None)
        for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
            container.pop("resources", None)
        for key in ("labels", "annotations"):
            (out.get("metadata") or {}).pop(key, None)
    return out


def create_cron_job(obj: Obj) -> Errors:
    """A new CronJob: 11 bytes stay free for the suffix of its jobs."""
    out = meta.create(obj, True) + _cron_job(obj)
    name = name_of(obj)
    if len(name) > 52:
        out.append(invalid_value("metadata.name", name, "must be no more than 52 characters"))
    return out


def update_cron_job(new: Obj, old: Obj) -> Errors:
    """A CronJob replaced."""
    return meta.update(new, old) + _cron_job(new)


def _cron_job(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out = _schedule(spec)
    out += non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    out += _time_zone(spec.get("timeZone"))
    policy = spec.get("concurrencyPolicy") or ""
    out += one_of("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace"))
    jobs: Obj = get_path(spec, "jobTemplate", "spec", default={})
    out += _job_spec(jobs, "spec.jobTemplate.spec")
    if jobs.get("selector") is not None:
        text = "`selector` will be auto-generated"
        out.append(invalid_value("spec.jobTemplate.spec.selector", jobs["selector"], text))
    if jobs.get("manualSelector"):
        path = "spec.jobTemplate.spec.manualSelector"
        out.append(not_supported(path, True, ("nil", "false")))
    for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        out += non_negative(f"spec.{key}", spec.get(key))
    return out


def _schedule(spec: Obj) -> Errors:
    schedule = spec.get("schedule") or ""
    if not schedule:
        return [required("spec.schedule")]
    problem = check_schedule(schedule)
    out: Errors = [invalid_value("spec.schedule", schedule, problem)] if problem else []
    if "TZ" in schedule:
        if spec.get("timeZone") is not None:
            text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        else:
            text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        out.append(invalid_value("spec.schedule", schedule, text))
    return out


def _time_zone(zone: str | None) -> Errors:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid_value(path, zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [invalid_value(path, zone, text)]
    return [] if _known_zone(zone) else [invalid_value(path, zone, f"unknown time zone {zone}")]


@lru_cache(maxsize=64)
def _known_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
