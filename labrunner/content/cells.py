"""Fences become cells: their attributes, their role, and the output expected of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from labrunner.content import nodes
from labrunner.content.fields import (
    BOOLEAN,
    DURATION,
    IDENTIFIER,
    INVALID,
    TEXT,
    VARIABLE,
    Field,
    Number,
    Parsed,
    Record,
    own_keys,
)
from labrunner.content.findings import Findings
from labrunner.content.info_string import Info
from labrunner.content.models import EMPTY, Cell, CellRole, FileWrite
from labrunner.content.nodes import Node
from labrunner.content.problems import Place
from labrunner.content.workspace_paths import WORKSPACE_PATH

SHELLS = ("sh", "bash", "shell", "zsh")
LIFECYCLE: tuple[CellRole, ...] = (
    "solve",
    "setup",
    "cleanup",
    "fault",
    "reset",
    "alternative",
    "superficial",
)
WAYS: tuple[CellRole, ...] = ("alternative", "superficial")
"""Cells that only `labrunner test` runs: another right way to do the step, or a wrong one that looks right."""


def _step_or_here(node: Node, findings: Findings) -> Any:
    """The step a lifecycle cell belongs to; True for the step it stands in."""
    if isinstance(node, nodes.Scalar) and node.value is True:
        return True
    return IDENTIFIER.read(node, findings)


_EXIT = Number("an exit code", whole=True, minimum=0, maximum=255)
CELL_FIELDS: dict[str, Field] = {
    "id": Field(IDENTIFIER, "its name in the module"),
    "cwd": Field(WORKSPACE_PATH, "where it runs, inside the workspace"),
    "timeout": Field(DURATION, "its limit"),
    "expect-exit": Field(_EXIT, "the exit code that counts as right"),
    "session": Field(IDENTIFIER, "a named shell tab"),
    "interrupt": Field(BOOLEAN, "Ctrl-C first"),
    "background": Field(BOOLEAN, "runs on, owned and stopped by the runner"),
    "ready": Field(TEXT, "when it counts as up, such as port:8080"),
    "run": Field(BOOLEAN, "false: only to read"),
    "file": Field(WORKSPACE_PATH, "writes this file of the workspace"),
    "append": Field(BOOLEAN, "adds to the file"),
    "replace": Field(BOOLEAN, "replaces the file"),
    "prompt": Field(VARIABLE, "asks for the value of this variable"),
    "from": Field(TEXT, "a command whose lines are offered"),
    "capture": Field(VARIABLE, "stdout into this variable"),
    "when": Field(TEXT, "only in that variant, such as access=kind"),
    "way": Field(IDENTIFIER, "joins several alternative or superficial cells to one way"),
    **{role: Field(Parsed("a step", _step_or_here), f"a {role} cell of that step") for role in LIFECYCLE},
}
CELL = Record(
    "a cell", CELL_FIELDS, aliases={"name": "id", "dir": "cwd", "exec": "run", "exit": "expect-exit"}
)
OUTPUT = Record(
    "an output block", {"of": Field(IDENTIFIER, "the cell it is the output of")}, aliases={"id": "of"}
)


@dataclass(slots=True)
class Fence:
    """A fenced block as it stands in a file: `place` its opening line, `source` its text."""

    info: Info
    source: str
    place: Place
    end_line: int
    columns: tuple[int, ...] = field(default=())


def read_cell(fence: Fence, step: str, ordinal: int, findings: Findings) -> Cell | None:
    """The cell of a fence; None when its attributes do not fit together, which is reported."""
    values = CELL.read(fence.info.attributes, findings)
    if values is INVALID:
        return None
    entries = fence.info.attributes.entries
    lifecycle = [role for role in LIFECYCLE if role in entries]
    if not _consistent(values, entries, lifecycle, fence, findings):
        return None
    role = _role(values, lifecycle, fence.info.language)
    belongs: Any = values.get(role, True) if lifecycle else True
    if belongs is not True:
        findings.refer("step", belongs, entries[role].value.place)
    if "when" in values:
        findings.refer("variant", values["when"], entries["when"].value.place)
    extra = own_keys(fence.info.attributes)
    return Cell(
        id=values.get("id", f"{step}-{ordinal}"),
        language=fence.info.language,
        source=fence.source,
        place=fence.place,
        end_line=fence.end_line,
        role=role,
        step=step if belongs is True else belongs,
        session=values.get("session", "main"),
        interrupt=values.get("interrupt", False),
        background=values.get("background", False),
        ready=values.get("ready"),
        cwd=values.get("cwd"),
        timeout=values.get("timeout"),
        expect_exit=values.get("expect-exit", 0),
        file=_file_write(values),
        prompt=values.get("prompt"),
        prompt_from=values.get("from"),
        capture=values.get("capture"),
        when=values.get("when"),
        way=values.get("way"),
        attributes=MappingProxyType(extra) if extra else EMPTY,
    )


def _role(values: dict[str, Any], lifecycle: list[CellRole], language: str) -> CellRole:
    if lifecycle:
        return lifecycle[0]
    if values.get("run") is False:
        return "read"
    if "file" in values:
        return "file"
    return "run" if language in SHELLS else "read"


def _file_write(values: dict[str, Any]) -> FileWrite | None:
    if "file" not in values:
        return None
    if values.get("append"):
        return FileWrite(values["file"], "append")
    return FileWrite(values["file"], "replace" if values.get("replace") else "write")


def _consistent(
    values: dict[str, Any],
    entries: dict[str, nodes.Entry],
    lifecycle: list[CellRole],
    fence: Fence,
    findings: Findings,
) -> bool:
    """Report attributes that contradict each other or mean nothing here."""

    def clash(key: str, message: str, remedy: str) -> None:
        findings.error(entries[key].place, "attribute-clash", message, remedy)

    before = len(findings.problems)
    shell = fence.info.language in SHELLS
    if len(lifecycle) > 1:
        clash(lifecycle[1], f"a cell is {lifecycle[0]} or {lifecycle[1]}, not both", "keep one of the two")
    for key in ("append", "replace"):
        if key in values and "file" not in entries:
            clash(key, f"'{key}' says how to write a file, and no file is named", "add file=PATH")
    if values.get("append") and values.get("replace"):
        clash("replace", "'append' and 'replace' exclude each other", "keep one of the two")
    if values.get("run") is True and not shell and "file" not in entries:
        clash("run", f"a cell in '{fence.info.language}' cannot run", "use bash as its language")
    if lifecycle and not shell and "file" not in entries:
        language = fence.info.language or "no language"
        clash(lifecycle[0], f"a {lifecycle[0]} cell in {language} cannot run", "use bash, or add file=PATH")
    if "way" in values and not any(role in entries for role in WAYS):
        clash("way", "'way' joins alternative or superficial cells, and this is neither", "drop it")
    if "ready" in values and not values.get("background"):
        clash("ready", "'ready' is for cells that run on in the background", "add background=true")
    if "from" in values and "prompt" not in entries:
        clash("from", "'from' offers values for a prompt, and none is asked for", "add prompt=NAME")
    if values.get("background") and "expect-exit" in values:
        clash("expect-exit", "a background cell has no exit code to wait for", "drop expect-exit")
    return len(findings.problems) == before
