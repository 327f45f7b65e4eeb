"""Paths inside volumes and on nodes."""

from __future__ import annotations

import posixpath

from labrunner.sim.errors import invalid_value
from labrunner.sim.validation.syntax import Errors


def no_backsteps(target: str, path: str) -> Errors:
    """A path without ``..`` elements."""
    return [invalid_value(path, target, "must not contain '..'")] if ".." in target.split("/") else []


def descending_path(target: str, path: str) -> Errors:
    """A relative path that stays below its root."""
    out = [invalid_value(path, target, "must be a relative path")] if posixpath.isabs(target) else []
    return out + no_backsteps(target, path)


def local_path(target: str, path: str) -> Errors:
    """A descending path whose name does not begin with two dots."""
    out = descending_path(target, path)
    if target.startswith("..") and not target.startswith("../"):
        out.append(invalid_value(path, target, "must not start with '..'"))
    return out
