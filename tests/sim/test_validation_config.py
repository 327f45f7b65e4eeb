"""What the API server says of quotas, limit ranges, nodes, events and the status of jobs: every error in order."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj, clone
from tests.sim.manifests import REGISTRY, made, messages, type_of, workload

SCOPES = "spec.scopes: Invalid value: "
SELECTOR = "spec.scopeSelector.matchExpressions"
UNFIT = "unsupported scope applied to resource"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"hard": {"pods": "3", "requests.nvidia.com/gpu": "1"}, "scopes": ["BestEffort"]}, []),
        ({"hard": {"persistentvolumeclaims": "1"}, "scopes": ["VolumeAttributesClass"]}, []),
        ({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}, [f'{SCOPES}["BestEffort"]: {UNFIT}']),
        (
            {"hard": {"requests.ephemeral-storage": "1Gi"}, "scopes": ["Terminating"]},
            [f'{SCOPES}["Terminating"]: {UNFIT}'],
        ),
        (
            {"hard": {"services": "1"}, "scopes": ["Often", "NotTerminating"]},
            [
                f'{SCOPES}["Often","NotTerminating"]: unsupported scope',
                f'{SCOPES}["Often","NotTerminating"]: {UNFIT}',
            ],
        ),
        (
            {"hard": {}, "scopes": ["Terminating", "NotTerminating"]},
            [f'{SCOPES}["Terminating","NotTerminating"]: conflicting scopes'],
        ),
        (
            {
                "hard": {"services": "1"},
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
                },
            },
            [
                f'{SELECTOR}: Invalid value: {{"MatchExpressions":[{{"ScopeName":"PriorityClass","Operator":"In",'
                f'"Values":["high"]}}]}}: {UNFIT}'
            ],
        ),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [
                        {"scopeName": "BestEffort", "operator": "Exists"},
                        {"scopeName": "NotBestEffort", "operator": "Exists"},
                    ]
                }
            },
            [f"{SELECTOR}: Invalid value: null: conflicting scopes"],
        ),
    ],
)
def test_quotas(spec: Obj, errors: list[str]) -> None:
    assert messages(validation.create(made("resourcequotas", spec), type_of("resourcequotas"))) == errors


def test_what_cannot_be_overcommitted_has_one_default() -> None:
    limit = {
        "type": "Container",
        "default": {"nvidia.com/gpu": "2"},
        "defaultRequest": {"nvidia.com/gpu": "1"},
    }
    found = validation.create(made("limitranges", {"limits": [limit]}), type_of("limitranges"))
    assert messages(found) == [
        'spec.limits[0].defaultRequest[nvidia.com/gpu]: Invalid value: "1": '
        "default value 2 must equal to defaultRequest value 1 in nvidia.com/gpu"
    ]


@pytest.mark.parametrize(
    ("before", "after", "errors"),
    [
        ({"podCIDRs": ["10.1.0.0/24"]}, {"podCIDRs": ["10.1.0.0/24"], "unschedulable": True}, []),
        (
            {},
            {"taints": [{"key": "a", "effect": "Never"}]},
            [
                'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", '
                '"PreferNoSchedule", "NoExecute"'
            ],
        ),
        (
            {},
            {"podCIDRs": ["10.1.0.0/24", "10.2.0.0/24"]},
            [
                'spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: '
                "may specify no more than one CIDR for each IP family"
            ],
        ),
        (
            {"podCIDRs": ["10.1.0.0/24"]},
            {"podCIDRs": ["10.3.0.0/24"]},
            ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
        ),
    ],
)
def test_node_updates(before: Obj, after: Obj, errors: list[str]) -> None:
    old = made("nodes", before, metadata={"resourceVersion": "1"})
    new = made("nodes", after, metadata={"resourceVersion": "1"})
    # The whole node is checked as well as its change; a client shows equal complaints once.
    assert list(dict.fromkeys(messages(validation.update(new, old, type_of("nodes"))))) == errors


ABOUT = {"kind": "Pod", "name": "p", "namespace": "lab"}
NEW = {"eventTime": "2026-01-01T00:00:00.000000Z", "reportingComponent": "a.b/c", "reportingInstance": "i"}


@pytest.mark.parametrize(
    ("group", "fields", "errors"),
    [
        ("", {}, []),
        (
            "",
            {"involvedObject": {"namespace": "other"}},
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        ),
        ("", NEW, ["action: Required value", "reason: Required value"]),
        ("events.k8s.io", {**NEW, "action": "Go", "reason": "R", "type": "Normal"}, []),
        (
            "events.k8s.io",
            {"count": 1, "series": {"count": 1}},
            [
                'series.count: Invalid value: "": should be at least 2',
                "series.lastObservedTime: Required value",
                "eventTime: Required value",
                'type: Invalid value: "": has invalid value: ',
                'count: Invalid value: "": needs to be unset',
            ],
        ),
    ],
)
def test_events(group: str, fields: dict[str, Any], errors: list[str]) -> None:
    asked = REGISTRY.by_path(group, "v1", "events")
    event = made("events", **{"involvedObject": ABOUT, **fields})
    assert messages(validation.create(event, type_of("events"), asked)) == errors


DONE = [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]
FAILED = [{"type": "Failed", "status": "True"}]
START, END = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


@pytest.mark.parametrize(
    ("before", "after", "errors"),
    [
        ({"startTime": START}, {"startTime": START, "completionTime": END, "conditions": DONE}, []),
        (
            {},
            {"conditions": DONE[1:]},
            [
                "status.completionTime: Required value: completionTime is required for Complete jobs",
                "status.conditions: Invalid value: cannot set Complete=True condition without the "
                "SuccessCriteriaMet=true condition",
                "status.startTime: Required value: startTime is required for finished job",
            ],
        ),
        (
            {"startTime": START},
            {"startTime": START, "conditions": FAILED, "active": 1},
            [
                "status.conditions: Invalid value: cannot set Failed=True condition without the "
                "FailureTarget=true condition",
                "status.active: Invalid value: 1: active>0 is invalid for finished job",
            ],
        ),
        (
            {"failed": 2, "startTime": START},
            {"failed": 1, "startTime": END, "ready": 1},
            [
                "status.ready: Invalid value: 1: cannot set more ready pods than active",
                "status.failed: Invalid value: 1: cannot decrease the failed counter",
                "status.startTime: Required value: startTime cannot be removed for unsuspended job",
            ],
        ),
        (
            {},
            {"completedIndexes": "0-1"},
            [
                'status.completedIndexes: Invalid value: "0-1": error parsing completedIndexes: too large index: "1"',
                'status.completedIndexes: Invalid value: "0-1": cannot set non-empty completedIndexes when '
                "non-indexed completion mode",
            ],
        ),
        (
            {"startTime": START, "completionTime": END, "conditions": DONE},
            {"startTime": START},
            [
                "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
                "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition",
            ],
        ),
    ],
)
def test_job_status(before: Obj, after: Obj, errors: list[str]) -> None:
    job = workload("jobs.batch", {"completions": 1}, metadata={"resourceVersion": "1"})
    old, new = {**clone(job), "status": before}, {**clone(job), "status": after}
    assert messages(validation.update(new, old, type_of("jobs.batch"), "status")) == errors
