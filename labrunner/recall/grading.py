"""Grading: what a learner typed against what a question accepts. Pure functions.

The typed form of an answer is one string for every kind, so that line mode, the app and tests share it:
choice → option numbers `1,3`; order → numbers of the presented items in the learner's order; match → for each
left side the number of a presented right side; cloze → one line per blank; everything else → the text itself.
"""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass

from labrunner.content.questions_model import Question
from labrunner.recall.presentation import presented, right_numbers

SELF_GRADED = frozenset({"recall", "rate", "teachback", "trace"})
"""Kinds the learner grades against the model answer."""


@dataclass(frozen=True, slots=True)
class Grade:
    """`correct` is None where only the learner can tell (`SELF_GRADED`, a predict without options)."""

    correct: bool | None
    feedback: str = ""


class AnswerFormError(ValueError):
    """The answer is not of the question's form; the text says what is."""


def is_self_graded(question: Question) -> bool:
    """Whether the learner compares with the model answer instead of being graded."""
    return question.kind in SELF_GRADED or (
        question.kind == "predict" and not (question.options or question.accept)
    )


def grade(question: Question, answer: str) -> Grade:
    """Grade `answer`; AnswerFormError when it is empty or not of the form the kind takes."""
    text = answer.strip()
    if not text:
        raise AnswerFormError("type an answer first: trying is what makes it stick")
    if question.options:
        return _grade_choice(question, text)
    if is_self_graded(question):
        return Grade(None, question.answer)
    match question.kind:
        case "number":
            return Grade(_number_matches(question, text), question.explain)
        case "order":
            return _grade_placing(question, text, question.items)
        case "match":
            return _grade_placing(
                question, text, tuple(f"{left} → {right}" for left, right in question.pairs)
            )
        case "cloze":
            return _grade_cloze(question, text)
        case "command":
            return Grade(any(_same_command(text, wanted) for wanted in question.accept), question.explain)
        case _:
            return Grade(any(accepts(wanted, text) for wanted in question.accept), question.explain)


def accepts(wanted: str, text: str) -> bool:
    """Whether `text` is the literal `wanted` (case and blanks aside), or matches it when it is `/regex/`."""
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        return re.fullmatch(wanted[1:-1], text.strip(), re.IGNORECASE) is not None
    return " ".join(wanted.split()).casefold() == " ".join(text.split()).casefold()


def _grade_choice(question: Question, text: str) -> Grade:
    chosen = set(_numbers(text, len(question.options)))
    right = {number for number, option in enumerate(question.options, 1) if option.correct}
    whys = [question.options[number - 1].why for number in sorted(chosen) if question.options[number - 1].why]
    return Grade(chosen == right, "\n".join(whys) or question.explain)


def _grade_placing(question: Question, text: str, right: tuple[str, ...]) -> Grade:
    given = _numbers(text, len(presented(question)))
    if len(given) != len(right):
        raise AnswerFormError(
            f"give {len(right)} numbers, such as {','.join(str(n) for n in range(1, len(right) + 1))}"
        )
    return Grade(given == right_numbers(question), question.explain or "\n".join(right))


def _grade_cloze(question: Question, text: str) -> Grade:
    given = [line.strip() for line in text.splitlines()]
    if len(given) != len(question.blanks):
        raise AnswerFormError(f"fill all {len(question.blanks)} blanks, one per line")
    wrong = [
        f"blank {number}: {blank[0]}"
        for number, (line, blank) in enumerate(zip(given, question.blanks, strict=True), 1)
        if not any(accepts(wanted, line) for wanted in blank)
    ]
    return Grade(not wrong, "\n".join(wrong) or question.explain)


def _numbers(text: str, highest: int) -> list[int]:
    """`1,3` or `1 3` → [1, 3]."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    allowed = {str(number): number for number in range(1, highest + 1)}
    if not parts or any(part not in allowed for part in parts):
        raise AnswerFormError(f"answer with numbers from 1 to {highest}, such as 1 or 1,2")
    return [allowed[part] for part in parts]


def _number_matches(question: Question, text: str) -> bool:
    try:
        given = float(text.replace("_", "").replace(" ", ""))
    except ValueError:
        given = math.nan
    if not math.isfinite(given):
        raise AnswerFormError("answer with a number")
    # The bounds belong to the range, and 2.6 - 2.5 is a little more than 0.1 in binary.
    slack = 1e-9 * max(abs(given), question.tolerance)
    return question.value is not None and abs(given - question.value) <= question.tolerance + slack


_ALIASES = {
    "k": "kubectl", "po": "pods", "pod": "pods", "deploy": "deployments", "deployment": "deployments", "svc": "services",
    "service": "services", "ns": "namespaces", "namespace": "namespaces", "cm": "configmaps", "configmap": "configmaps",
    "sa": "serviceaccounts", "serviceaccount": "serviceaccounts", "rs": "replicasets", "replicaset": "replicasets",
    "no": "nodes", "node": "nodes", "secret": "secrets", "job": "jobs", "role": "roles", "rolebinding": "rolebindings",
}  # fmt: skip
_LONG_FLAGS = {
    "-n": "--namespace",
    "-l": "--selector",
    "-o": "--output",
    "-f": "--filename",
    "-A": "--all-namespaces",
}
_SWITCHES = frozenset({"--all-namespaces", "--watch", "--recursive", "--force", "--show-labels", "--all"})


def _same_command(given: str, wanted: str) -> bool:
    """Equal in meaning: flag order, `--flag=v` against `--flag v`, short flags and resource aliases do not matter."""
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        return accepts(wanted, given)
    try:
        return _parsed_command(given) == _parsed_command(wanted)
    except ValueError:
        return False


def _parsed_command(text: str) -> tuple[tuple[str, ...], frozenset[tuple[str, str]]]:
    words = shlex.split(text)
    positional: list[str] = []
    flags: set[tuple[str, str]] = set()
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if word == "--":
            positional += ["--", *words[index:]]
            break
        if not word.startswith("-"):
            kind, slash, name = word.partition("/")
            positional += (
                [_ALIASES.get(kind, kind), name] if slash and kind in _ALIASES else [_ALIASES.get(word, word)]
            )
            continue
        name, equals, value = word.partition("=")
        name = _LONG_FLAGS.get(name, name)
        if not equals and name not in _SWITCHES and index < len(words) and not words[index].startswith("-"):
            value = words[index]
            index += 1
        flags.add((name, value))
    return tuple(positional), frozenset(flags)
