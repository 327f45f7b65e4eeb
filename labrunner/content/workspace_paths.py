"""Reading paths that authors name inside the workspace."""

from __future__ import annotations

from typing import Any

from labrunner.content import nodes
from labrunner.content.fields import INVALID, Parsed, wrong_type
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node
from labrunner.content.paths import escape_reason


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


WORKSPACE_PATH = Parsed("a path inside the workspace", read_workspace_path)
