"""Traffic splits: a fair one does not fail by chance, a wrong one fails."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.content.checks_model import Matcher, Share
from labrunner.content.network_checks import SPLIT_REPEAT, enough_requests
from labrunner.verify.shares import SIGNIFICANCE, chance, counted, fits, interval


def exact(count: int, total: int, share: Fraction) -> float:
    """The same test in whole numbers."""
    odds = [comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(total + 1)]
    return float(sum(one for one in odds if one <= odds[count]))


@given(st.integers(1, 60), st.data(), st.integers(1, 9))
def test_the_chance_is_exact(total: int, data: st.DataObject, tenths: int) -> None:
    count = data.draw(st.integers(0, total))
    wanted = exact(count, total, Fraction(tenths, 10))
    assert chance(count, total, tenths / 10) == pytest.approx(wanted, rel=1e-4, abs=1e-12)


@given(st.integers(1, 2000), st.data())
def test_the_interval_holds_the_share_and_stays_within_bounds(total: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, total))
    low, high = interval(count, total)
    assert 0 <= low <= count / total <= high <= 1
    assert low < high


def test_wilsons_interval_by_the_book() -> None:
    assert interval(182, 200) == pytest.approx((0.8622, 0.9423), abs=1e-4)
    assert interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert interval(0, 0) == (0.0, 1.0)


def test_a_fair_split_fails_less_often_than_promised() -> None:
    """Not by drawing: the probability of every count that would fail, summed."""
    for share in (0.5, 0.9, 0.99):
        logs = [comb(200, k) * share**k * (1 - share) ** (200 - k) for k in range(201)]
        assert sum(one for k, one in enumerate(logs) if not fits(k, 200, share, 2)) < SIGNIFICANCE / 2 * 1.01


@pytest.mark.parametrize(
    ("count", "share", "verdict"),
    [(182, 0.9, True), (180, 0.9, True), (170, 0.9, True), (200, 0.9, False), (150, 0.9, False), (100, 0.9, False),
     (0, 0.1, False), (0, 0.0, True), (1, 0.0, False), (200, 1.0, True), (199, 1.0, False)],
)  # fmt: skip
def test_verdicts_of_two_hundred(count: int, share: float, verdict: bool) -> None:
    assert fits(count, 200, share, 2) is verdict


def test_another_split_is_caught_nearly_always() -> None:
    """75/25 instead of 90/10 in the default number of requests: the power of the test, by drawing."""
    draw = random.Random(7)
    caught = sum(
        not fits(sum(draw.random() < 0.75 for _ in range(SPLIT_REPEAT)), SPLIT_REPEAT, 0.9, 2)
        for _ in range(300)
    )
    assert caught > 290


@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.5, 0.5), (0.99, 0.01), (0.8, 0.1, 0.1)])
def test_the_number_asked_for_tells_none_and_all(shares: tuple[float, ...]) -> None:
    wanted = tuple(Share(str(one), one, Matcher("contains", "x")) for one in shares)
    enough = enough_requests(wanted)
    for share in shares:
        assert not fits(0, enough, share, len(shares) + 1)
        assert not fits(enough, enough, share, len(shares) + 1)


def test_shares_in_words() -> None:
    assert counted("v1", 182, 200, 0.9) == "v1 182 of 200 (91 %, 95 % interval 86–94 %), wanted 90 %"
    assert counted("v2", 1, 200, None) == "v2 1 of 200 (0.5 %, 95 % interval 0.1–3 %)"
