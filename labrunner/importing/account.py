"""The account of an import: what every construct of the source became, or why it was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Fate = Literal["became", "changed", "left out"]


class ImportRefusedError(Exception):
    """A source cannot become a pack: why, and the way out. `usage` marks what is wrong with the command itself."""

    def __init__(self, message: str, remedy: str = "", *, usage: bool = False) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Entry:
    """One construct: where it stood (path relative to the source, line from 1), what it was, what came of it."""

    path: str
    line: int
    construct: str
    fate: Fate
    detail: str


@dataclass(slots=True)
class Account:
    """Everything an import has to say."""

    source: Path
    entries: list[Entry] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    warnings: int = 0

    def became(self, path: str, line: int, construct: str, detail: str) -> None:
        self.entries.append(Entry(path, line, construct, "became", detail))

    def changed(self, path: str, line: int, construct: str, detail: str) -> None:
        self.entries.append(Entry(path, line, construct, "changed", detail))

    def left_out(self, path: str, line: int, construct: str, why: str) -> None:
        self.entries.append(Entry(path, line, construct, "left out", why))

    def counts(self) -> dict[str, int]:
        """How many entries there are of each fate."""
        counted = Counter(entry.fate for entry in self.entries)
        return {fate: counted[fate] for fate in ("became", "changed", "left out")}

    def as_json(self, output: Path) -> dict[str, object]:
        """The account as data."""
        return {
            "version": 1,
            "source": str(self.source),
            "output": str(output),
            "modules": self.modules,
            "warnings": self.warnings,
            "counts": self.counts(),
            "entries": [
                {"path": e.path, "line": e.line, "construct": e.construct, "fate": e.fate, "detail": e.detail}
                for e in self.entries
            ],
        }

    def as_text(self, output: Path) -> str:
        """A short summary for the terminal, what was left out by kind."""
        counts = self.counts()
        modules = f"{len(self.modules)} module{'' if len(self.modules) == 1 else 's'}"
        lines = [f"imported {modules} into {output}: " + ", ".join(self.modules[:5])]
        if len(self.modules) > 5:
            lines[0] += f" and {len(self.modules) - 5} more"
        listed = ", ".join(f"{number} {fate}" for fate, number in counts.items())
        lines.append(f"constructs: {listed}; lint: no errors, {self.warnings} warnings")
        for fate in ("changed", "left out"):
            kinds = Counter(entry.construct for entry in self.entries if entry.fate == fate)
            lines += [f"  {fate}: {kind} ({number})" for kind, number in kinds.most_common(8)]
        lines.append(f"the whole account: {output / 'IMPORT.md'}")
        lines.append(f"Its scripts are not trusted: read them, then `labrunner trust {output}`.")
        return "\n".join(lines) + "\n"

    def as_markdown(self) -> str:
        """The import report: one table per fate, in the order of the source."""
        parts = [
            f"# Import of {_cell(self.source.name)}\n",
            f"Modules: {', '.join(self.modules)}. The pack loads, and lint finds no errors "
            f"({self.warnings} warnings; see `labrunner lint`).\n",
            "Scripts that came along are not trusted until `labrunner trust`; without that they do not run by themselves.\n",
        ]
        for fate, title in (("left out", "Left out"), ("changed", "Changed"), ("became", "Became")):
            chosen = [entry for entry in self.entries if entry.fate == fate]
            if not chosen:
                continue
            parts.append(f"## {title} ({len(chosen)})\n")
            parts.append("| where | construct | what came of it |\n|---|---|---|")
            parts += [
                f"| {_cell(f'{e.path}:{e.line}')} | {_cell(e.construct)} | {_cell(e.detail)} |"
                for e in chosen
            ]
            parts.append("")
        return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    """A text that stays inside its table cell."""
    flat = " ".join(text.split())[:300]
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
