"""What a check found: six states kept apart, with what was observed against what was wanted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CheckState(StrEnum):
    """`ERROR` means the check could not run (unreachable cluster, broken check): never the learner's fault, never a pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WAITING = "waiting"
    ERROR = "error"
    SKIPPED = "skipped"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Difference:
    """The smallest differing place: `path` in the object (`spec.replicas`), what is there, what was wanted."""

    path: str
    observed: Any
    wanted: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something collected for a failure, folded in the display: events, logs, yaml."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One evaluation. `summary` is one sentence for a person; `message` the author's, filled in, when there is one."""

    state: CheckState
    summary: str = ""
    message: str = ""
    hint: str = ""
    differences: tuple[Difference, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """Where a check stands now.

    `waited` and `limit` are seconds of `eventually` (limit None: no deadline); `passed_at` is the unix time of the first
    pass, which stands even when `verdict` has changed since (mode edge). `baseline_seen` says that what an `absent`
    check with a baseline waits to lose has existed; a session that resumes hands it back to `Verifier.activate`.
    """

    check_id: str
    verdict: Verdict
    waited: float = 0.0
    limit: float | None = None
    passed_at: float | None = None
    baseline_seen: bool = False

    @property
    def state(self) -> CheckState:
        return self.verdict.state
