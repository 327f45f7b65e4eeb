"""What lint looks for beyond loading: commands that rot, hide failure or end the learner's shell, and needs not declared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from labrunner.authoring.lint_needs import undeclared_needs, undeclared_needs_of_checks
from labrunner.authoring.lint_shell import ShellLine, shell_lines, syntax_problems
from labrunner.content.cells import SHELLS
from labrunner.content.checks_model import AnswerCheck, CheckSpec, ConfirmCheck, QuizCheck, ScriptCheck
from labrunner.content.expected import bad_patterns
from labrunner.content.models import Cell, CellRole, Module
from labrunner.content.problems import Place, Problem

_TIDYING: tuple[CellRole, ...] = ("cleanup", "reset")


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A pattern in a shell line that is nearly always a mistake; `spares` are roles in which it is not."""

    id: str
    pattern: re.Pattern[str]
    message: str
    remedy: str
    spares: tuple[CellRole, ...] = ()


COMMAND_RULES = (
    CommandRule(
        "hides-failure",
        re.compile(r"\|\|\s*(?:echo|printf)\b"),
        "a failure ends as a success here, so neither the learner nor a check sees it",
        "leave the command alone; say expect-exit where failing is right, and add a check",
    ),
    CommandRule(
        "hides-failure",
        re.compile(r"\|\|\s*(?:true|:)\s*(?:$|[;&)])"),
        "a failure ends as a success here",
        "leave the command alone; say expect-exit where failing is right",
        spares=(*_TIDYING, "setup"),
    ),
    CommandRule(
        "kills-strangers",
        re.compile(r"\b(?:pkill|killall)\b"),
        "this ends every process that matches, the learner's own too",
        "start it in a cell with background=true; the runner stops what it started",
    ),
    CommandRule(
        "ends-shell",
        re.compile(r"^\s*set\s+-(?:[a-z]*e[a-z]*\b|o\s+errexit)"),
        "cells share one shell: from here on any failing command ends it",
        "drop it, or put the commands in ( … )",
    ),
    CommandRule(
        "ends-shell",
        re.compile(r"(?:^|[;&|]\s*|\bthen\s+|\{\s*)exit\b(?![^(]*\))"),
        "this ends the learner's shell",
        "drop it, or put the commands in ( … )",
    ),
    CommandRule(
        "counts-header",
        re.compile(
            r"\bkubectl\b(?=[^|]*\bget\b)(?![^|]*(?:--no-headers|-o[ =]?(?:name|json)|--output[ =]))[^|]*\|\s*wc\s+-l"
        ),
        "wc -l counts the header line too",
        "add --no-headers or -o name",
    ),
    CommandRule(
        "removed-flag",
        re.compile(r"\bkubectl\s+version\b[^|;]*--short"),
        "kubectl version --short was removed in 1.28",
        "drop --short",
    ),
    CommandRule(
        "removed-command",
        re.compile(r"\bistioctl\s+(?:authn\s+tls-check|x\s+authz|dashboard\s+mixer)\b"),
        "this istioctl command was removed",
        "use istioctl proxy-config or istioctl x describe",
    ),
    CommandRule(
        "removed-flag",
        re.compile(r"\bkubectl\s+(?:run|expose)\b[^|;]*--generator\b"),
        "--generator was removed",
        "use kubectl create deployment, or kubectl run for a pod",
    ),
)


def module_problems(module: Module) -> Iterator[Problem]:
    """Everything lint says about a module that loads."""
    for step in module.steps:
        for cell in step.cells:
            yield from _cell_problems(cell)
    yield from undeclared_needs(module)
    yield from undeclared_needs_of_checks(module)
    yield from syntax_problems(cell for cell in module.cells() if _runs(cell))
    for check in module.checks.values():
        yield from _check_problems(check)


def _runs(cell: Cell) -> bool:
    return cell.role not in ("read", "file") and cell.file is None and cell.language in SHELLS


def _cell_problems(cell: Cell) -> Iterator[Problem]:
    if _runs(cell):
        for line in shell_lines(cell):
            yield from _line_problems(cell, line)
    if cell.expected is not None:
        for number, reason in bad_patterns(cell.expected.text):
            place = Place(cell.expected.place.path, cell.expected.place.line + number)
            message = f"the regular expression does not compile: {reason}"
            yield Problem(place, "bad-pattern", message, "use Python's syntax", "warning")


def _line_problems(cell: Cell, line: ShellLine) -> Iterator[Problem]:
    for rule in COMMAND_RULES:
        found = rule.pattern.search(line.code)
        if found and cell.role not in rule.spares:
            yield Problem(line.place(found.start()), rule.id, rule.message, rule.remedy, "warning")


def _check_problems(check: CheckSpec) -> Iterator[Problem]:
    if check.message is None and not isinstance(
        check.assertion, ConfirmCheck | AnswerCheck | QuizCheck | ScriptCheck
    ):
        message = f"the check '{check.id}' has no message for when it fails"
        remedy = "add message: with what was seen and wanted, such as {{actual}}"
        yield Problem(check.place, "no-message", message, remedy, "warning")
    elif check.message is not None and check.message.count("{{") != check.message.count("}}"):
        message = "a {{ in the message has no }}"
        yield Problem(check.place, "bad-message", message, "write {{actual.spec.replicas}}", "warning")
