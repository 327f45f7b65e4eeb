"""Warnings about workloads and pods that are accepted: about their names, themselves and their templates."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
from labrunner.sim.objects import Obj, get_path, name_of
from labrunner.sim.strategy.pod_warnings import fractional_bytes, pod_warnings

TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "pods": (),
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
# Kinds that warn of names which cannot be hostnames, and what the name is used in.
_PODS_OF: Final = "Pod names and hostnames"
_NAMED: Final = {
    "pods": "the Pod's hostname",
    **dict.fromkeys(
        ("deployments.apps", "replicasets.apps", "replicationcontrollers", "jobs.batch", "cronjobs.batch"),
        _PODS_OF,
    ),
}
_MANY_COMPLETIONS: Final = 100_000
_MANY_AT_ONCE: Final = 10_000
_LARGE: Final = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
    "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
)
_ZONED: Final = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
_ENDLESS: Final = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"


def workload(new: Obj, old: Obj | None, gr: str) -> list[str]:
    """A new object of a kind in `TEMPLATES`, or an update that changed what it asks for."""
    out = _hostname(name_of(new), gr) if old is None else []
    if old is None or (gr != "pods" and _generation(new) != _generation(old)):
        path = TEMPLATES[gr]
        if gr in ("jobs.batch", "cronjobs.batch"):
            out += _large(get_path(new, *path[:-1], default={}), ".".join(path[:-1]))
        holder: Obj = get_path(new, *path, default={}) if path else new
        out += pod_warnings(holder, ".".join(path))
        if gr == "statefulsets.apps":
            # The update names the field as Go does.
            out += _claims(new, "" if old is None else ".Spec")
    spec: Obj = new.get("spec") or {}
    if gr == "statefulsets.apps" and (spec.get("revisionHistoryLimit") or 0) < 0:
        out.append(_ENDLESS)
    if gr == "cronjobs.batch" and old is not None and "TZ" in (spec.get("schedule") or ""):
        out.append(_ZONED)
    return out


def _generation(obj: Obj) -> object:
    return (obj.get("metadata") or {}).get("generation")


def _hostname(name: str, gr: str) -> list[str]:
    use = _NAMED.get(gr)
    problems = names.dns_label(name) if name and use else []
    if not problems:
        return []
    text = f"this is used in {use}, which can result in surprising behavior; a DNS label is recommended"
    return [f"metadata.name: {text}: [{' '.join(problems)}]"]


def _large(spec: Obj, path: str) -> list[str]:
    large = (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > _MANY_COMPLETIONS
        and (spec.get("parallelism") or 0) > _MANY_AT_ONCE
    )
    return [f"{path}: {_LARGE}"] if large else []


def _claims(obj: Obj, suffix: str) -> list[str]:
    out: list[str] = []
    for i, claim in enumerate(get_path(obj, "spec", "volumeClaimTemplates", default=[])):
        for section in ("requests", "limits"):
            amounts: Obj = get_path(claim, "spec", "resources", section, default={})
            base = f"spec.volumeClaimTemplates[{i}]{suffix}.resources.{section}"
            out += fractional_bytes(amounts, base, "storage")
    return out
