"""One check evaluated against the world as it is known: synchronous, without patience and without side effects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from labrunner.content.checks_model import (
    AbsentCheck,
    AnswerCheck,
    Assertion,
    CanCheck,
    CellCheck,
    CheckSpec,
    CommandCheck,
    ConfirmCheck,
    CountCheck,
    DnsCheck,
    EventCheck,
    ExecCheck,
    FileCheck,
    GroupCheck,
    HttpCheck,
    JsonPathCheck,
    LogsCheck,
    QuizCheck,
    ReadyCheck,
    ResourceCheck,
    ScriptCheck,
    TcpCheck,
    WaitCheck,
)
from labrunner.content.inferred_needs import inferred_needs
from labrunner.verify.context import CheckContext
from labrunner.verify.finding import Finding, error, skipped
from labrunner.verify.jsonpath import JsonPathError
from labrunner.verify.kinds import (
    events,
    files,
    groups,
    host,
    http,
    network,
    objects,
    permissions,
    pods,
    scripts,
    session,
    waits,
)
from labrunner.verify.labels import SelectorError
from labrunner.verify.matching import BrokenMatcherError
from labrunner.verify.messages import fill
from labrunner.verify.patterns import PatternError
from labrunner.verify.trust import needs_trust, untrusted
from labrunner.verify.verdict import CheckState, Verdict
from labrunner.verify.world import World

_KINDS: Mapping[type, Callable[[Any, World], Finding]] = MappingProxyType(
    {
        ResourceCheck: objects.resource,
        ReadyCheck: objects.ready,
        JsonPathCheck: objects.jsonpath,
        CountCheck: objects.count,
        FileCheck: files.file,
        CellCheck: session.cell,
        QuizCheck: session.quiz,
    }
)
_KINDS_WITH_MEMORY: Mapping[type, Callable[[Any, World, str], Finding]] = MappingProxyType(
    {
        AbsentCheck: objects.absent,
        WaitCheck: waits.wait,
        CanCheck: permissions.can,
        CommandCheck: host.command,
        EventCheck: events.event,
        HttpCheck: http.request,
        TcpCheck: network.tcp,
        DnsCheck: network.dns,
        ExecCheck: pods.execute,
        LogsCheck: pods.logs,
        ScriptCheck: scripts.script,
        AnswerCheck: session.answer,
        ConfirmCheck: session.confirm,
    }
)
"""Kinds that ask for what is remembered under the check's ident."""


def evaluate(spec: CheckSpec, world: World, ident: str = "") -> Finding:
    """What the check finds now. `ident` is its id, or for a part of a group `id#0#1`. Never raises."""
    ident = ident or spec.id
    reason = skip_reason(spec, world.context)
    if reason:
        return skipped(reason)
    try:
        found = _assert(spec.assertion, world, ident)
    except (PatternError, BrokenMatcherError, JsonPathError, SelectorError) as problem:
        return error(f"this check cannot be evaluated: {problem}", conclusive=True)
    except Exception as problem:
        what = f"{type(problem).__name__}: {problem}"
        return error(f"this check cannot be evaluated ({what}); the fault is not yours", conclusive=True)
    return negated(found) if spec.negate else found


def _assert(assertion: Assertion, world: World, ident: str) -> Finding:
    if isinstance(assertion, GroupCheck):
        parts = [(part.title, evaluate(part, world, name)) for name, part in parts_of(assertion, ident)]
        return groups.combine(assertion.op, parts)
    if needs_trust(assertion) and not isinstance(assertion, AnswerCheck) and not world.context.trusted:
        return untrusted("the check's command" if not isinstance(assertion, ScriptCheck) else assertion.path)
    with_memory = _KINDS_WITH_MEMORY.get(type(assertion))
    return with_memory(assertion, world, ident) if with_memory else _KINDS[type(assertion)](assertion, world)


def parts_of(group: GroupCheck, ident: str) -> Iterator[tuple[str, CheckSpec]]:
    """The parts of a group with the idents they are evaluated under."""
    for at, part in enumerate(group.parts):
        yield f"{ident}#{at}", part


def negated(found: Finding) -> Finding:
    """What `not` makes of a finding: only pass and fail change places; an error stays one."""
    if found.state is CheckState.PASS:
        return Finding(
            CheckState.FAIL, f"this should not hold, but does: {found.summary}", actual=found.actual
        )
    if found.state is CheckState.FAIL and found.negatable and not found.awaits_learner:
        return Finding(
            CheckState.PASS, f"as wanted, this does not hold: {found.summary}", actual=found.actual
        )
    return found


def skip_reason(spec: CheckSpec, context: CheckContext) -> str:
    """Why the check does not apply here; "" when it does."""
    if spec.when and not _variant_holds(spec.when, context):
        return f"only for {spec.when}"
    missing = inferred_needs(spec.assertion).shortfalls(context.capabilities)
    if spec.needs is not None:
        missing = tuple(dict.fromkeys((*spec.needs.shortfalls(context.capabilities), *missing)))
    if not missing:
        return ""
    wanted = ", ".join(f"{one.capability} {one.wanted} (it gives {one.given})" for one in missing)
    return f"this cluster cannot give what it needs: {wanted}"


def _variant_holds(when: str, context: CheckContext) -> bool:
    """`name=value`, `name=a|b`, `name!=value`; several joined by commas must all hold."""
    for part in when.split(","):
        name, sign, values = part.partition("=")
        chosen = context.variant(name.strip().removesuffix("!").strip())
        wanted = [value.strip() for value in values.split("|")]
        holds = chosen in wanted if sign else bool(chosen)
        if holds == name.rstrip().endswith("!"):
            return False
    return True


def verdict_of(spec: CheckSpec, found: Finding, world: World) -> Verdict:
    """The finding for a person: the author's message filled in and the first fitting state-aware hint."""
    if found.state is not CheckState.FAIL:
        return Verdict(found.state, found.summary, differences=found.differences)
    message = fill(spec.message, found.actual) if spec.message else ""
    return Verdict(found.state, found.summary, message, _hint(spec, world), found.differences)


def _hint(spec: CheckSpec, world: World) -> str:
    for at, one in enumerate(spec.when_failed):
        if evaluate(one.condition, world, hint_ident(spec.id, at)).state is CheckState.PASS:
            return one.hint
    return ""


def hint_ident(check_id: str, at: int) -> str:
    """The ident of a state-aware hint's condition."""
    return f"{check_id}#hint{at}"
