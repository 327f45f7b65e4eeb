"""The tree a YAML text becomes: values that remember where they stand.

`plain` gives the same data without places, as JSON-like dicts, lists and scalars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrunner.content.problems import Place

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text begins: the file, the line of its first line, and how far each of its lines is indented there.

    `columns` matters for YAML inside markdown: a quiz in a list item or a quote starts right of column 1.
    """

    path: Path
    line: int = 1
    columns: tuple[int, ...] = ()

    def place(self, line: int = 0, column: int = 0) -> Place:
        """The place in the file of a 0-based line and column of the text."""
        indent = self.columns[line] if line < len(self.columns) else 0
        return Place(self.path, self.line + line, column + 1 + indent)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; `text` is what the author wrote, so that `0644` is still there where 644 was read."""

    value: Value
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; alias nodes may make several parents share one child."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: str
    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map with text keys, in the author's order."""

    entries: dict[str, Entry] = field(hash=False)
    place: Place

    def get(self, key: str) -> Node | None:
        """The value of a key, None when it is not there."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """The data alone. Depth is bounded by the reader, so recursion is safe."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(entry.value) for key, entry in node.entries.items()}


def describe(node: Node) -> str:
    """What a node is, in an author's words: "a list", "the number 5"."""
    if isinstance(node, Sequence):
        return "a list" if node.items else "an empty list"
    if isinstance(node, Mapping):
        return "a map" if node.entries else "an empty map"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return f"the truth value {node.text}"
    if isinstance(node.value, int | float):
        return f"the number {node.text[:40]}"
    shown = node.value if len(node.value) <= 40 else node.value[:37] + "…"
    return f"the text {shown!r}"
