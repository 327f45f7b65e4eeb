"""Reading `checks/<id>.yaml`: the fields all checks share, around the assertions of `check_kinds`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from labrunner.content import nodes
from labrunner.content.check_kinds import GROUP_KINDS, KINDS
from labrunner.content.checks_model import (
    AbsentCheck,
    CheckSpec,
    EventCheck,
    GroupCheck,
    HttpCheck,
    Matcher,
    ResourceCheck,
    StateHint,
    TcpCheck,
)
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    DURATION,
    IDENTIFIER,
    INVALID,
    TEXT,
    TEXTS,
    Choice,
    Field,
    ListOf,
    Number,
    Parsed,
    Record,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.network_checks import SPLIT_TIMEOUT
from labrunner.content.nodes import Node
from labrunner.content.requirement_fields import read_needs

NEGATIVE_CONSISTENTLY = 3.0
"""Seconds for which a negative check must hold: that something is missing proves little at the first look."""


def _patience(node: Node, findings: Findings) -> Any:
    """Seconds, or None for `forever`."""
    if isinstance(node, nodes.Scalar) and node.text == "forever":
        return None
    return DURATION.read(node, findings)


def _when_failed(node: Node, findings: Findings) -> Any:
    values = WHEN_FAILED.read(node, findings)
    if values is INVALID or "if" not in values or "hint" not in values:
        return INVALID
    return StateHint(values["if"], values["hint"])


def _part(node: Node, findings: Findings) -> Any:
    return read_check(node, "if", findings, DEFAULTS_WITHIN)


_POSITIVE = Number("a number from 0 on", minimum=0)
_PATIENCE = Field(
    Parsed("a duration or forever", _patience), "how long to wait for it; forever while it is on screen"
)
_TIMES = {
    "eventually": _PATIENCE,
    "consistently": Field(DURATION, "how long it must hold then"),
    "every": Field(DURATION, "how often to look"),
    "timeout": Field(DURATION, "how long one look may take"),
}
COLLECT = Record(
    "a collect entry",
    {
        "events": Field(ANY, "the events of this namespace"),
        "logs": Field(ANY, "the logs of this object, such as deploy/web"),
        "yaml": Field(ANY, "this object as YAML"),
        "describe": Field(ANY, "what kubectl describe says of this object"),
        "command": Field(ANY, "what this command prints"),
        "namespace": Field(ANY, "where; the module's namespace when left out"),
        "tail": Field(ANY, "lines of logs; 20 when left out"),
        "container": Field(ANY, "whose logs, in a pod of several"),
        "cluster": Field(ANY, "which of several clusters"),
    },
)


def _collect(node: Node, findings: Findings) -> Any:
    return COLLECT.read(node, findings)


WHEN_FAILED = Record(
    "a when-failed entry",
    {
        "if": Field(Parsed("a check", _part), "a check of the state the hint is for", required=True),
        "hint": Field(TEXT, "what to say then", required=True),
    },
)
COMMON_FIELDS = {
    "title": Field(TEXT, "what it proves, in a few words"),
    "needs": Field(Parsed("a map of needs", read_needs), "what the cluster must give"),
    **_TIMES,
    "mode": Field(
        Choice(("edge", "level")), "edge records the first pass; level must hold at the phase's end"
    ),
    "weight": Field(_POSITIVE, "its share of the score"),
    "severity": Field(Choice(("required", "bonus", "advisory")), "what its failure means"),
    "message": Field(TEXT, "what failure says; {{actual.…}} shows what was observed"),
    "hints": Field(TEXTS, "hints in the order they are given"),
    "when-failed": Field(
        ListOf(Parsed("if and hint", _when_failed), single=True), "hints that depend on the state"
    ),
    "collect": Field(ListOf(Parsed("a map", _collect), single=True), "evidence to gather when it fails"),
    "when": Field(TEXT, "only in that variant, such as access=kind"),
    "objective": Field(TEXT, "the objective it proves"),
}
DEFAULTS = Record("defaults", _TIMES)
_RENAMED = {"when-failed": "when_failed"}


def read_checks(root: Node, findings: Findings) -> dict[str, CheckSpec]:
    """The checks of one file, by id. Those that do not read are left out, with their problems in `findings`."""
    values = FILE.read(root, findings)
    if values is INVALID or not isinstance(root, nodes.Mapping):
        return {}
    listed = root.get("checks")
    if not isinstance(listed, nodes.Mapping):
        if listed is not None:
            wrong_type(listed, "a map of checks", findings, "write each check under its id")
        return {}
    checks = {}
    for check_id, entry in listed.entries.items():
        findings.define("check", check_id)
        IDENTIFIER.read(nodes.Scalar(check_id, check_id, entry.place), findings)
        check = read_check(entry.value, check_id, findings, values.get("defaults", {}))
        if check is not INVALID:
            checks[check_id] = replace(check, place=entry.place)
    return checks


def _version(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar) and node.value == 1:
        return 1
    findings.error(node.place, "format-version", "this format version is not known", "write lab: 1")
    return INVALID


VERSION = Field(Parsed("1", _version), "1 (the format version)", required=True)
FILE = Record(
    "the checks file",
    {
        "lab": VERSION,
        "defaults": Field(DEFAULTS, "times for all checks"),
        "checks": Field(ANY, "the checks, by id", required=True),
    },
)
DEFAULTS_WITHIN: dict[str, Any] = {}


def read_check(node: Node, check_id: str, findings: Findings, defaults: dict[str, Any]) -> Any:
    """One CheckSpec, or INVALID. Exactly one key of the map is a kind, the others are common fields."""
    if not isinstance(node, nodes.Mapping):
        return wrong_type(node, "a check", findings, "write a map with one kind, such as {ready: deploy/web}")
    negate, node = _negation(node, findings)
    kinds = [key for key in node.entries if key in KINDS or key in GROUP_KINDS]
    rest = nodes.Mapping({key: entry for key, entry in node.entries.items() if key not in kinds}, node.place)
    common = _common_record(kinds).read(rest, findings)
    if len(kinds) != 1:
        _report_kinds(node, kinds, findings)
        return INVALID
    kind, entry = kinds[0], node.entries[kinds[0]]
    if kind in GROUP_KINDS:
        assertion = _group(kind, entry.value, check_id, findings, defaults)
    else:
        assertion = KINDS[kind].type.read(entry.value, findings)
    if assertion is INVALID or negate is INVALID:
        return INVALID
    if "when" in common:
        findings.refer("variant", common["when"], rest.entries["when"].value.place)
    timing = {**defaults, **{key: value for key, value in common.items() if key in _TIMES}}
    if _is_negative(assertion, negate):
        timing.setdefault("consistently", NEGATIVE_CONSISTENTLY)
    if isinstance(assertion, HttpCheck) and assertion.repeat > 1:
        timing.setdefault("timeout", SPLIT_TIMEOUT)
    other = {_RENAMED.get(key, key): value for key, value in common.items() if key not in _TIMES}
    return CheckSpec(id=check_id, assertion=assertion, place=node.place, negate=negate, **timing, **other)


def _negation(node: nodes.Mapping, findings: Findings) -> tuple[Any, nodes.Mapping]:
    """Whether the check is negated, and the check without its `not`: `not: true` beside a kind, or around one."""
    entry = node.entries.get("not")
    if entry is None:
        return False, node
    rest = {key: value for key, value in node.entries.items() if key != "not"}
    if isinstance(entry.value, nodes.Mapping):
        for key, inner in entry.value.entries.items():
            if key in rest:
                findings.error(
                    inner.place, "duplicate-key", f"'{key}' stands inside and outside of not", "keep one"
                )
            rest.setdefault(key, inner)
        return True, nodes.Mapping(rest, node.place)
    return BOOLEAN.read(entry.value, findings), nodes.Mapping(rest, node.place)


def _common_record(kinds: list[str]) -> Record:
    """The common fields; when no kind was recognised, kinds are suggested for unknown keys as well."""
    if kinds:
        return Record("the check", COMMON_FIELDS)
    return _ANY_KEY


def _kind_field(kind: str) -> Field:
    return Field(ANY, KINDS[kind].doc if kind in KINDS else "a group of checks")


_ANY_KEY = Record(
    "the check", {**{kind: _kind_field(kind) for kind in (*KINDS, *GROUP_KINDS)}, **COMMON_FIELDS}
)


def _report_kinds(node: nodes.Mapping, kinds: list[str], findings: Findings) -> None:
    known = [*KINDS, *GROUP_KINDS]
    if not kinds:
        unknown = [key for key in node.entries if key not in COMMON_FIELDS and not key.startswith("x-")]
        if unknown:
            return  # reported as unknown keys, with the nearest kind
        remedy = "add one of " + ", ".join(known)
        findings.error(node.place, "empty-assertion", "this check asserts nothing", remedy)
        return
    second = node.entries[kinds[1]]
    message = f"'{kinds[0]}' and '{kinds[1]}' stand in one check"
    findings.error(second.place, "two-kinds", message, "make two checks, or group them under all:")


def _group(kind: str, node: Node, check_id: str, findings: Findings, defaults: dict[str, Any]) -> Any:
    if not isinstance(node, nodes.Sequence):
        return wrong_type(node, "a list of checks", findings, f"write {kind}: with one check after each dash")
    if not node.items:
        findings.error(
            node.place, "empty-assertion", f"'{kind}' of no checks asserts nothing", "list some checks"
        )
        return INVALID
    parts = [read_check(item, f"{check_id}/{n}", findings, defaults) for n, item in enumerate(node.items, 1)]
    return INVALID if INVALID in parts else GroupCheck(kind, tuple(parts))  # type: ignore[arg-type]


def _is_negative(assertion: Any, negate: bool) -> bool:
    if isinstance(assertion, AbsentCheck):
        return not negate
    if isinstance(assertion, GroupCheck) and assertion.op == "none":
        return not negate
    if isinstance(assertion, ResourceCheck) and assertion.quantifier == "none":
        return not negate
    if isinstance(assertion, HttpCheck | TcpCheck) and assertion.fails:
        return not negate
    if isinstance(assertion, EventCheck) and assertion.count == Matcher("equals", 0):
        return not negate
    return negate
