"""What evaluating an assertion found, before patience (`eventually`, `consistently`) has its say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labrunner.verify.phrasing import MISSING
from labrunner.verify.verdict import CheckState, Difference


@dataclass(frozen=True, slots=True)
class Finding:
    """`actual` is what was looked at, for the author's `{{actual…}}`.

    `conclusive`: waiting will not mend it (a crash loop, a broken check). `awaits_learner`: it is not wrong, only not
    done yet (an answer not typed, a cell not run). Not `negatable`: it fails before what was asked could be looked at,
    so that `not` must not make a pass of it.
    """

    state: CheckState
    summary: str
    differences: tuple[Difference, ...] = ()
    actual: Any = MISSING
    conclusive: bool = False
    awaits_learner: bool = False
    negatable: bool = True


def passing(summary: str, actual: Any = MISSING) -> Finding:
    return Finding(CheckState.PASS, summary, actual=actual)


def failing(
    summary: str,
    differences: tuple[Difference, ...] = (),
    actual: Any = MISSING,
    *,
    conclusive: bool = False,
    awaits_learner: bool = False,
    negatable: bool = True,
) -> Finding:
    return Finding(CheckState.FAIL, summary, differences, actual, conclusive, awaits_learner, negatable)


def error(summary: str, *, conclusive: bool = False) -> Finding:
    """The check could not run. `conclusive` when the check itself is at fault, so that trying again is no use."""
    return Finding(CheckState.ERROR, summary, conclusive=conclusive)


def pending(summary: str) -> Finding:
    """Nothing is known yet, without anybody's fault."""
    return Finding(CheckState.WAITING, summary)


def skipped(summary: str) -> Finding:
    return Finding(CheckState.SKIPPED, summary)


def manual(summary: str) -> Finding:
    return Finding(CheckState.MANUAL, summary)
