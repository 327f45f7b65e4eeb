from __future__ import annotations

import pytest

from labrunner.sim.controllers.missing_metrics import missing
from labrunner.sim.objects import Obj
from tests.sim.life.conftest import Cluster, deployment

SCALERS = "horizontalpodautoscalers.autoscaling"
DEPLOYMENTS = "deployments.apps"
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
NO_CUSTOM = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"


def scaler(cluster: Cluster, name: str = "web", kind: str = "Deployment", **spec: object) -> None:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "web"}
    body: Obj = {"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": target, "metrics": [CPU], **spec}
    cluster.create(SCALERS, name, body)


def web(cluster: Cluster, replicas: int) -> None:
    cluster.create(DEPLOYMENTS, "web", deployment(replicas))
    cluster.clock.advance(1)


def test_last_decision_stays_when_metrics_are_missing(cluster: Cluster) -> None:
    web(cluster, 1)
    scaler(cluster, minReplicas=2)
    cluster.clock.advance(40)
    status = cluster.status(SCALERS, "web")
    assert (status["currentReplicas"], status["desiredReplicas"]) == (2, 2)
    assert status["currentMetrics"] == [{"type": ""}]
    assert cluster.condition(SCALERS, "web", "AbleToScale")["reason"] == "SucceededGetScale"


def test_two_autoscalers_of_the_same_pods_refuse_both(cluster: Cluster) -> None:
    web(cluster, 2)
    scaler(cluster)
    scaler(cluster, "web2")
    cluster.clock.advance(16)
    text = "pods by selector app=web are controlled by multiple HPAs: [default/web default/web2]"
    for name in ("web", "web2"):
        active = cluster.condition(SCALERS, name, "ScalingActive")
        assert (active["reason"], active["message"]) == ("AmbiguousSelector", text)
    assert cluster.events("web2", "FailedComputeMetricsReplicas") == [text]


def test_absent_target_and_kind_that_does_not_scale(cluster: Cluster) -> None:
    scaler(cluster)
    scaler(cluster, "daemons", "DaemonSet")
    scaler(cluster, "typo", "Deploymnet")
    cluster.clock.advance(16)
    prefix = "the HPA controller was unable to get the target's current scale: "
    for name, problem in (
        ("web", 'deployments.apps "web" not found'),
        ("daemons", "the server could not find the requested resource"),
        ("typo", 'no matches for kind "Deploymnet" in group "apps"'),
    ):
        assert cluster.events(name, "FailedGetScale") == [problem]
        able = cluster.condition(SCALERS, name, "AbleToScale")
        assert (able["status"], able["message"]) == ("False", prefix + problem)


def test_every_metric_is_told_of_and_the_first_sums_up(cluster: Cluster) -> None:
    web(cluster, 1)
    pods = {
        "type": "Pods",
        "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
    }
    scaler(cluster, metrics=[pods, CPU])
    cluster.clock.advance(16)
    assert cluster.events("web", "FailedGetPodsMetric") == [f"unable to get metric hits: {NO_CUSTOM}"]
    assert len(cluster.events("web", "FailedGetResourceMetric")) == 1
    assert cluster.events("web", "FailedComputeMetricsReplicas") == [
        "invalid metrics (2 invalid out of 2), first error is: failed to get pods metric value: "
        f"unable to get metric hits: {NO_CUSTOM}"
    ]


@pytest.mark.parametrize(
    ("metric", "reason", "message"),
    [
        (
            {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue"}}},
            "FailedGetResourceMetric",
            "failed to get memory usage: unable to get metrics for resource memory: unable to fetch metrics from "
            "resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
        ),
        (
            {
                "type": "Object",
                "object": {
                    "metric": {"name": "rps"},
                    "describedObject": {"kind": "Ingress", "name": "main"},
                    "target": {"type": "Value"},
                },
            },
            "FailedGetObjectMetric",
            f"unable to get metric rps: Ingress on default main/{NO_CUSTOM}",
        ),
        (
            {
                "type": "External",
                "external": {
                    "metric": {"name": "queue", "selector": {"matchLabels": {"q": "a"}}},
                    "target": {"type": "Value"},
                },
            },
            "FailedGetExternalMetric",
            "failed to get external metric queue: unable to get external metric default/queue/"
            "&LabelSelector{MatchLabels:map[string]string{q: a,},MatchExpressions:[]LabelSelectorRequirement{},}: "
            "unable to fetch metrics from external metrics API: the server could not find the requested resource "
            "(get queue.external.metrics.k8s.io)",
        ),
    ],
)
def test_words_for_each_kind_of_metric(metric: Obj, reason: str, message: str) -> None:
    found = missing(metric, "default")
    assert (found.reason, found.message) == (reason, message)
