"""Reading checks that ask running containers: logs and exec."""

from __future__ import annotations

from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import MATCHERS, ExecCheck, LogsCheck, Matcher
from labrunner.content.event_checks import SINCE
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    INVALID,
    TEXT,
    Field,
    Number,
    Parsed,
    Record,
    complete,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.local_checks import MATCHER
from labrunner.content.matchers import empty_assertion, inline_matcher
from labrunner.content.nodes import Node
from labrunner.content.targets import TARGET, TARGET_FIELDS, read_target, target_from

POD_OWNERS = (
    "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service", "ReplicationController"
)  # fmt: skip
"""Kinds that lead to pods: a pod itself, or by their selector."""

_MATCHER_WORDS = {word: Field(ANY, "see the matcher vocabulary") for word in MATCHERS}
_ON_PODS = {
    "on": Field(TARGET, "a pod, or what selects pods: deploy/web, sts/db, job/once, svc/web"),
    **TARGET_FIELDS,
}

LOGS = Record(
    "logs",
    {
        **_ON_PODS,
        "container": Field(TEXT, "which container; the pod's default one when left out"),
        "since": Field(SINCE, "only what was written in that time, or since the step was opened (step)"),
        "tail": Field(
            Number("a number of lines", whole=True, minimum=1), "only the last lines; 1000 when left out"
        ),
        "previous": Field(BOOLEAN, "the logs of the container before it restarted"),
        "value": Field(ANY, "the matcher on the text, when its words do not stand beside the other keys"),
        **_MATCHER_WORDS,
    },
)


def _words(node: Node, findings: Findings) -> Any:
    """A text is a line for the container's sh, a list is a program and its arguments."""
    if isinstance(node, nodes.Sequence):
        words = tuple(TEXT.read(item, findings) for item in node.items)
        if not words:
            return wrong_type(
                node, "a command", findings, "write a command line, or a list of a program and its arguments"
            )
        return INVALID if INVALID in words else words
    text = TEXT.read(node, findings)
    return INVALID if text is INVALID else ("sh", "-c", text)


EXEC = Record(
    "exec",
    {
        **_ON_PODS,
        "run": Field(
            Parsed("a command line, or a list of words", _words),
            "what to run: a line for the container's sh, or a list to run without a shell",
            required=True,
        ),
        "container": Field(TEXT, "in which container; the pod's default one when left out"),
        "exit": Field(MATCHER, "the exit code wanted; 0 when left out"),
        "stdout": Field(MATCHER, "a matcher on what it prints"),
        "stderr": Field(MATCHER, "a matcher on its errors"),
        "json": Field(MATCHER, "a matcher on its output read as JSON"),
    },
)


def pods_from(values: Any, node: Node, findings: Findings) -> Any:
    """The Target of a check that asks pods; INVALID after reporting one that leads to none."""
    return _leads_to_pods(target_from(values, node, findings), node, findings)


def read_pods(node: Node, findings: Findings) -> Any:
    """A Target that leads to pods."""
    return _leads_to_pods(read_target(node, findings), node, findings)


def _leads_to_pods(target: Any, node: Node, findings: Findings) -> Any:
    if target is INVALID:
        return INVALID
    if target.kind not in POD_OWNERS:
        remedy = "name a pod or what selects pods: pod/web, deploy/web, or {kind: Pod, labels: app=web}"
        findings.error(node.place, "bad-value", f"a {target.kind} leads to no pods", remedy)
        return INVALID
    if not target.name and (target.kind != "Pod" or not (target.labels or target.fields)):
        remedy = "add a name, or select pods by labels"
        findings.error(node.place, "missing-key", f"this names no {target.kind} and selects none", remedy)
        return INVALID
    if target.namespace == "*":
        findings.error(node.place, "bad-value", "pods are asked in one namespace", "name the namespace")
        return INVALID
    return target


PODS = Parsed("a pod, or what selects pods, such as deploy/web", read_pods)


def read_logs(node: Node, findings: Findings) -> Any:
    """A LogsCheck with the matcher among its keys or under `value`."""
    values = LOGS.read(node, findings)
    if values is INVALID or not isinstance(node, nodes.Mapping):
        return INVALID
    matcher = inline_matcher(node, findings)
    target = pods_from(values, node, findings)
    if matcher is None:
        return empty_assertion(
            node, findings, "this asserts nothing of the logs", "add contains: … or matches: …"
        )
    if INVALID in (matcher, target):
        return INVALID
    own = {key: values[key] for key in ("container", "since", "tail", "previous") if key in values}
    return LogsCheck(target, matcher, **own)


def read_exec(node: Node, findings: Findings) -> Any:
    """An ExecCheck."""
    values = EXEC.read(node, findings)
    if not complete(values, ("run",)):
        return INVALID
    target = pods_from(values, node, findings)
    if target is INVALID:
        return INVALID
    own = {key: values[key] for key in ("container", "stdout", "stderr", "json") if key in values}
    return ExecCheck(target, values["run"], exit=values.get("exit", Matcher("equals", 0)), **own)
