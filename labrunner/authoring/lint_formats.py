"""Lint reports for other programs: SARIF 2.1.0 for code scanning, workflow commands for annotations on GitHub."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from labrunner import __version__
from labrunner.content.problems import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(problems: Sequence[Problem], root: Path) -> str:
    """One SARIF log with a run of ours. Paths below *root* are relative to it, as code scanning wants them."""
    rules = list(dict.fromkeys(problem.rule for problem in problems))
    run = {
        "tool": {
            "driver": {
                "name": "labrunner",
                "semanticVersion": __version__,
                "rules": [{"id": rule, "name": rule} for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules.index(problem.rule), root) for problem in problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, default=str) + "\n"


def _result(problem: Problem, rule: int, root: Path) -> dict[str, Any]:
    text = f"{problem.message}. {problem.remedy}" if problem.remedy else problem.message
    region = {"startLine": problem.place.line, "startColumn": problem.place.column}
    location = {"artifactLocation": {"uri": _uri(problem.place.path, root)}, "region": region}
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _uri(path: Path, root: Path) -> str:
    path, root = path.absolute(), root.absolute()
    return quote(path.relative_to(root).as_posix()) if path.is_relative_to(root) else path.as_uri()


def render_github(problems: Sequence[Problem], root: Path) -> str:
    """One workflow command a line: GitHub shows each beside its line of the change."""
    return "".join(_command(problem, root) for problem in problems)


def _command(problem: Problem, root: Path) -> str:
    path = problem.place.path.absolute()
    shown = (
        os.fspath(path.relative_to(root.absolute()))
        if path.is_relative_to(root.absolute())
        else os.fspath(path)
    )
    where = {
        "file": shown,
        "line": str(problem.place.line),
        "col": str(problem.place.column),
        "title": f"labrunner: {problem.rule}",
    }
    properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    text = f"{problem.message}\n{problem.remedy}" if problem.remedy else problem.message
    return f"::{problem.severity} {properties}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
