"""What checks may do by themselves for a pack the learner has not trusted: look at objects and files, run nothing."""

from __future__ import annotations

from labrunner.content.checks_model import AnswerCheck, Assertion, CommandCheck, ExecCheck, ScriptCheck
from labrunner.verify.finding import Finding, error

REMEDY = (
    "it comes with a pack you have not trusted, so nothing of it is run; "
    "read its checks first, then start with --trust"
)


def needs_trust(assertion: Assertion) -> bool:
    """Whether evaluating it does more than look: it runs an author's command, here or in a pod.

    An answer compared with a command's output counts only for the command; literal answers need no trust.
    """
    if isinstance(assertion, AnswerCheck):
        return assertion.command is not None
    return isinstance(assertion, CommandCheck | ScriptCheck | ExecCheck)


def untrusted(what: str) -> Finding:
    """The finding in place of what was not run; an error, so that neither `not` nor patience makes it a verdict."""
    return error(f"{what} was not run: {REMEDY}", conclusive=True)
