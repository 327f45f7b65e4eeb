"""Reading what a check asserts: one reader for each kind, and the table of kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import (
    MATCHERS,
    AbsentCheck,
    AnswerCheck,
    CanCheck,
    CellCheck,
    CommandCheck,
    ConfirmCheck,
    CountCheck,
    FileCheck,
    JsonPathCheck,
    Matcher,
    QuizCheck,
    ReadyCheck,
    ResourceCheck,
    WaitCheck,
)
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    IDENTIFIER,
    INVALID,
    TEXT,
    TEXTS,
    Choice,
    Field,
    Measure,
    Number,
    Parsed,
    Record,
    Type,
    complete,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.matchers import inline_matcher, read_matcher, read_partial
from labrunner.content.nodes import Node
from labrunner.content.targets import METADATA, TARGET, TARGET_FIELDS, read_target, target_from
from labrunner.content.workspace_paths import WORKSPACE_PATH

MATCHER = Parsed("a matcher", read_matcher)
_MATCHER_WORDS = {word: Field(ANY, "see the matcher vocabulary") for word in MATCHERS}
_VALUE = {
    "value": Field(ANY, "the matcher, when its words do not stand beside the other keys"),
    **_MATCHER_WORDS,
}
_ON = {"on": Field(TARGET, "the object, such as deploy/web")}
_WAIT_FOR = re.compile(r"condition=[A-Za-z0-9./-]+(?:=\S+)?|jsonpath=\S.*|create|delete")


def _octal(text: str) -> str | None:
    """`0644`, `644` or `0o644` as "0644"."""
    found = re.fullmatch(r"(?:0o?)?([0-7]{3,4})", text)
    return found[1].zfill(4) if found else None


_RESOURCE_SELECTION = {
    **{key: value for key, value in TARGET_FIELDS.items() if key != "metadata"},
    "quantifier": Field(Choice(("any", "all", "none")), "how many of the selected objects must match"),
}
_SELECTION = Record("resource", _RESOURCE_SELECTION)
_ABSENT = Record(
    "absent", {**TARGET_FIELDS, "baseline": Field(Choice(("present",)), "pass only after it has been seen")}
)
_WAIT = Record(
    "wait", {**_ON, "for": Field(TEXT, "condition=…, jsonpath=…, create or delete", required=True)}
)
_JSONPATH = Record(
    "jsonpath", {**_ON, **TARGET_FIELDS, "path": Field(TEXT, "kubectl's JSONPath", required=True), **_VALUE}
)
_COUNT = Record("count", {**_ON, **TARGET_FIELDS, **_VALUE})
_CAN = Record(
    "can",
    {
        "as": Field(TEXT, "the user, such as system:serviceaccount:shop:ci", required=True),
        "groups": Field(TEXTS, "groups of that user"),
        "verb": Field(TEXT, "get, list, create, …", required=True),
        "resource": Field(TEXT, "the resource, such as pods, pods/log or deployments.apps", required=True),
        "name": Field(TEXT, "one object's name"),
        "namespace": Field(TEXT, "where; the module's namespace when left out, '*' for all"),
        "allowed": Field(BOOLEAN, "the answer wanted; true when left out"),
        "cluster": Field(TEXT, "which of several clusters"),
    },
)
_COMMAND = Record(
    "command",
    {
        "run": Field(TEXT, "the command line", required=True),
        "exit": Field(MATCHER, "the exit code wanted; 0 when left out"),
        "stdout": Field(MATCHER, "a matcher on what it prints"),
        "stderr": Field(MATCHER, "a matcher on its errors"),
        "json": Field(MATCHER, "a matcher on its output read as JSON"),
    },
)
_FILE = Record(
    "file",
    {
        "path": Field(WORKSPACE_PATH, "a path inside the workspace", required=True),
        "exists": Field(BOOLEAN, "false when it must not be there"),
        "mode": Field(
            Measure("a file mode", _octal, "write it in octal, such as 0600"), "permissions in octal"
        ),
        "text": Field(MATCHER, "a matcher on the whole text"),
        "contains": Field(TEXT, "short for text: {contains: …}"),
        "matches": Field(ANY, "short for text: {matches: …}"),
        "yaml": Field(MATCHER, "a partial document"),
        "json": Field(MATCHER, "a partial document"),
    },
)
_CELL = Record(
    "cell",
    {
        "id": Field(TEXT, "the cell's id", required=True),
        "exit": Field(MATCHER, "a matcher on its exit code"),
        "output": Field(MATCHER, "a matcher on its output, or the word expected"),
        "background": Field(Choice(("alive",)), "its process must be running"),
    },
)
_ANSWER = Record(
    "answer",
    {
        "prompt": Field(TEXT, "what the learner is asked", required=True),
        "accept": Field(TEXTS, "right answers, literally or as /regex/"),
        "command": Field(TEXT, "a command whose first line is the right answer"),
    },
)
_QUIZ = Record(
    "quiz",
    {
        "questions": Field(TEXTS, "ids of the questions", required=True),
        "minimum": Field(Number("a share from 0 to 1", minimum=0, maximum=1), "the share that must be right"),
    },
)
_CONFIRM = Record("confirm", {"statement": Field(TEXT, "what the learner attests", required=True)})


def _empty(node: Node, findings: Findings, what: str, remedy: str) -> Any:
    findings.error(node.place, "empty-assertion", what, remedy)
    return INVALID


def _resource(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        target = read_target(node, findings)
        return INVALID if target is INVALID else ResourceCheck(target, {})
    if not isinstance(node, nodes.Mapping):
        return wrong_type(node, "a partial object", findings, "write {kind: …, metadata: {name: …}, spec: …}")
    chosen = nodes.Mapping({k: e for k, e in node.entries.items() if k in _RESOURCE_SELECTION}, node.place)
    rest = {k: e for k, e in node.entries.items() if k not in _RESOURCE_SELECTION and k != "metadata"}
    expected = {key: read_partial(entry.value, findings) for key, entry in rest.items()}
    values = _SELECTION.read(chosen, findings)
    metadata = node.get("metadata")
    if isinstance(metadata, nodes.Mapping):
        asserted = _resource_metadata(metadata, values, findings)
        if asserted:
            expected["metadata"] = asserted
    elif metadata is not None:
        METADATA.read(metadata, findings)
    target = target_from(values, node, findings)
    if target is INVALID or INVALID in expected.values():
        return INVALID
    quantifier = values.get("quantifier", "any")
    if not expected and not target.fields and (quantifier == "all" or not (target.name or target.labels)):
        what = f"this asserts nothing: any {target.kind} at all would do"
        return _empty(
            node, findings, what, "name the object or select it by labels, and say what it must look like"
        )
    return ResourceCheck(target, expected, quantifier)


def _resource_metadata(metadata: nodes.Mapping, values: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """Move identity out of `metadata` into `values`; what stays is asserted.

    Labels select where nothing else does, and are asserted of an object that is named or selected otherwise.
    """
    labels = metadata.entries.get("labels")
    selects = labels is not None and not (
        {"name", "labels", "selector"} & values.keys() or "name" in metadata.entries
    )
    identity = {"name", "namespace"} | ({"labels"} if selects else set())
    moved = METADATA.read(
        nodes.Mapping({k: e for k, e in metadata.entries.items() if k in identity}, metadata.place), findings
    )
    for key, value in moved.items():
        values.setdefault(key, value)
    kept = {key: entry for key, entry in metadata.entries.items() if key not in identity}
    asserted = read_partial(nodes.Mapping(kept, metadata.place), findings)
    return asserted if isinstance(asserted, dict) else {}


def _selects(target: Any, node: Node, findings: Findings) -> Any:
    """The target, unless it means every object of its kind without saying so."""
    if target is not INVALID and not (target.name or target.labels or target.fields):
        message = f"this names no {target.kind} and selects none"
        findings.error(node.place, "missing-key", message, "add a name, labels or where")
        return INVALID
    return target


def _absent(node: Node, findings: Findings) -> Any:
    """`absent`: a kind alone is allowed, it means that there is none at all."""
    if not isinstance(node, nodes.Mapping):
        target = read_target(node, findings)
        return INVALID if target is INVALID else AbsentCheck(target)
    values = _ABSENT.read(node, findings)
    target = target_from(values, node, findings)
    return INVALID if target is INVALID else AbsentCheck(target, values.get("baseline"))


def _ready(node: Node, findings: Findings) -> Any:
    target = _selects(read_target(node, findings), node, findings)
    return INVALID if target is INVALID else ReadyCheck(target)


def _wait(node: Node, findings: Findings) -> Any:
    values = _WAIT.read(node, findings)
    if not complete(values, ("for",)):
        return INVALID
    if "on" not in values:
        if isinstance(node, nodes.Mapping) and "on" not in node.entries:
            findings.error(node.place, "missing-key", "wait has no 'on'", "add on: deploy/web")
        return INVALID
    if not _WAIT_FOR.fullmatch(values["for"]):
        place = node.entries["for"].value.place if isinstance(node, nodes.Mapping) else node.place
        remedy = "write condition=Available, jsonpath={.status.phase}=Running, create or delete"
        findings.error(place, "bad-value", f"'{values['for'][:60]}' is nothing one can wait for", remedy)
        return INVALID
    return WaitCheck(values["on"], values["for"])


def _with_matcher(record: Record, node: Node, findings: Findings, remedy: str) -> Any:
    """The values of a record, its target and the matcher among its keys, or INVALID."""
    values = record.read(node, findings)
    if values is INVALID or not isinstance(node, nodes.Mapping):
        return INVALID
    target = target_from(values, node, findings)
    matcher = inline_matcher(node, findings)
    if matcher is None:
        return _empty(node, findings, f"this {record.name} asserts nothing of the value", remedy)
    return INVALID if INVALID in (target, matcher) else (values, target, matcher)


def _jsonpath(node: Node, findings: Findings) -> Any:
    read = _with_matcher(_JSONPATH, node, findings, "say what it must be, such as equals: 3 or exists: true")
    if read is INVALID or "path" not in read[0]:
        return INVALID
    values, target, matcher = read
    return JsonPathCheck(target, values["path"], matcher)


def _count(node: Node, findings: Findings) -> Any:
    read = _with_matcher(_COUNT, node, findings, "say how many, such as equals: 3 or ge: 1")
    return INVALID if read is INVALID else CountCheck(read[1], read[2])


def _can(node: Node, findings: Findings) -> Any:
    values = _CAN.read(node, findings)
    if not complete(values, ("as", "verb", "resource")):
        return INVALID
    return CanCheck(
        user=values["as"],
        verb=values["verb"],
        resource=values["resource"],
        groups=values.get("groups", ()),
        name=values.get("name"),
        namespace=values.get("namespace"),
        allowed=values.get("allowed", True),
        cluster=values.get("cluster", "main"),
    )


def _command(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        text = TEXT.read(node, findings)
        return INVALID if text is INVALID else CommandCheck(text)
    values = _COMMAND.read(node, findings)
    return CommandCheck(**values) if complete(values, ("run",)) else INVALID


def _file(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        path = WORKSPACE_PATH.read(node, findings)
        return INVALID if path is INVALID else FileCheck(path)
    values = _FILE.read(node, findings)
    if not complete(values, ("path",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    words = {key: entry for key, entry in node.entries.items() if key in ("contains", "matches")}
    text = inline_matcher(nodes.Mapping(words, node.place), findings)
    if text is INVALID:
        return INVALID
    if text is not None and "text" in values:
        text = Matcher("all", (values["text"], text))
    rest = {key: values[key] for key in ("exists", "mode", "yaml", "json") if key in values}
    if rest.get("exists") is False and (text or "text" in values or len(rest) > 1):
        remedy = "drop exists: false, or the other conditions"
        findings.error(
            node.place, "contradiction", "a file that must not be there can have no content", remedy
        )
        return INVALID
    return FileCheck(values["path"], text=text or values.get("text"), **rest)


def _cell(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        name = IDENTIFIER.read(node, findings)
        if name is INVALID:
            return INVALID
        findings.refer("cell", name, node.place)
        return CellCheck(name)
    values = _CELL.read(node, findings)
    if not complete(values, ("id",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    findings.refer("cell", values["id"], node.entries["id"].value.place)
    output = values.get("output")
    if output == Matcher("equals", "expected"):
        output = "expected"
    return CellCheck(values["id"], values.get("exit"), output, values.get("background"))


def _answer(node: Node, findings: Findings) -> Any:
    values = _ANSWER.read(node, findings)
    if not complete(values, ("prompt",)):
        return INVALID
    if not values.get("accept") and "command" not in values:
        return _empty(node, findings, "no answer would be right", "add accept: [...] or command: …")
    return AnswerCheck(values["prompt"], values.get("accept", ()), values.get("command"))


def _quiz(node: Node, findings: Findings) -> Any:
    values = _QUIZ.read(node, findings)
    if not complete(values, ("questions",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    listed = node.entries["questions"].value
    for item in listed.items if isinstance(listed, nodes.Sequence) else (listed,):
        if isinstance(item, nodes.Scalar):
            findings.refer("question", item.text, item.place)
    if not values["questions"]:
        return _empty(node, findings, "this names no question", "list the ids of the questions")
    return QuizCheck(values["questions"], values.get("minimum", 1.0))


def _confirm(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        text = TEXT.read(node, findings)
        return INVALID if text is INVALID else ConfirmCheck(text)
    values = _CONFIRM.read(node, findings)
    return ConfirmCheck(values["statement"]) if complete(values, ("statement",)) else INVALID


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind: how it is read, and one line of documentation."""

    type: Type
    doc: str


KINDS: Mapping[str, CheckKind] = {
    "resource": CheckKind(Parsed("a partial object", _resource), "a partial object is there"),
    "absent": CheckKind(Parsed("an object", _absent), "an object, or every selected one, is gone"),
    "ready": CheckKind(Parsed("an object", _ready), "the object is ready by the rules of its kind"),
    "wait": CheckKind(Parsed("on and for", _wait), "a condition, a JSONPath, creation or deletion"),
    "jsonpath": CheckKind(Parsed("an object, a path, a matcher", _jsonpath), "a value inside an object"),
    "count": CheckKind(Parsed("a selection and a matcher", _count), "how many objects there are"),
    "can": CheckKind(Parsed("as, verb, resource", _can), "what RBAC allows"),
    "command": CheckKind(Parsed("a command", _command), "a command on the learner's machine"),
    "file": CheckKind(Parsed("a file", _file), "a file of the workspace"),
    "cell": CheckKind(Parsed("a cell", _cell), "what became of a cell"),
    "answer": CheckKind(Parsed("a prompt and its answers", _answer), "a value the learner types"),
    "quiz": CheckKind(Parsed("questions", _quiz), "a share of questions answered rightly"),
    "confirm": CheckKind(Parsed("a statement", _confirm), "the learner's word"),
}
UNSUPPORTED_KINDS = ("event", "logs", "exec", "http", "tcp", "dns", "script")
GROUP_KINDS = ("all", "any", "none")
