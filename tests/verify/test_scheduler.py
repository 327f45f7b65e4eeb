"""The scheduler against a plain restatement of its rules, on histories nobody thought of."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.content.checks_model import FileCheck
from labrunner.verify.finding import Finding
from labrunner.verify.scheduler import PATIENCE, Scheduler
from labrunner.verify.verdict import CheckState, Verdict

from .fakes import spec

STATES = (CheckState.PASS, CheckState.FAIL, CheckState.ERROR, CheckState.WAITING, CheckState.MANUAL)
MOMENTS = st.tuples(
    st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 5.0]), st.sampled_from(STATES), st.booleans(), st.booleans()
)
HISTORIES = st.lists(MOMENTS, min_size=1, max_size=25)


@dataclass
class Told:
    """What has been observed: when, what, whether conclusive, whether it awaits the learner."""

    at: float
    state: CheckState
    conclusive: bool
    awaits: bool


def play(
    history: list[tuple[float, CheckState, bool, bool]], eventually: float | None, consistently: float
) -> None:
    scheduler, now, told = Scheduler(), 100.0, list[Told]()
    check = spec(FileCheck("x"), eventually=eventually, consistently=consistently)
    scheduler.add(check, now)
    for wait, state, conclusive, awaits in history:
        for _ in range(2):  # time passes in two steps, so that ticks fall between observations
            now += wait / 2
            scheduler.tick(now, now)
        finding = Finding(
            state, "seen", conclusive=conclusive, awaits_learner=awaits and state is CheckState.FAIL
        )
        scheduler.observe("check", finding, Verdict(state, "seen"), now, now)
        told.append(Told(now, state, conclusive, finding.awaits_learner))
        compare(scheduler, told, now, eventually, consistently)


def compare(
    scheduler: Scheduler, told: list[Told], now: float, eventually: float | None, consistently: float
) -> None:
    status, last = scheduler.status("check", now), told[-1]
    if status.state is CheckState.PASS:
        assert last.state is CheckState.PASS
        assert now - _spell(told)[0] >= consistently - 1e-3
    if last.state is CheckState.ERROR:
        assert status.state is CheckState.ERROR
    if last.state is CheckState.PASS:
        assert status.state in (CheckState.PASS, CheckState.WAITING)
        assert consistently > 0 or status.state is CheckState.PASS
    if status.state is CheckState.FAIL:
        assert last.state is CheckState.FAIL
        late = eventually is not None and now - 100.0 >= eventually - 1e-3
        assert late or last.conclusive or status.passed_at is not None
    if last.awaits:
        assert (status.state, status.limit) == (CheckState.WAITING, None)
    assert status.passed_at is None or any(one.state is CheckState.PASS for one in told)
    wakeup = scheduler.wakeup(now)
    assert wakeup is None or wakeup >= now - 1e-3


def _spell(told: list[Told]) -> list[float]:
    """The times of the passes since the last observation that was none."""
    times: list[float] = []
    for one in told:
        times = [*times, one.at] if one.state is CheckState.PASS else []
    return times


@given(HISTORIES, st.sampled_from([None, 0.0, 3.0, 30.0]), st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=300)
def test_no_history_breaks_the_rules(
    history: list[tuple[float, CheckState, bool, bool]], eventually: float | None, consistently: float
) -> None:
    play(history, eventually, consistently)


@given(HISTORIES, st.sampled_from([None, 0.0, 3.0, 30.0]), st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=150)
def test_who_asks_gets_a_settled_verdict_in_the_end(
    history: list[tuple[float, CheckState, bool, bool]], eventually: float | None, consistently: float
) -> None:
    scheduler, now = Scheduler(), 0.0
    scheduler.add(spec(FileCheck("x"), eventually=eventually, consistently=consistently), now)
    scheduler.restart("check", now)
    for wait, state, conclusive, awaits in history:
        now += wait
        finding = Finding(
            state, "seen", conclusive=conclusive, awaits_learner=awaits and state is CheckState.FAIL
        )
        scheduler.observe("check", finding, Verdict(state, "seen"), now, now)
    now += max(PATIENCE, eventually or 0.0) + consistently
    scheduler.tick(now, now)
    assert scheduler.settled("check", now)
    scheduler.ask("check")
    assert scheduler.status("check", now).state is not CheckState.WAITING


def test_a_decided_check_is_polled_less_often_than_one_that_is_waited_for() -> None:
    scheduler = Scheduler()
    scheduler.add(spec(FileCheck("x"), eventually=10.0, every=0.5), 0.0)
    scheduler.set_polled("check", True)
    failing, passing = Finding(CheckState.FAIL, "no"), Finding(CheckState.PASS, "yes")
    scheduler.observe("check", failing, Verdict(CheckState.FAIL), 1.0, 1.0)
    assert scheduler.due(1.4) == ()
    assert scheduler.wakeup(1.4) == 1.5
    assert scheduler.due(1.5) == ("check",)
    assert scheduler.due(1.6) == ()
    scheduler.observe("check", passing, Verdict(CheckState.PASS), 2.0, 2.0)
    assert scheduler.due(3.9) == ()
    assert scheduler.due(4.0) == ("check",)
