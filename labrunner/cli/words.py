"""Lab things as lines of text, for every command that prints: the same words as the app, no screen needed."""

from __future__ import annotations

from string import ascii_lowercase

from labrunner.content.checks_model import CheckSpec
from labrunner.content.models import Cell, Step
from labrunner.content.questions_model import Question
from labrunner.content.requirements import Shortfall
from labrunner.lab.events import CellRan
from labrunner.recall.presentation import presented
from labrunner.verify.verdict import CheckState, CheckStatus

MARKS = {
    CheckState.PASS: "✓ pass",
    CheckState.FAIL: "✗ fail",
    CheckState.WAITING: "◌ waiting",
    CheckState.ERROR: "! error",
    CheckState.SKIPPED: "- skipped",
    CheckState.MANUAL: "? yours",
}
"""A sign and a word, so that colour is never needed."""


def check_line(spec: CheckSpec, status: CheckStatus | None) -> str:
    """One check: its state, title, and what was observed where it did not pass."""
    title = spec.title or spec.id
    if status is None:
        return f"  ◌ not looked at yet  {title}"
    line = f"  {MARKS[status.state]:11} {title}"
    if status.state is CheckState.PASS:
        return line
    verdict = status.verdict
    said = [verdict.message or verdict.summary]
    said += [
        f"{part.path}: {part.observed!r}, wanted {part.wanted}" for part in verdict.differences if part.path
    ]
    return "\n".join([line, *(f"      {text}" for text in said if text)])


def cell_line(number: int, cell: Cell) -> str:
    """The heading of a numbered cell."""
    what = f"file {cell.file.path}" if cell.file else cell.language or "text"
    return f"[{number}] {what}{' (background)' if cell.background else ''}"


def ran_line(ran: CellRan, cell: Cell) -> str:
    """What became of a cell."""
    if ran.outcome == "started":
        return f"started in the background after {ran.duration:.1f} s: {ran.output}"
    if ran.outcome != "ended":
        return f"{ran.outcome.replace('-', ' ')} after {ran.duration:.1f} s"
    right = "✓" if ran.exit_code == cell.expect_exit else "✗"
    matched = {None: "", True: ", output as expected", False: ", output differs from the expected"}[
        ran.output_matches
    ]
    return f"{right} exit {ran.exit_code} in {ran.duration:.1f} s{matched}"


def shortfall_line(step: Step, shortfalls: tuple[Shortfall, ...]) -> str:
    """Why a step cannot be done here, and where it can."""
    wants = ", ".join(f"{gap.capability} {gap.wanted} (this cluster: {gap.given})" for gap in shortfalls)
    return f"{step.title} needs {wants}. It can be done on a real cluster: --cluster kind or --cluster context:NAME."


def question_lines(question: Question) -> list[str]:
    """A question as it is asked."""
    lines = [question.prompt.strip()]
    lines += [
        f"  {letter}) {left}" for letter, (left, _) in zip(ascii_lowercase, question.pairs, strict=False)
    ]
    lines += [f"  {number}. {text}" for number, text in enumerate(presented(question), 1)]
    return lines


def answer_form(question: Question) -> str:
    """What to type."""
    if question.options:
        several = sum(option.correct for option in question.options) > 1
        return "numbers, such as 1,3" if several else "a number"
    return {
        "number": "a number",
        "order": "the numbers in the right order, such as 2,1,3",
        "match": "for each letter a number, such as 2,1,3",
        "cloze": "the missing words, separated by ; where there are several",
        "command": "the command",
    }.get(question.kind, "your answer")
