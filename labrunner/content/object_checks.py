"""Reading checks of API objects: resource, absent, ready, wait, jsonpath, count, can."""

from __future__ import annotations

import re
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import (
    MATCHERS,
    AbsentCheck,
    CanCheck,
    CountCheck,
    JsonPathCheck,
    ReadyCheck,
    ResourceCheck,
    WaitCheck,
)
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    INVALID,
    TEXT,
    TEXTS,
    Choice,
    Field,
    Record,
    complete,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.matchers import empty_assertion, inline_matcher, read_partial
from labrunner.content.nodes import Node
from labrunner.content.targets import METADATA, TARGET, TARGET_FIELDS, read_target, target_from

_MATCHER_WORDS = {word: Field(ANY, "see the matcher vocabulary") for word in MATCHERS}
_VALUE = {
    "value": Field(ANY, "the matcher, when its words do not stand beside the other keys"),
    **_MATCHER_WORDS,
}
_ON = {"on": Field(TARGET, "the object, such as deploy/web")}
_WAIT_FOR = re.compile(r"condition=[A-Za-z0-9./-]+(?:=\S+)?|jsonpath=\S.*|create|delete")


_RESOURCE_SELECTION = {
    **{key: value for key, value in TARGET_FIELDS.items() if key != "metadata"},
    "quantifier": Field(Choice(("any", "all", "none")), "how many of the selected objects must match"),
}
RESOURCE = Record("resource", _RESOURCE_SELECTION)
ABSENT = Record(
    "absent", {**TARGET_FIELDS, "baseline": Field(Choice(("present",)), "pass only after it has been seen")}
)
WAIT = Record("wait", {**_ON, "for": Field(TEXT, "condition=…, jsonpath=…, create or delete", required=True)})
JSONPATH = Record(
    "jsonpath", {**_ON, **TARGET_FIELDS, "path": Field(TEXT, "kubectl's JSONPath", required=True), **_VALUE}
)
COUNT = Record("count", {**_ON, **TARGET_FIELDS, **_VALUE})
CAN = Record(
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


def read_resource(node: Node, findings: Findings) -> Any:
    """A ResourceCheck: identity and selection apart from what is asserted of the object."""
    if isinstance(node, nodes.Scalar):
        target = read_target(node, findings)
        return INVALID if target is INVALID else ResourceCheck(target, {})
    if not isinstance(node, nodes.Mapping):
        return wrong_type(node, "a partial object", findings, "write {kind: …, metadata: {name: …}, spec: …}")
    chosen = nodes.Mapping({k: e for k, e in node.entries.items() if k in _RESOURCE_SELECTION}, node.place)
    rest = {k: e for k, e in node.entries.items() if k not in _RESOURCE_SELECTION and k != "metadata"}
    expected = {key: read_partial(entry.value, findings) for key, entry in rest.items()}
    values = RESOURCE.read(chosen, findings)
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
        return empty_assertion(
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


def read_absent(node: Node, findings: Findings) -> Any:
    """An AbsentCheck; a kind alone is allowed, it means that there is none at all."""
    if not isinstance(node, nodes.Mapping):
        target = read_target(node, findings)
        return INVALID if target is INVALID else AbsentCheck(target)
    values = ABSENT.read(node, findings)
    target = target_from(values, node, findings)
    return INVALID if target is INVALID else AbsentCheck(target, values.get("baseline"))


def read_ready(node: Node, findings: Findings) -> Any:
    """A ReadyCheck on a named or selected object."""
    target = _selects(read_target(node, findings), node, findings)
    return INVALID if target is INVALID else ReadyCheck(target)


def read_wait(node: Node, findings: Findings) -> Any:
    """A WaitCheck; `for` is a condition, a JSONPath, create or delete."""
    values = WAIT.read(node, findings)
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
        return empty_assertion(node, findings, f"this {record.name} asserts nothing of the value", remedy)
    return INVALID if INVALID in (target, matcher) else (values, target, matcher)


def read_jsonpath(node: Node, findings: Findings) -> Any:
    """A JsonPathCheck with the matcher among its keys or under `value`."""
    read = _with_matcher(JSONPATH, node, findings, "say what it must be, such as equals: 3 or exists: true")
    if read is INVALID or "path" not in read[0]:
        return INVALID
    values, target, matcher = read
    return JsonPathCheck(target, values["path"], matcher)


def read_count(node: Node, findings: Findings) -> Any:
    """A CountCheck with the matcher among its keys or under `value`."""
    read = _with_matcher(COUNT, node, findings, "say how many, such as equals: 3 or ge: 1")
    return INVALID if read is INVALID else CountCheck(read[1], read[2])


def read_can(node: Node, findings: Findings) -> Any:
    """A CanCheck."""
    values = CAN.read(node, findings)
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
