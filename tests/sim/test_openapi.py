"""OpenAPI documents: complete, consistent, hashed; and what kubectl makes of them."""

from __future__ import annotations

import json

import pytest

from labrunner.sim.objects import Obj
from labrunner.sim.resources import Registry, ResourceType, make
from labrunner.sim.schema import openapi, swagger
from labrunner.sim.schema.openapi import Documents

from .conftest import Kubectl

CRON_TAB = make("stable.example.com", "v1", "crontabs", "CronTab", namespaced=True, custom=True)
SCHEMA: Obj = {
    "type": "object",
    "description": "CronTab runs things.",
    "required": ["spec"],
    "properties": {"spec": {"type": "object", "properties": {"image": {"type": "string"}}}},
}


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def documents(registry: Registry) -> Documents:
    def schema_of(rt: ResourceType) -> Obj | None:
        return SCHEMA if rt.custom else None

    return Documents(registry, schema_of, "v1.36.2+simulated")


def load(documents: Documents, path: str) -> Obj:
    body = documents.document(path)
    assert body is not None
    found: Obj = json.loads(body)
    return found


def test_every_group_version_has_a_document_whose_references_resolve(documents: Documents) -> None:
    paths = documents.index()["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/autoscaling/v2"} <= paths.keys()
    for path in paths:
        found = load(documents, path)
        schemas = found["components"]["schemas"]
        assert set(openapi.references(found)) <= schemas.keys(), path
        assert found["paths"], path


def test_every_served_kind_can_be_explained(registry: Registry, documents: Documents) -> None:
    for rt in registry.types():
        found = load(documents, f"apis/{rt.gv}" if rt.group else f"api/{rt.version}")
        base = f"/apis/{rt.gv}" if rt.group else f"/api/{rt.version}"
        candidates = [f"{base}/{rt.plural}", f"{base}/namespaces/{{namespace}}/{rt.plural}"]
        operations = [
            op
            for path in candidates
            for key, op in found["paths"].get(path, {}).items()
            if key != "parameters"
        ]
        gvk = {"group": rt.group, "version": rt.version, "kind": rt.kind}
        assert any(op["x-kubernetes-group-version-kind"] == gvk for op in operations), rt.gvk
        schemas = found["components"]["schemas"].values()
        assert any(gvk in schema.get("x-kubernetes-group-version-kind", ()) for schema in schemas), rt.gvk


def test_patches_of_built_in_kinds_are_strategic_and_validate_fields(documents: Documents) -> None:
    patch = load(documents, "apis/apps/v1")["paths"][
        "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    ]["patch"]
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert {"fieldValidation", "dryRun", "force"} <= {p["name"] for p in patch["parameters"]}


def test_a_hash_stays_until_its_group_changes(registry: Registry, documents: Documents) -> None:
    before = documents.index()["paths"]
    registry.add(CRON_TAB)
    after = documents.index()["paths"]
    assert after.keys() - before.keys() == {"apis/stable.example.com/v1"}
    assert all(after[path] == before[path] for path in before)
    assert after["apis/stable.example.com/v1"] == {
        "serverRelativeURL": documents.url("apis/stable.example.com/v1")
    }


def test_custom_resources_are_described_by_their_schema(registry: Registry, documents: Documents) -> None:
    assert documents.document("apis/stable.example.com/v1") is None
    registry.add(CRON_TAB)
    found = load(documents, "apis/stable.example.com/v1")
    item = found["components"]["schemas"]["com.example.stable.v1.CronTab"]
    assert item["description"] == "CronTab runs things."
    assert list(item["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    content = found["paths"]["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" not in content["requestBody"]["content"]
    registry.remove("stable.example.com", "v1", "crontabs")
    assert documents.document("apis/stable.example.com/v1") is None


def test_kubectl_explains(kubectl: Kubectl) -> None:
    found = kubectl.ok("explain", "pod.spec.containers.imagePullPolicy")
    assert found.startswith(
        "KIND:       Pod\nVERSION:    v1\n\nFIELD: imagePullPolicy <string>\nENUM:\n    Always\n"
    )
    assert "ports\t<[]ContainerPort>" in kubectl.ok("explain", "deployment", "--recursive")
    wrong = kubectl("explain", "pod.spec.nosuch")
    assert (wrong.returncode, wrong.stderr) == (1, 'error: field "nosuch" does not exist\n')


def test_version_two_has_every_schema_in_its_own_terms(registry: Registry) -> None:
    registry.add(CRON_TAB)
    found = swagger.document(registry, lambda rt: SCHEMA if rt.custom else None, "v1")["definitions"]
    pod = found["io.k8s.api.core.v1.Pod"]
    assert pod["x-kubernetes-group-version-kind"] == [{"group": "", "kind": "Pod", "version": "v1"}]
    assert pod["properties"]["spec"]["$ref"] == "#/definitions/io.k8s.api.core.v1.PodSpec"
    assert "Specification" in pod["properties"]["spec"]["description"]
    assert found["com.example.stable.v1.CronTab"]["description"] == "CronTab runs things."
    text = json.dumps(found)
    assert "#/components/" not in text
    named = {reference.removeprefix("#/definitions/") for reference in openapi.references(found)}
    assert named <= found.keys()


def test_kubectl_reads_version_two_in_protobuf(kubectl: Kubectl) -> None:
    shown = kubectl.ok("explain", "pod.spec.containers.ports", "--output", "plaintext-openapiv2")
    assert "RESOURCE: ports <[]Object>" in shown
    assert "containerPort\t<integer> -required-" in shown
