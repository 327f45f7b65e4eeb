"""Validation rules in CEL: the language, and rules on custom objects."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim.api import Api
from labrunner.sim.crd.cel import CelError, CompileError, compile_rule
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import clone
from tests.sim.custom import DEFINITIONS, THINGS, definition, properties, refusal, ruled, thing

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2 % 2", None, 7),
        ("-7 / 2", None, -3),
        ("-7 % 3", None, -1),
        ("self.a.b == 'x' && has(self.a.b) && !has(self.a.c)", {"a": {"b": "x"}}, True),
        ("self.missing == 1 || true", {}, True),
        ("self.missing == 1 && false", {}, False),
        ("size(self) == 3 && self.size() == 3 && 2 in self", [1, 2, 3], True),
        ("'a' in self && !('b' in self)", {"a": 1}, True),
        ("self.all(x, x > 0) && self.exists(x, x == 2) && self.exists_one(x, x == 3)", [1, 2, 3], True),
        ("self.map(x, x * 2).filter(y, y > 2)", [1, 2, 3], [4, 6]),
        ("self.map(x, x > 1, x * 2)", [1, 2, 3], [4, 6]),
        ("self.all(k, v, k == string(v))", {"1": 1}, True),
        ("self.matches('^a[0-9]+$') ? 'yes' : 'no'", "a12", "yes"),
        ("self.startsWith('ab') && self.endsWith('cd') && self.contains('bc')", "abcd", True),
        ("self.split('.')[0].upperAscii() + self.substring(1, 2)", "ab.c", "ABb"),
        ("int('5') + int(2.9) == 7 && double(1) == 1.0 && string(1.5) == '1.5'", None, True),
        ("duration(self) >= duration('1ms')", "1s", True),
        ("timestamp('2020-01-02T00:00:00Z') - timestamp('2020-01-01T00:00:00Z') == duration('24h')", None, True),
        ("url(self).getScheme() in ['http', 'https'] && url(self).getHost() == 'h:80'", "https://h:80/x", True),
        ("isIP(self) && ip(self).family() == 4 && cidr('10.0.0.0/8').containsIP(self)", "10.1.2.3", True),
        ("quantity(self).isGreaterThan(quantity('1Gi'))", "2Gi", True),
        ("self.?a.orValue('none') + self[?'b'].orValue('none')", {"a": "x"}, "xnone"),
        ("[1, 2] + [3] == [1, 2, 3] && {'a': 1}['a'] == 1", None, True),
        ("type(self) == string && type(1) == int", "x", True),
        ("r'\\d' == '\\\\d' && \"\"\"a\"b\"\"\" == 'a\"b' && b'ab' == bytes('ab')", None, True),
        ("self.a__dash__b == 1 && self.__namespace__ == 2", {"a-b": 1, "namespace": 2}, True),
        ("1 < 1.5 && 2 == 2.0 && true != false && null == null", None, True),
        ("[3, 1].min() == 1 && [1, 2].sum() == 3 && !['b', 'a'].isSorted()", None, True),
    ],
)  # fmt: skip
def test_expressions_have_the_values_of_the_language(source: str, value: Any, expected: Any) -> None:
    assert compile_rule(source).run(self=value) == expected


@pytest.mark.parametrize(
    ("source", "value", "said"),
    [
        ("self.b", {"a": 1}, "no such key: b"),
        ("self[3]", [1], "index out of bounds: 3"),
        ("1 / self", 0, "division by zero"),
        ("self + 1", "a", "no such overload"),
        ("self + 1", 2**63 - 1, "integer overflow"),
        ("self.startsWith('a')", 5, "no such overload"),
        ("self.all(x, x.y)", [{}], "no such key: y"),
    ],
)
def test_expressions_fail_as_the_language_says(source: str, value: Any, said: str) -> None:
    with pytest.raises(CelError, match=said):
        compile_rule(source).run(self=value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("foo == 1", "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo == 1\n | ^"),
        ("frob(self)", "ERROR: <input>:1:5: undeclared reference to 'frob' (in container '')\n | frob(self)\n | ....^"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_expression_is_shown_in_its_place(source: str, said: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_rule(source)
    assert caught.value.shown(source) == said


@pytest.mark.parametrize(
    "source", ["self ==", "(self", "self.all(", "'abc", "1 ? 2", "self..a", "@", "(" * 200, "-" * 3000 + "x"]
)
def test_broken_syntax_does_not_compile(source: str) -> None:
    with pytest.raises(CompileError):
        compile_rule(source)


def test_a_rule_says_its_message_its_expression_or_itself(api: Api) -> None:
    rules = [
        {"rule": "self.a > 1", "message": "a must be more"},
        {"rule": "self.a > 2"},
        {"rule": "self.a > 3", "messageExpression": "'a is ' + string(self.a)", "fieldPath": ".a"},
        {"rule": "self.a > 4", "message": "forbidden", "reason": "FieldValueForbidden"},
        {"rule": "self.b > 1", "message": "b"},
    ]
    api.create(
        DEFINITIONS, definition({**properties(a=INTEGER, b=INTEGER), "x-kubernetes-validations": rules})
    )
    assert refusal(api, THINGS, thing({"a": 1})) == [
        "spec: Invalid value: a must be more",
        "spec: Invalid value: failed rule: self.a > 2",
        "spec.a: Invalid value: a is 1",
        "spec: Forbidden: forbidden",
        "spec: Invalid value: no such key: b evaluating rule: b",
    ]
    assert refusal(api, THINGS, thing({"a": 9, "b": 9})) == []


def test_rules_wait_until_the_rest_is_right(api: Api) -> None:
    api.create(DEFINITIONS, definition({**ruled("self > 5", INTEGER), "required": ["y"]}))
    assert refusal(api, THINGS, thing({"x": 1})) == [
        "spec.y: Required value",
        "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation",
    ]


def test_a_transition_rule_compares_with_the_old_object(api: Api) -> None:
    api.create(DEFINITIONS, definition(ruled("self == oldSelf", STRING, message="x is immutable")))
    made = clone(api.create(THINGS, thing({"x": "a"})))
    made["spec"]["x"] = "b"
    with pytest.raises(ApiError, match=r'spec\.x: Invalid value: "b": x is immutable'):
        api.update(THINGS, made)
    made["spec"]["x"] = "a"
    made["metadata"]["labels"] = {"a": "b"}
    assert api.update(THINGS, made)["metadata"]["labels"] == {"a": "b"}


def test_a_transition_rule_in_a_map_list_follows_the_key(api: Api) -> None:
    rule = {"rule": "self.v >= oldSelf.v", "message": "only up"}
    item = {**properties(k=STRING, v=INTEGER), "required": ["k"], "x-kubernetes-validations": [rule]}
    listed = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
    }
    api.create(DEFINITIONS, definition(properties(x=listed)))
    made = clone(api.create(THINGS, thing({"x": [{"k": "a", "v": 1}, {"k": "b", "v": 5}]})))
    made["spec"]["x"] = [{"k": "c", "v": 0}, {"k": "b", "v": 4}, {"k": "a", "v": 2}]
    with pytest.raises(ApiError, match=r"is invalid: spec.x\[1\]: Invalid value: only up$"):
        api.update(THINGS, made)


def test_an_optional_old_self_is_there_from_the_start(api: Api) -> None:
    rule = "oldSelf.hasValue() || self == 'first'"
    api.create(DEFINITIONS, definition(ruled(rule, STRING, optionalOldSelf=True, message="start with first")))
    assert refusal(api, THINGS, thing({"x": "b"})) == ['spec.x: Invalid value: "b": start with first']
    made = clone(api.create(THINGS, thing({"x": "first"})))
    made["spec"]["x"] = "b"
    assert api.update(THINGS, made)["spec"]["x"] == "b"


def test_values_come_to_rules_in_the_type_of_their_schema(api: Api) -> None:
    when = {"type": "string", "format": "date-time"}
    api.create(DEFINITIONS, definition(ruled("self.getFullYear() >= 2020", when, message="too old")))
    assert refusal(api, THINGS, thing({"x": "2019-12-31T00:00:00Z"})) == [
        'spec.x: Invalid value: "2019-12-31T00:00:00Z": too old'
    ]
    assert refusal(api, THINGS, thing({"x": "2020-01-01T00:00:00Z"})) == []


def test_a_null_is_as_good_as_nothing_to_rules(api: Api) -> None:
    fields = properties(a={**STRING, "nullable": True})
    rule = {"rule": "!has(self.a)", "message": "a is there"}
    api.create(DEFINITIONS, definition({**fields, "x-kubernetes-validations": [rule]}))
    assert refusal(api, THINGS, thing({"a": None})) == []
    assert refusal(api, THINGS, thing({"a": "x"}, "two")) == ["spec: Invalid value: a is there"]
