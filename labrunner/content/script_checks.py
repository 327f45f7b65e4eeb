"""Reading checks that run a script of the pack. Its file is found, and kept inside the pack, when the module loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labrunner.content import nodes
from labrunner.content.checks_model import ScriptCheck
from labrunner.content.fields import INVALID, TEXTS, Field, Parsed, Record, complete, wrong_type
from labrunner.content.findings import Findings, suggestion
from labrunner.content.nodes import Node
from labrunner.content.paths import escape_reason, stays_inside

_MOST_NAMES = 500


def _script(node: Node, findings: Findings) -> Any:
    """The path as written, and the file of the pack that it names."""
    if not isinstance(node, nodes.Scalar) or node.value is None or not node.text.strip():
        return wrong_type(node, "the path of a script", findings)
    reason = escape_reason(node.text)
    if reason:
        remedy = "write a path inside the pack, relative to the module's folder, such as files/verify.sh"
        findings.error(node.place, "escapes-pack", f"the path '{node.text[:80]}' {reason}", remedy)
        return INVALID
    for folder in findings.folders:
        path = folder / node.text
        if not _is_file(path):
            continue
        if not stays_inside(path, findings.folders[-1]):
            message = f"'{node.text[:80]}' is a link that leads out of the pack"
            findings.error(node.place, "escapes-pack", message, "put a copy into the pack")
            return INVALID
        return node.text, path.resolve()
    remedy = suggestion(node.text, _scripts_of(findings.folders), "put it below the module's files/")
    findings.error(node.place, "unresolved-script", f"the pack has no file '{node.text[:80]}'", remedy)
    return INVALID


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _scripts_of(folders: tuple[Path, ...]) -> list[str]:
    """The files that may have been meant, as they would be written."""
    if not folders:
        return []
    module = folders[0]
    found = sorted(path for path in (module / "files").rglob("*") if path.is_file())
    return [path.relative_to(module).as_posix() for path in found[:_MOST_NAMES]]


SCRIPT = Record(
    "script",
    {
        "path": Field(
            Parsed("the path of a script", _script),
            "its path from the module's folder, else from the pack's; run by its #! line, else by bash",
            required=True,
        ),
        "args": Field(TEXTS, "its arguments"),
    },
)


def read_script(node: Node, findings: Findings) -> Any:
    """A ScriptCheck; a plain text is the path."""
    if isinstance(node, nodes.Scalar):
        found = _script(node, findings)
        return INVALID if found is INVALID else ScriptCheck(found[0], found[1])
    values = SCRIPT.read(node, findings)
    if not complete(values, ("path",)):
        return INVALID
    path, file = values["path"]
    return ScriptCheck(path, file, values.get("args", ()))
