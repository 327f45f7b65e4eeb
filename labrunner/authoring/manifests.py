"""The manifests in a module: files that cells write, here-documents that kubectl reads, and the module's own files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from labrunner.content.cells import SHELLS
from labrunner.content.models import Cell, Module
from labrunner.content.problems import Place

_YAML = (".yaml", ".yml")
_APPLIES = re.compile(
    r"\bkubectl\b[^|;]*\b(?:apply|create|replace)\b[^|;]*\s-f\s*-\B[^|;]*?<<-?\s*(['\"]?)(\w+)\1"
)
_SEPARATOR = re.compile(r"^---(?:\s.*)?$")
_UNFINISHED = re.compile(r"\{\{|<[A-Za-z][\w -]*>|\bYOUR[-_ ]", re.I)
"""A manifest that a learner is to complete is not one yet."""
_WRONG_ON_PURPOSE = ("fault", "superficial")
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """One YAML document that names a kind, and where it begins."""

    text: str
    place: Place
    api_version: str
    kind: str
    document: Any


def manifests(module: Module) -> Iterator[Manifest]:
    """Those that are meant to be right: nothing of faults, superficial fixes and commands that are to fail."""
    failing = "\n".join(cell.source for cell in module.cells() if cell.expect_exit)
    for cell in module.cells():
        if cell.role in _WRONG_ON_PURPOSE or cell.expect_exit:
            continue
        if cell.file is not None:
            whole = cell.file.mode == "write" and cell.file.path.endswith(_YAML)
            if whole and Path(cell.file.path).name not in failing:
                yield from _documents(cell.source, cell.place.path, cell.place.line)
        elif cell.language in SHELLS:
            for text, line in _here_documents(cell):
                yield from _documents(text, cell.place.path, cell.place.line + line)
    for path in _files(module.folder / "files"):
        if path.name not in failing:
            yield from _documents(path.read_text("utf-8", "replace"), path, 0)


def _files(folder: Path) -> Iterator[Path]:
    found = sorted(folder.rglob("*")) if folder.is_dir() else []
    for path in found:
        small = path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_BYTES
        if small and path.suffix in _YAML and path.name != "kustomization.yaml":
            yield path


def _here_documents(cell: Cell) -> Iterator[tuple[str, int]]:
    """The text of each here-document that kubectl reads as a manifest, and the line before it, counted in the cell."""
    lines = cell.source.split("\n")
    for number, line in enumerate(lines, 1):
        found = _APPLIES.search(line)
        if found is None:
            continue
        body = lines[number:]
        end = next((at for at, text in enumerate(body) if text.strip() == found[2]), len(body))
        text = "\n".join(body[:end])
        # Without quotes the shell fills in what only it knows.
        if found[1] or not re.search(r"[$`]", text):
            yield text, number


def _documents(text: str, path: Path, above: int) -> Iterator[Manifest]:
    """The documents of a YAML text whose first line is line `above` + 1 of the file."""
    start, lines = 0, text.split("\n")
    for number, line in enumerate([*lines, "---"]):
        if not _SEPARATOR.match(line):
            continue
        part = "\n".join(lines[start:number])
        found = _manifest(part, Place(path, above + start + 1))
        if found is not None:
            yield found
        start = number + 1


def _manifest(text: str, place: Place) -> Manifest | None:
    if not text.strip() or _UNFINISHED.search(text):
        return None
    try:
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    api_version, kind = document.get("apiVersion"), document.get("kind")
    if not (isinstance(api_version, str) and isinstance(kind, str)):
        return None
    return Manifest(text, place, api_version, kind, document)
