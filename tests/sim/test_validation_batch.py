"""What the API server says of Jobs, CronJobs and autoscalers."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj, clone
from tests.sim.manifests import made, messages, type_of

POD: Obj = {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": "Never"}
IN = {"operator": "In", "values": [1]}


def job(**spec: Any) -> Obj:
    """A job that selects by hand."""
    template: Obj = {"metadata": {"labels": {"a": "b"}}, "spec": clone(POD)}
    base: Obj = {"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return made("jobs.batch", {**base, **spec})


def said(obj: Obj, gr: str = "jobs.batch") -> list[str]:
    return messages(validation.create(obj, type_of(gr)))


def policy(**fields: Any) -> Obj:
    return {"podFailurePolicy": {"rules": [fields]}}


RULE = "spec.podFailurePolicy.rules[0]"
WHEN = {"type": "DisruptionTarget", "status": "True"}


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({}, []),
        ({"maxFailedIndexes": 1}, [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode",
        ]),
        ({"managedBy": "me"}, [
            'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
        ]),
        ({"completionMode": "Sometimes"}, [
            'spec.completionMode: Unsupported value: "Sometimes": supported values: "NonIndexed", "Indexed"',
        ]),
        ({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 1, "maxFailedIndexes": 3}, [
            "spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions",
        ]),
        ({"completionMode": "Indexed", "completions": 200000, "parallelism": 20000, "backoffLimitPerIndex": 1}, [
            "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
            "spec.parallelism: Invalid value: 20000: must be less than or equal to 10000 when completions are above "
            "100000 and used with backoff limit per index",
        ]),
        (policy(), [
            f'{RULE}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
            f"{RULE}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        ]),
        (policy(action="FailIndex", onExitCodes=IN, onPodConditions=[WHEN]), [
            f'{RULE}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
            f"{RULE}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported",
        ]),
        (policy(action="Ignore", onExitCodes={"operator": "In", "containerName": "x", "values": [3, 0, 3]}), [
            f'{RULE}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer '
            "names in the pod template",
            f"{RULE}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            f"{RULE}.onExitCodes.values[2]: Duplicate value: 3",
            f"{RULE}.onExitCodes.values: Invalid value: [3,0,3]: must be ordered",
        ]),
        (policy(action="Explode", onPodConditions=[{"type": "Ready", "status": "Maybe"}]), [
            f'{RULE}.action: Unsupported value: "Explode": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
            f'{RULE}.onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", '
            '"Unknown"',
        ]),
        ({"successPolicy": {"rules": [{"succeededCount": 1}]}}, [
            'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires '
            "indexed completion mode",
        ]),
        ({"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [
            {}, {"succeededIndexes": "0,5"}, {"succeededIndexes": "0-1", "succeededCount": 4},
        ]}}, [
            "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be "
            "specified",
            'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0,5": error parsing succeededIndexes: too '
            'large index: "5"',
            "spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number "
            "of specified completions)",
            "spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 2 (the number "
            "of indexes in the specified succeededIndexes field)",
        ]),
        ({"podReplacementPolicy": "Never"}, [
            'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
        ]),
    ],
)  # fmt: skip
def test_jobs(spec: Obj, errors: list[str]) -> None:
    assert said(job(**spec)) == errors


def test_an_indexed_job_needs_a_name_that_leaves_room_for_the_index() -> None:
    found = job(completionMode="Indexed", completions=11)
    found["metadata"]["name"] = name = "j" * 62
    assert said(found) == [
        f'metadata.name: Invalid value: "{name}": will not able to create pod with invalid DNS label: {name}-10'
    ]


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        ({"completions": 2, "completionMode": "Indexed"}, {"completions": 3, "parallelism": 3}, []),
        ({"completions": 2, "completionMode": "Indexed"}, {"completions": 3, "parallelism": 1}, [
            "spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism",
        ]),
        ({"completions": 2}, {"completions": 3}, ["spec.completions: Invalid value: 3: field is immutable"]),
        ({}, policy(action="Ignore", onExitCodes=IN), [
            'spec.podFailurePolicy: Invalid value: {"Rules":[{"Action":"Ignore","OnExitCodes":{"ContainerName":null,'
            '"Operator":"In","Values":[1]},"OnPodConditions":null}]}: field is immutable',
        ]),
        ({"parallelism": 1}, {"parallelism": -1}, [
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        ]),
    ],
)  # fmt: skip
def test_job_updates(old: Obj, new: Obj, errors: list[str]) -> None:
    found = validation.update(job(**{**old, **new}), job(**old), type_of("jobs.batch"))
    assert messages(found) == errors


def cron_job(**spec: Any) -> Obj:
    template: Obj = {"spec": {"template": {"spec": clone(POD)}}}
    return made("cronjobs.batch", {"schedule": "* * * * *", "jobTemplate": template, **spec})


EXPLICIT = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


@pytest.mark.parametrize(
    ("zone", "errors"),
    [
        ("Europe/Zurich", []),
        ("", ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string']),
        ("Local", [f'spec.timeZone: Invalid value: "Local": {EXPLICIT}']),
        ("Mars/Base", ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']),
        ("../etc", ['spec.timeZone: Invalid value: "../etc": unknown time zone ../etc']),
    ],
)
def test_time_zones(zone: str, errors: list[str]) -> None:
    assert said(cron_job(timeZone=zone), "cronjobs.batch") == errors


def test_a_schedule_with_a_time_zone_may_only_stay() -> None:
    new, rt = cron_job(schedule="TZ=UTC * * * * *"), type_of("cronjobs.batch")
    use = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    assert messages(validation.update(new, cron_job(), rt)) == [
        f'spec.schedule: Invalid value: "TZ=UTC * * * * *": {use}'
    ]
    assert validation.update(new, new, rt) == []


def scaler(**spec: Any) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    base: Obj = {"maxReplicas": 3, "scaleTargetRef": target}
    return made("horizontalpodautoscalers.autoscaling", {**base, **spec})


CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
M = "spec.metrics[0]"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({}, []),
        ({"minReplicas": 5}, [
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
        ]),
        ({"minReplicas": 0}, [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero "
            "replicas",
        ]),
        ({"maxReplicas": 0}, [
            "spec.maxReplicas: Required value: must be set and greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ]),
        ({"scaleTargetRef": {"kind": "Deployment"}}, [
            "spec.scaleTargetRef.name: Required value",
            'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
        ]),
        ({"scaleTargetRef": {"kind": "ReplicationController", "name": "rc", "apiVersion": "v1"}}, []),
        ({"scaleTargetRef": {"kind": "A", "name": "a", "apiVersion": "a/b/c"}}, [
            'spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        ]),
        ({"metrics": [{"type": "Disk"}]}, [
            f'{M}.type: Unsupported value: "Disk": supported values: "ContainerResource", "External", "Object", '
            '"Pods", "Resource"',
        ]),
        ({"metrics": [{"type": "Pods"}]}, [
            f"{M}.pods: Required value: must populate information for the given metric source",
        ]),
        ({"metrics": [{"type": "Resource", "resource": {"name": "cpu"}}]}, [
            f"{M}.resource.target.type: Required value: must specify a metric target type",
            f'{M}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
            f"{M}.resource.target.averageUtilization: Required value: must set either a target raw value or a target "
            "utilization",
        ]),
        ({"metrics": [{**CPU, "pods": {}}]}, [
            f"{M}.pods.metric.name: Required value: must specify a metric name",
            f"{M}.pods.target.type: Required value: must specify a metric target type",
            f'{M}.pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
            f"{M}.pods.target.averageValue: Required value: must specify a positive target averageValue",
            f"{M}.pods: Forbidden: must populate the given metric source only",
        ]),
        ({"behavior": {"scaleUp": {"policies": [{"type": "Nodes", "value": 0, "periodSeconds": 4000}]}}}, [
            'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
            "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 4000: must be less than or equal to 1800",
        ]),
    ],
)  # fmt: skip
def test_autoscalers(spec: Obj, errors: list[str]) -> None:
    found = scaler(**spec)
    if "minReplicas" not in spec:
        found["spec"]["minReplicas"] = 1
    assert said(found, "horizontalpodautoscalers.autoscaling") == errors


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": "system-cluster-critical", "value": 2_000_000_000}, []),
        ({"name": "system-cluster-critical", "value": 5}, ["value of system-cluster-critical PriorityClass must be "
                                                          "2000000000"]),
        ({"name": "system-mine", "value": 5}, ["system-mine is not a known system priority class"]),
    ],
)  # fmt: skip
def test_priority_classes_of_the_system(fields: dict[str, Any], errors: list[str]) -> None:
    name = fields.pop("name")
    text = "priority class names with 'system-' prefix are reserved for system use only. error: "
    found = made("priorityclasses.scheduling.k8s.io", name=name, **fields)
    expected = [f"metadata.name: Forbidden: {text}{error}" for error in errors]
    assert said(found, "priorityclasses.scheduling.k8s.io") == expected


def test_runtime_classes() -> None:
    same = {"key": "a", "operator": "Exists"}
    found = made(
        "runtimeclasses.node.k8s.io",
        handler="runsc",
        overhead={"podFixed": {"disk": "1"}},
        scheduling={"tolerations": [same, same]},
    )
    assert said(found, "runtimeclasses.node.k8s.io") == [
        'overhead.limits[disk]: Invalid value: "disk": must be a standard resource type or fully qualified',
        'overhead.limits[disk]: Invalid value: "disk": must be a standard resource for containers',
        'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"",'
        '"TolerationSeconds":null}',
    ]
