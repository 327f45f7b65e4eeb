"""Katacoda's quiz lines → questions: `>>prompt<<`, then `(*)`, `[*]`, `===`, `=~=` and `=^=` lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labrunner.importing.draft import ModuleDraft

_PROMPT = re.compile(r"^\s*>>\s*(.+?)\s*<<\s*$")
_OPTION = re.compile(r"^\s*[(\[]\s*([*xX]?)\s*[)\]]\s+(.+?)\s*$")
_ANSWER = re.compile(r"^\s*(===|=~=|=\^=)\s*(.+?)\s*$")


@dataclass(slots=True)
class QuizReader:
    """Collects the lines of one question at a time."""

    module: ModuleDraft
    step: str
    tell: Callable[[int, str, str, str], None]
    prompt: str = ""
    line: int = 0
    options: list[dict[str, Any]] = field(default_factory=list)
    accept: list[str] = field(default_factory=list)

    def takes(self, line: str, number: int) -> bool:
        """Whether the line belongs to a question and is not to be shown."""
        if found := _PROMPT.match(line):
            self.end()
            self.prompt, self.line = found[1], number
            return True
        if not self.prompt:
            return False
        if found := _OPTION.match(line):
            self.options.append({"text": found[2], "correct": True} if found[1] else {"text": found[2]})
            return True
        if found := _ANSWER.match(line):
            self.accept.append(_accepted(found[1], found[2]))
            return True
        if line.strip():
            self.end()
            return False
        return True

    def end(self) -> None:
        """Keep the question that is complete."""
        prompt, self.prompt = self.prompt, ""
        options, self.options = self.options, []
        accept, self.accept = self.accept, []
        if not prompt:
            return
        question: dict[str, Any] = {
            "id": self.module.names.take("", "quiz"),
            "prompt": prompt,
            "step": self.step,
        }
        if accept:
            self.module.questions.append({**question, "kind": "short", "accept": accept})
        elif len(options) > 1 and any("correct" in option for option in options):
            self.module.questions.append({**question, "kind": "choice", "options": options})
        else:
            self.tell(self.line, "quiz question", "left out", "it names no right answer")
            return
        self.tell(self.line, "quiz question", "became", f"the question {question['id']}")


def _accepted(operator: str, text: str) -> str:
    """An answer as our questions accept it: literally, or as a /regex/."""
    if operator == "=~=":
        return f"/{re.escape(text)}/"
    if operator == "=^=":
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError):
            return f"/{re.escape(text)}/"
        return f"/{text}/"
    return f"/^{re.escape(text)}$/" if len(text) > 1 and text[0] == text[-1] == "/" else text
