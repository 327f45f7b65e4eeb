"""Type-checking of CEL before it runs: the server's complaints, and that unknown functions are refused."""

from __future__ import annotations

import pytest

from labrunner.sim.api import Api
from labrunner.sim.crd import cel
from labrunner.sim.crd.cel.types import DYN, INT, STRING, Type, list_of, map_of, shown
from labrunner.sim.crd.schema_types import type_of
from tests.sim.custom import DEFINITIONS, definition, properties, refusal, ruled

UNKNOWN = "undeclared reference to '{}' (in container '')"
SCOPE = {
    "self": Type("object", (), {"i": INT, "s": STRING, "l": list_of(STRING), "m": map_of(STRING, INT)}),
    "any": DYN,
}


def complaints(source: str) -> list[str]:
    return [problem.text for problem in cel.check(cel.parse(source), SCOPE)[1]]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("self.i > 1 && self.s.startsWith('a')", "bool"),
        ("self.l.map(x, size(x))", "list(int)"),
        ("self.l.filter(x, x != '')", "list(string)"),
        ("self.m.exists(k, self.m[k] > 1)", "bool"),
        ("self.m.all(k, v, k != '' && v > 0)", "bool"),
        ("self.m.transformMap(k, v, string(v))", "map(string, string)"),
        ("self.?s.orValue('x')", "string"),
        ("optional.of(1)", "optional_type(int)"),
        ("any.x.y[0] + 1", "int"),
        ("any.x", "dyn"),
        ("self.i == 1 ? 'a' : self.s", "string"),
        ("sets.contains(self.l, ['a'])", "bool"),
        ("quantity('1').add(2)", "kubernetes.Quantity"),
        ("'%s-%d'.format([self.s, self.i])", "string"),
        ("duration('1h') + timestamp('2020-01-01T00:00:00Z')", "timestamp"),
        ("semver('1.2.3').isLessThan(semver('2.0.0'))", "bool"),
        ("[?self.?s, 'b']", "list(string)"),
    ],
)
def test_expressions_have_types(source: str, kind: str) -> None:
    found, problems = cel.check(cel.parse(source), SCOPE)
    assert (shown(found), problems) == (kind, [])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("self.x", ["undefined field 'x'"]),
        ("self.i + self.s", ["found no matching overload for '_+_' applied to '(int, string)'"]),
        ("self.i == '1'", ["found no matching overload for '_==_' applied to '(int, string)'"]),
        ("self.s.startsWith(1)", ["found no matching overload for 'startsWith' applied to 'string.(int)'"]),
        ("size(self.i)", ["found no matching overload for 'size' applied to '(int)'"]),
        ("self.l.all(x, x.size())", ["found no matching overload for '_&&_' applied to '(bool, int)'"]),
        ("self.i.all(x, true)",
         ["expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"]),
        ("self.s.foo", ["type 'string' does not support field selection"]),
        ("foo(1) + bar", [UNKNOWN.format("foo"), UNKNOWN.format("bar")]),
        ("math.abs(1)", [UNKNOWN.format("math"), UNKNOWN.format("abs")]),
        ("[1, 'a']", ["expected type 'int' but found 'string'"]),
        ("duration('x')", ["invalid duration argument"]),
        ("self.s.matches('(')", ["invalid matches argument"]),
        ("self.x.y.z", ["undefined field 'x'"]),
        ("Object{spec: 1}", ["undeclared reference to 'Object' (in container '')"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(source: str, said: list[str]) -> None:
    assert complaints(source) == said


def test_schemas_give_types() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a-b": {"type": "array", "items": {"type": "string", "format": "date-time"}},
            "namespace": {"type": "object", "additionalProperties": {"type": "integer"}},
            "port": {"x-kubernetes-int-or-string": True},
            "free": {"x-kubernetes-preserve-unknown-fields": True},
        },
    }
    found = type_of(schema, root=True)
    assert found is not None
    assert found.fields is not None
    assert {name: shown(kind) for name, kind in found.fields.items()} == {
        "a__dash__b": "list(timestamp)", "__namespace__": "map(string, int)", "port": "dyn",
        "metadata": "object.metadata", "apiVersion": "string", "kind": "string",
    }  # fmt: skip


def test_definitions_with_rules_of_wrong_types_are_refused(api: Api) -> None:
    path = "spec.validation.openAPIV3Schema.properties[spec].properties[x].x-kubernetes-validations[0]"

    def said(**rule: object) -> list[str]:
        schema = properties(x={"type": "integer", "x-kubernetes-validations": [rule]})
        return [problem.rpartition("}: ")[2] for problem in refusal(api, DEFINITIONS, definition(schema))]

    assert said(rule="self") == ["cel expression must evaluate to a bool"]
    assert said(rule="self > 1", messageExpression="self") == ["messageExpression must evaluate to a string"]
    assert said(rule="unheard(self)")[0].startswith(
        "compilation failed: ERROR: <input>:1:8: undeclared reference to 'unheard' (in container '')"
    )
    assert said(rule="self > 1", optionalOldSelf=True) == [
        f"{path}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
    ]
    assert said(rule="self > 1", fieldPath=".nowhere") == [
        f'{path}.fieldPath: Invalid value: ".nowhere": fieldPath must be a valid path'
    ]
    assert said(rule="self >\n1") == [
        f"{path}.message: Required value: message must be specified if rule contains line breaks"
    ]


def test_a_rule_of_right_types_is_taken(api: Api) -> None:
    rule = "self.split('.').all(part, part.matches('^[0-9]+$')) && isSemver(self)"
    assert refusal(api, DEFINITIONS, definition(ruled(rule, {"type": "string"}))) == []
