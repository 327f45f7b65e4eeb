"""Custom objects are held to their schema, with the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import clone
from tests.sim.custom import DEFINITIONS, THINGS, definition, properties, refusal, thing

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (STRING, 5, 'Invalid value: "integer": spec.x in body must be of type string: "integer"'),
        (INTEGER, 1.5, 'Invalid value: "number": spec.x in body must be of type integer: "number"'),
        ({"type": "boolean"}, "yes", 'Invalid value: "string": spec.x in body must be of type boolean: "string"'),
        (properties(), [], 'Invalid value: "array": spec.x in body must be of type object: "array"'),
        ({**STRING, "enum": ["a", "b"]}, "c", 'Unsupported value: "c": supported values: "a", "b"'),
        ({**STRING, "pattern": "^a+$"}, "b", "Invalid value: \"b\": spec.x in body should match '^a+$'"),
        ({**STRING, "pattern": "^a$"}, "a\n", "Invalid value: \"a\\n\": spec.x in body should match '^a$'"),
        ({**STRING, "minLength": 2}, "é", 'Invalid value: "é": spec.x in body should be at least 2 chars long'),
        ({**STRING, "maxLength": 2}, "abc", "Too long: may not be more than 2 bytes"),
        ({**STRING, "format": "date-time"}, "soon",
         'Invalid value: "soon": spec.x in body must be of type date-time: "soon"'),
        ({**STRING, "format": "ipv4"}, "::1", 'Invalid value: "::1": spec.x in body must be of type ipv4: "::1"'),
        ({**INTEGER, "minimum": 1}, 0, "Invalid value: 0: spec.x in body should be greater than or equal to 1"),
        ({**INTEGER, "minimum": 1, "exclusiveMinimum": True}, 1,
         "Invalid value: 1: spec.x in body should be greater than 1"),
        ({**INTEGER, "maximum": 5, "exclusiveMaximum": True}, 5,
         "Invalid value: 5: spec.x in body should be less than 5"),
        ({"type": "number", "multipleOf": 0.1}, 0.25, "Invalid value: 0.25: spec.x in body should be a multiple of 0.1"),
        ({"type": "array", "items": STRING, "minItems": 1}, [],
         "Invalid value: 0: spec.x in body should have at least 1 items"),
        ({"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "Too many: 2: must have at most 1 items"),
        ({"type": "object", "additionalProperties": INTEGER, "maxProperties": 1}, {"a": 1, "b": 2},
         "Too many: 2: must have at most 1 items"),
    ],
)  # fmt: skip
def test_a_value_that_breaks_its_schema_is_refused(
    api: Api, field: dict[str, Any], value: Any, said: str
) -> None:
    api.create(DEFINITIONS, definition(properties(x=field)))
    assert refusal(api, THINGS, thing({"x": value}))[0] == f"spec.x: {said}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"x-kubernetes-int-or-string": True}, "50%"),
        ({"x-kubernetes-int-or-string": True}, 5),
        ({"type": "number"}, 5),
        (INTEGER, 2.0),
        ({**INTEGER, "format": "int32"}, 2**40),
        ({**STRING, "nullable": True}, None),
        ({**STRING, "format": "no-such-format"}, "anything"),
        ({**STRING, "format": "duration"}, "1h30m"),
        ({**STRING, "pattern": r"^[[:alnum:]]+\z"}, "a1"),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"any": {"thing": [1]}}),
    ],
)
def test_a_value_that_fits_is_accepted(api: Api, field: dict[str, Any], value: Any) -> None:
    api.create(DEFINITIONS, definition(properties(x=field)))
    assert refusal(api, THINGS, thing({"x": value})) == []
    assert api.stored(api.type_of(THINGS), "default", "one")["spec"]["x"] == value  # type: ignore[index]


def test_missing_fields_are_named_after_what_is_wrong_with_the_present_ones(api: Api) -> None:
    schema = {**properties(a=STRING, b=STRING), "required": ["a"]}
    api.create(DEFINITIONS, definition(schema))
    assert refusal(api, THINGS, thing({"b": 1})) == [
        'spec.b: Invalid value: "integer": spec.b in body must be of type string: "integer"',
        "spec.a: Required value",
    ]


def test_alternatives_say_how_many_fit(api: Api) -> None:
    exact, prefix = {"required": ["exact"]}, {"required": ["prefix"]}
    schema = {**properties(exact=STRING, prefix=STRING), "oneOf": [exact, prefix]}
    api.create(DEFINITIONS, definition(schema))
    assert refusal(api, THINGS, thing({"exact": "a", "prefix": "b"})) == [
        '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'
    ]
    assert refusal(api, THINGS, thing({}))[0] == (
        '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid'
    )
    assert refusal(api, THINGS, thing({"exact": "a"})) == []


def test_sets_and_maps_hold_nothing_twice(api: Api) -> None:
    port = {**properties(name=STRING, protocol={**STRING, "default": "TCP"}), "required": ["name"]}
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "protocol"]}
    ports = {"type": "array", "items": port, **keyed}
    tags = {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}
    api.create(DEFINITIONS, definition(properties(ports=ports, tags=tags)))
    found = refusal(
        api, THINGS, thing({"ports": [{"name": "a"}, {"name": "a", "protocol": "TCP"}], "tags": ["x", "x"]})
    )
    assert found == [
        'spec.ports[1]: Duplicate value: {"name":"a","protocol":"TCP"}',
        'spec.tags[1]: Duplicate value: "x"',
    ]
    assert refusal(api, THINGS, thing({"ports": [{"name": "a"}, {"name": "a", "protocol": "UDP"}]})) == []


def test_defaults_are_filled_in_at_every_depth(api: Api) -> None:
    inner = properties(level={**INTEGER, "default": 3})
    schema = properties(
        mode={**STRING, "default": "fast"},
        nested={**inner, "default": {}},
        absent=inner,
        listed={"type": "array", "items": inner},
        mapped={"type": "object", "additionalProperties": inner},
        gone=STRING,
    )
    api.create(DEFINITIONS, definition(schema))
    made = api.create(THINGS, thing({"listed": [{}], "mapped": {"k": {}}, "mode": None, "gone": None}))
    assert made["spec"] == {
        "mode": "fast",
        "nested": {"level": 3},
        "listed": [{"level": 3}],
        "mapped": {"k": {"level": 3}},
    }


def test_an_update_is_not_blamed_for_what_it_leaves_as_it_was(api: Api) -> None:
    found = api.create(DEFINITIONS, definition(properties(x=STRING, y=STRING)))
    made = clone(api.create(THINGS, thing({"x": "old", "y": "old"})))
    tightened = clone(api.get(DEFINITIONS, found["metadata"]["name"]))
    fields = tightened["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    fields["x"] = fields["y"] = {**STRING, "enum": ["new"]}
    api.update(DEFINITIONS, tightened)
    made["spec"]["x"] = "new"
    assert api.update(THINGS, clone(made))["spec"] == {"x": "new", "y": "old"}
    made = clone(api.get(THINGS, "one", "default"))
    made["spec"]["y"] = "other"
    with pytest.raises(ApiError, match=r"spec\.y: Unsupported value"):
        api.update(THINGS, made)


def test_replicas_must_be_what_scaling_needs(api: Api) -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    api.create(DEFINITIONS, definition(schema, subresources={"scale": scale}))
    assert refusal(api, THINGS, thing({"replicas": "two"})) == [
        ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: two is of the type string, expected int64"
    ]
    assert refusal(api, THINGS, thing({"replicas": -1})) == [
        ".spec.replicas: Invalid value: -1: should be a non-negative integer"
    ]


def test_an_embedded_object_says_what_it_is(api: Api) -> None:
    embedded = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    api.create(DEFINITIONS, definition(properties(x=embedded)))
    found = refusal(api, THINGS, thing({"x": {"metadata": {"name": "A"}}}))
    assert found[:2] == [
        "spec.x.apiVersion: Required value: must not be empty",
        "spec.x.kind: Required value: must not be empty",
    ]
    assert found[2].startswith('spec.x.metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain')
