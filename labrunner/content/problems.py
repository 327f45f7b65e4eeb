"""What is wrong with an author's file, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; `line` and `column` count from 1."""

    path: Path
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the place, a sentence saying what is wrong, and one saying the way out.

    `rule` is a stable kebab-case id such as `unknown-key`, for filters and machine output.
    """

    place: Place
    rule: str
    message: str
    remedy: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.place}: {self.severity}: {self.message}{remedy} [{self.rule}]"
