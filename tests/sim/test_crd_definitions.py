"""Definitions of custom resources: defaults, conditions, refusals; the mesh kinds that labs use load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import clone
from tests.sim.custom import DEFINITIONS, THINGS, definition, properties, refusal, thing

MESH = Path(__file__).parents[3] / "shared" / "crds"
STRING = {"type": "string"}
SCHEMA = "spec.validation.openAPIV3Schema"
SPEC = f"{SCHEMA}.properties[spec]"


def test_a_definition_gets_the_names_that_follow_from_its_kind(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    found = api.get(DEFINITIONS, THINGS)
    assert found is not None
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    assert found["spec"]["names"] == names
    assert found["spec"]["conversion"] == {"strategy": "None"}
    assert found["status"]["acceptedNames"] == names
    assert found["status"]["storedVersions"] == ["v1"]
    conditions = [(c["type"], c["status"], c["reason"]) for c in found["status"]["conditions"]]
    assert conditions == [
        ("NamesAccepted", "True", "NoConflicts"),
        ("Established", "True", "InitialNamesAccepted"),
    ]


def test_names_that_others_have_are_not_accepted(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    other = definition()
    other["metadata"]["name"] = "others.example.com"
    other["spec"]["names"] = {
        "plural": "others",
        "kind": "Thing",
        "listKind": "OtherList",
        "shortNames": ["thing"],
    }
    api.create(DEFINITIONS, other)
    found = api.get(DEFINITIONS, "others.example.com")
    assert found is not None
    conditions = {c["type"]: (c["status"], c["reason"], c["message"]) for c in found["status"]["conditions"]}
    assert conditions["NamesAccepted"] == ("False", "KindConflict", '"Thing" is already in use')
    assert conditions["Established"][:2] == ("False", "NotAccepted")
    assert found["status"]["acceptedNames"]["plural"] == "others"
    assert "shortNames" not in found["status"]["acceptedNames"]
    assert api.registry.by_path("example.com", "v1", "others") is None


def broken(**changes: Any) -> dict[str, Any]:
    found = definition()
    found["spec"].update(changes)
    return found


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (broken(scope="Everywhere"),
         'spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'),
        (broken(names={"plural": "things", "kind": "Thing", "listKind": "Thing"}),
         'spec.names.listKind: Invalid value: "Thing": kind and listKind may not be the same'),
        (definition(served=True, storage=False),
         "status.storedVersions: Invalid value: null: must have at least one stored version"),
        (definition(properties(a={})),
         f"{SPEC}.properties[a].type: Required value: must not be empty for specified object fields"),
        (definition({"type": "array"}), f"{SPEC}.items: Required value: must be specified"),
        (definition({"type": "map"}), f'{SPEC}.type: Unsupported value: "map": supported values: "array", "boolean", '
         '"integer", "number", "object", "string"'),
        (definition({"type": "array", "uniqueItems": True, "items": STRING}),
         f"{SPEC}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
        (definition({**properties(a=STRING), "additionalProperties": STRING}),
         f"{SPEC}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"),
        (definition({"type": "array", "items": STRING, "x-kubernetes-list-type": "bag"}),
         f'{SPEC}.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"'),
        (definition({"type": "array", "items": properties(k=STRING), "x-kubernetes-list-type": "map",
                     "x-kubernetes-list-map-keys": ["k"]}),
         f"{SPEC}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must "
         "have a default or be a required property"),
        (definition({**properties(a=STRING), "anyOf": [properties(b=STRING)]}),
         f"{SPEC}.anyOf[0].type: Forbidden: must be empty to be structural"),
        (definition(properties(a={**STRING, "default": 5})),
         f'{SPEC}.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"'),
        (definition({**properties(a=STRING), "x-kubernetes-validations": [{"rule": "self.b == 1"}]}),
         f'{SPEC}.x-kubernetes-validations[0].rule: Invalid value: {{"Rule":"self.b == 1","Message":"",'
         '"MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: '
         "<input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^"),
        (definition(additionalPrinterColumns=[{"name": "X", "type": "text", "jsonPath": ".spec"}]),
         'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string'),
        (definition(subresources={"scale": {"specReplicasPath": ".status.x", "statusReplicasPath": ".status.x"}}),
         'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec'),
    ],
)  # fmt: skip
def test_a_broken_definition_is_refused(api: Api, obj: dict[str, Any], said: str) -> None:
    assert said in refusal(api, DEFINITIONS, obj)


def test_the_name_is_that_of_resource_and_group(api: Api) -> None:
    obj = definition()
    obj["metadata"]["name"] = "others.example.com"
    assert refusal(api, DEFINITIONS, obj) == [
        'metadata.name: Invalid value: "others.example.com": must be spec.names.plural+"."+spec.group'
    ]


def test_protected_groups_need_approval(api: Api) -> None:
    obj = broken(group="example.k8s.io")
    obj["metadata"]["name"] = "things.example.k8s.io"
    [said] = refusal(api, DEFINITIONS, clone(obj))
    assert said.startswith(
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must"
    )
    obj["metadata"]["annotations"] = {"api-approved.kubernetes.io": "https://example.com/pull/1"}
    api.create(DEFINITIONS, obj)
    found = api.get(DEFINITIONS, "things.example.k8s.io")
    assert found is not None
    assert found["status"]["conditions"][0]["message"] == "approved in https://example.com/pull/1"


def test_kind_and_scope_stay_once_they_are_established(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    changed = clone(api.get(DEFINITIONS, THINGS))
    changed["spec"]["scope"] = "Cluster"
    changed["spec"]["names"]["kind"] = "Other"
    with pytest.raises(ApiError) as caught:
        api.update(DEFINITIONS, changed)
    assert 'spec.scope: Invalid value: "Cluster": field is immutable' in caught.value.message
    assert 'spec.names.kind: Invalid value: "Other": field is immutable' in caught.value.message


def test_a_version_that_holds_objects_cannot_be_dropped(api: Api) -> None:
    api.create(DEFINITIONS, definition())
    changed = clone(api.get(DEFINITIONS, THINGS))
    changed["spec"]["versions"][0]["name"] = "v2"
    with pytest.raises(
        ApiError, match=r'status.storedVersions\[0\]: Invalid value: "v1": must appear in spec.versions'
    ):
        api.update(DEFINITIONS, changed)


def test_each_version_has_its_own_schema(api: Api) -> None:
    two = definition(properties(x=STRING))
    second = clone(two["spec"]["versions"][0])
    second.update(name="v2", storage=False)
    second["schema"]["openAPIV3Schema"]["properties"]["spec"] = properties(x={**STRING, "enum": ["only"]})
    two["spec"]["versions"].append(second)
    api.create(DEFINITIONS, two)
    assert refusal(api, THINGS, thing({"x": "free"})) == []


@pytest.mark.skipif(not MESH.is_dir(), reason="the mesh definitions are not on this machine")
@pytest.mark.parametrize(
    "name", ["istio-1.30.3.yaml", "gateway-api-v1.6.1-standard.yaml", "linkerd-2.20.yaml"]
)
def test_the_mesh_definitions_load_and_every_rule_compiles(
    name: str, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = [d for d in yaml.load_all((MESH / name).read_text(), Loader=yaml.CSafeLoader) if d]
    kinds = [d for d in documents if d["kind"] == "CustomResourceDefinition"]
    assert kinds
    for document in kinds:
        assert refusal(api, DEFINITIONS, document) == []
    assert "skipped" not in capsys.readouterr().err


@pytest.mark.skipif(not MESH.is_dir(), reason="the mesh definitions are not on this machine")
def test_gateway_routes_are_held_to_their_rules(api: Api) -> None:
    for document in yaml.load_all(
        (MESH / "gateway-api-v1.6.1-standard.yaml").read_text(), Loader=yaml.CSafeLoader
    ):
        if document and document["kind"] == "CustomResourceDefinition":
            api.create(DEFINITIONS, document)
    gr = "httproutes.gateway.networking.k8s.io"
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
        "backendRefs": [{"name": "shop", "port": 80}],
    }
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "default"},
        "spec": {"parentRefs": [{"name": "front"}], "rules": [rule]},
    }
    made = clone(api.create(gr, clone(route)))
    assert made["spec"]["rules"][0]["backendRefs"][0] == {
        "name": "shop", "port": 80, "group": "", "kind": "Service", "weight": 1,
    }  # fmt: skip
    rule["matches"] = [{"path": {"type": "PathPrefix", "value": "shop"}}]
    route["metadata"] = {"name": "bad", "namespace": "default"}
    said = refusal(api, gr, route)
    assert any("value must be an absolute path and start with '/'" in text for text in said), said
