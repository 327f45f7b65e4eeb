"""`file`: a file of the workspace, its mode and its content. Never looks outside the workspace."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labrunner.content.checks_model import FileCheck
from labrunner.verify.finding import Finding, error, failing, passing
from labrunner.verify.matching import accepts, differences
from labrunner.verify.phrasing import phrase
from labrunner.verify.verdict import Difference
from labrunner.verify.world import World

SIZE_LIMIT = 1024 * 1024
"""Bytes of a file that are looked at."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Why a document could not be parsed."""

    reason: str


def file(check: FileCheck, world: World) -> Finding:
    root = world.context.workspace.resolve()
    try:
        path = (root / check.path).resolve()
        if not path.is_relative_to(root):
            return error(f"{check.path} lies outside the lab's workspace", conclusive=True)
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _missing(check)
    except (OSError, RuntimeError, ValueError) as problem:
        return error(f"{check.path} cannot be looked at: {problem}")
    if not check.exists:
        summary = f"{check.path} is there, wanted it not to be"
        return failing(summary, (Difference(check.path, "a file", "nothing"),))
    mode = f"{stat.S_IMODE(found.st_mode):04o}"
    if check.mode is not None and not _same_mode(check.mode, mode):
        summary = f"{check.path} has mode {mode}, wanted {check.mode}"
        return failing(summary, (Difference("mode", mode, check.mode),), {"exists": True, "mode": mode})
    if check.text is None and check.yaml is None and check.json is None:
        return passing(f"{check.path} is there", {"exists": True, "mode": mode})
    if not stat.S_ISREG(found.st_mode):
        return failing(f"{check.path} is not a file", (Difference(check.path, "no file", "a file"),))
    return _content(check, path, mode)


def _missing(check: FileCheck) -> Finding:
    if not check.exists:
        return passing(f"{check.path} is not there", {"exists": False})
    summary = f"there is no file {check.path} in the workspace"
    return failing(summary, (Difference(check.path, None, "a file"),), {"exists": False})


def _content(check: FileCheck, path: Path, mode: str) -> Finding:
    try:
        with path.open("rb") as opened:
            text = opened.read(SIZE_LIMIT).decode("utf-8", "replace")
    except OSError as problem:
        return failing(f"{check.path} cannot be read: {problem.strerror}")
    actual: dict[str, Any] = {"exists": True, "mode": mode, "text": text}
    if (
        check.text is not None
        and not accepts(check.text, text.rstrip("\n"))
        and not accepts(check.text, text)
    ):
        found = differences(check.text, text, "text")
        return failing(f"{check.path} holds {phrase(text)}, wanted {found[0].wanted}", found, actual)
    for name, matcher, parse in (
        ("yaml", check.yaml, _yaml_documents),
        ("json", check.json, _json_documents),
    ):
        if matcher is None:
            continue
        documents = parse(text)
        if isinstance(documents, _Unreadable):
            return failing(f"{check.path} is no valid {name.upper()}: {documents.reason}", (), actual)
        actual[name] = documents[0] if documents else None
        if any(accepts(matcher, document) for document in documents):
            continue
        found = min((differences(matcher, document) for document in documents or [None]), key=len)
        where = f"{check.path}: {found[0].path}" if found[0].path else check.path
        summary = f"{where} is {phrase(found[0].observed)}, wanted {found[0].wanted}"
        return failing(summary, found, actual)
    return passing(f"{check.path} is as wanted", actual)


def _same_mode(wanted: str, found: str) -> bool:
    try:
        return int(wanted, 8) == int(found, 8)
    except ValueError:
        return False


def _json_documents(text: str) -> list[Any] | _Unreadable:
    try:
        return [json.loads(text)]
    except RecursionError:
        return _Unreadable("it nests too deeply")
    except ValueError as problem:
        return _Unreadable(str(problem))


def _yaml_documents(text: str) -> list[Any] | _Unreadable:
    """Every document, read as kubectl reads YAML: dates stay text, merge keys and aliases are resolved."""
    import yaml

    loader = _loader()
    try:
        return [one for one in yaml.load_all(text, Loader=loader) if one is not None]
    except RecursionError:
        return _Unreadable("it nests too deeply")
    except (yaml.YAMLError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or str(problem).partition("\n")[0]
        return _Unreadable(f"{what} (line {mark.line + 1})" if mark else str(what))


def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("_TextDates", (base,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in base.yaml_implicit_resolvers.items()
    }
    return loader
