"""Reading checks of events: what the cluster has reported about its objects."""

from __future__ import annotations

from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import MATCHERS, EventCheck, Matcher
from labrunner.content.fields import ANY, DURATION, INVALID, TEXT, Choice, Field, Parsed, Record
from labrunner.content.findings import Findings
from labrunner.content.local_checks import MATCHER
from labrunner.content.matchers import empty_assertion, inline_matcher
from labrunner.content.nodes import Node
from labrunner.content.targets import TARGET, TARGET_FIELDS, target_from


def _since(node: Node, findings: Findings) -> Any:
    """Seconds, or the word `step`."""
    if isinstance(node, nodes.Scalar) and node.text == "step":
        return "step"
    return DURATION.read(node, findings)


SINCE = Parsed("a duration or step", _since)
_MATCHER_WORDS = {word: Field(ANY, "see the matcher vocabulary") for word in MATCHERS}

EVENT = Record(
    "event",
    {
        "on": Field(TARGET, "the object it is about, such as deploy/web; any in the namespace when left out"),
        **TARGET_FIELDS,
        "reason": Field(MATCHER, "a matcher on the reason, such as FailedScheduling"),
        "type": Field(Choice(("Normal", "Warning")), "only events of this type"),
        "since": Field(SINCE, "only what happened in that time, or since the step was opened (step)"),
        "count": Field(MATCHER, "a matcher on how often it happened in all; at least once when left out"),
        "message": Field(ANY, "a matcher on the message, when its words do not stand beside the other keys"),
        **_MATCHER_WORDS,
    },
)
_OF_TARGET = ("on", "kind", "name", "labels", "selector", "where", "metadata")


def read_event(node: Node, findings: Findings) -> Any:
    """An EventCheck; a plain text is the reason of an event that must have happened."""
    if isinstance(node, nodes.Scalar):
        reason = TEXT.read(node, findings)
        return INVALID if reason is INVALID else EventCheck(reason=Matcher("equals", reason))
    values = EVENT.read(node, findings)
    if values is INVALID or not isinstance(node, nodes.Mapping):
        return INVALID
    message = inline_matcher(node, findings, value_key="message")
    involved = None
    if any(key in node.entries for key in _OF_TARGET):
        involved = target_from(values, node, findings)
    if INVALID in (message, involved):
        return INVALID
    if message is None and not {"reason", "type", "count"} & values.keys():
        if not node.entries.keys() <= {*_OF_TARGET, "namespace", "cluster", "apiVersion", "since"}:
            return INVALID  # what was meant to be asserted is reported already
        what = "this asserts nothing: any event at all would do"
        return empty_assertion(
            node, findings, what, "add reason: …, type: Warning, or contains: … for the message"
        )
    return EventCheck(
        involved=involved,
        type=values.get("type"),
        reason=values.get("reason"),
        message=message,
        since=values.get("since"),
        count=values.get("count"),
        namespace=values.get("namespace") or (involved.namespace if involved else None),
        cluster=values.get("cluster") or (involved.cluster if involved else "main"),
    )
