"""Matchers: subsets, bipartite lists, quantities, absence, and the smallest differing place."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.content.checks_model import Matcher
from labrunner.content.versions import satisfies
from labrunner.verify.assignment import assign
from labrunner.verify.matching import BrokenMatcherError, accepts, differences
from labrunner.verify.patterns import PatternError, found_in
from labrunner.verify.phrasing import MISSING, describe, phrase
from labrunner.verify.quantities import parse_quantity, same_quantity

SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_everything_is_a_subset_of_itself(value: Any) -> None:
    assert accepts(value, value)
    assert accepts(Matcher("exactly", value), value)
    assert differences(value, value) == ()


@given(st.lists(JSON, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_a_list_does_not_matter(items: list[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert accepts(items, shuffled)
    assert accepts({"a": items}, {"a": [*shuffled, "another"], "b": 1})


@given(JSON, JSON)
def test_differences_are_empty_exactly_when_it_matches(expected: Any, value: Any) -> None:
    assert (differences(expected, value) == ()) == accepts(expected, value)
    exactly = Matcher("exactly", expected)
    assert (differences(exactly, value) == ()) == accepts(exactly, value)


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), max_size=5))
def test_assignment_is_as_large_as_brute_force_finds(fits: list[list[bool]]) -> None:
    got = assign(len(fits), 5, lambda one, at: fits[one][at])
    taken = [at for at in got if at is not None]
    assert len(taken) == len(set(taken))
    assert all(fits[one][at] for one, at in enumerate(got) if at is not None)
    best = max(
        sum(fits[one][at] for one, at in enumerate(chosen))
        for chosen in itertools.permutations(range(5), len(fits))
    )
    assert len(taken) == best


def test_assignment_of_a_long_chain_needs_no_recursion() -> None:
    size = 400
    got = assign(size, size, lambda one, at: at in (one, one + 1) if one < size - 1 else at == 0)
    assert None not in got


def test_lists_are_matched_one_to_one_and_not_by_position() -> None:
    wide, narrow = {"a": 1}, {"a": 1, "b": 2}
    assert accepts([wide, narrow], [{"a": 1, "b": 2}, {"a": 1}])
    assert not accepts([wide, wide], [{"a": 1}])
    assert not accepts([narrow, narrow], [{"a": 1, "b": 2}, {"a": 1}])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("500m", "0.5", True),
        ("1Gi", "1024Mi", True),
        ("1e3", "1000", True),
        (1, "1000m", True),
        (0.5, "500m", True),
        ("1k", 1000, True),
        ("1.0", "1", False),
        ("1Gi", "1G", False),
        (True, 1, False),
        ("", 0, False),
        ("1e999999999", "1", False),
    ],
)
def test_quantities_compare_by_value(one: Any, other: Any, same: bool) -> None:
    assert same_quantity(one, other) is same
    assert same_quantity(other, one) is same
    assert accepts({"cpu": one}, {"cpu": other}) is same


def test_texts_that_look_alike_as_numbers_stay_different_without_a_unit() -> None:
    assert not accepts({"version": "1.0"}, {"version": "1"})
    assert accepts({"version": "1.0"}, {"version": "1.0"})


@pytest.mark.parametrize(
    ("op", "operand", "right", "wrong"),
    [
        ("gt", "500m", 1, "0.5"),
        ("ge", 2, "2", 1),
        ("lt", "1Gi", "512Mi", "1Gi"),
        ("le", 3, 3, 4),
        ("between", (1, "2k"), 2000, 2001),
        ("gt", "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2023-06-01T00:00:00Z"),
        ("in", ("a", "b"), "b", "c"),
        ("contains", "web", "a web site", "nothing"),
        ("contains", "web", ["db", "web"], ["webs"]),
        ("contains", {"name": "web"}, [{"name": "web", "x": 1}], [{"name": "db"}]),
        ("contains", ["a", "b"], ["b", "c", "a"], ["a"]),
        ("contains", "key", {"key": 1}, {"other": 1}),
        ("matches", "^v1\\.[0-9]+$", "v1.29", "v2.0"),
        ("matches", "^b$", "a\nb\nc", "abc"),
        ("exists", True, 0, None),
        ("exists", False, None, ""),
        ("len", Matcher("ge", 2), [1, 2], [1]),
        ("len", Matcher("equals", 0), [], [1]),
        ("semver", ">=1.28 <2", "v1.29.3+k3s1", "v1.27.0"),
        ("not", Matcher("equals", 1), 2, 1),
        ("all", (Matcher("ge", 1), Matcher("le", 3)), 2, 4),
        ("any", (Matcher("equals", 1), Matcher("equals", 2)), 2, 3),
        ("none", (Matcher("equals", 1), Matcher("equals", 2)), 3, 2),
        ("exactly", {"a": [1, 2]}, {"a": [1, 2]}, {"a": [2, 1]}),
        ("exactly", {"a": 1}, {"a": 1}, {"a": 1, "b": 2}),
        ("equals", None, None, 0),
    ],
)
def test_each_matcher_says_yes_and_no(op: str, operand: Any, right: Any, wrong: Any) -> None:
    matcher = Matcher(op, operand)
    assert accepts(matcher, right)
    assert not accepts(matcher, wrong)
    assert differences(matcher, wrong)
    assert describe(matcher)


@pytest.mark.parametrize(
    "matcher",
    [
        Matcher("equals", 1),
        Matcher("equals", {"a": 1}),
        Matcher("gt", 1),
        Matcher("contains", "x"),
        Matcher("matches", ".*"),
        Matcher("len", Matcher("equals", 0)),
        Matcher("semver", ">=0"),
        Matcher("in", ("a",)),
        Matcher("between", (0, 1)),
        Matcher("exists", True),
        Matcher("exactly", []),
    ],
)
def test_a_missing_field_is_no_match_and_no_error(matcher: Matcher) -> None:
    assert not accepts(matcher, MISSING)
    assert not accepts({"status": {"deep": {"down": matcher}}}, {"status": {}})
    assert accepts(Matcher("not", matcher), MISSING)
    assert accepts(Matcher("exists", False), MISSING)


def test_null_in_an_object_is_as_good_as_a_missing_field() -> None:
    assert accepts({"spec": {"paused": None}}, {"spec": {}})
    assert not accepts({"spec": {"replicas": 3}}, {"spec": None})
    assert differences({"spec": {"replicas": 3}}, {"spec": {"replicas": None}})[0].path == "spec.replicas"


def test_matchers_may_stand_inside_partial_objects() -> None:
    partial = {
        "spec": {"replicas": Matcher("ge", 2), "containers": [{"image": Matcher("matches", "^nginx:")}]}
    }
    assert accepts(partial, {"spec": {"replicas": 3, "containers": [{"image": "db"}, {"image": "nginx:1"}]}})
    found = differences(partial, {"spec": {"replicas": 1, "containers": [{"image": "nginx:1"}]}})
    assert [(one.path, one.observed, one.wanted) for one in found] == [("spec.replicas", 1, "at least 2")]


def test_the_smallest_differing_place_is_told() -> None:
    expected = {
        "spec": {"containers": [{"name": "web", "image": "nginx:2", "ports": [{"containerPort": 80}]}]}
    }
    value = {
        "spec": {
            "containers": [
                {"name": "side", "image": "nginx:2"},
                {"name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}]},
            ]
        }
    }
    found = differences(expected, value)
    assert [(one.path, one.observed, one.wanted) for one in found] == [
        ("spec.containers[1].image", "nginx:1", "nginx:2")
    ]
    labels = differences({"metadata": {"labels": {"app.kubernetes.io/name": "web"}}}, {"metadata": {}})
    assert labels[0].path == "metadata.labels"
    gone = differences({"args": ["--verbose"]}, {"args": []})
    assert (gone[0].path, gone[0].observed) == ("args[]", None)
    extra = differences(Matcher("exactly", {"a": 1}), {"a": 1, "b": 2})
    assert [(one.path, one.wanted) for one in extra] == [("b", "nothing")]


@pytest.mark.parametrize(
    "matcher",
    [
        Matcher("all", ()),
        Matcher("any", ()),
        Matcher("none", ()),
        Matcher("semver", "soon"),
        Matcher("gt", "much"),
        Matcher("nonsense", 1),
    ],
)
def test_conditions_that_assert_nothing_or_nonsense_are_refused(matcher: Matcher) -> None:
    with pytest.raises(BrokenMatcherError):
        accepts(matcher, "1.2.3")


@pytest.mark.parametrize("thread", [False, True])
def test_no_regular_expression_can_hang_the_app(thread: bool) -> None:
    outcome: list[Any] = []

    def search() -> None:
        begun = time.monotonic()
        try:
            found_in(r"(a+)+$", "a" * 60 + "!")
        except PatternError as problem:
            outcome.extend([time.monotonic() - begun, str(problem)])

    if thread:
        worker = threading.Thread(target=search)
        worker.start()
        worker.join()
    else:
        search()
    assert outcome and outcome[0] < 5
    assert "took longer" in outcome[1]


def test_a_pattern_in_a_thread_answers_as_on_the_main_one() -> None:
    outcome: list[bool] = []
    worker = threading.Thread(
        target=lambda: outcome.extend([found_in("(a|b)+c*$", "aab"), found_in("(x|y)+z*$", "aab")])
    )
    worker.start()
    worker.join()
    assert outcome == [True, False]


def test_an_invalid_pattern_is_the_checks_fault() -> None:
    with pytest.raises(PatternError, match="regular expression"):
        accepts(Matcher("matches", "("), "x")


@given(st.text(max_size=12))
def test_reading_a_quantity_never_fails(text: str) -> None:
    assert parse_quantity(text) is None or accepts(Matcher("ge", text), text)


@given(JSON)
@settings(max_examples=50)
def test_every_value_has_short_words(value: Any) -> None:
    assert 0 < len(phrase(value)) <= 200


@pytest.mark.parametrize(
    ("constraint", "version", "holds"),
    [
        (">=1.28", "v1.28.0", True),
        ("1.28", "1.28.9", True),
        ("=1.28.x", "1.28.9", True),
        ("=1.28.1", "1.28.9", False),
        ("~1.4", "1.4.9", True),
        ("~1.4", "1.5.0", False),
        ("^1.4", "1.9.0", True),
        ("^0.4", "0.5.0", False),
        (">=1.0.0", "1.0.0-rc.1", False),
        ("!=2", "2.1.0", False),
        (">1.0.0-alpha.2", "1.0.0-alpha.10", True),
        (">=1", "not a version", False),
    ],
)
def test_version_constraints(constraint: str, version: str, holds: bool) -> None:
    assert satisfies(version, constraint) is holds
