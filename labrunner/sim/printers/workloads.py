"""Rows of workload controllers, batch kinds, autoscalers and budgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, name_of, owner_controller
from labrunner.sim.printers.text import (
    NONE,
    UNKNOWN,
    UNSET,
    Printer,
    age,
    columns,
    containers_text,
    human_duration,
    labels_text,
    parse_time,
    selector_text,
    since,
)

_CONTAINERS = ("Containers", "Images", "Selector")


def _status(obj: Obj, key: str) -> int:
    return int(get_path(obj, "status", key, default=0))


def _template(obj: Obj) -> tuple[str, str]:
    return containers_text(get_path(obj, "spec", "template", "spec"))


def _tail(obj: Obj) -> list[str]:
    return [*_template(obj), selector_text(get_path(obj, "spec", "selector"))]


def _deployment(obj: Obj, now: datetime) -> list[Any]:
    ready = f"{_status(obj, 'readyReplicas')}/{get_path(obj, 'spec', 'replicas', default=0)}"
    counts = [_status(obj, "updatedReplicas"), _status(obj, "availableReplicas")]
    return [name_of(obj), ready, *counts, age(obj, now), *_tail(obj)]


def _replicas(obj: Obj) -> list[int]:
    return [
        get_path(obj, "spec", "replicas", default=0),
        _status(obj, "replicas"),
        _status(obj, "readyReplicas"),
    ]


def _replica_set(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), *_replicas(obj), age(obj, now), *_tail(obj)]


def _replication_controller(obj: Obj, now: datetime) -> list[Any]:
    selector = labels_text(get_path(obj, "spec", "selector"))
    return [name_of(obj), *_replicas(obj), age(obj, now), *_template(obj), selector]


def _stateful_set(obj: Obj, now: datetime) -> list[Any]:
    ready = f"{_status(obj, 'readyReplicas')}/{get_path(obj, 'spec', 'replicas', default=0)}"
    return [name_of(obj), ready, age(obj, now), *_template(obj)]


def _daemon_set(obj: Obj, now: datetime) -> list[Any]:
    counts = [
        _status(obj, key)
        for key in (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        )
    ]
    nodes = labels_text(get_path(obj, "spec", "template", "spec", "nodeSelector"))
    return [name_of(obj), *counts, nodes, age(obj, now), *_tail(obj)]


def _job_status(obj: Obj) -> str:
    true = {
        c.get("type") for c in get_path(obj, "status", "conditions", default=[]) if c.get("status") == "True"
    }
    for kind in ("Complete", "Failed"):
        if kind in true:
            return kind
    if get_path(obj, "metadata", "deletionTimestamp") is not None:
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in true:
            return kind
    return "Running"


def _job(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    done = _status(obj, "succeeded")
    parallelism = spec.get("parallelism") or 0
    if spec.get("completions") is not None:
        completions = f"{done}/{spec['completions']}"
    else:
        completions = f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"
    started = parse_time(get_path(obj, "status", "startTime"))
    ended = parse_time(get_path(obj, "status", "completionTime"))
    duration = "" if started is None else human_duration(((ended or now) - started).total_seconds())
    return [name_of(obj), _job_status(obj), completions, duration, age(obj, now), *_tail(obj)]


def _cron_job(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    last = get_path(obj, "status", "lastScheduleTime")
    job: Obj = get_path(spec, "jobTemplate", "spec", default={})
    return [
        name_of(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        UNSET if spec.get("suspend") is None else str(bool(spec["suspend"])),
        len(get_path(obj, "status", "active", default=[])),
        since(last, now) if last else NONE,
        age(obj, now),
        *containers_text(get_path(job, "template", "spec")),
        selector_text(job.get("selector")),
    ]


def _metric_value(found: Obj | None, key: str) -> str:
    value = (found or {}).get(key)
    return UNKNOWN if value is None else str(value)


def _metric(spec: Obj, current: Obj | None) -> str:
    kind = spec.get("type", "")
    source: Obj = spec.get(kind[:1].lower() + kind[1:]) or {}
    target: Obj = source.get("target") or {}
    now: Obj = ((current or {}).get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
    if kind in ("Resource", "ContainerResource"):
        name = source.get("name", "")
        if target.get("averageValue") is not None:
            return f"{name}: {_metric_value(now, 'averageValue')}/{target['averageValue']}"
        used = now.get("averageUtilization")
        shown = UNKNOWN if used is None else f"{used}%"
        wanted = target.get("averageUtilization")
        return f"{name}: {shown}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if kind == "External" and target.get("averageValue") is not None:
        return f"{_metric_value(now, 'averageValue')}/{target['averageValue']} (avg)"
    key = "averageValue" if kind == "Pods" or target.get("averageValue") is not None else "value"
    suffix = " (avg)" if kind == "Object" and key == "averageValue" else ""
    return f"{_metric_value(now, key)}/{target.get(key, '')}{suffix}"


def _autoscaler_metrics(obj: Obj) -> str:
    spec: Obj = obj.get("spec") or {}
    if obj.get("apiVersion") == "autoscaling/v1":
        wanted = spec.get("targetCPUUtilizationPercentage")
        used = get_path(obj, "status", "currentCPUUtilizationPercentage")
        shown = UNKNOWN if used is None else f"{used}%"
        return NONE if wanted is None else f"cpu: {shown}/{wanted}%"
    metrics = spec.get("metrics") or []
    current = get_path(obj, "status", "currentMetrics", default=[])
    texts = [_metric(m, current[i] if i < len(current) else None) for i, m in enumerate(metrics)]
    if not texts:
        return NONE
    return ", ".join(texts[:2]) + (f" + {len(texts) - 2} more..." if len(texts) > 2 else "")


def _autoscaler(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    target: Obj = spec.get("scaleTargetRef") or {}
    minimum = spec.get("minReplicas")
    return [
        name_of(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _autoscaler_metrics(obj),
        UNSET if minimum is None else str(minimum),
        spec.get("maxReplicas", 0),
        _status(obj, "currentReplicas"),
        age(obj, now),
    ]


def _budget(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    limits = [
        "N/A" if spec.get(key) is None else str(spec[key]) for key in ("minAvailable", "maxUnavailable")
    ]
    return [name_of(obj), *limits, _status(obj, "disruptionsAllowed"), age(obj, now)]


def _revision(obj: Obj, now: datetime) -> list[Any]:
    owner = owner_controller(obj)
    controller = NONE
    if owner is not None:
        group = str(owner.get("apiVersion", "")).rpartition("/")[0]
        kind = str(owner.get("kind", "")).lower()
        controller = f"{kind}.{group}/{owner.get('name')}" if group else f"{kind}/{owner.get('name')}"
    return [name_of(obj), controller, obj.get("revision", 0), age(obj, now)]


def _scale(obj: Obj, now: datetime) -> list[Any]:
    return [
        name_of(obj),
        get_path(obj, "spec", "replicas", default=0),
        _status(obj, "replicas"),
        age(obj, now),
    ]


_COUNTS = ("Desired", "Current", "Ready", "Up-to-date", "Available")

DEPLOYMENT = Printer(columns("Ready", "Up-to-date", "Available", "Age", wide=_CONTAINERS), _deployment)
REPLICA_SET = Printer(
    columns("Desired", "Current", "Ready", "Age", wide=_CONTAINERS, integers=_COUNTS), _replica_set
)
REPLICATION_CONTROLLER = Printer(
    columns("Desired", "Current", "Ready", "Age", wide=_CONTAINERS, integers=_COUNTS), _replication_controller
)
STATEFUL_SET = Printer(columns("Ready", "Age", wide=("Containers", "Images")), _stateful_set)
DAEMON_SET = Printer(
    columns(*_COUNTS, "Node Selector", "Age", wide=_CONTAINERS, integers=_COUNTS), _daemon_set
)
JOB = Printer(columns("Status", "Completions", "Duration", "Age", wide=_CONTAINERS), _job)
CRON_JOB = Printer(
    columns(
        "Schedule",
        "Timezone",
        "Suspend",
        "Active",
        "Last Schedule",
        "Age",
        wide=_CONTAINERS,
        integers=("Active",),
        booleans=("Suspend",),
    ),
    _cron_job,
)
AUTOSCALER = Printer(
    columns("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"),
    _autoscaler,
)
BUDGET = Printer(
    columns(
        "Min Available", "Max Unavailable", "Allowed Disruptions", "Age", integers=("Allowed Disruptions",)
    ),
    _budget,
)
REVISION = Printer(columns("Controller", "Revision", "Age"), _revision)
SCALE = Printer(columns("Desired", "Available", "Age", integers=("Desired", "Available")), _scale)
