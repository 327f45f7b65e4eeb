"""Jobs and CronJobs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from labrunner.sim import names
from labrunner.sim.errors import invalid_value, not_supported, required, too_long
from labrunner.sim.objects import Obj, clone, get_path, name_of, uid_of
from labrunner.sim.validation import job_policies, meta, pod
from labrunner.sim.validation.cron import check_schedule
from labrunner.sim.validation.internal_form import render
from labrunner.sim.validation.internal_form import template as internal_template
from labrunner.sim.validation.pod_update import same
from labrunner.sim.validation.syntax import IMMUTABLE, Errors, domain_prefixed_path, non_negative, one_of

_COUNTS: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ZONE_PART: Final = re.compile(r"(?!-)[A-Za-z.\-_0-9+]{1,14}")
_MODES: Final = ("NonIndexed", "Indexed")
_MOST_INDEXES: Final = 100_000
_MOST_AT_ONCE: Final = 10_000
_LONGEST_MANAGER: Final = 63
_INDEXED_ONLY: Final = "requires indexed completion mode"
# What may still change in the template of a job that is suspended and has not started.
_SCHEDULING: Final = ("nodeSelector", "tolerations", "schedulingGates", "resources")
# What shows in messages of fields that may not change, by field.
_SHOWN: Final = {"podFailurePolicy": "PodFailurePolicy", "successPolicy": "JobSuccessPolicy"}


def create_job(obj: Obj) -> Errors:
    """A new Job."""
    spec: Obj = obj.get("spec") or {}
    out = meta.create(obj, True) + _generated_selector(obj) + _job(spec)
    last = (spec.get("completions") or 0) - 1
    if spec.get("completionMode") == "Indexed" and last >= 0:
        host = f"{name_of(obj)}-{last}"
        if names.dns_label(host):
            text = f"will not able to create pod with invalid DNS label: {host}"
            out.append(invalid_value("metadata.name", name_of(obj), text))
    return out


def _generated_selector(job: Obj) -> Errors:
    spec: Obj = job.get("spec") or {}
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    out: Errors = []
    labels = get_path(spec, "template", "metadata", "labels", default={})
    wanted = {"controller-uid": uid_of(job), "job-name": name_of(job)}
    wanted |= {f"batch.kubernetes.io/{key}": value for key, value in wanted.items()}
    for key, value in wanted.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            out.append(required(path, f"must be '{value}'"))
        elif labels[key] != value:
            out.append(invalid_value(path, labels, f"must be '{value}'"))
    selector = spec["selector"]
    if meta.readable(selector) and not meta.selector_matches(selector, wanted):
        out.append(invalid_value("spec.selector", selector, "`selector` not auto-generated"))
    return out


def _job(spec: Obj) -> Errors:
    out = _job_spec(spec, "spec")
    selector = spec.get("selector")
    out += [required("spec.selector")] if selector is None else meta.label_selector(selector, "spec.selector")
    labels = get_path(spec, "template", "metadata", "labels")
    if selector is None or (meta.readable(selector) and not meta.selector_matches(selector, labels)):
        text = "`selector` does not match template `labels`"
        out.append(invalid_value("spec.template.metadata.labels", labels, text))
    return out


def _job_spec(spec: Obj, path: str) -> Errors:
    out: Errors = []
    for key in _COUNTS:
        out += non_negative(f"{path}.{key}", spec.get(key))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        out.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    manager = spec.get("managedBy")
    if manager is not None:
        out += domain_prefixed_path(f"{path}.managedBy", manager)
        if len(manager) > _LONGEST_MANAGER:
            out.append(too_long(f"{path}.managedBy", _LONGEST_MANAGER))
    out += _mode(spec, path)
    out += job_policies.failure_policy(spec, f"{path}.podFailurePolicy")
    out += job_policies.success_policy(spec, f"{path}.successPolicy")
    out += job_policies.replacement_policy(spec, f"{path}.podReplacementPolicy")
    out += pod.template(spec.get("template"), f"{path}.template")
    restart = get_path(spec, "template", "spec", "restartPolicy", default="")
    here = f"{path}.template.spec.restartPolicy"
    if restart in ("", "Always"):
        out.append(required(here, 'valid values: "OnFailure", "Never"'))
    elif restart not in ("OnFailure", "Never"):
        out.append(not_supported(here, restart, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and restart != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        out.append(invalid_value(here, restart, text))
    return out


def _mode(spec: Obj, path: str) -> Errors:
    mode = spec.get("completionMode")
    if mode == "Indexed":
        return _indexed(spec, path)
    if mode is not None and mode not in _MODES:
        return [not_supported(f"{path}.completionMode", mode, _MODES)]
    return [
        invalid_value(f"{path}.{key}", spec[key], _INDEXED_ONLY)
        for key in ("backoffLimitPerIndex", "maxFailedIndexes")
        if spec.get(key) is not None
    ]


def _indexed(spec: Obj, path: str) -> Errors:
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    parallelism = spec.get("parallelism") or 0
    out: Errors = []

    def limit(key: str, most: int, detail: str = "") -> None:
        if (spec.get(key) or 0) > most:
            text = f"must be less than or equal to {most}{detail}"
            out.append(invalid_value(f"{path}.{key}", spec[key], text))

    if completions is None:
        out.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if parallelism > _MOST_INDEXES:
        limit("parallelism", _MOST_INDEXES, " when completion mode is Indexed")
    if completions is not None and failed is not None and failed > completions:
        text = "must be less than or equal to completions"
        out.append(invalid_value(f"{path}.maxFailedIndexes", failed, text))
    limit("maxFailedIndexes", _MOST_INDEXES)
    if (completions or 0) > _MOST_INDEXES and spec.get("backoffLimitPerIndex") is not None:
        if failed is None:
            text = f"must be specified when completions is above {_MOST_INDEXES}"
            out.append(required(f"{path}.maxFailedIndexes", text))
        detail = f" when completions are above {_MOST_INDEXES} and used with backoff limit per index"
        limit("parallelism", _MOST_AT_ONCE, detail)
        limit("maxFailedIndexes", _MOST_AT_ONCE, detail)
    return out


def update_job(new: Obj, old: Obj) -> Errors:
    """A Job replaced: hardly anything about its pods may change."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    found = create_job(new) + meta.update(new, old) + _completions(after, before)
    found += meta.immutable("spec.selector", after.get("selector"), before.get("selector"))
    if not same(_pinned(after.get("template"), old), _pinned(before.get("template"), old)):
        shown = internal_template(after.get("template"))
        found.append(invalid_value("spec.template", shown, IMMUTABLE))
    for key in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        if after.get(key) != before.get(key):
            value = after.get(key)
            if value is not None and key in _SHOWN:
                value = render(value, _SHOWN[key])
            found.append(invalid_value(f"spec.{key}", value, IMMUTABLE))
    out: Errors = []  # whatever new jobs and replaced ones have in common is said once
    for error in found:
        if error not in out:
            out.append(error)
    return out


def _completions(after: Obj, before: Obj) -> Errors:
    """Indexed jobs may grow and shrink when completions and parallelism move together."""
    path, wanted = "spec.completions", after.get("completions")
    if after.get("completionMode") != "Indexed":
        return meta.immutable(path, wanted, before.get("completions"))
    if wanted in (None, before.get("completions"), after.get("parallelism")):
        return []
    return [invalid_value(path, wanted, "can only be modified in tandem with spec.parallelism")]


def _pinned(template: Obj | None, job: Obj) -> Obj:
    """The part of a job's template that is fixed in the state *job* is in."""
    out: Obj = clone(template or {})
    suspended = get_path(job, "spec", "suspend") and get_path(job, "status", "startTime") is None
    if suspended:
        spec = out.get("spec") or {}
        for key in _SCHEDULING:
            spec.pop(key, None)
        affinity: Obj = spec.get("affinity") or {}
        affinity.pop("nodeAffinity", None)
        if not affinity:
            spec.pop("affinity", None)
        for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
            container.pop("resources", None)
        for key in ("labels", "annotations"):
            (out.get("metadata") or {}).pop(key, None)
    return out


def create_cron_job(obj: Obj) -> Errors:
    """A new CronJob: 11 bytes stay free for the suffix of its jobs."""
    out = meta.create(obj, True) + _cron_job(obj, None)
    name = name_of(obj)
    if len(name) > 52:
        out.append(invalid_value("metadata.name", name, "must be no more than 52 characters"))
    return out


def update_cron_job(new: Obj, old: Obj) -> Errors:
    """A CronJob replaced."""
    return meta.update(new, old) + _cron_job(new, old.get("spec") or {})


def _cron_job(obj: Obj, before: Obj | None) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out = _schedule(spec, zoned="TZ" in ((before or {}).get("schedule") or ""))
    out += non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if before is None or before.get("timeZone") != spec.get("timeZone"):
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


def _schedule(spec: Obj, *, zoned: bool) -> Errors:
    """*zoned*: the object already had a schedule with a time zone, and may keep one."""
    schedule = spec.get("schedule") or ""
    if not schedule:
        return [required("spec.schedule")]
    problem = check_schedule(schedule)
    out: Errors = [invalid_value("spec.schedule", schedule, problem)] if problem else []
    if "TZ" in schedule and not zoned:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        out.append(invalid_value("spec.schedule", schedule, text))
    elif "TZ" in schedule and spec.get("timeZone") is not None:
        text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        out.append(invalid_value("spec.schedule", schedule, text))
    return out


def _time_zone(zone: str | None) -> Errors:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid_value(path, zone, "timeZone must be nil or non-empty string")]
    unknown = invalid_value(path, zone, f"unknown time zone {zone}")
    if any(part in (".", "..") or _ZONE_PART.fullmatch(part) is None for part in zone.split("/")):
        return [unknown]
    if zone.lower() == "local":
        text = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        explicit = invalid_value(path, zone, text)
        return [explicit] if zone == "Local" else [explicit, unknown]
    return [] if _known_zone(zone) else [unknown]


@lru_cache(maxsize=64)
def _known_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
