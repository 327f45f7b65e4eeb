"""What may be asked of a lab, and what its surroundings report to it. Decided by `labrunner.lab.decisions`."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.lab.events import CellRan
from labrunner.recall.scheduling import Confidence


@dataclass(frozen=True, slots=True)
class Enter:
    """Go to a step."""

    step: str


@dataclass(frozen=True, slots=True)
class Next:
    """Leave the current step for the one after it; ends the lab after the last."""


@dataclass(frozen=True, slots=True)
class Previous:
    """Go back one step."""


@dataclass(frozen=True, slots=True)
class CellEnded:
    """A cell came to its end."""

    result: CellRan


@dataclass(frozen=True, slots=True)
class CheckObserved:
    """The verifier saw a check pass, or not pass any longer, or (None) only what it must lose to pass later."""

    check: str
    passing: bool | None
    baseline_seen: bool = False


@dataclass(frozen=True, slots=True)
class TakeHint:
    """Show a hint of the current step. `text` was chosen by `next_hint`."""

    text: str


@dataclass(frozen=True, slots=True)
class TakeSolution:
    """Show the current step's solution, or have it played."""

    played: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An attempt at a question. `self_correct` is the learner's own verdict where the kind asks for it."""

    question: str
    text: str
    confidence: Confidence
    seconds: float | None = None
    self_correct: bool | None = None


@dataclass(frozen=True, slots=True)
class GiveValue:
    """The learner typed the value an `answer` check asks for."""

    check: str
    value: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The learner attests a `confirm` check."""

    check: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The step's surroundings went back to where it began."""

    step: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Close the lab; it resumes here."""


Command = (
    Enter | Next | Previous | CellEnded | CheckObserved | TakeHint | TakeSolution | Answer | GiveValue | Confirm
    | Reset | Leave
)  # fmt: skip
