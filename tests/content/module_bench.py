"""A folder in which tests write a module and load it."""

from __future__ import annotations

from pathlib import Path

from labrunner.content.loading import Loaded, load_module
from labrunner.content.problems import Problem

FRONT = "---\nlab: 1\nid: lab\ntitle: A lab\n---\n"
"""Five lines, so that the body of a test module begins in line 6."""


class Workbench:
    """Writes one module and loads it; bytes and text both go to disk as they are."""

    def __init__(self, root: Path) -> None:
        self.pack = root / "pack"
        self.folder = self.pack / "modules" / "lab"
        self.folder.mkdir(parents=True)
        (self.pack / "checks").mkdir()

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(
        self, body: str | bytes = "## One\n\nText.\n", checks: str | None = None, front: str = FRONT
    ) -> Loaded:
        if isinstance(body, str):
            body = body.encode()
        self.write("modules/lab/module.md", front.encode() + body)
        if checks is not None:
            self.write("checks/lab.yaml", checks)
        return load_module(self.folder)


def spots(loaded: Loaded, severity: str = "error") -> list[tuple[str, int, int, str]]:
    """File name, line, column and rule of each problem."""
    return [
        (problem.place.path.name, problem.place.line, problem.place.column, problem.rule)
        for problem in loaded.problems
        if problem.severity == severity
    ]


def only(loaded: Loaded) -> Problem:
    """The one error there is."""
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    assert len(errors) == 1, [str(problem) for problem in errors]
    assert loaded.module is None
    return errors[0]
