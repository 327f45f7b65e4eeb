"""Sources written to a folder, and what an import makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.authoring.lint import lint
from labrunner.content.models import Module, Step
from labrunner.content.pack import open_pack
from labrunner.importing.account import Account, Entry
from labrunner.importing.recognition import import_source


@dataclass(frozen=True)
class Imported:
    """An import that succeeded: its pack loads, and lints without errors."""

    account: Account
    output: Path

    def module(self, module_id: str | None = None) -> Module:
        pack = open_pack(self.output)
        loaded = pack.load(module_id or self.account.modules[0])
        assert loaded.module is not None, loaded.problems
        return loaded.module

    def step(self, step_id: str) -> Step:
        return self.module().step(step_id)

    def told(self, construct: str, fate: str | None = None) -> list[Entry]:
        """Entries of the account whose construct holds a text."""
        return [
            entry
            for entry in self.account.entries
            if construct in entry.construct and fate in (None, entry.fate)
        ]


Tree = Mapping[str, "str | bytes | dict[str, Any]"]
Importer = Callable[[Tree | str], Imported]


def write_tree(folder: Path, tree: Tree) -> None:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))


def proven(source: Path, output: Path) -> Imported:
    """Import, and hold the promise every import makes."""
    account = import_source(source, output)
    report = lint([output])
    assert not [str(problem) for problem in report.problems if problem.severity == "error"]
    assert report.modules == len(account.modules) > 0
    assert (output / "IMPORT.md").read_text().startswith("# Import of")
    return Imported(account, output)


def scenario(steps: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """A scenario of one text file per step, without intro and finish."""
    files: dict[str, Any] = dict(steps)
    listed = [{"title": name.removesuffix(".md"), "text": name} for name in steps]
    files["index.json"] = {"title": "Try it", "details": {"steps": listed}, **more}
    return files
