"""What checks may ask of a session: its workspace, its cells' outcomes, the learner's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labrunner.content.models import Module
from labrunner.content.requirements import Capabilities
from labrunner.lab.progress import LabProgress
from labrunner.verify.context import CellOutcome


class LabFacts:
    """The `CheckContext` of a lab. Progress is read through a callable, as every event makes a new one."""

    def __init__(
        self,
        module: Module,
        workspace: Path,
        progress: Callable[[], LabProgress],
        environment: Callable[[], Mapping[str, str]],
        kubeconfig: Callable[[], Path | None],
        capabilities: Capabilities,
        alive: Callable[[str], bool],
        *,
        trusted: bool,
    ) -> None:
        self.workspace = workspace
        self.namespace = module.namespace
        self.capabilities = capabilities
        self.trusted = trusted
        self.environment = environment
        self._module = module
        self._progress = progress
        self._kubeconfig = kubeconfig
        self._alive = alive

    def kubeconfig(self, cluster: str) -> Path | None:  # noqa: ARG002 - one cluster per lab so far
        return self._kubeconfig()

    def cell_outcome(self, cell_id: str) -> CellOutcome | None:
        ran = self._progress().cells.get(cell_id)
        if ran is None:
            return None
        cell = self._module.cell(cell_id)
        return CellOutcome(
            ran=True,
            exit_code=ran.exit_code,
            output=ran.output,
            output_matches=ran.output_matches,
            alive=cell.background and self._alive(cell_id),
            expected_exit=cell.expect_exit,
        )

    def answer(self, check_id: str) -> str | None:
        return self._progress().values.get(check_id)

    def confirmed(self, check_id: str) -> bool:
        return check_id in self._progress().confirmed

    def quiz_score(self, question_ids: Sequence[str]) -> float | None:
        """The share answered rightly; None before all are answered."""
        answers = self._progress().answers
        if not question_ids or any(question not in answers for question in question_ids):
            return None
        return sum(bool(answers[question].correct) for question in question_ids) / len(question_ids)

    def variant(self, name: str) -> str | None:
        """The first choice of a variant until variants can be chosen."""
        choices = self._module.variants.get(name)
        return choices[0] if choices else None
