"""Reading `pack.yaml`: title, authors, programmes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labrunner.content import nodes
from labrunner.content.fields import ANY, INVALID, TEXT, TEXTS, Field, MapOf, Parsed, Record
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node, Origin
from labrunner.content.pack import Programme
from labrunner.content.problems import Problem
from labrunner.content.source_text import read_source
from labrunner.content.yaml12 import read_yaml


def read_pack_file(pack: Path) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The values of `pack.yaml` that could be read, and what is wrong with the others."""
    findings = Findings()
    file = pack / "pack.yaml"
    source = read_source(file, pack.resolve(), findings)
    values: Any = INVALID
    if source is not None:
        node, problems = read_yaml(source.text, Origin(file))
        findings.extend(problems)
        if node is not None:
            values = PACK.read(node, findings)
    return ({} if values is INVALID else values), tuple(findings.problems)


def _programmes(node: Node, findings: Findings) -> Any:
    """A map of programmes by id, or a list of them with `id`; read loosely, keys of later versions pass."""
    if isinstance(node, nodes.Mapping):
        listed = [(key, entry.value) for key, entry in node.entries.items()]
    elif isinstance(node, nodes.Sequence):
        listed = [(f"programme-{number}", item) for number, item in enumerate(node.items, 1)]
    else:
        findings.error(node.place, "wrong-type", "programmes are a map or a list", "write each under its id")
        return INVALID
    found = []
    for name, item in listed:
        values: dict[str, Any] = {}
        if isinstance(item, nodes.Mapping):
            kept = {key: entry for key, entry in item.entries.items() if key in PROGRAMME.fields}
            values = PROGRAMME.read(nodes.Mapping(kept, item.place), findings)
        elif isinstance(item, nodes.Sequence):
            values = {"modules": TEXTS.read(item, findings)}
        modules = values.get("modules") or ()
        minimum = tuple(
            (key, float(value))
            for key, value in values.get("minimum", {}).items()
            if isinstance(value, int | float)
        )
        found.append(Programme(values.get("id", name), values.get("title", name), modules, minimum))
    return tuple(found)


PROGRAMME = Record(
    "a programme",
    {
        "id": Field(TEXT, "its id"),
        "title": Field(TEXT, "its title"),
        "modules": Field(TEXTS, "modules in order"),
        "minimum": Field(MapOf(ANY), "scores asked, by module"),
    },
)
PACK = Record(
    "pack.yaml",
    {
        "lab": Field(ANY, "the format version, 1"),
        "title": Field(TEXT, "the pack's title"),
        "authors": Field(TEXTS, "who wrote it"),
        "programmes": Field(Parsed("programmes", _programmes), "ordered modules with minimum scores"),
        "exams": Field(ANY, "exams, by id"),
    },
)
