"""When questions come back: what surprised most comes first, and the same log always gives the same dates."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.recall.scheduling import Review, rating, schedule

DAY = 86_400.0
START = 1_750_000_000.0

REVIEWS = st.lists(
    st.builds(
        Review,
        st.sampled_from(["m/a", "m/b", "m/c"]),
        st.floats(START, START + 100 * DAY),
        st.sampled_from(["again", "hard", "good", "easy"]),
        st.sampled_from(["guess", "think so", "sure"]),
    ),
    max_size=12,
).map(lambda reviews: sorted(reviews, key=lambda review: review.at))


@pytest.mark.parametrize(
    ("correct", "confidence", "seconds", "wanted"),
    [
        (False, "sure", 1.0, "again"),
        (False, "guess", None, "again"),
        (True, "guess", 1.0, "hard"),
        (True, "think so", 1.0, "good"),
        (True, "sure", 5.0, "easy"),
        (True, "sure", 60.0, "good"),
        (True, "sure", None, "good"),
    ],
)
def test_ratings(correct: bool, confidence: str, seconds: float | None, wanted: str) -> None:
    assert rating(correct=correct, confidence=confidence, seconds=seconds) == wanted  # type: ignore[arg-type]


def test_sure_but_wrong_comes_first_whatever_its_date() -> None:
    dues = schedule(
        [
            Review("m/early", START, "again", "guess"),
            Review("m/known", START, "easy", "sure"),
            Review("m/surprise", START + 30 * DAY, "again", "sure"),
        ]
    )
    assert [due.question for due in dues] == ["m/surprise", "m/early", "m/known"]
    assert [due.surprising for due in dues] == [True, False, False]


def test_a_surprise_once_answered_rightly_is_none_any_more() -> None:
    dues = schedule([Review("m/a", START, "again", "sure"), Review("m/a", START + DAY, "good", "sure")])
    assert not dues[0].surprising


def test_what_was_easy_comes_back_later_than_what_was_not() -> None:
    later = {
        name: schedule([Review("m/a", START, name), Review("m/a", START + DAY, name)])[0].at  # type: ignore[arg-type]
        for name in ("again", "good", "easy")
    }
    assert later["again"] < later["good"] < later["easy"]


@given(REVIEWS)
@settings(max_examples=50, deadline=None)
def test_the_same_log_always_gives_the_same_dates(reviews: list[Review]) -> None:
    random.seed(1)
    first = schedule(reviews)
    random.seed(2)
    assert schedule(reviews) == first
    assert {due.question for due in first} == {review.question for review in reviews}
    for due in first:
        assert due.at > max(review.at for review in reviews if review.question == due.question)
