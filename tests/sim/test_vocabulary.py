"""What every room shares: quantities, selectors, errors in the server's words, resources, the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.sim import errors, field_selectors, gotext, names, quantity, selectors
from labrunner.sim.clock import FakeClock, micro_timestamp, parse_timestamp, timestamp
from labrunner.sim.objects import clone, get_path
from labrunner.sim.resources import Registry, make, version_priority


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.5", "500m"), ("1000m", "1"), ("1024Mi", "1Gi"), ("1536Mi", "1536Mi"), ("1.5Gi", "1536Mi"), ("1e3", "1e3"),
        ("1000", "1k"), ("128974848", "128974848"), (".5", "500m"), ("0", "0"), ("-1500m", "-1500m"),
        ("0.1Ki", "102400m"), ("1E", "1E"), ("1e-3", "1e-3"), ("100n", "100n"), ("0.0000000001", "1n"), ("2Ki", "2Ki"),
        ("512", "512"), (5, "5"), ("+1", "1"),
    ],
)  # fmt: skip
def test_quantities_are_written_canonically(text: Any, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "five", "1.2.3", "1 Gi", "1X", "--1", "1Gii", None, True, [], "1e", "Gi"]
)
def test_what_is_no_quantity_is_refused(text: Any) -> None:
    with pytest.raises(quantity.QuantityError):
        quantity.parse(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_means_the_same_and_is_stable(number: int, suffix: str) -> None:
    first = quantity.parse(f"{number}{suffix}")
    again = quantity.parse(str(first))
    assert again == first
    assert str(again) == str(first)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_quantities_add_and_compare_as_numbers(a: int, b: int) -> None:
    left, right = quantity.Quantity.of_milli(a), quantity.Quantity.of_milli(b)
    assert (left + right).milli() == a + b
    assert (left - right).milli() == a - b
    assert (left < right, left == right) == (a < b, a == b)


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("a=b", {"a": "b"}, True), ("a==b", {"a": "c"}, False), ("a!=b", {}, True), ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False), ("a in (b,c)", {"a": "c"}, True), ("a notin (b)", {}, True), ("a>5", {"a": "6"}, True),
        ("a<5", {"a": "x"}, False), ("", {}, True), ("x.io/a=b,!z", {"x.io/a": "b"}, True), ("a=", {"a": ""}, True),
        ("in in (in)", {"in": "in"}, True),
    ],
)  # fmt: skip
def test_label_selectors(text: str, labels: dict[str, str], expected: bool) -> None:
    assert selectors.parse(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in ()", "unable to parse requirement: values: Invalid value: []: "
         "for 'in', 'notin' operators, values set can't be empty"),
        ("a>x", "unable to parse requirement: values[0]: Invalid value: \"x\": "
         "for 'Gt', 'Lt' operators, the value must be an integer"),
    ],
)  # fmt: skip
def test_label_selectors_are_refused_in_the_servers_words(text: str, message: str) -> None:
    with pytest.raises(selectors.SelectorError) as refused:
        selectors.parse(text)
    assert str(refused.value) == message


@given(st.text(alphabet="ab=!,()<> innot", max_size=20))
def test_no_text_breaks_the_selector_parser(text: str) -> None:
    try:
        selectors.parse(text).matches({"a": "b"})
        field_selectors.parse(text).matches({"a": "b"})
    except selectors.SelectorError:
        pass


def test_selectors_of_objects() -> None:
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}
    assert selectors.from_label_selector(selector).matches({"a": "b", "c": ""})
    assert not selectors.from_label_selector(selector).matches({"a": "b"})
    assert selectors.from_label_selector({}).matches({})
    assert not selectors.from_label_selector(None).matches({})
    assert not selectors.from_labels({}).matches({})


def test_field_selectors_unescape_and_default() -> None:
    assert field_selectors.parse(r"metadata.name=a\,b").matches({"metadata": {"name": "a,b"}})
    assert field_selectors.parse("spec.unschedulable=false").matches({"spec": {}})
    with pytest.raises(selectors.SelectorError, match="invalid selector: 'x'; can't understand 'x'"):
        field_selectors.parse("x")
    with pytest.raises(selectors.SelectorError, match=r'"spec\.replicas" is not a known field selector'):
        field_selectors.check(field_selectors.parse("spec.replicas=1"), "Deployment.apps")


def test_field_errors_read_like_the_servers() -> None:
    cases = [
        (errors.invalid_value("spec.replicas", -1, "must be greater than or equal to 0"),
         "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (errors.required("spec.x"), "spec.x: Required value"),
        (errors.not_supported("t", "Inbound", ("Ingress", "Egress")),
         't: Unsupported value: "Inbound": supported values: "Ingress", "Egress"'),
        (errors.invalid_value("l", {"b": "2", "a": "1"}, "no"), 'l: Invalid value: {"a":"1","b":"2"}: no'),
        (errors.duplicate("p[1]", {"name": "x"}), 'p[1]: Duplicate value: {"name":"x"}'),
        (errors.too_long("n", 30), "n: Too long: may not be more than 30 bytes"),
        (errors.too_many("t", 4, 3), "t: Too many: 4: must have at most 3 items"),
        (errors.FieldError("FieldValueInvalid", "spec", "why"), "spec: Invalid value: why"),
        (errors.invalid_value("<nil>", None, "why"), "<nil>: Invalid value: null: why"),
    ]  # fmt: skip
    for error, message in cases:
        assert error.message() == message
    refused = errors.invalid("Deployment.apps", "web", [cases[0][0], cases[1][0]]).status()
    assert refused["message"] == f'Deployment.apps "web" is invalid: [{cases[0][1]}, {cases[1][1]}]'
    assert refused["details"]["causes"][0]["field"] == "spec.replicas"


def test_go_prints_values_its_way() -> None:
    assert gotext.quote('a"\n\x01é') == '"a\\"\\n\\x01é"'
    assert [gotext.number(n) for n in (1.0, 0.5, 1e21, 1e-7, 3)] == ["1", "0.5", "1e+21", "1e-07", "3"]
    assert gotext.json_text({"x": "<&>"}) == '{"x":"\\u003c\\u0026\\u003e"}'


def test_names_are_judged_by_the_servers_rules() -> None:
    assert names.dns_subdomain("a.b-c.d1") == []
    assert names.dns_label("a.b") == ["must not contain dots"]
    assert "RFC 1123 subdomain" in names.dns_subdomain("UPPER")[0]
    assert names.dns_1035_label("1a") != []
    assert names.qualified_name("example.com/Name_1") == []
    assert names.qualified_name("a/b/c") != []
    assert names.label_value("x" * 64) == ["must be no more than 63 bytes"]


def test_the_registry_knows_every_builtin_and_learns_custom_ones() -> None:
    registry = Registry()
    assert len(list(registry.types())) == 68
    scaler = registry.storage("horizontalpodautoscalers.autoscaling")
    assert scaler is not None
    assert scaler.version == "v2"
    heard: list[int] = []
    registry.subscribe(lambda: heard.append(registry.generation))
    for version in ("v1beta1", "v2", "v1"):
        registry.add(
            make("x.io", version, "things", "Thing", namespaced=True, custom=True, storage=version == "v1")
        )
    assert registry.groups()[-1].versions == ("v2", "v1", "v1beta1")
    stored = registry.storage("things.x.io")
    assert stored is not None
    assert stored.version == "v1"
    for version in ("v1beta1", "v2", "v1"):
        registry.remove("x.io", version, "things")
    assert registry.groups()[-1].group != "x.io"
    assert heard == [1, 2, 3, 4, 5, 6]


def test_versions_are_ordered_by_maturity() -> None:
    ordered = [
        "v10",
        "v2",
        "v1",
        "v11beta2",
        "v10beta3",
        "v3beta1",
        "v12alpha1",
        "v11alpha2",
        "foo1",
        "foo10",
    ]
    assert sorted(set(ordered), key=version_priority) == ordered


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(_json)
def test_a_clone_is_equal_and_shares_no_container(value: Any) -> None:
    copy = clone(value)
    assert copy == value

    def containers(v: Any) -> set[int]:
        if not isinstance(v, dict | list):
            return set()
        return {id(v)}.union(*(containers(x) for x in (v.values() if isinstance(v, dict) else v)), set())

    assert not containers(copy) & containers(value)


def test_paths_into_objects_are_null_safe() -> None:
    assert get_path({"a": [{"b": None}]}, "a", 0, "b", default=1) == 1
    assert get_path({"a": [{"b": 2}]}, "a", 0, "b") == 2
    assert get_path(None, "a", default="x") == "x"


def test_a_fake_clock_runs_calls_in_order_at_their_own_moment() -> None:
    clock = FakeClock()
    start, seen = clock.now(), []
    clock.call_later(2, lambda: seen.append(("b", (clock.now() - start).total_seconds())))
    clock.call_later(
        1, lambda: clock.call_later(0.5, lambda: seen.append(("a", (clock.now() - start).total_seconds())))
    )
    clock.call_later(1, lambda: seen.append(("never", 0.0))).cancel()
    clock.advance(3)
    assert seen == [("a", 1.5), ("b", 2.0)]
    assert clock.pending() == 0


def test_times_are_written_as_kubernetes_does() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert timestamp(moment) == "2026-01-02T03:04:05Z"
    assert micro_timestamp(moment) == "2026-01-02T03:04:05.000006Z"
    assert parse_timestamp("2026-01-02T05:04:05+02:00") == moment.replace(microsecond=0)
    with pytest.raises(ValueError):
        parse_timestamp("2026-01-02T03:04:05")
