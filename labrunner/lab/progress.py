"""Where a learner stands in a module: a fold over the events of one attempt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

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
    LabResumed,
    LabStarted,
    QuestionAnswered,
    SolutionPlayed,
    SolutionShown,
    StepCompleted,
    StepEntered,
    StepReset,
    ValueGiven,
)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StepProgress:
    """`seconds` is the time spent on it over all visits; `hints` how many were shown."""

    visited: bool = False
    completed_at: float | None = None
    assisted: bool = False
    skipped: bool = False
    hints: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def completed(self) -> bool:
        return self.completed_at is not None


@dataclass(frozen=True, slots=True)
class LabProgress:
    """Everything the log says of one attempt. `passed` maps check → time of its pass; `seconds` is active time."""

    started_at: float | None = None
    finished_at: float | None = None
    cluster: str = ""
    simulated: bool = False
    digest: str = ""
    current: str | None = None
    since: float | None = None
    seconds: float = 0.0
    steps: Mapping[str, StepProgress] = field(default_factory=_nothing)
    cells: Mapping[str, CellRan] = field(default_factory=_nothing)
    passed: Mapping[str, float] = field(default_factory=_nothing)
    answers: Mapping[str, QuestionAnswered] = field(default_factory=_nothing)
    values: Mapping[str, str] = field(default_factory=_nothing)
    confirmed: frozenset[str] = frozenset()
    baselines: frozenset[str] = frozenset()

    def step(self, step_id: str) -> StepProgress:
        return self.steps.get(step_id, StepProgress())


def fold(events: Iterable[tuple[float, LabEvent]], start: LabProgress | None = None) -> LabProgress:
    """Replay (unix time, event) pairs."""
    progress = start or LabProgress()
    for at, event in events:
        progress = evolve(progress, at, event)
    return progress


def evolve(progress: LabProgress, at: float, event: LabEvent) -> LabProgress:
    """The progress after one more event."""
    match event:
        case LabStarted():
            return LabProgress(
                started_at=at, cluster=event.cluster, simulated=event.simulated, digest=event.digest
            )
        case LabResumed():
            # Time between the last event and now was spent away from the lab.
            return replace(
                progress, cluster=event.cluster, simulated=event.simulated, digest=event.digest, since=at
            )
        case LabLeft():
            return replace(_timed(progress, at), since=None)
        case LabFinished():
            return replace(_timed(progress, at), finished_at=at)
        case StepEntered():
            entered = replace(_timed(progress, at), current=event.step)
            return _step(entered, event.step, visited=True)
        case StepCompleted():
            return _step(
                _timed(progress, at),
                event.step,
                completed_at=at,
                assisted=event.assisted,
                skipped=event.skipped,
            )
        case CellRan():
            return replace(_timed(progress, at), cells={**progress.cells, event.cell: event})
        case CheckPassed():
            return replace(_timed(progress, at), passed={**progress.passed, event.check: at})
        case CheckLost():
            return replace(progress, passed=_without(progress.passed, {event.check}))
        case BaselineSeen():
            return replace(progress, baselines=progress.baselines | {event.check})
        case HintShown():
            return _step(progress, event.step, hints=(*progress.step(event.step).hints, event.text))
        case SolutionShown() | SolutionPlayed():
            return _step(progress, event.step, assisted=True)
        case QuestionAnswered():
            return replace(_timed(progress, at), answers={**progress.answers, event.question: event})
        case ValueGiven():
            return replace(_timed(progress, at), values={**progress.values, event.check: event.value})
        case Confirmed():
            return replace(_timed(progress, at), confirmed=progress.confirmed | {event.check})
        case StepReset():
            return _reset(_timed(progress, at), event)


def _reset(progress: LabProgress, event: StepReset) -> LabProgress:
    """A reset step has to be done again; that help was used, and the time it took, stand."""
    checks, cells = set(event.checks), set(event.cells)
    cleared = replace(
        progress,
        passed=_without(progress.passed, checks),
        cells=_without(progress.cells, cells),
        values=_without(progress.values, checks),
        confirmed=progress.confirmed - checks,
        baselines=progress.baselines - checks,
        finished_at=None,
    )
    return _step(cleared, event.step, completed_at=None, skipped=False)


def _timed(progress: LabProgress, at: float) -> LabProgress:
    """Book the time since the last event on the current step."""
    if progress.since is None or progress.current is None:
        return replace(progress, since=at)
    spent = max(0.0, at - progress.since)
    booked = _step(progress, progress.current, seconds=progress.step(progress.current).seconds + spent)
    return replace(booked, since=at, seconds=progress.seconds + spent)


def _step(progress: LabProgress, step_id: str, **changes: Any) -> LabProgress:
    return replace(progress, steps={**progress.steps, step_id: replace(progress.step(step_id), **changes)})


def _without(mapping: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}
