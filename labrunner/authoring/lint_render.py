"""Lint reports as text with a caret under each mistake, and as JSON."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from labrunner.content.problems import Place, Problem

JSON_VERSION = 1
_WORD = re.compile(r"[\w./-]+")
_WINDOW = 100
"""Characters of a long line that are shown around the mistake."""


def render_json(problems: Sequence[Problem], errors: int, warnings: int, modules: int) -> str:
    """One JSON object, with a line feed; paths are absolute."""
    listed = [
        {
            "path": os.fspath(problem.place.path),
            "line": problem.place.line,
            "column": problem.place.column,
            "severity": problem.severity,
            "rule": problem.rule,
            "message": problem.message,
            "remedy": problem.remedy,
        }
        for problem in problems
    ]
    report = {
        "version": JSON_VERSION,
        "errors": errors,
        "warnings": warnings,
        "modules": modules,
        "problems": listed,
    }
    return json.dumps(report, indent=2, ensure_ascii=False, default=str) + "\n"


def render_text(problems: Sequence[Problem], errors: int, warnings: int, modules: int) -> str:
    """One paragraph per problem, then the count."""
    sources = _Sources()
    here = Path.cwd()
    parts = [_paragraph(problem, sources, here) for problem in problems]
    parts.append(_summary(errors, warnings, modules))
    return "\n".join(parts)


def _paragraph(problem: Problem, sources: _Sources, here: Path) -> str:
    place = problem.place
    path = place.path.relative_to(here) if place.path.is_relative_to(here) else place.path
    lines = [
        _safe(f"{path}:{place.line}:{place.column}: {problem.severity}: {problem.message} [{problem.rule}]")
    ]
    shown = excerpt(sources.line(place), place.column)
    if shown:
        text, caret = shown
        number = str(place.line)
        lines.append(f"  {number} | {text}")
        lines.append(f"  {' ' * len(number)} | {caret}")
    if problem.remedy:
        lines.append(_safe(f"  → {problem.remedy}"))
    return "\n".join(lines) + "\n"


def excerpt(line: str | None, column: int) -> tuple[str, str] | None:
    """The part of a line around a column, and the line below it with a caret; None when there is nothing to show."""
    if line is None or not line.strip() or column > len(line) + 1:
        return None
    start = max(0, column - 1 - _WINDOW // 2) if len(line) > _WINDOW else 0
    text = line[start : start + _WINDOW]
    before = text[: column - 1 - start]
    word = _WORD.match(text, len(before))
    marked = word.group() if word else text[len(before) : len(before) + 1]
    lead = "…" if start else ""
    tail = "…" if start + _WINDOW < len(line) else ""
    caret = " " * (len(lead) + _width(_safe(before))) + "^" * max(1, _width(_safe(marked)))
    return f"{lead}{_safe(text)}{tail}", caret


def _safe(text: str) -> str:
    """Text that a terminal shows and does not obey; a tab takes one column, so that carets stand right."""
    return "".join(
        " " if char == "\t" else char if unicodedata.category(char) not in ("Cc", "Cs", "Cf") else "\ufffd"
        for char in text
    )


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _summary(errors: int, warnings: int, modules: int) -> str:
    where = f"{modules} module{'' if modules == 1 else 's'}"
    if not errors and not warnings:
        return f"{where}: no mistakes\n"
    counts = []
    if errors:
        counts.append(f"{errors} error{'' if errors == 1 else 's'}")
    if warnings:
        counts.append(f"{warnings} warning{'' if warnings == 1 else 's'}")
    return f"{where}: {', '.join(counts)}\n"


class _Sources:
    """Lines of the files problems are in, each file read once."""

    def __init__(self) -> None:
        self._files: dict[Path, list[str]] = {}

    def line(self, place: Place) -> str | None:
        """The line of a place, None when the file has none."""
        if place.path not in self._files:
            self._files[place.path] = _read_lines(place.path)
        lines = self._files[place.path]
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def _read_lines(path: Path) -> list[str]:
    try:
        if not path.is_file():
            return []
        with path.open("rb") as file:
            data = file.read(16 * 1024 * 1024)
    except OSError:
        return []
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
