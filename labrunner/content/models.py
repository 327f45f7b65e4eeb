"""The lab as data: a module has phases, a phase has steps, a step has cells, checks and questions.

Everything here is frozen: a loaded module never changes while a session runs on it. Durations are
seconds, paths inside a module are relative to its folder, lines count from 1 in the file they name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from labrunner.content.checks_model import CheckSpec
from labrunner.content.problems import Place
from labrunner.content.questions_model import Question
from labrunner.content.requirements import Requirements

CellRole = Literal[
    "run", "read", "file", "solve", "setup", "cleanup", "fault", "reset", "alternative", "superficial"
]  # fmt: skip
StepKind = Literal["reading", "run", "challenge", "fault", "cleanup"]
Level = Literal["beginner", "intermediate", "advanced"]

EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FileWrite:
    """A `file=` cell: where its text goes in the workspace, and how."""

    path: str
    mode: Literal["write", "append", "replace"] = "write"


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """An ```output fence: literal text with the wildcards of CONTENT.md; compared and shown, never gating."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Cell:
    """A fenced block of a step.

    `place` is the opening fence. `role` says what it is for: `run` cells are the learner's to run, `file` cells
    write a workspace file, `read` is reading matter, the rest are lifecycle cells that are never shown as
    reading matter; `step` is the step a lifecycle cell belongs to.
    """

    id: str
    language: str
    source: str
    place: Place
    end_line: int
    role: CellRole
    step: str
    session: str = "main"
    interrupt: bool = False
    background: bool = False
    ready: str | None = None
    cwd: str | None = None
    timeout: float | None = None
    expect_exit: int = 0
    file: FileWrite | None = None
    prompt: str | None = None
    prompt_from: str | None = None
    capture: str | None = None
    when: str | None = None
    way: str | None = None
    expected: ExpectedOutput | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def runnable(self) -> bool:
        """Whether a learner can run it where it stands."""
        return self.role in ("run", "file")

    @property
    def hidden(self) -> bool:
        """Whether it is left out of the reading view (lifecycle cells)."""
        return self.role not in ("run", "read", "file")


@dataclass(frozen=True, slots=True)
class Step:
    """One `##` of a module. `body` is its markdown without heading and metadata comment, starting at `body_line`.

    `cells` holds every fence but quizzes and outputs, in document order, hidden ones included.
    `checks` and `questions` are ids into the module; `otherwise` says what happens where the cluster
    cannot give what `requires` asks.
    """

    id: str
    title: str
    place: Place
    body: str
    body_line: int
    cells: tuple[Cell, ...] = ()
    checks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    requires: Requirements | None = None
    otherwise: Literal["skip", "explain", "refuse"] = "explain"
    duration: float | None = None

    @property
    def visible_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if not cell.hidden)

    def cells_for(self, role: CellRole) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.role == role)

    @property
    def kind(self) -> StepKind:
        """What the step is, from what it holds."""
        if self.cells_for("fault"):
            return "fault"
        if any(cell.runnable for cell in self.cells):
            return "run"
        if self.checks:
            return "challenge"
        return "cleanup" if self.cells_for("cleanup") else "reading"


@dataclass(frozen=True, slots=True)
class Phase:
    """One `#` of a module; steps before the first `#` form a phase with an empty title."""

    id: str
    title: str
    steps: tuple[Step, ...]
    place: Place
    intro: str = ""
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster a module asks for; `profile` is a kind config inside the pack, None for the default."""

    name: str = "main"
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """A whole lab, loaded. `folder` is absolute; `digest` is a hash of every file the module was read from."""

    id: str
    title: str
    folder: Path
    digest: str
    phases: tuple[Phase, ...]
    place: Place
    summary: str = ""
    level: Level = "beginner"
    duration: float | None = None
    objectives: tuple[str, ...] = ()
    requires: Requirements = field(default_factory=Requirements)
    clusters: tuple[ClusterSpec, ...] = (ClusterSpec(),)
    namespace: str | None = None
    env: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    checks: Mapping[str, CheckSpec] = field(default_factory=lambda: EMPTY)
    questions: Mapping[str, Question] = field(default_factory=lambda: EMPTY)
    extra: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def kind_sets(self) -> tuple[str, ...]:
        """The sets of custom kinds that the module or a step of it asks for (`istio>=1.24`), each once."""
        needs = (self.requires, *(step.requires for step in self.steps))
        return tuple(dict.fromkeys(each for need in needs if need for each in need.crds))

    def ways(self, role: Literal["alternative", "superficial"], step_id: str) -> dict[str, tuple[Cell, ...]]:
        """The ways to do a step otherwise, by name: cells that share a `way` are one, any other stands alone."""
        ways: dict[str, tuple[Cell, ...]] = {}
        for cell in self.lifecycle_cells(role, step_id):
            name = cell.way or cell.id
            ways[name] = (*ways.get(name, ()), cell)
        return ways

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for phase in self.phases for step in phase.steps)

    def step(self, step_id: str) -> Step:
        """The step of that id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def phase_of(self, step_id: str) -> Phase:
        """The phase that holds a step; KeyError when there is none."""
        for phase in self.phases:
            if any(step.id == step_id for step in phase.steps):
                return phase
        raise KeyError(step_id)

    def cells(self) -> Iterator[Cell]:
        for step in self.steps:
            yield from step.cells

    def cell(self, cell_id: str) -> Cell:
        """The cell of that id (unique in a module); KeyError when there is none."""
        for cell in self.cells():
            if cell.id == cell_id:
                return cell
        raise KeyError(cell_id)

    def lifecycle_cells(self, role: CellRole, step_id: str) -> tuple[Cell, ...]:
        """The cells of a lifecycle role that belong to a step, wherever they stand."""
        return tuple(cell for cell in self.cells() if cell.role == role and cell.step == step_id)
