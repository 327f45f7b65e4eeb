"""Create, update, patch, delete and subresources, as clients ask for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labrunner.sim.http import Response

from .http_client import Http

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def http(tmp_path: Path) -> Http:
    made = Http(tmp_path)
    made.api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
    return made


def config_map(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "data": {"k": "v"}}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "nginx"}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [container], **spec}}


def test_names_are_generated(http: Http) -> None:
    made = http.ok("POST", MAPS, {"metadata": {"generateName": "x-"}})
    assert made["metadata"]["name"].startswith("x-")
    assert len(made["metadata"]["name"]) == 7


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        (
            "POST",
            MAPS,
            config_map("x", namespace="other"),
            400,
            "does not match the namespace sent on the request",
        ),
        (
            "POST",
            MAPS,
            config_map("x", resourceVersion="5"),
            500,
            "resourceVersion should not be set on objects",
        ),
        ("POST", MAPS, {"kind": "Secret", **config_map("x")}, 400, "Secret"),
        ("POST", MAPS, b"{", 400, "unexpected end of JSON input"),
        ("POST", MAPS, b"", 400, ""),
        ("POST", MAPS, b"[]", 400, ""),
        ("PUT", f"{MAPS}/y", config_map("x"), 400, "does not match the name on the URL (y)"),
        ("PUT", f"{MAPS}/y", config_map("y"), 404, 'configmaps "y" not found'),
        ("DELETE", f"{MAPS}/y", None, 404, 'configmaps "y" not found'),
        (
            "POST",
            "/api/v1/namespaces/nowhere/configmaps",
            config_map("x"),
            404,
            'namespaces "nowhere" not found',
        ),
    ],
)
def test_refusals(http: Http, method: str, path: str, body: Any, status: int, message: str) -> None:
    answer = http(method, path, body)
    assert answer.status == status, answer.body
    assert message in answer.body["message"]
    assert answer.body["kind"] == "Status"


def test_optimistic_locking_and_uid_preconditions(http: Http) -> None:
    made = http.ok("POST", MAPS, config_map("x"))
    changed = {**made, "data": {"k": "2"}}
    http.ok("PUT", f"{MAPS}/x", changed)
    stale = http("PUT", f"{MAPS}/x", changed)
    assert stale.status == 409
    assert "the object has been modified" in stale.body["message"]
    wrong = http("DELETE", f"{MAPS}/x", {"kind": "DeleteOptions", "preconditions": {"uid": "other"}})
    assert wrong.status == 409
    assert wrong.body["message"] == (
        'Operation cannot be fulfilled on ConfigMap "x": the UID in the precondition (other) does not match the UID in '
        f"record ({made['metadata']['uid']}). The object might have been deleted and then recreated"
    )
    assert http.ok("GET", f"{MAPS}/x")["data"] == {"k": "2"}


def test_a_write_that_changes_nothing_makes_no_version(http: Http) -> None:
    made = http.ok("POST", MAPS, config_map("x"))
    again = http.ok("PUT", f"{MAPS}/x", config_map("x"))
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_dry_run_answers_like_the_real_thing_and_stores_nothing(http: Http) -> None:
    made = http.ok("POST", MAPS, config_map("x"), query={"dryRun": "All"})
    assert made["metadata"]["uid"]
    assert http("GET", f"{MAPS}/x").status == 404
    http.ok("POST", MAPS, config_map("x"))
    http.ok("PUT", f"{MAPS}/x", {**config_map("x"), "data": {"k": "dry"}}, query={"dryRun": "All"})
    http.ok("DELETE", f"{MAPS}/x", query={"dryRun": "All"})
    assert http.ok("GET", f"{MAPS}/x")["data"] == {"k": "v"}
    assert http("POST", MAPS, config_map("z"), query={"dryRun": "Some"}).status == 422


def test_unknown_fields_are_refused_warned_about_or_dropped(http: Http) -> None:
    body = {**config_map("x"), "dat": {"a": "b"}}
    strict = http("POST", MAPS, body, query={"fieldValidation": "Strict"})
    assert strict.status == 400
    assert 'strict decoding error: unknown field "dat"' in strict.body["message"]
    warned = http("POST", MAPS, body, query={"fieldValidation": "Warn"})
    assert warned.status == 201
    assert warned.header("Warning") == ['299 - "unknown field \\"dat\\""']
    assert "dat" not in warned.body
    ignored = http("PUT", f"{MAPS}/x", body, query={"fieldValidation": "Ignore"})
    assert ignored.header("Warning") == []


def test_finalizers_hold_an_object_until_they_are_gone(http: Http) -> None:
    http.ok("POST", MAPS, config_map("x", finalizers=["example.com/hold"]))
    held = http.ok("DELETE", f"{MAPS}/x")
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    freed = json.dumps({"metadata": {"finalizers": None}}).encode()
    http.ok("PATCH", f"{MAPS}/x", freed, Content_Type="application/merge-patch+json")
    assert http("GET", f"{MAPS}/x").status == 404


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [("Orphan", ["orphan"]), ("Foreground", ["foregroundDeletion"]), ("Background", None)],
)
def test_propagation_policies(http: Http, policy: str, finalizers: list[str] | None) -> None:
    http.ok("POST", MAPS, config_map("x"))
    answer = http.ok("DELETE", f"{MAPS}/x", {"propagationPolicy": policy})
    if finalizers is None:
        assert answer["status"] == "Success"
        assert answer["details"]["kind"] == "configmaps"
    else:
        assert answer["metadata"]["finalizers"] == finalizers
    assert http("DELETE", f"{MAPS}/y", {"propagationPolicy": "Sideways"}).status == 422


def test_pods_get_their_grace_and_may_have_it_shortened(http: Http) -> None:
    http.ok("POST", PODS, pod("x", nodeName="simulated-node-1"))
    first = http.ok("DELETE", f"{PODS}/x")
    assert first["metadata"]["deletionGracePeriodSeconds"] == 30
    shorter = http.ok("DELETE", f"{PODS}/x", {"gracePeriodSeconds": 5})
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    longer = http.ok("DELETE", f"{PODS}/x", {"gracePeriodSeconds": 60})
    assert longer["metadata"]["deletionGracePeriodSeconds"] == 5
    http.ok("DELETE", f"{PODS}/x", {"gracePeriodSeconds": 0})
    assert http("GET", f"{PODS}/x").status == 404
    http.ok("POST", PODS, pod("pending"))
    http.ok("DELETE", f"{PODS}/pending")
    assert http("GET", f"{PODS}/pending").status == 404


def test_collections_are_deleted_by_selector(http: Http) -> None:
    for name in ("x", "y", "z"):
        http.ok("POST", MAPS, config_map(name, labels={"keep": "yes" if name == "z" else "no"}))
    gone = http.ok("DELETE", MAPS, query={"labelSelector": "keep=no"})
    assert [item["metadata"]["name"] for item in gone["items"]] == ["x", "y"]
    assert [item["metadata"]["name"] for item in http.ok("GET", MAPS)["items"]] == ["z"]


def test_scale_is_a_window_on_replicas(http: Http) -> None:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    made = http.ok("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
    scale = http.ok("GET", f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 0, "selector": "app=web"},
    )
    scale["spec"]["replicas"] = 5
    assert http.ok("PUT", f"{DEPLOYMENTS}/web/scale", scale)["spec"] == {"replicas": 5}
    after = http.ok("GET", f"{DEPLOYMENTS}/web")
    assert after["spec"]["replicas"] == 5
    assert after["metadata"]["generation"] == made["metadata"]["generation"] + 1
    assert http("PUT", f"{DEPLOYMENTS}/web/scale", scale).status == 409
    merge = "application/merge-patch+json"
    patched = http.ok("PATCH", f"{DEPLOYMENTS}/web/scale", b'{"spec":{"replicas":0}}', Content_Type=merge)
    assert patched["spec"] == {}
    negative = http("PATCH", f"{DEPLOYMENTS}/web/scale", b'{"spec":{"replicas":-1}}', Content_Type=merge)
    assert negative.status == 422
    assert "must be greater than or equal to 0" in negative.body["message"]


def test_status_is_written_through_its_subresource_alone(http: Http) -> None:
    http.ok("POST", PODS, pod("x"))
    merge = "application/merge-patch+json"
    status = b'{"status":{"message":"hello"},"metadata":{"labels":{"app":"x"}}}'
    assert "message" not in http.ok("PATCH", f"{PODS}/x", status, Content_Type=merge)["status"]
    assert http.ok("PATCH", f"{PODS}/x/status", status, Content_Type=merge)["status"]["message"] == "hello"


def test_binding_assigns_a_pod_once(http: Http) -> None:
    http.ok("POST", PODS, pod("x"))
    binding = {"metadata": {"name": "x"}, "target": {"kind": "Node", "name": "simulated-node-1"}}
    assert http.ok("POST", f"{PODS}/x/binding", binding)["status"] == "Success"
    assert http.ok("GET", f"{PODS}/x")["spec"]["nodeName"] == "simulated-node-1"
    again = http("POST", "/api/v1/namespaces/default/bindings", binding)
    assert (again.status, again.body["reason"]) == (409, "Conflict")


def test_eviction_respects_the_budget(http: Http) -> None:
    http.ok("POST", PODS, pod("x", nodeName="simulated-node-1"))
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    http.ok("PATCH", f"{PODS}/x/status", ready, Content_Type="application/merge-patch+json")
    budget = {
        "metadata": {"name": "b"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}},
    }
    http.ok("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
    eviction = {"metadata": {"name": "x"}}
    early = http("POST", f"{PODS}/x/eviction", eviction)
    assert early.status == 429
    assert early.header("Retry-After") == ["10"]
    found = dict(http.api.get("poddisruptionbudgets.policy", "b", "default") or {})
    found["status"] = {"observedGeneration": 1, "disruptionsAllowed": 0, "desiredHealthy": 1, "currentHealthy": 1,
                       "expectedPods": 1}  # fmt: skip
    http.api.update_status("poddisruptionbudgets.policy", found)
    refused = http("POST", f"{PODS}/x/eviction", eviction)
    assert refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert "needs 1 healthy pods and has 1 currently" in refused.body["details"]["causes"][0]["message"]
    assert "deletionTimestamp" not in http.ok("GET", f"{PODS}/x")["metadata"]


def test_what_needs_containers_says_so(http: Http) -> None:
    http.ok("POST", PODS, pod("x"))
    for path in ("exec?command=ls", "attach", "portforward"):
        answer = http("POST", f"{PODS}/x/{path}")
        assert (answer.status, answer.body["reason"]) == (501, "NeedsRealCluster")
        assert "--cluster kind" in answer.body["message"]
    assert http("POST", f"{PODS}/nosuch/exec").status == 404


def test_unknown_patch_and_body_formats_are_415(http: Http) -> None:
    http.ok("POST", MAPS, config_map("x"))
    assert http("PATCH", f"{MAPS}/x", b"{}", Content_Type="application/json").status == 415
    assert http("POST", MAPS, b"<x/>", Content_Type="application/xml").status == 415


def test_custom_resources_are_served_while_their_definition_lives(http: Http) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList",
                      "shortNames": ["wd"]},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema,
                          "subresources": {"status": {}}}],
        },
    }  # fmt: skip
    http.ok("POST", crds, definition)
    http.clock.advance(1)
    found = http.ok("GET", f"{crds}/widgets.example.com")
    assert {c["type"]: c["status"] for c in found["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    widgets = "/apis/example.com/v1/namespaces/default/widgets"
    made = http.ok(
        "POST",
        widgets,
        {"kind": "Widget", "apiVersion": "example.com/v1", "metadata": {"name": "w"}, "spec": {"n": 1}},
    )
    assert made["metadata"]["generation"] == 1
    unversioned = {k: v for k, v in made["metadata"].items() if k != "resourceVersion"}
    refused = http("PUT", f"{widgets}/w", {**made, "metadata": unversioned})
    assert (refused.status, refused.body["details"]["kind"]) == (422, "widgets")
    assert http.ok("GET", widgets)["items"][0]["kind"] == "Widget"
    tap = http.watch(widgets)
    http.ok("DELETE", f"{crds}/widgets.example.com")
    http.clock.advance(2)
    assert [kind for kind, _ in tap.events()] == ["ADDED", "DELETED"]
    assert tap.finished
    assert http("GET", widgets).status == 404
    assert http("GET", "/apis/example.com").status == 404
    assert http("GET", f"{crds}/widgets.example.com").status == 404


def test_snapshots_bring_the_cluster_back_and_are_the_administrators(http: Http, tmp_path: Path) -> None:
    base = "/simulated/v1/snapshots"
    http.ok("POST", MAPS, config_map("x"))
    http.ok("PUT", f"{base}/before")
    tap = http.watch(MAPS, query={"resourceVersion": str(http.api.store.resource_version)})
    http.ok("DELETE", f"{MAPS}/x")
    http.ok("POST", MAPS, config_map("y"))
    changed = http.ok("GET", f"{base}/before/diff")["changes"]
    assert sorted((c["type"], c["name"]) for c in changed) == [("ADDED", "y"), ("DELETED", "x")]
    http.ok("POST", f"{base}/before/restore")
    http.clock.advance(0)
    assert http.restores == 1
    kinds = [(kind, obj["metadata"]["name"]) for kind, obj in tap.events()]
    assert kinds[2:] == [("DELETED", "y"), ("ADDED", "x")] or kinds[2:] == [("ADDED", "x"), ("DELETED", "y")]
    assert http.ok("GET", f"{base}/before/diff")["changes"] == []
    assert (tmp_path / "snapshots" / "before.jsonl").stat().st_mode & 0o777 == 0o600
    assert http("GET", base, user="jane").status == 403
    assert http("PUT", f"{base}/..%2Fevil").status in (400, 404)
    assert http("GET", f"{base}/nosuch").status == 404


_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["metadata", "spec", "data", "kind", "apiVersion", "name", "labels", "containers", "status",
                         "ownerReferences", "finalizers", "template", "selector", "replicas", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    path=st.sampled_from(
        [MAPS, f"{MAPS}/x", PODS, f"{PODS}/x", f"{PODS}/x/eviction", f"{PODS}/x/binding", f"{PODS}/x/log",
         DEPLOYMENTS, f"{DEPLOYMENTS}/x", f"{DEPLOYMENTS}/x/scale", "/api/v1/namespaces", "/api/v1/nodes/x/status",
         "/api/v1/namespaces/x/finalize", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
         "/api/v1/namespaces/default/serviceaccounts/default/token", "/simulated/v1/snapshots/x"]
    ),
    body=_json,
    kind=st.sampled_from(["application/json", "application/yaml", "application/merge-patch+json",
                          "application/json-patch+json", "application/strategic-merge-patch+json",
                          "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf"]),
    query=st.dictionaries(
        st.sampled_from(["limit", "continue", "labelSelector", "fieldSelector", "dryRun", "fieldManager", "force",
                         "resourceVersion", "propagationPolicy", "gracePeriodSeconds", "tailLines", "pretty"]),
        _text, max_size=3),
)  # fmt: skip
def test_no_request_is_an_internal_failure(
    http: Http, method: str, path: str, body: Any, kind: str, query: dict[str, str]
) -> None:
    answer = http.handle(method, path, body, query=query, Content_Type=kind)
    assert isinstance(answer, Response)
    assert answer.status in range(200, 600)


def test_a_uid_of_another_object_is_refused(http: Http) -> None:
    made = http.ok("POST", MAPS, config_map("x"))
    other = {**config_map("x"), "metadata": {"name": "x", "uid": "other"}}
    wrong = http("PUT", f"{MAPS}/x", other)
    assert wrong.status == 409
    assert wrong.body["message"].endswith(
        "StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/x, ResourceVersion: 0, "
        "AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: "
        + made["metadata"]["uid"]
    )
    gone = http("PUT", f"{MAPS}/y", {**config_map("y"), "metadata": {"name": "y", "uid": "other"}})
    assert gone.status == 409
    assert gone.body["message"].endswith("UID in precondition: other, UID in object meta: ")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"name": "z"}, "the name of the object (z) does not match the name on the URL (x)"),
        (
            {"namespace": "z"},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_a_patch_cannot_rename_or_move(http: Http, metadata: dict[str, str], message: str) -> None:
    http.ok("POST", MAPS, config_map("x"))
    answer = http("PATCH", f"{MAPS}/x", {"metadata": metadata}, Content_Type="application/merge-patch+json")
    assert (answer.status, answer.body["message"]) == (400, message)


def test_warnings_come_with_a_refusal_too(http: Http) -> None:
    answer = http("POST", MAPS, {"metadata": {"name": "UPPER"}, "foo": 1})
    assert answer.status == 422
    assert answer.header("warning") == ['299 - "unknown field \\"foo\\""']


def test_field_managers_have_at_most_128_printable_characters(http: Http) -> None:
    long = http("POST", MAPS, config_map("x"), query={"fieldManager": "m" * 129})
    assert long.body["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'
    )
    odd = http("POST", MAPS, config_map("x"), query={"fieldManager": "a\n"})
    assert "invalid character U+000A (at position 1)" in odd.body["message"]


def test_a_service_is_made_by_put(http: Http) -> None:
    service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    assert http("PUT", "/api/v1/namespaces/default/services/s", service).status == 201
