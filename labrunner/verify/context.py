"""What a lab session tells its checks: where things are and what the learner has done so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labrunner.content.requirements import Capabilities


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """What became of a cell so far.

    `exit_code` is None while it runs (or for a background cell that lives). `output` is its bounded text.
    `output_matches` compares with the cell's expected output, None where none is written. `alive` is about a
    background cell's process. `expected_exit` is the exit code that counts as right.
    """

    ran: bool
    exit_code: int | None = None
    output: str = ""
    output_matches: bool | None = None
    alive: bool = False
    expected_exit: int = 0


class CheckContext(Protocol):
    """The session as checks see it. Every method answers at once, from memory or the local disk."""

    @property
    def workspace(self) -> Path:
        """The lab's own directory; file checks never look outside it."""
        ...

    @property
    def namespace(self) -> str | None:
        """The module's namespace; None means the one the kubeconfig's context names."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the cluster in use gives, against which a check's `needs` are held."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether the pack's commands may run; what only looks at objects and files needs no trust."""
        ...

    def environment(self) -> Mapping[str, str]:
        """The whole environment of a checking command (KUBECONFIG, PATH, captured values)."""
        ...

    def kubeconfig(self, cluster: str) -> Path | None:
        """The kubeconfig of the named cluster, None where there is no such cluster (yet)."""
        ...

    def cell_outcome(self, cell_id: str) -> CellOutcome | None:
        """What became of the cell, None before it was run."""
        ...

    def answer(self, check_id: str) -> str | None:
        """What the learner typed for the check, None before that."""
        ...

    def confirmed(self, check_id: str) -> bool:
        """Whether the learner attested the check's statement."""
        ...

    def quiz_score(self, question_ids: Sequence[str]) -> float | None:
        """The share (0 to 1) of these questions answered rightly, None before all are answered."""
        ...

    def variant(self, name: str) -> str | None:
        """The learner's choice for a variant (`access` → `kind`), None where the module has none of that name."""
        ...
