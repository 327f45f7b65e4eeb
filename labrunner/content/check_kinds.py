"""The table of check kinds: how each is read, and what it asserts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labrunner.content.event_checks import EVENT, read_event
from labrunner.content.fields import Parsed, Record, Type
from labrunner.content.local_checks import (
    ANSWER,
    CELL,
    COMMAND,
    CONFIRM,
    FILE,
    QUIZ,
    read_answer,
    read_cell,
    read_command,
    read_confirm,
    read_file,
    read_quiz,
)
from labrunner.content.network_checks import DNS, HTTP, TCP, read_dns, read_http, read_tcp
from labrunner.content.object_checks import (
    ABSENT,
    CAN,
    COUNT,
    JSONPATH,
    RESOURCE,
    WAIT,
    read_absent,
    read_can,
    read_count,
    read_jsonpath,
    read_ready,
    read_resource,
    read_wait,
)
from labrunner.content.pod_checks import EXEC, LOGS, read_exec, read_logs
from labrunner.content.script_checks import SCRIPT, read_script
from labrunner.content.targets import TARGET_RECORD


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind: how it is read, one line of documentation, its keys, and what a plain text in their place means."""

    type: Type
    doc: str
    record: Record
    plain: str = ""


KINDS: Mapping[str, CheckKind] = {
    "resource": CheckKind(
        Parsed("a partial object", read_resource),
        "a partial object is there",
        RESOURCE,
        "an object that must exist, such as deploy/web",
    ),
    "absent": CheckKind(
        Parsed("an object", read_absent),
        "an object, or every selected one, is gone",
        ABSENT,
        "an object that must be gone, such as deploy/web",
    ),
    "ready": CheckKind(
        Parsed("an object", read_ready),
        "the object is ready by the rules of its kind",
        TARGET_RECORD,
        "the object, such as deploy/web",
    ),
    "wait": CheckKind(Parsed("on and for", read_wait), "a condition, a JSONPath, creation or deletion", WAIT),
    "jsonpath": CheckKind(
        Parsed("an object, a path, a matcher", read_jsonpath), "a value inside an object", JSONPATH
    ),
    "count": CheckKind(Parsed("a selection and a matcher", read_count), "how many objects there are", COUNT),
    "can": CheckKind(Parsed("as, verb, resource", read_can), "what RBAC allows", CAN),
    "event": CheckKind(
        Parsed("an event", read_event),
        "the cluster has reported it about an object",
        EVENT,
        "the reason of an event that must have happened, such as Scheduled",
    ),
    "logs": CheckKind(
        Parsed("pods and a matcher", read_logs), "what the containers of some pods have written", LOGS
    ),
    "exec": CheckKind(
        Parsed("a pod and a command", read_exec),
        "a command in a pod; one that could not start is an error, never a pass or a failure",
        EXEC,
    ),
    "http": CheckKind(
        Parsed("a request", read_http),
        "an HTTP request, from the learner's machine or from a pod; repeated, it measures how traffic is split",
        HTTP,
        "the URL, which must answer with a status from 200 to 299",
    ),
    "tcp": CheckKind(
        Parsed("an address", read_tcp), "something takes connections", TCP, "the address, host:port"
    ),
    "dns": CheckKind(Parsed("a name", read_dns), "a name is known", DNS, "the name"),
    "command": CheckKind(
        Parsed("a command", read_command),
        "a command on the learner's machine",
        COMMAND,
        "the command line, which must exit with 0",
    ),
    "script": CheckKind(
        Parsed("a script", read_script),
        "a script of the pack exits with 0 on the learner's machine; else its `FAIL:` lines are shown, or its last line",
        SCRIPT,
        "the path of the script",
    ),
    "file": CheckKind(Parsed("a file", read_file), "a file of the workspace", FILE, "a path that must exist"),
    "cell": CheckKind(
        Parsed("a cell", read_cell), "what became of a cell", CELL, "the id of a cell that must have run"
    ),
    "answer": CheckKind(Parsed("a prompt and its answers", read_answer), "a value the learner types", ANSWER),
    "quiz": CheckKind(Parsed("questions", read_quiz), "a share of questions answered rightly", QUIZ),
    "confirm": CheckKind(Parsed("a statement", read_confirm), "the learner's word", CONFIRM, "the statement"),
}
GROUP_KINDS = ("all", "any", "none")
