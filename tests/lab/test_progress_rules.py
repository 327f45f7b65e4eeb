"""The rules of a lab without any cluster: any sequence of commands, folded from the log, gives the same progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.content.requirements import REAL, SIMULATED
from labrunner.lab import commands
from labrunner.lab.attempt import Attempt, load_progress
from labrunner.lab.decisions import RefusedError, Setting, decide
from labrunner.lab.events import (
    CellRan,
    LabEvent,
    LabFinished,
    LabLeft,
    LabResumed,
    LabStarted,
    StepCompleted,
    from_data,
    to_data,
)
from labrunner.lab.progress import LabProgress, evolve, fold
from labrunner.lab.summary import summarise
from labrunner.progress.log import EventLog
from labrunner.recall.grading import AnswerFormError

from .rig import authored, sample

RICH = sample("rich")
SETTING = Setting(RICH, SIMULATED)
STEPS = [step.id for step in RICH.steps]
CELLS = [cell.id for cell in RICH.cells()]
CHECKS = list(RICH.checks)

OUTCOMES = st.sampled_from(["ended", "interrupted", "timeout", "shell-exited", "not-at-prompt", "started"])
TEXTS = st.text(max_size=12)
COMMANDS = st.one_of(
    st.builds(commands.Enter, st.sampled_from(STEPS)),
    st.just(commands.Next()),
    st.just(commands.Previous()),
    st.just(commands.Leave()),
    st.builds(
        commands.CellEnded,
        st.builds(
            CellRan,
            st.sampled_from(CELLS),
            OUTCOMES,
            st.none() | st.integers(0, 255),
            st.floats(0, 1e6),
            TEXTS,
            st.none() | st.booleans(),
        ),
    ),
    st.builds(
        commands.CheckObserved, st.sampled_from(CHECKS), st.sampled_from([True, False, None]), st.booleans()
    ),
    st.builds(commands.TakeHint, TEXTS),
    st.builds(commands.TakeSolution, st.booleans()),
    st.builds(commands.GiveValue, st.sampled_from(CHECKS), TEXTS),
    st.builds(commands.Confirm, st.sampled_from(CHECKS)),
    st.builds(commands.Reset, st.sampled_from(STEPS)),
    st.builds(
        commands.Answer,
        st.just("teach"),
        st.sampled_from(["3", "4", "x", ""]),
        st.sampled_from(["guess", "think so", "sure"]),
        st.none() | st.floats(0, 1e4),
        st.none() | st.booleans(),
    ),
)
SEQUENCES = st.lists(COMMANDS, max_size=40)


def play(sequence: list[Any]) -> tuple[LabProgress, list[tuple[float, LabEvent]]]:
    """The progress in memory and every event, as a session would make them."""
    recorded: list[tuple[float, LabEvent]] = [(0.0, LabStarted("sim", True, RICH.digest))]
    progress = fold(recorded)
    for command in sequence:
        try:
            events = decide(SETTING, progress, command)
        except (RefusedError, AnswerFormError):
            continue
        for event in events:
            recorded.append((float(len(recorded)), event))
            progress = evolve(progress, *recorded[-1])
    return progress, recorded


@given(SEQUENCES)
@settings(max_examples=200, deadline=None)
def test_any_commands_are_either_done_or_refused_and_the_log_tells_it_all(sequence: list[Any]) -> None:
    progress, recorded = play(sequence)
    stored = [(at, event.kind, json.dumps(to_data(event))) for at, event in recorded]
    back = [(at, from_data(kind, json.loads(text))) for at, kind, text in stored]
    assert fold((at, event) for at, event in back if event is not None).passed == progress.passed
    replayed = fold((at, event) for at, event in back if event is not None)
    assert replayed.steps == progress.steps
    assert replayed.cells == progress.cells
    assert replayed == progress


@given(SEQUENCES)
@settings(max_examples=100, deadline=None)
def test_time_is_booked_to_steps_without_loss(sequence: list[Any]) -> None:
    progress, recorded = play([commands.Enter(STEPS[0]), *sequence])
    assert progress.seconds == pytest.approx(sum(step.seconds for step in progress.steps.values()))
    assert 0 <= progress.seconds <= recorded[-1][0]


@given(SEQUENCES)
@settings(max_examples=100, deadline=None)
def test_a_completed_step_has_its_required_checks_passed_at_that_moment(sequence: list[Any]) -> None:
    _, recorded = play(sequence)
    progress = LabProgress()
    for at, event in recorded:
        progress = evolve(progress, at, event)
        if isinstance(event, StepCompleted) and not event.skipped:
            required = [c for c in RICH.step(event.step).checks if RICH.checks[c].severity == "required"]
            assert set(required) <= progress.passed.keys()
        if isinstance(event, LabFinished):
            assert all(progress.step(step).completed for step in STEPS)


@given(SEQUENCES)
@settings(max_examples=100, deadline=None)
def test_the_score_is_a_share(sequence: list[Any]) -> None:
    summary = summarise(RICH, play(sequence)[0])
    assert 0 <= summary.score <= 1
    assert len(summary.steps) == len(STEPS)


@given(SEQUENCES, st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_resuming_from_the_file_gives_the_progress_that_was_left(sequence: list[Any], cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        log = EventLog(Path(folder) / "progress.sqlite3")
        ticks = iter(range(10_000))
        attempt = Attempt(SETTING, log, lambda: float(next(ticks)), lambda at, event: None)
        attempt.begin("sim", simulated=True)
        for command in sequence[:cut]:
            try:
                attempt.do(command)
            except (RefusedError, AnswerFormError):
                continue
        assert load_progress(log, "rich")[1] == attempt.progress
        log.close()


# -- single rules ------------------------------------------------------------------------------------------------


def begun(*sequence: Any) -> LabProgress:
    return play([commands.Enter(STEPS[0]), *sequence])[0]


def test_time_away_from_the_lab_is_not_counted() -> None:
    started = [
        (0.0, LabStarted("sim", True, "")),
        (0.0, *decide(SETTING, LabProgress(), commands.Enter("shell"))),
    ]
    left = fold([*started, (10.0, LabLeft())])
    back = fold([(5000.0, LabResumed("sim", True, "")), (5003.0, CellRan("say", "ended", 0, 0.1))], left)
    assert back.seconds == 13.0


def test_a_killed_labrunners_time_away_is_not_counted_either() -> None:
    started = [
        (0.0, LabStarted("sim", True, "")),
        (0.0, *decide(SETTING, LabProgress(), commands.Enter("shell"))),
    ]
    back = fold([*started, (4.0, CellRan("say", "ended", 0, 0.1)), (9000.0, LabResumed("sim", True, ""))])
    assert back.seconds == 4.0


def test_a_clock_set_back_never_takes_time_away() -> None:
    started = [
        (50.0, LabStarted("sim", True, "")),
        (50.0, *decide(SETTING, LabProgress(), commands.Enter("shell"))),
    ]
    assert fold([*started, (10.0, LabLeft())]).seconds == 0


def test_help_stays_taken_after_a_reset() -> None:
    progress = begun(commands.Enter("repair"), commands.TakeSolution(False), commands.Reset("repair"))
    assert progress.step("repair").assisted


def test_a_check_lost_again_does_not_undo_its_step() -> None:
    progress = begun(
        commands.Enter("gone"),
        commands.CheckObserved("gone-away", True),
        commands.CheckObserved("level", True),
        commands.CheckObserved("level", False),
    )
    assert "level" not in progress.passed
    assert progress.step("gone").completed


def test_an_empty_value_is_refused() -> None:
    with pytest.raises(RefusedError):
        decide(SETTING, LabProgress(), commands.GiveValue("said", "  "))


def test_a_step_this_cluster_cannot_do_is_skipped_by_going_on(tmp_path: Path) -> None:
    text = (
        "## Look inside\n<!-- step: {id: inside, checks: [c], requires: {containers: run}, otherwise: skip} -->\nText.\n\n"
        "```bash {id=in}\nkubectl exec web -- true\n```\n\n## Done\n<!-- step: {id: done} -->\nText.\n"
    )
    module = authored(
        tmp_path,
        text,
        "  c: {title: t, message: m, hints: [h], resource: {kind: Pod, metadata: {name: web}}}\n",
    )
    there = evolve(LabProgress(), 0.0, LabStarted("sim", True, ""))
    events = decide(Setting(module, SIMULATED), there, commands.Next())
    assert StepCompleted("inside", skipped=True) in events
    assert all(
        not isinstance(event, StepCompleted)
        for event in decide(Setting(module, REAL), there, commands.Next())
    )


def test_events_of_a_newer_labrunner_are_passed_over() -> None:
    assert from_data("teleported", {"to": "mars"}) is None
    assert from_data("step-entered", {"step": "ns", "mood": "good"}) == from_data(
        "step-entered", {"step": "ns"}
    )


def test_a_step_that_an_edited_module_no_longer_has_leads_to_the_first() -> None:
    from labrunner.lab.decisions import current_step

    assert current_step(RICH, LabProgress(current="gone-long-ago")) is RICH.steps[0]
