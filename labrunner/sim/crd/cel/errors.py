"""What goes wrong with an expression: before it runs, and while it runs."""

from __future__ import annotations


class CelError(Exception):
    """An expression that fails while it runs: ``no such key: x``."""


class CompileError(Exception):
    """An expression that is wrong by itself. ``position`` counts characters from its start."""

    def __init__(self, text: str, position: int) -> None:
        super().__init__(text)
        self.text = text
        self.position = position

    def shown(self, source: str) -> str:
        """The complaint as CEL prints it: place, line and a mark below the column."""
        before = source[: self.position]
        line = before.count("\n")
        column = self.position - (before.rfind("\n") + 1)
        quoted = source.split("\n")[line]
        mark = "." * column + "^"
        return f"ERROR: <input>:{line + 1}:{column + 1}: {self.text}\n | {quoted}\n | {mark}"
