"""Reading checks of the learner's side: command, file, cell, answer, quiz, confirm."""

from __future__ import annotations

import re
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import (
    AnswerCheck,
    CellCheck,
    CommandCheck,
    ConfirmCheck,
    FileCheck,
    Matcher,
    QuizCheck,
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
    complete,
)
from labrunner.content.findings import Findings
from labrunner.content.matchers import empty_assertion, inline_matcher, read_matcher
from labrunner.content.nodes import Node
from labrunner.content.workspace_paths import WORKSPACE_PATH

MATCHER = Parsed("a matcher", read_matcher)


def _octal(text: str) -> str | None:
    """`0644`, `644` or `0o644` as "0644"."""
    found = re.fullmatch(r"(?:0o?)?([0-7]{3,4})", text)
    return found[1].zfill(4) if found else None


COMMAND = Record(
    "command",
    {
        "run": Field(TEXT, "the command line", required=True),
        "exit": Field(MATCHER, "the exit code wanted; 0 when left out"),
        "stdout": Field(MATCHER, "a matcher on what it prints"),
        "stderr": Field(MATCHER, "a matcher on its errors"),
        "json": Field(MATCHER, "a matcher on its output read as JSON"),
    },
)
FILE = Record(
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
CELL = Record(
    "cell",
    {
        "id": Field(TEXT, "the cell's id", required=True),
        "exit": Field(MATCHER, "a matcher on its exit code"),
        "output": Field(MATCHER, "a matcher on its output, or the word expected"),
        "background": Field(Choice(("alive",)), "its process must be running"),
    },
)
ANSWER = Record(
    "answer",
    {
        "prompt": Field(TEXT, "what the learner is asked", required=True),
        "accept": Field(TEXTS, "right answers, literally or as /regex/"),
        "command": Field(TEXT, "a command whose first line is the right answer"),
    },
)
QUIZ = Record(
    "quiz",
    {
        "questions": Field(TEXTS, "ids of the questions", required=True),
        "minimum": Field(Number("a share from 0 to 1", minimum=0, maximum=1), "the share that must be right"),
    },
)
CONFIRM = Record("confirm", {"statement": Field(TEXT, "what the learner attests", required=True)})


def read_command(node: Node, findings: Findings) -> Any:
    """A CommandCheck; a plain text is the command."""
    if isinstance(node, nodes.Scalar):
        text = TEXT.read(node, findings)
        return INVALID if text is INVALID else CommandCheck(text)
    values = COMMAND.read(node, findings)
    return CommandCheck(**values) if complete(values, ("run",)) else INVALID


def read_file(node: Node, findings: Findings) -> Any:
    """A FileCheck; a plain text is the path of a file that must exist."""
    if isinstance(node, nodes.Scalar):
        path = WORKSPACE_PATH.read(node, findings)
        return INVALID if path is INVALID else FileCheck(path)
    values = FILE.read(node, findings)
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


def read_cell(node: Node, findings: Findings) -> Any:
    """A CellCheck; a plain text is the id of a cell that must have run."""
    if isinstance(node, nodes.Scalar):
        name = IDENTIFIER.read(node, findings)
        if name is INVALID:
            return INVALID
        findings.refer("cell", name, node.place)
        return CellCheck(name)
    values = CELL.read(node, findings)
    if not complete(values, ("id",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    findings.refer("cell", values["id"], node.entries["id"].value.place)
    output = values.get("output")
    if output == Matcher("equals", "expected"):
        output = "expected"
    return CellCheck(values["id"], values.get("exit"), output, values.get("background"))


def read_answer(node: Node, findings: Findings) -> Any:
    """An AnswerCheck with literal answers or a command that gives them."""
    values = ANSWER.read(node, findings)
    if not complete(values, ("prompt",)):
        return INVALID
    if not values.get("accept") and "command" not in values:
        return empty_assertion(node, findings, "no answer would be right", "add accept: [...] or command: …")
    return AnswerCheck(values["prompt"], values.get("accept", ()), values.get("command"))


def read_quiz(node: Node, findings: Findings) -> Any:
    """A QuizCheck; its questions are resolved when the module is read."""
    values = QUIZ.read(node, findings)
    if not complete(values, ("questions",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    listed = node.entries["questions"].value
    for item in listed.items if isinstance(listed, nodes.Sequence) else (listed,):
        if isinstance(item, nodes.Scalar):
            findings.refer("question", item.text, item.place)
    if not values["questions"]:
        return empty_assertion(node, findings, "this names no question", "list the ids of the questions")
    return QuizCheck(values["questions"], values.get("minimum", 1.0))


def read_confirm(node: Node, findings: Findings) -> Any:
    """A ConfirmCheck; a plain text is the statement."""
    if isinstance(node, nodes.Scalar):
        text = TEXT.read(node, findings)
        return INVALID if text is INVALID else ConfirmCheck(text)
    values = CONFIRM.read(node, findings)
    return ConfirmCheck(values["statement"]) if complete(values, ("statement",)) else INVALID
