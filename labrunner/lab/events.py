"""What happened in a lab, as frozen dataclasses: the vocabulary of the progress log.

Each is stored under its class's `kind` with its fields as JSON. Renaming a kind or a field would orphan
learners' progress: add new ones instead. Fields added later need defaults, so that old logs still read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

Outcome = Literal["ended", "interrupted", "timeout", "shell-exited", "not-at-prompt", "started"]


@dataclass(frozen=True, slots=True)
class LabStarted:
    """An attempt at a module began, on `cluster` (as typed after --cluster), `simulated` or not."""

    kind: ClassVar[str] = "lab-started"
    cluster: str
    simulated: bool
    digest: str


@dataclass(frozen=True, slots=True)
class LabResumed:
    kind: ClassVar[str] = "lab-resumed"
    cluster: str
    simulated: bool
    digest: str


@dataclass(frozen=True, slots=True)
class LabLeft:
    kind: ClassVar[str] = "lab-left"


@dataclass(frozen=True, slots=True)
class LabFinished:
    kind: ClassVar[str] = "lab-finished"


@dataclass(frozen=True, slots=True)
class StepEntered:
    kind: ClassVar[str] = "step-entered"
    step: str


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """`assisted` when its solution was shown or played; `skipped` when this cluster could not do it."""

    kind: ClassVar[str] = "step-completed"
    step: str
    assisted: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class CellRan:
    """`output` is bounded text without control sequences; `output_matches` None where none was expected."""

    kind: ClassVar[str] = "cell-ran"
    cell: str
    outcome: Outcome
    exit_code: int | None
    duration: float
    output: str = ""
    output_matches: bool | None = None


@dataclass(frozen=True, slots=True)
class CheckPassed:
    """The first pass of a check in this attempt, or the first after a reset."""

    kind: ClassVar[str] = "check-passed"
    check: str


@dataclass(frozen=True, slots=True)
class CheckLost:
    """A `mode: level` check that had passed holds no longer."""

    kind: ClassVar[str] = "check-lost"
    check: str


@dataclass(frozen=True, slots=True)
class BaselineSeen:
    """What an `absent` check with a baseline waits to lose was there."""

    kind: ClassVar[str] = "baseline-seen"
    check: str


@dataclass(frozen=True, slots=True)
class HintShown:
    """`tier` counts from 0 through the hints of `step`."""

    kind: ClassVar[str] = "hint-shown"
    step: str
    tier: int
    text: str


@dataclass(frozen=True, slots=True)
class SolutionShown:
    kind: ClassVar[str] = "solution-shown"
    step: str


@dataclass(frozen=True, slots=True)
class SolutionPlayed:
    kind: ClassVar[str] = "solution-played"
    step: str


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """`question` is the id in its module; `correct` None until the learner has graded themself."""

    kind: ClassVar[str] = "question-answered"
    question: str
    answer: str
    confidence: str
    correct: bool | None
    rating: str | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ValueGiven:
    """What the learner typed for an `answer` check."""

    kind: ClassVar[str] = "value-given"
    check: str
    value: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The learner attested a `confirm` check."""

    kind: ClassVar[str] = "confirmed"
    check: str


@dataclass(frozen=True, slots=True)
class StepReset:
    """The step went back to where it began: `checks` and `cells` no longer count as done."""

    kind: ClassVar[str] = "step-reset"
    step: str
    checks: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


LabEvent = (
    LabStarted | LabResumed | LabLeft | LabFinished | StepEntered | StepCompleted | CellRan | CheckPassed | CheckLost
    | BaselineSeen | HintShown | SolutionShown | SolutionPlayed | QuestionAnswered | ValueGiven | Confirmed | StepReset
)  # fmt: skip

_KINDS: Mapping[str, type[LabEvent]] = {event.kind: event for event in get_args(LabEvent)}


def to_data(event: LabEvent) -> dict[str, Any]:
    """The event's fields as JSON."""
    return dataclasses.asdict(event)


def from_data(kind: str, data: Mapping[str, Any]) -> LabEvent | None:
    """The event of a log record; None for a kind of a newer labrunner, whose unknown fields are dropped too."""
    event = _KINDS.get(kind)
    if event is None:
        return None
    known = {field.name for field in dataclasses.fields(event)}
    return event(**{name: value for name, value in data.items() if name in known})
