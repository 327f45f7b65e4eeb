"""`script`: a pack's own script, on the learner's machine. It passes when it exits with 0."""

from __future__ import annotations

from collections.abc import Hashable

from labrunner.content.checks_model import Matcher, ScriptCheck
from labrunner.verify.commands import CommandResult
from labrunner.verify.finding import Finding, error, failing, passing, pending
from labrunner.verify.kinds.host import command_trouble, failures_said, last_line
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World, own_id


def script_key(ident: str, check: ScriptCheck) -> Hashable:
    """Under which its result is kept."""
    return (own_id(ident), "script", check.path, check.arguments)


def script(check: ScriptCheck, world: World, ident: str) -> Finding:
    result = world.probes.get(script_key(ident, check))
    if result is None:
        return pending(f"running {check.path}")
    assert isinstance(result, CommandResult)
    if result.exit_code is None:
        return error(result.problem)
    actual = {"exit": result.exit_code, "stdout": result.stdout, "stderr": result.stderr}
    if result.exit_code == 0:
        return passing(last_line(result.stdout) or f"{check.path} is content", actual)
    said = failures_said(result)
    trouble = None if said else command_trouble(result, Matcher("equals", 0))
    if trouble is not None:
        return trouble
    code = result.exit_code if result.exit_code > 0 else f"signal {-result.exit_code}"
    summary = said or last_line(result.stdout) or last_line(result.stderr)
    ends = f"{check.path} exits with {code}"
    return failing(summary or f"{ends} and says nothing", (Difference("exit", code, "0"),), actual)
