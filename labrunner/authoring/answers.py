"""The author's own answers, given as a learner would give them: each must be graded as right."""

from __future__ import annotations

import subprocess

from labrunner.content.checks_model import AnswerCheck, ConfirmCheck
from labrunner.content.models import Step
from labrunner.content.questions_model import Question
from labrunner.lab import commands
from labrunner.lab.session import LabSession
from labrunner.recall.grading import AnswerFormError, grade, is_self_graded
from labrunner.recall.presentation import right_numbers


def right_answer(question: Question) -> str | None:
    """An answer that should be graded as right; None when the author gives only a pattern."""
    if question.options:
        return ",".join(str(number) for number, option in enumerate(question.options, 1) if option.correct)
    if is_self_graded(question):
        return question.answer or "; ".join(question.rubric)
    match question.kind:
        case "number":
            return None if question.value is None else f"{question.value:g}"
        case "order" | "match":
            return ",".join(map(str, right_numbers(question)))
        case "cloze":
            return "\n".join(_literal(blank) or "" for blank in question.blanks)
        case _:
            return _literal(question.accept)


def answer_rightly(session: LabSession, question: Question) -> str | None:
    """Answer a question with its own answer; a sentence saying what is wrong, or None."""
    text = right_answer(question)
    if text is None:
        return None
    if not text.strip():
        return "it has no right answer"
    try:
        graded = grade(question, text)
    except AnswerFormError as error:
        return f"its own answer is refused: {error}"
    if graded.correct is False:
        return f"its own answer {text!r} is graded as wrong"
    session.answer(commands.Answer(question.id, text, "sure", 1.0, self_correct=True))
    return None


def satisfy_manual_checks(session: LabSession, step: Step) -> None:
    """Type what `answer` checks ask for and attest what `confirm` checks ask."""
    for check_id in step.checks:
        assertion = session.module.checks[check_id].assertion
        if isinstance(assertion, ConfirmCheck):
            session.confirm(check_id)
        elif isinstance(assertion, AnswerCheck):
            value = _literal(assertion.accept) or _printed(session, assertion.command)
            if value:
                session.give_value(check_id, value)


def _literal(accepted: tuple[str, ...]) -> str | None:
    return next((text for text in accepted if not (text.startswith("/") and text.endswith("/"))), None)


def _printed(session: LabSession, command: str | None) -> str | None:
    if command is None or session.cells is None:
        return None
    done = subprocess.run(
        ["bash", "-c", command],
        env=session.cells.environment.process_environment(),
        cwd=session.workspace.folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines else None
