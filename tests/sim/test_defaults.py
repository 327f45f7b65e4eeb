"""Defaults of built-in kinds, and the shape a typed server keeps."""

from __future__ import annotations

import base64

import pytest

from labrunner.sim import defaults
from labrunner.sim.api.conversion import convert
from labrunner.sim.objects import clone
from tests.sim.manifests import REGISTRY, made, pod, type_of, workload


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.example:5000/team/app", "Always"),
        ("registry.example:5000/team/app:v1", "IfNotPresent"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert pod(container={"image": image})["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_pods_and_templates_differ_in_service_links() -> None:
    assert pod()["spec"]["enableServiceLinks"] is True
    template = workload("deployments.apps")["spec"]["template"]["spec"]
    assert "enableServiceLinks" not in template
    assert template["terminationGracePeriodSeconds"] == 30


def test_requests_are_taken_from_limits_in_pods_only() -> None:
    limits = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}}
    assert pod(container=limits)["spec"]["containers"][0]["resources"]["requests"] == {
        "cpu": "500m",
        "memory": "1Gi",
    }
    found = workload("deployments.apps")
    found["spec"]["template"]["spec"]["containers"][0] |= limits
    defaults.apply(found, type_of("deployments.apps"))
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "500m"}


def test_volumes_get_modes_and_an_empty_source() -> None:
    volumes = [
        {"name": "a", "secret": {"secretName": "s"}},
        {"name": "b", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {"name": "c"},
        {"name": "d", "hostPath": {"path": "/x"}},
    ]
    found = pod({"volumes": volumes})["spec"]["volumes"]
    assert found[0]["secret"]["defaultMode"] == 420
    assert found[1]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 3600
    assert found[2] == {"name": "c", "emptyDir": {}}
    assert found[3]["hostPath"] == {"path": "/x", "type": ""}


def test_probes_are_completed() -> None:
    probe = pod(container={"readinessProbe": {"httpGet": {"port": 80}}})["spec"]["containers"][0][
        "readinessProbe"
    ]
    assert probe == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_deployment_strategy() -> None:
    spec = workload("deployments.apps")["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)


def test_secret_text_becomes_data() -> None:
    found = made("secrets", stringData={"password": "s3cret"}, data={"user": "YQ=="})
    assert "stringData" not in found
    assert base64.b64decode(found["data"]["password"]) == b"s3cret"
    assert found["data"]["user"] == "YQ=="
    assert found["type"] == "Opaque"


def test_network_policy_types_follow_the_rules() -> None:
    gr = "networkpolicies.networking.k8s.io"
    assert made(gr, {})["spec"]["policyTypes"] == ["Ingress"]
    assert made(gr, {"egress": [{}]})["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert made(gr, {"egress": []})["spec"]["policyTypes"] == ["Ingress"]


def test_nulls_and_empties_vanish_but_pointers_stay() -> None:
    found = pod(
        {"hostNetwork": False, "nodeName": "", "securityContext": {}},
        {
            "command": [],
            "env": [{"name": "A", "value": ""}],
            "stdin": False,
            "securityContext": {"privileged": False},
        },
        metadata={"labels": {}, "annotations": None},
    )
    assert "labels" not in found["metadata"]
    assert "annotations" not in found["metadata"]
    spec, container = found["spec"], found["spec"]["containers"][0]
    assert {"hostNetwork", "nodeName"}.isdisjoint(spec)
    assert {"command", "stdin"}.isdisjoint(container)
    assert container["env"] == [{"name": "A"}]
    assert container["securityContext"] == {"privileged": False}


@pytest.mark.parametrize("gr", ["deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch"])
def test_defaulting_twice_changes_nothing(gr: str) -> None:
    found = workload(gr)
    again = clone(found)
    defaults.apply(again, type_of(gr))
    assert again == found


def test_custom_objects_are_left_alone() -> None:
    from dataclasses import replace

    custom = replace(type_of("pods"), custom=True)
    found = {"kind": "Pod", "spec": {"a": None, "b": []}}
    defaults.apply(found, custom)
    assert found == {"kind": "Pod", "spec": {"a": None, "b": []}}


def test_times_of_an_event_are_written_even_when_unset() -> None:
    event = made("events", involvedObject={"kind": "Pod", "name": "x"}, reason="R", message="m")
    assert [event[key] for key in ("eventTime", "firstTimestamp", "lastTimestamp")] == [None, None, None]
    assert (event["source"], event["reportingComponent"], event["reportingInstance"]) == ({}, "", "")


def test_claims_want_one_device_unless_they_say_otherwise() -> None:
    wanted = [{"name": "a", "exactly": {"deviceClassName": "gpu"}}]
    wanted.append({"name": "b", "exactly": {"deviceClassName": "gpu", "allocationMode": "All"}})
    wanted.append({"name": "c", "firstAvailable": [{"name": "x", "deviceClassName": "gpu", "count": 2}]})
    template = made("resourceclaimtemplates.resource.k8s.io", {"spec": {"devices": {"requests": wanted}}})
    for devices in (
        template["spec"]["spec"]["devices"],
        made("resourceclaims.resource.k8s.io", {"devices": {"requests": wanted}})["spec"]["devices"],
    ):
        one, every, first = devices["requests"]
        assert (one["exactly"]["allocationMode"], one["exactly"]["count"]) == ("ExactCount", 1)
        assert "count" not in every["exactly"]
        assert (first["firstAvailable"][0]["allocationMode"], first["firstAvailable"][0]["count"]) == (
            "ExactCount",
            2,
        )


def test_the_first_version_of_an_autoscaler_counts_from_zero() -> None:
    scaler = made(
        "horizontalpodautoscalers.autoscaling",
        {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    )
    assert "currentReplicas" not in scaler["status"]
    first = REGISTRY.by_path("autoscaling", "v1", "horizontalpodautoscalers")
    assert first is not None
    shown = convert(scaler, first)
    assert shown["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    back = convert(shown, type_of("horizontalpodautoscalers.autoscaling"))
    assert "currentReplicas" not in back["status"]
