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
