"""A step parsed, and what each fence of it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.content.models import Cell, Module, Phase, Step
from labrunner.content.questions_model import Question
from labrunner.tui.step.tree import Node, trees
from labrunner.tui.step.wrapping import clean


@dataclass(frozen=True, slots=True)
class Document:
    """A step's tree with what its fences stand for, by line of the body.

    `phase` is the phase the step begins, None for its other steps; `intro` is what stands before its first step.
    """

    step: Step
    phase: Phase | None
    intro: list[Node]
    nodes: list[Node]
    cells: dict[int, Cell]
    outputs: dict[int, Cell]
    numbers: dict[str, int]
    inline_questions: list[tuple[int, Question]]
    other_questions: list[Question]


def read_document(module: Module, step: Step) -> Document:
    """Parse a step and find its cells, outputs and questions in the text."""
    first = step.body_line
    runnable = [cell for cell in step.cells if cell.runnable]
    questions = [q for q in module.questions.values() if q.step == step.id]
    others = [module.questions[name] for name in step.questions if name in module.questions]
    phase = next((phase for phase in module.phases if phase.steps and phase.steps[0].id == step.id), None)
    intro, nodes = trees(clean(phase.intro) if phase else "", clean(step.body))
    return Document(
        step,
        phase,
        intro,
        nodes,
        {cell.place.line - first: cell for cell in step.cells},
        {cell.expected.place.line - first: cell for cell in step.cells if cell.expected},
        {cell.id: number for number, cell in enumerate(runnable, 1)},
        [(question.place.line - first, question) for question in questions],
        [question for question in others if question not in questions],
    )
