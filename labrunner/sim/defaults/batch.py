"""Defaults of Jobs and CronJobs."""

from __future__ import annotations

from labrunner.sim.defaults.fill import default, default_text, items, section
from labrunner.sim.defaults.pod import template
from labrunner.sim.objects import Obj


def job(obj: Obj) -> None:
    """A Job."""
    spec = section(obj, "spec")
    job_spec(spec)
    labels = spec["template"]["metadata"].get("labels")
    meta = section(obj, "metadata")
    if labels and not meta.get("labels"):
        meta["labels"] = dict(labels)


def job_spec(spec: Obj) -> None:
    """A JobSpec, in a Job or in a CronJob's template."""
    template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    default(spec, "parallelism", 1)
    indexed = spec.get("completionMode") == "Indexed"
    if spec.get("backoffLimit") is None:
        per_index = indexed and spec.get("backoffLimitPerIndex") is not None
        spec["backoffLimit"] = 2147483647 if per_index else 6
    default_text(spec, "completionMode", "NonIndexed")
    default(spec, "suspend", False)
    default(spec, "manualSelector", None)
    if spec["manualSelector"] is None:
        del spec["manualSelector"]
    policy = spec.get("podFailurePolicy")
    if isinstance(policy, dict):
        for rule in items(policy, "rules"):
            for pattern in items(rule, "onPodConditions"):
                default_text(pattern, "status", "True")
    if not spec.get("podReplacementPolicy"):
        spec["podReplacementPolicy"] = "Failed" if policy is not None else "TerminatingOrFailed"


def cron_job(obj: Obj) -> None:
    """A CronJob. Its job template is only defaulted as far as the API server does it."""
    spec = section(obj, "spec")
    default_text(spec, "concurrencyPolicy", "Allow")
    default(spec, "suspend", False)
    default(spec, "successfulJobsHistoryLimit", 3)
    default(spec, "failedJobsHistoryLimit", 1)
    jobs = section(spec, "jobTemplate")
    section(jobs, "metadata")
    template(section(jobs, "spec"))
