"""What happened to the cells and questions of a step, as far as the step view shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

CellState = Literal["idle", "running", "ok", "failed", "started"]
OutputVerdict = Literal["matches", "differs"]
QuestionState = Literal["open", "right", "wrong", "noted"]
TargetKind = Literal["cell", "question", "details"]


@dataclass(frozen=True, slots=True)
class CellMark:
    """How a cell fared.

    `text` follows the sign of the state ("0.4 s", "exit 1", "port 8080 answers"); a word for the state stands in
    where it is empty. `output` is the comparison with the expected output, None where there is none.
    """

    state: CellState = "idle"
    text: str = ""
    output: OutputVerdict | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be selected: a cell or a question by id, or a `<details>` by its number in the step."""

    kind: TargetKind
    id: str


@dataclass(slots=True)
class Marks:
    """The marks of all cells and questions; what is not named is idle or open."""

    cells: dict[str, CellMark] = field(default_factory=dict)
    questions: dict[str, QuestionState] = field(default_factory=dict)

    def cell(self, cell_id: str) -> CellMark:
        return self.cells.get(cell_id, IDLE)

    def question(self, question_id: str) -> QuestionState:
        return self.questions.get(question_id, "open")

    def done(self, target: Target) -> bool:
        """Whether there is nothing left to do about a target."""
        if target.kind == "cell":
            return self.cell(target.id).state in ("ok", "started")
        return target.kind == "question" and self.question(target.id) != "open"


IDLE: Final = CellMark()
CELL_SIGNS: Final[dict[CellState, tuple[str, str]]] = {
    "idle": ("", ""),
    "running": ("…", "running"),
    "ok": ("✓", "done"),
    "failed": ("✗", "failed"),
    "started": ("●", "started"),
}
"""Sign of each state, and the word for it."""

OUTPUT_WORDS: Final[dict[OutputVerdict, str]] = {
    "matches": "output ✓ as expected",
    "differs": "output differs",
}
QUESTION_WORDS: Final[dict[QuestionState, str]] = {
    "open": "○ open",
    "right": "✓ answered right",
    "wrong": "✗ answered wrong",
    "noted": "● noted",
}
