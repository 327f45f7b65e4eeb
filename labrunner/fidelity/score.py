"""Comparing two clusters' answers to the same commands."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from labrunner.fidelity.comparable import comparable
from labrunner.fidelity.design import reasons
from labrunner.fidelity.sessions import Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """One command: whether exit codes and outputs are equal, and the lines that differ (``-`` truth, ``+`` other).

    `by_design` gives the reasons where the output differs only on purpose.
    """

    number: int
    command: str
    same_code: bool
    same_output: bool
    difference: tuple[str, ...] = ()
    by_design: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """How often a cluster answered as the truth did."""

    outcomes: tuple[Outcome, ...]

    @property
    def commands(self) -> int:
        return len(self.outcomes)

    @property
    def codes(self) -> int:
        """Commands with the same exit code."""
        return sum(outcome.same_code for outcome in self.outcomes)

    @property
    def outputs(self) -> int:
        """Commands with the same comparable output."""
        return sum(outcome.same_output for outcome in self.outcomes)

    @property
    def faithful(self) -> int:
        """Commands with the same comparable output, or one that differs only on purpose."""
        return sum(outcome.same_output or bool(outcome.by_design) for outcome in self.outcomes)

    @property
    def differing(self) -> tuple[Outcome, ...]:
        return tuple(each for each in self.outcomes if not (each.same_code and each.same_output))


def score(
    commands: Sequence[str],
    truth: Sequence[Answer],
    answers: Sequence[Answer],
    truth_nodes: Sequence[str] = (),
    nodes: Sequence[str] = (),
) -> Score:
    """Each answer against the true one; the node names of each side are set aside."""
    return Score(
        tuple(
            _outcome(number, command, true, answer, truth_nodes, nodes)
            for number, (command, true, answer) in enumerate(zip(commands, truth, answers, strict=True), 1)
        )
    )


def _outcome(
    number: int,
    command: str,
    true: Answer,
    answer: Answer,
    truth_nodes: Sequence[str],
    nodes: Sequence[str],
) -> Outcome:
    difference: list[str] = []
    if true.code != answer.code:
        difference += [f"- exit code {_code(true)}", f"+ exit code {_code(answer)}"]
    pairs = [
        (comparable(wanted, command, truth_nodes), comparable(found, command, nodes))
        for wanted, found in ((true.stdout, answer.stdout), (true.stderr, answer.stderr))
    ]
    unequal = [(one, other) for one, other in pairs if one != other]
    for one, other in unequal:
        lines = difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=0)
        difference += [f"{line[0]} {line[1:]}" for line in list(lines)[2:] if line[0] in "+-"]
    why = [reasons(one, other) for one, other in unequal]
    return Outcome(
        number,
        command,
        true.code == answer.code,
        not unequal,
        tuple(difference),
        tuple(dict.fromkeys(reason for each in why for reason in each)) if all(why) else (),
    )


def _code(answer: Answer) -> str:
    return "none: it did not end" if answer.code is None else str(answer.code)
