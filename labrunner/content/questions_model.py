"""Questions of active recall, as data. Identity is `module/question-id` and survives edits of the wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from labrunner.content.problems import Place

QuestionKind = Literal[
    "choice",
    "short",
    "number",
    "order",
    "match",
    "cloze",
    "command",
    "predict",
    "trace",
    "recall",
    "rate",
    "teachback",
]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a `choice`; `why` is shown after the attempt."""

    text: str
    correct: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Which fields carry the answer depends on `kind`: `options` for choice (several may be correct) and for a `predict`
    with options; `accept` (literals, or `/regex/`) for short and command; `value` and `tolerance` for number; `items`
    (in the right order) for order; `pairs` for match; `blanks` (accepted answers per `___` of the prompt) for cloze;
    `answer` (markdown) is the model answer of recall, predict, trace and teachback, `rubric` what a good answer names.
    `cell` is the cell a predict or trace is asked before; `step` the step it stands in, None in quiz.yaml.
    """

    id: str
    kind: QuestionKind
    prompt: str
    place: Place
    step: str | None = None
    cell: str | None = None
    options: tuple[Option, ...] = ()
    accept: tuple[str, ...] = ()
    value: float | None = None
    tolerance: float = 0.0
    items: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    blanks: tuple[tuple[str, ...], ...] = ()
    answer: str = ""
    rubric: tuple[str, ...] = ()
    explain: str = ""
    hints: tuple[str, ...] = ()
    seconds: float | None = None
    objective: str | None = None
