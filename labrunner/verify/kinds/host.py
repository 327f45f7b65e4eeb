"""`command`: what a command prints and how it exits. "Could not run" is an error, whatever the check wants."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import Any

from labrunner.content.checks_model import CommandCheck, ExecCheck, Matcher
from labrunner.verify.commands import CommandResult
from labrunner.verify.finding import Finding, error, failing, passing, pending
from labrunner.verify.matching import accepts, differences
from labrunner.verify.phrasing import MISSING, phrase
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, own_id

_CLUSTER_AWAY = re.compile(
    r"The connection to the server .* was refused|Unable to connect to the server"
    r"|Kubernetes cluster unreachable|couldn't get current server API group list: .*(refused|timeout)"
)
_COULD_NOT_RUN = {126: "is not executable", 127: "is not there"}
_MOST_LINES = 3
_LONGEST = 300


def command_key(ident: str, source: str) -> Hashable:
    """Under which a command's result is kept: checks do not share one, so that none sees an old result."""
    return (own_id(ident), "command", source)


def command(check: CommandCheck, world: World, ident: str) -> Finding:
    result = world.probes.get(command_key(ident, check.run))
    if result is None:
        return pending("running the command")
    assert isinstance(result, CommandResult)
    return judge(check, result, "the command")


def judge(check: CommandCheck | ExecCheck, result: CommandResult, subject: str) -> Finding:
    """What a command's result means for a check on its exit code and outputs."""
    trouble = command_trouble(result, check.exit)
    if trouble is not None:
        return trouble
    parsed = _parsed(result.stdout) if check.json is not None else MISSING
    actual = {"exit": result.exit_code, "stdout": result.stdout, "stderr": result.stderr, "json": parsed}
    wanted: tuple[tuple[str, Matcher | None, Any], ...] = (
        ("exit", check.exit, result.exit_code),
        ("stdout", check.stdout, result.stdout.strip("\n")),
        ("stderr", check.stderr, result.stderr.strip("\n")),
        ("json", check.json, parsed),
    )
    found = tuple(
        one
        for name, matcher, value in wanted
        if matcher is not None and not accepts(matcher, value)
        for one in differences(matcher, value, name)
    )
    if not found:
        return passing(f"{subject} exits with {result.exit_code}", actual)
    return failing(_in_words(found[0], result, subject), found, actual)


def command_trouble(result: CommandResult, exit_code: Matcher) -> Finding | None:
    """Why the result says nothing about the learner's work: it never ran, or the cluster was away."""
    if result.exit_code is None:
        return error(result.problem)
    said = last_line(result.stderr)
    if result.exit_code in _COULD_NOT_RUN and exit_code != Matcher("equals", result.exit_code):
        why = said or f"a command {_COULD_NOT_RUN[result.exit_code]}"
        return error(f"the check's command could not run: {why}")
    if result.exit_code != 0 and _CLUSTER_AWAY.search(result.stderr):
        return error(f"cannot reach the cluster: {said}")
    return None


def _in_words(first: Difference, result: CommandResult, subject: str) -> str:
    if first.path == "exit":
        said = failures_said(result) or last_line(result.stderr) or last_line(result.stdout)
        code = result.exit_code if (result.exit_code or 0) >= 0 else f"signal {-(result.exit_code or 0)}"
        return f"{subject} exits with {code}, wanted {first.wanted}{f': {said}' if said else ''}"
    shown = phrase(first.observed)
    if first.path == "json" and first.observed is None:
        shown = "no JSON"
    return f"{subject}'s {first.path} is {shown}, wanted {first.wanted}"


def failures_said(result: CommandResult) -> str:
    """What a checking script says in its `FAIL:` lines; "" when there are none."""
    lines = (line.strip() for line in f"{result.stdout}\n{result.stderr}".splitlines())
    marked = [line.removeprefix("FAIL:").strip()[:_LONGEST] for line in lines if line.startswith("FAIL:")]
    more = f"; and {len(marked) - _MOST_LINES} more" if len(marked) > _MOST_LINES else ""
    return "; ".join(marked[:_MOST_LINES]) + more


def last_line(text: str) -> str:
    """The last line with anything on it; "" when there is none."""
    line = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    return line.strip()[:_LONGEST]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return MISSING
