"""Reading questions: ```quiz fences of a step and `quiz.yaml` of a module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks import VERSION
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    DURATION,
    IDENTIFIER,
    INVALID,
    NUMBER,
    TEXT,
    TEXTS,
    Choice,
    Field,
    ListOf,
    Number,
    Parsed,
    Record,
    Text,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node
from labrunner.content.questions_model import Option, Question

BLANK = re.compile(r"_{3,}")
"""A gap of a cloze prompt: three or more underscores."""

OPTION = Record(
    "an option",
    {
        "text": Field(TEXT, "what is offered", required=True),
        "correct": Field(BOOLEAN, "true for a right answer"),
        "why": Field(TEXT, "shown after the attempt"),
    },
    aliases={"answer": "text", "explain": "why", "right": "correct"},
)


def _option(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        text = TEXT.read(node, findings)
        return INVALID if text is INVALID else Option(text)
    values = OPTION.read(node, findings)
    return INVALID if values is INVALID or "text" not in values else Option(**values)


def _pairs(node: Node, findings: Findings) -> Any:
    """A map, or a list of two-item lists."""
    if isinstance(node, nodes.Mapping):
        pairs = [(key, TEXT.read(entry.value, findings)) for key, entry in node.entries.items()]
        return tuple(pair for pair in pairs if pair[1] is not INVALID)
    if not isinstance(node, nodes.Sequence):
        return wrong_type(node, "pairs", findings, "write {left: right, …} or [[left, right], …]")
    found = []
    for item in node.items:
        if not isinstance(item, nodes.Sequence) or len(item.items) != 2:
            wrong_type(item, "a pair", findings, "write [left, right]")
            continue
        left, right = (TEXT.read(side, findings) for side in item.items)
        if left is not INVALID and right is not INVALID:
            found.append((left, right))
    return tuple(found)


def _accept(node: Node, findings: Findings) -> Any:
    """Right answers: literal, or `/regex/`, which must compile."""
    texts = TEXTS.read(node, findings)
    if texts is INVALID:
        return INVALID
    for item in node.items if isinstance(node, nodes.Sequence) else (node,):
        if isinstance(item, nodes.Scalar) and len(item.text) > 1 and item.text[0] == item.text[-1] == "/":
            try:
                re.compile(item.text[1:-1])
            except (re.error, OverflowError, RecursionError) as error:
                message = f"the regular expression does not compile: {error}"
                findings.error(item.place, "bad-pattern", message, "use Python's syntax, in single quotes")
                return INVALID
    return texts


def _blanks(node: Node, findings: Findings) -> Any:
    """For each gap its accepted answers: a text, or a list of texts."""
    return ListOf(Parsed("accepted answers", _accept), single=True).read(node, findings)


_MARKDOWN = Text("a markdown text")
_ACCEPT = Parsed("right answers", _accept)
QUESTION_FIELDS: Mapping[str, Field] = {
    "id": Field(IDENTIFIER, "its identity, kept when the wording changes", required=True),
    "kind": Field(ANY, "the kind", required=True),
    "prompt": Field(_MARKDOWN, "the question", required=True),
    "options": Field(ListOf(Parsed("an option", _option), minimum=2), "what is offered"),
    "accept": Field(_ACCEPT, "right answers, literally or as /regex/"),
    "value": Field(NUMBER, "the right number"),
    "tolerance": Field(Number("a number from 0 on", minimum=0), "how far off still counts"),
    "items": Field(ListOf(TEXT, minimum=2), "the items in the right order"),
    "pairs": Field(Parsed("pairs", _pairs), "what belongs together"),
    "blanks": Field(Parsed("accepted answers for each gap", _blanks), "accepted answers for each ___"),
    "answer": Field(_MARKDOWN, "the model answer"),
    "rubric": Field(TEXTS, "what a good answer names"),
    "explain": Field(_MARKDOWN, "shown after the attempt"),
    "hints": Field(TEXTS, "hints in order"),
    "seconds": Field(DURATION, "time to think"),
    "objective": Field(TEXT, "the objective it belongs to"),
    "cell": Field(TEXT, "the cell it is asked before"),
    "step": Field(TEXT, "the step it is shown in (quiz.yaml only)"),
}
COMMON = ("id", "kind", "prompt", "explain", "hints", "seconds", "objective", "answer", "step")


@dataclass(frozen=True, slots=True)
class QuestionKindFields:
    """What a kind takes beside the common keys, and of which it needs at least one."""

    takes: tuple[str, ...]
    needs: tuple[str, ...]


KINDS: Mapping[str, QuestionKindFields] = {
    "choice": QuestionKindFields(("options",), ("options",)),
    "short": QuestionKindFields(("accept",), ("accept",)),
    "number": QuestionKindFields(("value", "tolerance"), ("value",)),
    "order": QuestionKindFields(("items",), ("items",)),
    "match": QuestionKindFields(("pairs",), ("pairs",)),
    "cloze": QuestionKindFields(("blanks",), ("blanks",)),
    "command": QuestionKindFields(("accept", "cell"), ("accept",)),
    "predict": QuestionKindFields(
        ("options", "accept", "cell", "rubric"), ("options", "accept", "answer", "cell")
    ),
    "trace": QuestionKindFields(("accept", "cell"), ("cell", "answer", "accept")),
    "recall": QuestionKindFields(("rubric",), ("answer",)),
    "rate": QuestionKindFields(("rubric",), ()),
    "teachback": QuestionKindFields(("rubric",), ()),
}
_KIND = Choice(tuple(KINDS))
_RECORDS = {
    kind: Record(
        f"a {kind} question",
        {key: value for key, value in QUESTION_FIELDS.items() if key in COMMON or key in spec.takes},
        aliases={
            "question": "prompt",
            "name": "id",
            "type": "kind",
            "answers": "accept",
            "explanation": "explain",
        },
    )
    for kind, spec in KINDS.items()
}


def read_questions(root: Node, findings: Findings, step: str | None = None) -> list[Question]:
    """The questions of a fence: one map, or a list of maps."""
    found = []
    for node in root.items if isinstance(root, nodes.Sequence) else (root,):
        question = _question(node, findings, step)
        if question is not None:
            found.append(question)
    return found


def read_quiz_file(root: Node, findings: Findings) -> list[Question]:
    """The questions of `quiz.yaml`: a list, or a map with `lab: 1` and `questions:`."""
    if isinstance(root, nodes.Mapping):
        if QUIZ_FILE.read(root, findings) is INVALID:
            return []
        listed = root.get("questions")
        if not isinstance(listed, nodes.Sequence):
            if listed is not None:
                wrong_type(listed, "a list of questions", findings)
            return []
        root = listed
    if not isinstance(root, nodes.Sequence):
        wrong_type(root, "a list of questions", findings)
        return []
    return read_questions(root, findings)


QUIZ_FILE = Record(
    "quiz.yaml", {"lab": VERSION, "questions": Field(ANY, "a list of questions", required=True)}
)


def _question(node: Node, findings: Findings, step: str | None) -> Question | None:
    if not isinstance(node, nodes.Mapping):
        wrong_type(node, "a question", findings, "write a map with id, kind and prompt")
        return None
    id_node = node.get("id")
    if isinstance(id_node, nodes.Scalar):
        findings.define("question", id_node.text)
    kind_node = node.get("kind")
    kind: Any = _KIND.read(kind_node, findings) if kind_node is not None else INVALID
    if kind is INVALID:
        if kind_node is None:
            remedy = f"add kind: {_KIND.name}"
            findings.error(node.place, "missing-key", "a question has no 'kind'", remedy)
        return None
    values = _RECORDS[kind].read(node, findings)
    if values is INVALID or not all(key in values for key in ("id", "prompt")):
        return None
    if not _answerable(kind, values, node, findings):
        return None
    if "cell" in values:
        findings.refer("cell", values["cell"], node.entries["cell"].value.place)
    if "step" in values:
        findings.refer("step", values["step"], node.entries["step"].value.place)
        step = step or values["step"]
    given = {key: value for key, value in values.items() if key not in ("step", "kind")}
    if "value" in given:
        given["value"] = float(given["value"])
    return Question(kind=kind, place=node.place, step=step, **given)


def _answerable(kind: str, values: dict[str, Any], node: nodes.Mapping, findings: Findings) -> bool:
    """Whether some answer can be right; reports why not."""
    needs = KINDS[kind].needs
    if needs and not any(key in values for key in needs):
        if not any(key in node.entries for key in needs):
            message = f"this {kind} question says no right answer"
            findings.error(node.place, "missing-key", message, f"add {' or '.join(needs)}")
        return False
    if kind == "choice" and not any(option.correct for option in values["options"]):
        place = node.entries["options"].value.place
        findings.error(
            place, "no-right-answer", "none of the options is right", "mark one with correct: true"
        )
        return False
    if kind == "cloze":
        gaps = len(BLANK.findall(values["prompt"]))
        if gaps != len(values["blanks"]):
            message = f"the prompt has {gaps} gaps and 'blanks' answers {len(values['blanks'])}"
            place = node.entries["blanks"].value.place
            findings.error(
                place, "blanks-mismatch", message, "write ___ for each gap and one answer for each"
            )
            return False
    if kind == "match" and len(values["pairs"]) < 2:
        findings.error(node.place, "too-few", "there is nothing to choose from", "give at least two pairs")
        return False
    return True
