"""`logs` and `exec`: what running containers have written and what a command in one gives."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from labrunner.content.checks_model import ExecCheck, LogsCheck
from labrunner.verify.api import ClusterError
from labrunner.verify.commands import CommandResult
from labrunner.verify.finding import Finding, error, failing, passing, pending
from labrunner.verify.kinds.host import judge, last_line
from labrunner.verify.matching import accepts
from labrunner.verify.phrasing import describe, phrase
from labrunner.verify.pods import Obstacle, PodTroubleError
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, name_target, own_id


def pod_key(ident: str, check: object) -> Hashable:
    """Under which an answer is kept; the check's values may be unhashable, its wording is not."""
    return (own_id(ident), type(check).__name__, repr(check))


def pod_trouble(answer: Any) -> Finding | None:
    """Why an answer says nothing of what was asked; None when it does.

    What is missing is the learner's to mend, but proves nothing under `not`; what is not up yet is waited for, and
    an error when that was in vain; whatever else went wrong is an error.
    """
    if answer is None:
        return pending("asking the cluster")
    if isinstance(answer, ClusterError):
        return error(answer.reason)
    if not isinstance(answer, PodTroubleError):
        return None
    if answer.obstacle is Obstacle.MISSING:
        return failing(answer.reason, negatable=False)
    if answer.obstacle is Obstacle.STARTING:
        return pending(answer.reason)
    return error(answer.reason, conclusive=answer.conclusive)


def logs(check: LogsCheck, world: World, ident: str) -> Finding:
    answer = world.probes.get(pod_key(ident, check))
    trouble = pod_trouble(answer)
    if trouble is not None:
        return trouble
    text = str(answer).strip("\n")
    whose = f"the {'earlier ' if check.previous else ''}logs of {name_target(check.target, world)}"
    last = last_line(text)
    actual = {"text": text, "last": last, "lines": text.count("\n") + 1 if text else 0}
    wanted = describe(check.matcher)
    if accepts(check.matcher, text):
        return passing(f"{whose} are as wanted ({wanted})", actual)
    seen = f"end with {phrase(last)}" if last else "are empty"
    return failing(f"{whose} {seen}, wanted {wanted}", (Difference("logs", last or None, wanted),), actual)


def execute(check: ExecCheck, world: World, ident: str) -> Finding:
    answer = world.probes.get(pod_key(ident, check))
    trouble = pod_trouble(answer)
    if trouble is not None:
        return trouble
    assert isinstance(answer, CommandResult)
    return judge(check, answer, "the command in the pod")
