"""Custom resources over HTTP: what decoding, patching and subresources do with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.custom import definition, properties, thing
from tests.sim.http_client import Http

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/namespaces/default/things"
INTEGER = {"type": "integer"}
MERGE = "application/merge-patch+json"


@pytest.fixture
def http(tmp_path: Path) -> Http:
    found = Http(tmp_path)
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    schema = properties(replicas={**INTEGER, "maximum": 5, "default": 1}, other={"type": "string"})
    found.ok("POST", CRDS, definition(schema, subresources={"scale": scale}))
    return found


def test_metadata_is_read_by_its_type(http: Http) -> None:
    stray = thing({})
    stray["metadata"]["colour"] = "red"
    refused = http("POST", f"{THINGS}?fieldValidation=Strict", stray)
    assert refused.status == 400
    assert refused.body["message"] == (
        'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "metadata.colour"'
    )
    assert "colour" not in http.ok("POST", THINGS, stray)["metadata"]
    wrong = thing({}, "two")
    wrong["metadata"]["labels"] = {"a": 1}
    refused = http("POST", THINGS, wrong)
    assert refused.status == 400
    assert refused.body["message"].endswith(
        "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
    )


def test_a_refused_patch_leaves_no_trace(http: Http) -> None:
    made = http.ok("POST", THINGS, thing({}))
    assert (
        http("PATCH", f"{THINGS}/one", {"spec": {"replicas": 9, "other": "x"}}, Content_Type=MERGE).status
        == 422
    )
    assert http.ok("GET", f"{THINGS}/one") == made


def test_scaling_is_held_to_the_schema_and_written_without_a_time(http: Http) -> None:
    http.ok("POST", THINGS, thing({}))
    assert http("PATCH", f"{THINGS}/one/scale", {"spec": {"replicas": 9}}, Content_Type=MERGE).status == 422
    http.ok("PATCH", f"{THINGS}/one/scale", {"spec": {"replicas": 3}}, Content_Type=MERGE)
    found = http.ok("GET", f"{THINGS}/one")
    assert found["spec"]["replicas"] == 3
    [entry] = [m for m in found["metadata"]["managedFields"] if m.get("subresource") == "scale"]
    assert entry["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert "time" not in entry


def test_what_nobody_serves_is_no_page(http: Http) -> None:
    http.ok("DELETE", f"{CRDS}/things.example.com")
    gone = http("GET", THINGS)
    assert gone.status == 404
    assert gone.raw.body == b"404 page not found\n"


def test_a_status_with_a_default_is_there_from_the_start(http: Http) -> None:
    obj = definition(subresources={"status": {}})
    obj["metadata"]["name"] = "others.example.com"
    obj["spec"]["names"] = {"plural": "others", "kind": "Other"}
    fields = obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    fields["status"] = {**properties(phase={"type": "string"}), "default": {"phase": "Waiting"}}
    http.ok("POST", CRDS, obj)
    made = {**thing({}), "kind": "Other", "status": {"phase": "Mine"}}
    made = http.ok("POST", THINGS.replace("things", "others"), made)
    assert made["status"] == {"phase": "Waiting"}
    assert all("f:status" not in entry["fieldsV1"] for entry in made["metadata"]["managedFields"])


def test_defaults_of_the_stored_version_are_there_when_read(http: Http) -> None:
    changed = http.ok("GET", f"{CRDS}/things.example.com")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    changed["spec"]["versions"].append(
        {"name": "v1beta1", "served": True, "storage": False, "schema": schema}
    )
    http.ok("PUT", f"{CRDS}/things.example.com", changed)
    beta = THINGS.replace("/v1/", "/v1beta1/")
    made = http.ok("POST", beta, {**thing({"other": "x"}), "apiVersion": "example.com/v1beta1"})
    assert made["spec"] == {"other": "x", "replicas": 1}
    made["spec"] = {"other": "y"}
    http.ok("PUT", f"{beta}/one", made)
    assert http.ok("GET", f"{THINGS}/one")["spec"] == {"other": "y", "replicas": 1}


def test_a_subresource_that_is_not_declared_is_not_found_by_the_name_of_the_object(http: Http) -> None:
    http.ok("POST", THINGS, thing({}))
    refused = http("GET", f"{THINGS}/one/status")
    assert refused.status == 404
    assert refused.body["message"] == 'things.example.com "one" not found'


def test_nothing_is_created_of_a_definition_that_is_going(http: Http) -> None:
    held = thing({})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    http.ok("POST", THINGS, held)
    http.ok("DELETE", f"{CRDS}/things.example.com")
    refused = http("POST", THINGS, thing({}, "two"))
    assert refused.status == 405
    assert refused.body["message"] == "create not allowed while custom resource definition is terminating"
