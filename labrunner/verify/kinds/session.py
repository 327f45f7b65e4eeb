"""Checks on what the learner did in the session: cell, answer, quiz, confirm."""

from __future__ import annotations

from collections.abc import Mapping

from labrunner.content.checks_model import AnswerCheck, CellCheck, ConfirmCheck, Matcher, QuizCheck
from labrunner.verify.commands import CommandResult
from labrunner.verify.context import CellOutcome
from labrunner.verify.finding import Finding, error, failing, manual, passing, pending
from labrunner.verify.kinds.host import command_key, command_trouble
from labrunner.verify.matching import differences
from labrunner.verify.patterns import found_in
from labrunner.verify.phrasing import phrase
from labrunner.verify.trust import untrusted
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, own_id

_QUOTES = "\"'`"


def cell(check: CellCheck, world: World) -> Finding:
    outcome = world.context.cell_outcome(check.cell)
    if outcome is None or not outcome.ran:
        return failing(f"the cell {check.cell} has not been run yet", awaits_learner=True)
    actual = {"ran": True, "exit": outcome.exit_code, "output": outcome.output, "alive": outcome.alive}
    if check.background == "alive":
        if not outcome.alive:
            code = "" if outcome.exit_code is None else f" with exit code {outcome.exit_code}"
            summary = f"the cell {check.cell} has ended{code}, wanted it to run on"
            return failing(summary, (Difference("background", "ended", "alive"),), actual)
    elif outcome.exit_code is None:
        return failing(f"the cell {check.cell} is still running", actual=actual, awaits_learner=True)
    if check.exit is not None or check.background is None:
        wanted = check.exit or Matcher("equals", outcome.expected_exit)
        found = differences(wanted, outcome.exit_code, "exit")
        if found:
            summary = (
                f"the cell {check.cell} exits with {phrase(outcome.exit_code)}, wanted {found[0].wanted}"
            )
            return failing(summary, found, actual)
    return _output(check, outcome, actual) or passing(f"the cell {check.cell} has run", actual)


def _output(check: CellCheck, outcome: CellOutcome, actual: Mapping[str, object]) -> Finding | None:
    if check.output is None:
        return None
    if isinstance(check.output, Matcher):
        found = differences(check.output, outcome.output.strip("\n"), "output")
        if not found:
            return None
        return failing(f"the output of {check.cell} is not {found[0].wanted}", found, actual)
    if outcome.output_matches is None:
        return error(f"the cell {check.cell} has no expected output to compare with", conclusive=True)
    if outcome.output_matches:
        return None
    summary = f"the output of {check.cell} differs from the expected one"
    return failing(summary, (Difference("output", outcome.output[-200:], "the expected output"),), actual)


def answer(check: AnswerCheck, world: World, ident: str) -> Finding:
    if not check.accept and check.command is None:
        return error("this check accepts no answer at all", conclusive=True)
    typed = world.context.answer(own_id(ident))
    if typed is None or not typed.strip():
        return failing("no answer has been typed yet", awaits_learner=True)
    if any(_is_accepted(typed, one) for one in check.accept):
        return passing("the answer is right", typed)
    if check.command is None:
        return failing(f"{phrase(typed.strip())} is not the answer", (), typed)
    if not world.context.trusted:
        return untrusted("the command that knows the answer")
    result = world.probes.get(command_key(ident, check.command))
    if result is None:
        return pending("comparing the answer")
    assert isinstance(result, CommandResult)
    trouble = command_trouble(result, Matcher("equals", 0))
    if trouble is not None:
        return trouble
    if result.exit_code != 0:
        return error(f"the command that knows the answer exits with {result.exit_code}")
    lines = result.stdout.strip().splitlines()
    if lines and _tidy(typed) == _tidy(lines[0]):
        return passing("the answer is right", typed)
    return failing(f"{phrase(typed.strip())} is not the answer", (), typed)


def _tidy(text: str) -> str:
    """Without surrounding quotes and with single blanks."""
    words = " ".join(text.split())
    if len(words) > 1 and words[0] == words[-1] and words[0] in _QUOTES:
        return words[1:-1].strip()
    return words


def _is_accepted(typed: str, accepted: str) -> bool:
    """Literals regardless of case; `/regex/` must match the whole answer."""
    if len(accepted) > 2 and accepted.startswith("/") and accepted.endswith("/"):
        return found_in(rf"\A(?:{accepted[1:-1]})\Z", _tidy(typed)) or found_in(
            rf"\A(?:{accepted[1:-1]})\Z", typed.strip()
        )
    return _tidy(typed).casefold() == _tidy(accepted).casefold()


def quiz(check: QuizCheck, world: World) -> Finding:
    if not check.questions:
        return error("this check names no questions", conclusive=True)
    score = world.context.quiz_score(check.questions)
    if score is None:
        return failing("the questions have not all been answered yet", awaits_learner=True)
    shown = f"{score:.0%} of the questions answered rightly"
    if score + 1e-9 >= check.minimum:
        return passing(shown, score)
    return failing(
        f"{shown}, wanted {check.minimum:.0%}", (Difference("score", score, f"{check.minimum:.0%}"),), score
    )


def confirm(check: ConfirmCheck, world: World, ident: str) -> Finding:
    if world.context.confirmed(own_id(ident)):
        return passing("confirmed by you")
    return manual(check.statement)
