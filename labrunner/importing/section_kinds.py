"""Sections that are more than text: predictions, recall, checklists, teach-back, rubrics; and what a lab keeps itself."""

from __future__ import annotations

import re
from typing import Any

from labrunner.importing.account import Account
from labrunner.importing.draft import ModuleDraft, StepDraft, title_of
from labrunner.importing.folds import without_folds
from labrunner.importing.outline import Section
from labrunner.importing.segments import Fence, Prose

_LEFT_OUT = (
    (re.compile(r"progress tracker|progress update", re.IGNORECASE), "progress is computed from checks"),
    (
        re.compile(r"(?:repetition|review) schedule|spaced repetition", re.IGNORECASE),
        "due dates are computed by FSRS",
    ),
)
_PREDICT = re.compile(r"predict", re.IGNORECASE)
_TEACH = re.compile(r"teach[- ]?back|mini-lesson|explain it|reflection", re.IGNORECASE)
_RUBRIC = re.compile(r"rubric|self-assessment", re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,3})\s*sec", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?!\[[ xX]\])(.+)$")
_BOX = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s+(.+)$")
_HINT = re.compile(r"\s*\(hint:\s*(.+?)\)\s*$", re.IGNORECASE)
_QUESTION = re.compile(
    r"^\s*(?:#+\s*)?\*{0,2}(?:question|q)\s*(\d{1,3})\b[:.)]?\s*(.*?)\*{0,2}\s*$", re.IGNORECASE
)
_ANSWER = re.compile(
    r"^\s*(?:#+\s*)?\*{0,2}(?:answer|a)\s*(\d{1,3})\b\*{0,2}[:.)]?\*{0,2}\s*(.*)$", re.IGNORECASE
)
_END = re.compile(r"^\s*</details>|^\s*-{3,}\s*$|^\s*#{1,6}\s", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
MAX_TEXT = 6000


def left_out_because(section: Section) -> str | None:
    """Why a section does not become a step; None when it does."""
    return next((why for pattern, why in _LEFT_OUT if pattern.search(section.title)), None)


def after_section(section: Section, step: StepDraft, draft: ModuleDraft, account: Account) -> None:
    """Add the questions and checks that a section holds."""
    _checklist(section, step, draft, account)
    _recall(section, step, draft, account)
    if _PREDICT.search(section.title):
        _predictions(section, step, draft, account)
    for kind, pattern in (("teachback", _TEACH), ("rate", _RUBRIC)):
        if pattern.search(section.title):
            prompt = f"{title_of(section.title, kind)}\n\n{section.text().strip()[:MAX_TEXT]}".strip()
            add_question(draft, kind, prompt, step.id)
            account.became(step.path, section.line, kind, "a question, beside the text")


def add_question(draft: ModuleDraft, kind: str, prompt: str, step: str, **more: Any) -> str:
    """Add a question; its id."""
    name = draft.names.take("", kind)
    draft.questions.append({"id": name, "kind": kind, "prompt": prompt, "step": step, **more})
    return name


def add_confirm(draft: ModuleDraft, step: StepDraft, statement: str) -> str:
    """Add a check that is the learner's word; its id."""
    name = draft.names.take("", "confirm")
    draft.checks[name] = {"title": title_of(statement, "Done")[:120], "confirm": {"statement": statement}}
    step.checks.append(name)
    return name


def _checklist(section: Section, step: StepDraft, draft: ModuleDraft, account: Account) -> None:
    for segment in section.segments:
        if not isinstance(segment, Prose):
            continue
        for offset, line in enumerate(segment.lines):
            found = _BOX.match(line)
            if found and (statement := title_of(found[1], "")[:300]):
                name = add_confirm(draft, step, statement)
                account.became(
                    step.path,
                    segment.line + offset,
                    "checkbox",
                    f"{name}: the learner's word, until a check is written",
                )


def _predictions(section: Section, step: StepDraft, draft: ModuleDraft, account: Account) -> None:
    """Each question among the items of a prediction section."""
    seconds = _SECONDS.search(section.title)
    for segment in section.segments:
        if not isinstance(segment, Prose):
            continue
        for offset, line in enumerate(segment.lines):
            found = _ITEM.match(line)
            if not found or "?" not in found[1]:
                continue
            hint = _HINT.search(found[1])
            prompt = _HINT.sub("", found[1]).strip()
            if not prompt:
                continue
            more: dict[str, Any] = {"answer": "The lab shows it. Compare at the end of this phase."}
            if hint:
                more["hints"] = [hint[1]]
            if seconds and int(seconds[1]):
                more["seconds"] = int(seconds[1])
            name = add_question(draft, "predict", prompt, step.id, **more)
            account.became(step.path, segment.line + offset, "prediction", f"the question {name}")


def _recall(section: Section, step: StepDraft, draft: ModuleDraft, account: Account) -> None:
    """Numbered questions and the answers of the same numbers, wherever they stand in the section."""
    lines = _lines(section)
    questions, answers = _numbered(lines, _QUESTION), _numbered(lines, _ANSWER)
    paired = {number: found for number, found in questions.items() if found[1]}
    for number, (line, prompt) in paired.items():
        if number not in answers or not answers[number][1]:
            account.changed(step.path, line, "question without an answer", "it stays as text")
            continue
        name = add_question(draft, "recall", prompt, step.id, answer=answers[number][1])
        account.became(
            step.path, line, "recall question", f"the question {name}, with answer {number} of the key"
        )
    if paired and paired.keys() <= answers.keys() and answers.keys() <= questions.keys():
        kept = without_folds(section.segments, lambda text: _ANSWER.match(text) is not None)
        if kept != section.segments:
            account.changed(
                step.path,
                answers[min(answers)][0],
                "answer key",
                "locked: shown after an attempt",
            )
            section.segments = kept


def _lines(section: Section) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for segment in section.segments:
        if isinstance(segment, Prose):
            found += [(segment.line + offset, line) for offset, line in enumerate(segment.lines)]
        elif isinstance(segment, Fence):
            ticks = "````" if "```" in segment.source else "```"
            found += [
                (segment.line, line)
                for line in (f"{ticks}{segment.language}", *segment.source.split("\n")[:-1], ticks)
            ]
    return found


def _numbered(lines: list[tuple[int, str]], pattern: re.Pattern[str]) -> dict[int, tuple[int, str]]:
    """By number: the line and text of each item, which ends with the next item; the first of a number counts."""
    found: dict[int, tuple[int, list[str]]] = {}
    collecting: list[str] | None = None
    fenced = ""
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence:
            fenced = "" if fenced == fence[1] else fenced or fence[1]
        if not fenced and not fence:
            if begin := pattern.match(line):
                collecting = [begin[2].strip().strip("*")]
                if int(begin[1]) in found:
                    collecting = None
                else:
                    found[int(begin[1])] = (number, collecting)
                continue
            if _END.match(line) or _QUESTION.match(line) or _ANSWER.match(line):
                collecting = None
        if collecting is not None:
            collecting.append(line)
    return {key: (line, "\n".join(text).strip()[:MAX_TEXT].strip()) for key, (line, text) in found.items()}
