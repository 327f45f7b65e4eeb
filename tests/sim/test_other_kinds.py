"""Bodies of the wrong kind or of none at all, and managers that speak in different versions of a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .http_client import Http

MAPS = "/api/v1/namespaces/default/configmaps"
SCALERS = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
SCHEME = 'in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "
NO_KIND = UNRECOGNIZED + "couldn't get version/kind; json parse error: "


@pytest.fixture
def http(tmp_path: Path) -> Http:
    return Http(tmp_path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", NO_KIND + "unexpected end of JSON input (<empty>)"),
        (b"{bad", NO_KIND + "invalid character 'b' looking for beginning of object key string ({bad)"),
        (b"nonsense", NO_KIND + "invalid character 'o' in literal null (expecting 'u') (6e6f6e73656e7365)"),
        (b'{"a":[1 2]}', NO_KIND + "invalid character '2' after array element ({\"a\":[1 2]})"),
        (b'{"a":{"b":1 "c":2}}', NO_KIND + "invalid character '\"' after object key:value pair"),
        (
            {"kind": "Secret", "apiVersion": "v1"},
            'Secret in version "v1" cannot be handled as a ConfigMap: '
            "converting (v1.Secret) to (core.ConfigMap): unknown conversion",
        ),
        (
            {"kind": "Deployment", "apiVersion": "apps/v1"},
            'Deployment in version "v1" cannot be handled as a ConfigMap: '
            "converting (v1.Deployment) to (core.ConfigMap): unknown conversion",
        ),
        (
            {"kind": "ConfigMap", "apiVersion": "v2"},
            'ConfigMap in version "v2" cannot be handled as a ConfigMap: '
            f'no kind "ConfigMap" is registered for version "v2" {SCHEME}',
        ),
    ],
)
def test_bodies_that_are_something_else(http: Http, body: Any, message: str) -> None:
    answer = http("POST", MAPS, body if isinstance(body, bytes) else {**body, "metadata": {"name": "x"}})
    assert answer.status == 400
    assert answer.body["message"].startswith(message)


def test_yaml_that_is_none(http: Http) -> None:
    broken = http("POST", MAPS, b"a: [b", Content_Type="application/yaml")
    assert (
        broken.body["message"] == UNRECOGNIZED + "yaml: line 1: did not find expected ',' or ']' (613a205b62)"
    )
    deeper = http("POST", MAPS, b"a: 1\nb:\n  c: [d\n", Content_Type="application/yaml")
    assert "yaml: line 2: did not find expected ',' or ']'" in deeper.body["message"]


def test_a_patch_cannot_change_the_kind(http: Http) -> None:
    made = http.ok("POST", MAPS, {"metadata": {"name": "x"}})
    refused = http("PATCH", f"{MAPS}/x", {"kind": "Secret"}, Content_Type="application/merge-patch+json")
    assert refused.status == 422
    assert refused.body["message"].endswith("converting (v1.Secret) to (core.ConfigMap): unknown conversion")
    kept = http.ok(
        "PATCH", f"{MAPS}/x", {"kind": "Secret"}, Content_Type="application/strategic-merge-patch+json"
    )
    assert kept == made == http.ok("GET", f"{MAPS}/x")


def scaler(version: str, maximum: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": maximum, "scaleTargetRef": target},
    }


def test_managers_of_different_versions_get_in_each_others_way(http: Http) -> None:
    apply = {"Content_Type": "application/apply-patch+yaml", "query": {"fieldManager": "first"}}
    http.ok("PATCH", SCALERS.format("v1") + "/h", scaler("v1", 3), **apply)
    http.ok(
        "PATCH",
        SCALERS.format("v2") + "/h",
        {"spec": {"maxReplicas": 4}},
        Content_Type="application/merge-patch+json",
        query={"fieldManager": "second"},
    )
    clash = http("PATCH", SCALERS.format("v1") + "/h", scaler("v1", 3), **apply)
    assert clash.status == 409
    assert clash.body["message"] == (
        'Apply failed with 1 conflict: conflict with "second" using autoscaling/v2: .spec.maxReplicas'
    )


def test_a_scale_can_be_applied(http: Http) -> None:
    base = "/apis/apps/v1/namespaces/default/deployments"
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    http.ok("POST", base, {"metadata": {"name": "d"}, "spec": spec})
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}}
    apply = {"Content_Type": "application/apply-patch+yaml"}

    def applied(replicas: int, manager: str, **more: str) -> Any:
        query = {"fieldManager": manager, **more}
        return http(
            "PATCH", f"{base}/d/scale", {**scale, "spec": {"replicas": replicas}}, query=query, **apply
        )

    assert applied(4, "first", force="true").body["spec"] == {"replicas": 4}
    clash = applied(5, "second")
    assert clash.status == 409
    assert clash.body["message"] == (
        'Apply failed with 1 conflict: conflict with "first" with subresource "scale": .spec.replicas'
    )
    assert http.ok("GET", f"{base}/d")["spec"]["replicas"] == 4


def test_patches_without_a_name(http: Http) -> None:
    http.ok("POST", MAPS, {"metadata": {"name": "x"}})
    strategic = {"Content_Type": "application/strategic-merge-patch+json"}
    refused = http("PATCH", f"{MAPS}/x", {"metadata": None}, **strategic)
    assert refused.body["message"] == (
        "the name of the object (x based on URL) was undeterminable: name must be provided"
    )
    assert http("PATCH", f"{MAPS}/x", b"null", **strategic).status == 200
