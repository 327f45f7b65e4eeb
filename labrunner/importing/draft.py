"""A module while it is being imported, and its files as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labrunner.content.markdown import plain_text, slug
from labrunner.importing.texts import clean, repair_lines

_RUN = re.compile(r"^[ >\t]*(`{3,})", re.MULTILINE)
_TILDE_OR_TEXT = re.compile(r"[^\w+#.-]")


def fenced(language: str, source: str, attributes: str = "") -> str:
    """A fence that its text cannot close."""
    longest = max((len(found[1]) for found in _RUN.finditer(source)), default=0)
    ticks = "`" * max(3, longest + 1)
    info = f"{language} {{{attributes}}}" if attributes else language
    body = source.rstrip("\n")
    return f"{ticks}{info}\n{body}\n{ticks}" if body else f"{ticks}{info}\n{ticks}"


def title_of(text: str, otherwise: str) -> str:
    """A one-line title free of markup, never empty."""
    flat = " ".join(clean(plain_text(" ".join(text.split()))).split())[:200]
    return flat if any(char.isalnum() for char in flat) else otherwise


def escaped(title: str) -> str:
    """A title as heading text: nothing in it is markup."""
    return re.sub(r"([\\`*_\[\]<>#~&!|])", r"\\\1", title)


class Ids:
    """Hands out ids, each once."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, text: str, otherwise: str) -> str:
        """An id made of a text, with a number when it is taken."""
        name = (
            re.sub(r"[^a-z0-9-]+", "-", slug(text).encode("ascii", "ignore").decode())
            .strip("-")[:60]
            .strip("-")
        )
        name = name or otherwise
        if name not in self._taken:
            self._taken[name] = 1
            return name
        while True:
            self._taken[name] += 1
            numbered = f"{name}-{self._taken[name]}"
            if numbered not in self._taken:
                self._taken[numbered] = 1
                return numbered


@dataclass(slots=True)
class StepDraft:
    """A step: its text with cells, and what belongs to it. `path` and `line` are where it stood in the source."""

    title: str
    id: str
    body: str
    path: str
    line: int
    checks: list[str] = field(default_factory=list)
    needs: dict[str, str] = field(default_factory=dict)
    literal: bool = False

    def markdown(self) -> str:
        metadata: dict[str, Any] = {"id": self.id}
        if self.checks:
            metadata["checks"] = self.checks
        if self.needs:
            metadata["requires"] = self.needs
        listed = ", ".join(f"{key}: {_flow(value)}" for key, value in metadata.items())
        body = fenced("text", self.body) if self.literal else self.body
        if not body.strip():
            body = "Nothing is written here in the source."
        return f"## {escaped(self.title)}\n<!-- step: {{{listed}}} -->\n\n{body.strip(chr(10))}\n"


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return str(value)


@dataclass(slots=True)
class PhaseDraft:
    """A phase with its steps; `minutes` is what the source plans for it."""

    title: str
    steps: list[StepDraft] = field(default_factory=list)
    minutes: int | None = None


@dataclass(slots=True)
class ModuleDraft:
    """A module: front matter, phases, checks, questions, and files of its workspace with their permission to run."""

    id: str
    title: str
    summary: str = ""
    front: dict[str, Any] = field(default_factory=dict)
    phases: list[PhaseDraft] = field(default_factory=list)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, tuple[bytes, bool]] = field(default_factory=dict)
    step_ids: Ids = field(default_factory=Ids)
    names: Ids = field(default_factory=Ids)
    """For checks, questions and cells, which have to differ among their like."""

    @property
    def steps(self) -> list[StepDraft]:
        return [step for phase in self.phases for step in phase.steps]

    def markdown(self) -> tuple[str, list[tuple[int, StepDraft]]]:
        """The text of module.md, and for each step the line it begins at."""
        front = {"lab": 1, "id": self.id, "title": self.title, **self.front}
        if self.summary:
            front["summary"] = self.summary
        parts = [
            "---",
            *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()),
            "---",
            "",
        ]
        line = len(parts) + 1
        places = []
        ids = Ids()
        for number, phase in enumerate(self.phases, 1):
            metadata = {"id": ids.take(phase.title, f"phase-{number}")}
            if phase.minutes:
                metadata["duration"] = f"{phase.minutes}m"
            block = f"# {escaped(phase.title)}\n<!-- phase: {{{', '.join(f'{k}: {v}' for k, v in metadata.items())}}} -->\n"
            parts.append(block)
            line += block.count("\n") + 1
            for step in phase.steps:
                places.append((line, step))
                block = step.markdown()
                parts.append(block)
                line += block.count("\n") + 1
        return repair_lines("\n".join(parts).rstrip("\n") + "\n"), places

    def texts(self) -> dict[str, str]:
        """The YAML files beside module.md, by their path in the pack."""
        found = {}
        if self.checks:
            found[f"checks/{self.id}.yaml"] = yaml_text({"lab": 1, "checks": self.checks})
        if self.questions:
            found[f"modules/{self.id}/quiz.yaml"] = yaml_text({"lab": 1, "questions": self.questions})
        return found


def yaml_text(value: Mapping[str, Any]) -> str:
    """A value as YAML that reads the same in versions 1.1 and 1.2."""
    import yaml

    text = yaml.dump(dict(value), sort_keys=False, allow_unicode=True, width=110, Dumper=_dumper())
    if repair_lines(text) != text:
        text = yaml.dump(dict(value), sort_keys=False, allow_unicode=False, width=110, Dumper=_dumper())
    return str(text)


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes long texts as blocks, and no aliases."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as PyYAML has it
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        if "\n" in value:
            return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
        # YAML 1.2 knows 0o17 as a number, 1.1 does not: quoted, both see a text.
        style = '"' if value[:2] in ("0o", "0x") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
