"""`all`, `any`, `none`: three-valued logic, in which what could not be evaluated decides nothing.

A part that failed settles `all` even beside one in error, and a part that passed settles `any`; otherwise an error
anywhere makes the group an error. Parts that are skipped do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labrunner.verify.finding import Finding, error, failing, passing, skipped
from labrunner.verify.verdict import CheckState

_UNDECIDED = (CheckState.ERROR, CheckState.WAITING, CheckState.MANUAL)
"""States of parts that leave a group undecided, gravest first."""


def combine(op: str, parts: Sequence[tuple[str, Finding]]) -> Finding:
    """The group's finding from its parts', each with its title (possibly "")."""
    if not parts:
        return error("this check has no parts, so it asserts nothing", conclusive=True)
    counted = [(title, one) for title, one in parts if one.state is not CheckState.SKIPPED]
    if not counted:
        return skipped(parts[0][1].summary)
    decisive = CheckState.FAIL if op == "all" else CheckState.PASS
    settling = [(title, one) for title, one in counted if one.state is decisive]
    if settling:
        return _settled(op, settling)
    undone = next((one for _, one in counted if one.awaits_learner or not one.negatable), None)
    if op == "none" and undone is not None:
        return undone
    for state in _UNDECIDED:
        undecided = next(((title, one) for title, one in counted if one.state is state), None)
        if undecided is not None:
            return replace(undecided[1], summary=_titled(*undecided))
    return _unsettled(op, counted)


def _settled(op: str, settling: Sequence[tuple[str, Finding]]) -> Finding:
    """By the parts that decide: a failure under `all`, a pass under `any` and `none`."""
    title, first = settling[0]
    if op == "any":
        return passing(_titled(title, first), first.actual)
    if op == "none":
        return failing(f"this should not hold, but does: {_titled(title, first)}", actual=first.actual)
    found = tuple(difference for _, one in settling for difference in one.differences)
    awaits = all(one.awaits_learner for _, one in settling)
    conclusive = any(one.conclusive for _, one in settling)
    negatable = any(one.negatable for _, one in settling)
    return replace(
        failing(_titled(title, first), found, first.actual, conclusive=conclusive, awaits_learner=awaits),
        negatable=negatable,
    )


def _unsettled(op: str, counted: Sequence[tuple[str, Finding]]) -> Finding:
    """When no part decides: all passed under `all`, none did under `any` and `none`."""
    _, first = counted[0]
    if op == "any":
        found = tuple(difference for _, one in counted for difference in one.differences)
        awaits = any(one.awaits_learner for _, one in counted)
        words = "; ".join(_titled(*one) for one in counted)
        negatable = all(one.negatable for _, one in counted)
        summary = f"none of these holds: {words}"
        return failing(summary, found, first.actual, awaits_learner=awaits, negatable=negatable)
    if op == "all":
        return passing("; ".join(_titled(*one) for one in counted), first.actual)
    return passing(f"none of these holds: {'; '.join(_titled(*one) for one in counted)}", first.actual)


def _titled(title: str, one: Finding) -> str:
    return f"{title}: {one.summary}" if title else one.summary
