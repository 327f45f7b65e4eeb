"""What checks may do by themselves for a pack the learner has not trusted: look at objects and files, run nothing."""

from __future__ import annotations

from labrunner.content.checks_model import (
    AnswerCheck,
    Assertion,
    CommandCheck,
    DnsCheck,
    ExecCheck,
    HttpCheck,
    ScriptCheck,
    TcpCheck,
)
from labrunner.verify.answers import has_variables
from labrunner.verify.finding import Finding, error

REMEDY = (
    "it comes with a pack you have not trusted, so nothing of it is run; "
    "read it with `labrunner trust PACK`, or start with --trust"
)


def needs_trust(assertion: Assertion) -> bool:
    """Whether evaluating it does more than look: it runs a command, here or in a pod, or sends more than a question.

    An answer compared with a command's output counts only for the command; literal answers need no trust.
    """
    if isinstance(assertion, AnswerCheck):
        return assertion.command is not None
    if isinstance(assertion, HttpCheck):
        return assertion.source is not None or not _only_reads(assertion)
    if isinstance(assertion, TcpCheck | DnsCheck):
        return assertion.source is not None
    return isinstance(assertion, CommandCheck | ScriptCheck | ExecCheck)


def _only_reads(check: HttpCheck) -> bool:
    """Whether a request changes nothing and carries nothing of the learner's environment away."""
    texts = [value for _, value in check.request_headers]
    changes = check.method not in ("GET", "HEAD") or check.request_body is not None
    return not changes and not has_variables(check.url, *texts)


def untrusted(what: str) -> Finding:
    """The finding in place of what was not run; an error, so that neither `not` nor patience makes it a verdict."""
    return error(f"{what} was not run: {REMEDY}", conclusive=True)
