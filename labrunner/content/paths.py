"""Paths that authors name: they stay inside the workspace and inside the pack."""

from __future__ import annotations

from pathlib import Path, PurePosixPath


def escape_reason(text: str) -> str | None:
    """Why a path would leave the folder it is meant for; None when it stays inside."""
    if "\0" in text or "\n" in text:
        return "holds a character no path can have"
    if text.startswith(("/", "~")) or "\\" in text or text[1:2] == ":":
        return "is not relative"
    if ".." in PurePosixPath(text).parts:
        return "climbs out with .."
    return None


def stays_inside(path: Path, root: Path) -> bool:
    """Whether a path, symbolic links followed, lies in `root` (which must be resolved); False when it cannot be told."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False
