"""The table of check kinds: how each is read, and what it asserts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labrunner.content.fields import Parsed, Type
from labrunner.content.local_checks import (
    read_answer,
    read_cell,
    read_command,
    read_confirm,
    read_file,
    read_quiz,
)
from labrunner.content.object_checks import (
    read_absent,
    read_can,
    read_count,
    read_jsonpath,
    read_ready,
    read_resource,
    read_wait,
)


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind: how it is read, and one line of documentation."""

    type: Type
    doc: str


KINDS: Mapping[str, CheckKind] = {
    "resource": CheckKind(Parsed("a partial object", read_resource), "a partial object is there"),
    "absent": CheckKind(Parsed("an object", read_absent), "an object, or every selected one, is gone"),
    "ready": CheckKind(Parsed("an object", read_ready), "the object is ready by the rules of its kind"),
    "wait": CheckKind(Parsed("on and for", read_wait), "a condition, a JSONPath, creation or deletion"),
    "jsonpath": CheckKind(Parsed("an object, a path, a matcher", read_jsonpath), "a value inside an object"),
    "count": CheckKind(Parsed("a selection and a matcher", read_count), "how many objects there are"),
    "can": CheckKind(Parsed("as, verb, resource", read_can), "what RBAC allows"),
    "command": CheckKind(Parsed("a command", read_command), "a command on the learner's machine"),
    "file": CheckKind(Parsed("a file", read_file), "a file of the workspace"),
    "cell": CheckKind(Parsed("a cell", read_cell), "what became of a cell"),
    "answer": CheckKind(Parsed("a prompt and its answers", read_answer), "a value the learner types"),
    "quiz": CheckKind(Parsed("questions", read_quiz), "a share of questions answered rightly"),
    "confirm": CheckKind(Parsed("a statement", read_confirm), "the learner's word"),
}
UNSUPPORTED_KINDS = ("event", "logs", "exec", "http", "tcp", "dns", "script")
GROUP_KINDS = ("all", "any", "none")
