"""What an attempt amounted to: time, checks, help used, questions, and what to look at again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.content.models import Module
from labrunner.lab.progress import LabProgress


@dataclass(frozen=True, slots=True)
class StepSummary:
    """One step: `seconds` of active time, checks passed of all, hints taken."""

    title: str
    seconds: float
    completed: bool
    assisted: bool
    skipped: bool
    checks_passed: int
    checks: int
    hints: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole attempt. `score` is passed weight over all required and bonus weight, 0 to 1."""

    title: str
    cluster: str
    simulated: bool
    seconds: float
    planned: float | None
    steps: tuple[StepSummary, ...]
    questions_right: int
    questions_wrong: int
    questions: int
    score: float

    def as_text(self) -> str:
        """The summary as lines, for line mode and for copying."""
        lines = [f"{self.title}: {self.score:.0%} of the checks, {_minutes(self.seconds)} of work"]
        if self.planned:
            lines[0] += f" (planned {_minutes(self.planned)})"
        where = "a simulated cluster" if self.simulated else f"a real cluster ({self.cluster})"
        lines.append(f"done on {where}")
        for step in self.steps:
            sign = "-" if step.skipped else "✓" if step.completed else "·"
            notes = [
                f"{step.checks_passed}/{step.checks} checks" if step.checks else "",
                "skipped" if step.skipped else "",
                "with help" if step.assisted else "",
                f"{step.hints} hints" if step.hints else "",
            ]
            lines.append(
                f"  {sign} {step.title}  {_minutes(step.seconds)}  {', '.join(filter(None, notes))}".rstrip()
            )
        lines.append(
            f"questions: {self.questions_right} right, {self.questions_wrong} to look at again, of {self.questions}"
        )
        return "\n".join(lines)


def summarise(module: Module, progress: LabProgress) -> Summary:
    """The summary of an attempt, finished or not."""
    skipped = {check for step in module.steps if progress.step(step.id).skipped for check in step.checks}
    counted = [
        check for check in module.checks.values() if check.severity != "advisory" and check.id not in skipped
    ]
    weight = sum(check.weight for check in counted)
    passed = sum(check.weight for check in counted if check.id in progress.passed)
    right = sum(answer.correct is True for answer in progress.answers.values())
    wrong = sum(answer.correct is False for answer in progress.answers.values())
    return Summary(
        title=module.title,
        cluster=progress.cluster,
        simulated=progress.simulated,
        seconds=progress.seconds,
        planned=module.duration,
        steps=tuple(
            StepSummary(
                title=step.title,
                seconds=(done := progress.step(step.id)).seconds,
                completed=done.completed,
                assisted=done.assisted,
                skipped=done.skipped,
                checks_passed=sum(check in progress.passed for check in step.checks),
                checks=len(step.checks),
                hints=len(done.hints),
            )
            for step in module.steps
        ),
        questions_right=right,
        questions_wrong=wrong,
        questions=len(module.questions),
        score=passed / weight if weight else 1.0,
    )


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
