"""Paths that authors name: they stay inside the workspace and inside the pack."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from labrunner.content import nodes
from labrunner.content.fields import INVALID, Parsed, wrong_type
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node


def escape_reason(text: str) -> str | None:
    """Why a path would leave the folder it is meant for; None when it stays inside."""
    if "\0" in text or "\n" in text:
        return "holds a character no path can have"
    if text.startswith(("/", "~")) or "\\" in text or text[1:2] == ":":
        return "is not relative"
    if ".." in PurePosixPath(text).parts:
        return "climbs out with .."
    return None


def read_workspace_path(node: Node, findings: Findings) -> Any:
    """A relative path that stays inside the learner's workspace."""
    if not isinstance(node, nodes.Scalar) or node.value is None or not node.text.strip():
        return wrong_type(node, "a path", findings)
    reason = escape_reason(node.text)
    if reason:
        message = f"the path '{node.text[:80]}' {reason}"
        findings.error(
            node.place,
            "escapes-workspace",
            message,
            "write a path relative to the workspace, such as a/b.yaml",
        )
        return INVALID
    return node.text


def stays_inside(path: Path, root: Path) -> bool:
    """Whether a path, symbolic links followed, lies in `root` (which must be resolved); False when it cannot be told."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False


WORKSPACE_PATH = Parsed("a path inside the workspace", read_workspace_path)
