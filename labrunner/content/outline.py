"""A module's shape while it is being read: phases, steps and their fences, across all of its markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from labrunner.content.cells import OUTPUT as OUTPUT_BLOCK
from labrunner.content.cells import SHELLS, Fence, read_cell
from labrunner.content.fields import INVALID
from labrunner.content.findings import Findings
from labrunner.content.models import Cell, ExpectedOutput
from labrunner.content.nodes import Node, Origin, Scalar
from labrunner.content.problems import Place
from labrunner.content.questions import read_questions
from labrunner.content.questions_model import Question
from labrunner.content.yaml12 import read_yaml

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(slots=True)
class OutputDraft:
    """An ```output fence: `of` names its cell, None means the one before it, which is `previous`."""

    expected: ExpectedOutput
    of: str | None
    of_place: Place
    previous: str | None


@dataclass(slots=True)
class StepDraft:
    """A `##` with what stands under it. `metadata` holds the values that `front_matter.STEP` read."""

    id: str
    title: str
    place: Place
    metadata: dict[str, Any] = field(default_factory=dict)
    metadata_node: Node | None = None
    body: str = ""
    body_line: int = 1
    cells: list[Cell] = field(default_factory=list)
    outputs: list[OutputDraft] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    fences: int = 0

    @property
    def empty(self) -> bool:
        """Whether a learner would find nothing here."""
        has_more = (
            self.cells or self.questions or self.metadata.get("checks") or self.metadata.get("questions")
        )
        return not has_more and not self.fences and not _COMMENT.sub("", self.body).strip()


@dataclass(slots=True)
class PhaseDraft:
    """A `#` with its steps."""

    title: str
    place: Place
    id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    intro: str = ""
    steps: list[StepDraft] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """All phases read so far."""

    phases: list[PhaseDraft] = field(default_factory=list)

    @property
    def steps(self) -> list[StepDraft]:
        return [step for phase in self.phases for step in phase.steps]


def add_fence(fence: Fence, step: StepDraft | None, findings: Findings) -> None:
    """Put a fence where it belongs: a cell, an expected output or questions of `step`."""
    language = fence.info.language
    if step is None:
        if language in (*SHELLS, "quiz", "output") and "run" not in fence.info.attributes.entries:
            message = f"this {language} block stands outside of any step"
            findings.error(fence.place, "outside-step", message, "put it under a ## heading")
        return
    step.fences += 1
    if language == "output":
        _add_output(fence, step, findings)
    elif language == "quiz":
        _add_questions(fence, step, findings)
    else:
        named = fence.info.attributes.get("id")
        if isinstance(named, Scalar):
            findings.define("cell", named.text)
        cell = read_cell(fence, step.id, len(step.cells) + 1, findings)
        if cell is not None:
            step.cells.append(cell)


def _add_output(fence: Fence, step: StepDraft, findings: Findings) -> None:
    values = OUTPUT_BLOCK.read(fence.info.attributes, findings)
    if values is INVALID:
        return
    previous = next((cell.id for cell in reversed(step.cells) if cell.role != "read"), None)
    of = values.get("of")
    if of is None and previous is None:
        message = "no cell of this step stands before this expected output"
        findings.error(
            fence.place, "output-without-cell", message, "put it after its cell, or name that with of=ID"
        )
        return
    of_place = fence.info.attributes.entries["of"].value.place if of else fence.place
    step.outputs.append(OutputDraft(ExpectedOutput(fence.source, fence.place), of, of_place, previous))


def _add_questions(fence: Fence, step: StepDraft, findings: Findings) -> None:
    for key, entry in fence.info.attributes.entries.items():
        remedy = "put it into the YAML of the question"
        findings.error(entry.place, "unknown-key", f"a quiz block takes no attribute '{key}'", remedy)
    origin = Origin(fence.place.path, fence.place.line + 1, fence.columns)
    node, problems = read_yaml(fence.source, origin)
    findings.extend(problems)
    if problems:
        findings.give_up("question")
    if node is not None:
        step.questions.extend(read_questions(node, findings, step.id))
    elif not problems:
        findings.error(
            fence.place, "empty-quiz", "this quiz block is empty", "write a question with id, kind and prompt"
        )
