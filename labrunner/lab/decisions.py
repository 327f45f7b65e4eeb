"""The rules of a lab: what a command means where the learner stands. Pure: commands in, events out."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.content.checks_model import CheckSpec
from labrunner.content.models import Cell, Module, Step
from labrunner.content.requirements import Capabilities, Shortfall
from labrunner.lab import commands
from labrunner.lab.events import (
    BaselineSeen,
    CellRan,
    CheckLost,
    CheckPassed,
    Confirmed,
    HintShown,
    LabEvent,
    LabFinished,
    LabLeft,
    QuestionAnswered,
    SolutionPlayed,
    SolutionShown,
    StepCompleted,
    StepEntered,
    StepReset,
    ValueGiven,
)
from labrunner.lab.progress import LabProgress, evolve
from labrunner.recall.grading import grade
from labrunner.recall.scheduling import rating


class RefusedError(ValueError):
    """The command makes no sense here; the text says why, for the learner."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change while a session runs: the module and what its cluster gives."""

    module: Module
    capabilities: Capabilities

    def shortfalls(self, step: Step) -> tuple[Shortfall, ...]:
        """What this step asks for and the cluster does not give."""
        return step.requires.shortfalls(self.capabilities) if step.requires else ()


def decide(setting: Setting, progress: LabProgress, command: commands.Command) -> tuple[LabEvent, ...]:
    """The events a command leads to; RefusedError when it cannot be done.

    The completion of the current step follows from whatever else happened.
    """
    events = _direct(setting, progress, command)
    after = progress
    for event in events:
        after = evolve(after, 0.0, event)
    return (*events, *_completions(setting.module, progress, after))


def _direct(setting: Setting, progress: LabProgress, command: commands.Command) -> tuple[LabEvent, ...]:
    module = setting.module
    match command:
        case commands.Enter(step):
            return (StepEntered(module.step(step).id),)
        case commands.Next():
            return _next(setting, progress)
        case commands.Previous():
            index = _index(module, progress)
            if index == 0:
                raise RefusedError("this is the first step")
            return (StepEntered(module.steps[index - 1].id),)
        case commands.CellEnded(result):
            return (result,)
        case commands.CheckObserved():
            return _observed(module.checks[command.check], progress, command)
        case commands.TakeHint(text):
            here = current_step(module, progress)
            return (HintShown(here.id, len(progress.step(here.id).hints), text),)
        case commands.TakeSolution(played):
            here = current_step(module, progress)
            if not solution_cells(module, here):
                raise RefusedError("this step has no solution to show: it has nothing to do but read")
            return (SolutionPlayed(here.id) if played else SolutionShown(here.id),)
        case commands.Answer():
            return (_answered(module, command),)
        case commands.GiveValue(check, value):
            if not value.strip():
                raise RefusedError("type a value first")
            return (ValueGiven(check, value.strip()),)
        case commands.Confirm(check):
            return (Confirmed(check),)
        case commands.Reset(step):
            return tuple(_reset_event(module, other) for other in _undone_by_reset(module, progress, step))
        case commands.Leave():
            return (LabLeft(),)


def _next(setting: Setting, progress: LabProgress) -> tuple[LabEvent, ...]:
    """Passing through completes a step that only wants reading, and one this cluster cannot do is skipped."""
    module = setting.module
    index = _index(module, progress)
    step = module.steps[index]
    events: list[LabEvent] = []
    if not progress.step(step.id).completed:
        if setting.shortfalls(step):
            events.append(StepCompleted(step.id, skipped=True))
        elif not required_checks(module, step) and step.kind in ("reading", "cleanup", "run"):
            events.append(StepCompleted(step.id, assisted=progress.step(step.id).assisted))
    if index + 1 < len(module.steps):
        return (*events, StepEntered(module.steps[index + 1].id))
    done_now = {event.step for event in events if isinstance(event, StepCompleted)}
    remaining = [other for other in open_steps(module, progress) if other.id not in done_now]
    if remaining:
        raise RefusedError(f"not finished yet: {', '.join(other.title for other in remaining)}")
    return (*events, LabFinished()) if progress.finished_at is None else tuple(events)


def _observed(check: CheckSpec, progress: LabProgress, seen: commands.CheckObserved) -> tuple[LabEvent, ...]:
    events: list[LabEvent] = []
    if seen.baseline_seen and check.id not in progress.baselines:
        events.append(BaselineSeen(check.id))
    if seen.passing and check.id not in progress.passed:
        events.append(CheckPassed(check.id))
    if seen.passing is False and check.mode == "level" and check.id in progress.passed:
        events.append(CheckLost(check.id))
    return tuple(events)


def _answered(module: Module, command: commands.Answer) -> QuestionAnswered:
    question = module.questions[command.question]
    correct = grade(question, command.text).correct
    if correct is None:
        correct = command.self_correct
    stars = None
    if correct is not None:
        stars = rating(correct=correct, confidence=command.confidence, seconds=command.seconds)
    return QuestionAnswered(question.id, command.text, command.confidence, correct, stars, command.seconds)


def _completions(module: Module, before: LabProgress, after: LabProgress) -> tuple[LabEvent, ...]:
    """Steps whose work is done by what has just happened."""
    changed = before.passed is not after.passed or before.cells is not after.cells
    if not changed:
        return ()
    return tuple(
        StepCompleted(step.id, assisted=after.step(step.id).assisted)
        for step in module.steps
        if not after.step(step.id).completed and after.step(step.id).visited and is_done(module, step, after)
    )


def is_done(module: Module, step: Step, progress: LabProgress) -> bool:
    """Whether a step's work is done: its required checks passed, or, without checks, its cells ran rightly."""
    checks = required_checks(module, step)
    if checks:
        return all(check.id in progress.passed for check in checks)
    cells = [cell for cell in step.visible_cells if cell.runnable]
    return bool(cells) and all(
        (ran := progress.cells.get(cell.id)) is not None and ran_rightly(ran, cell.expect_exit)
        for cell in cells
    )


def ran_rightly(ran: CellRan, expect_exit: int) -> bool:
    return ran.outcome == "started" or (ran.outcome == "ended" and ran.exit_code == expect_exit)


def required_checks(module: Module, step: Step) -> tuple[CheckSpec, ...]:
    return tuple(
        check for check_id in step.checks if (check := module.checks[check_id]).severity == "required"
    )


def open_steps(module: Module, progress: LabProgress) -> tuple[Step, ...]:
    """The steps that are not completed, in order."""
    return tuple(step for step in module.steps if not progress.step(step.id).completed)


def solution_cells(module: Module, step: Step) -> tuple[Cell, ...]:
    """The cells that solve a step: its `solve` cells, else those a learner would run in it."""
    solve = module.lifecycle_cells("solve", step.id)
    return solve or tuple(cell for cell in step.visible_cells if cell.runnable)


def next_hint(
    module: Module, step: Step, progress: LabProgress, state_hints: tuple[str, ...] = ()
) -> str | None:
    """The next hint not yet shown: those that fit the state of the world first, then by check, then the step's."""
    unmet = [module.checks[check_id] for check_id in step.checks if check_id not in progress.passed]
    tiers = [*state_hints, *(hint for check in unmet for hint in check.hints), *step.hints]
    shown = set(progress.step(step.id).hints)
    return next((hint for hint in tiers if hint not in shown), None)


def _undone_by_reset(module: Module, progress: LabProgress, step_id: str) -> list[Step]:
    """Going back to a step's beginning undoes the visited steps after it too."""
    first = module.steps.index(module.step(step_id))
    return [step for step in module.steps[first:] if step.id == step_id or progress.step(step.id).visited]


def _reset_event(module: Module, step: Step) -> StepReset:
    return StepReset(step.id, step.checks, tuple(cell.id for cell in module.cells() if cell.step == step.id))


def current_step(module: Module, progress: LabProgress) -> Step:
    """Where the learner is; the first step when an edited module no longer has it."""
    return module.steps[_index(module, progress)]


def _index(module: Module, progress: LabProgress) -> int:
    ids = [step.id for step in module.steps]
    return ids.index(progress.current) if progress.current in ids else 0
