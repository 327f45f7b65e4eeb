"""Folders of scenarios, in the order that their structure.json or pathway file gives."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrunner.importing.account import Account, ImportRefusedError
from labrunner.importing.draft import Ids, ModuleDraft, title_of
from labrunner.importing.loose_json import LooseJsonError, loads
from labrunner.importing.scenario import ScenarioReader
from labrunner.importing.texts import clean, inside, read_text

MAX_SCENARIOS = 500
MAX_FOLDERS = 20_000
_SKIPPED = ("node_modules", "assets", "__pycache__", "vendor")


@dataclass(slots=True)
class Course:
    """Scenario folders in order, each with what the course says of it, and the course's title."""

    title: str = ""
    folders: dict[Path, dict[str, Any]] = field(default_factory=dict)


def find_scenarios(root: Path, account: Account) -> Course:
    """Every folder below `root` (resolved) that holds an index.json; those a course lists come first, in its order."""
    course = Course()
    present = _walk(root)
    known = {folder.resolve() for folder in present}
    for folder in sorted(
        {root, *(parent for found in present for parent in found.parents if parent.is_relative_to(root))}
    ):
        for file in _structure_files(folder):
            _read_structure(file, folder, root, known, course, account)
    for folder in present:
        if folder not in course.folders:
            course.folders[folder] = {}
    if len(course.folders) > MAX_SCENARIOS:
        account.left_out(
            ".", 1, "scenarios", f"only the first {MAX_SCENARIOS} of {len(course.folders)} were read"
        )
        course.folders = dict(list(course.folders.items())[:MAX_SCENARIOS])
    return course


def import_scenarios(root: Path, account: Account) -> tuple[list[ModuleDraft], str]:
    """The modules of every scenario, and the course's title. Raises ImportRefusedError when none can be read."""
    course = find_scenarios(root, account)
    if not course.folders:
        raise ImportRefusedError(
            f"{root} is no scenario: neither it nor a folder in it has an index.json",
            "Give a folder with index.json or structure.json, or a .md file.",
        )
    ids = Ids()
    drafts: list[ModuleDraft] = []
    refused: list[ImportRefusedError] = []
    for folder, said in course.folders.items():
        name = folder.relative_to(root).as_posix() if folder != root else folder.name
        draft = ModuleDraft(ids.take(name, "scenario"), folder.name)
        try:
            drafts.append(ScenarioReader(root, folder, account, draft).read(said))
        except ImportRefusedError as error:
            refused.append(error)
            account.left_out(f"{name}/index.json", 1, "scenario", str(error))
    if not drafts:
        raise refused[0]
    return drafts, course.title


def _walk(root: Path) -> list[Path]:
    found: list[Path] = []
    for seen, (parent, folders, names) in enumerate(os.walk(root)):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        if len(Path(parent).relative_to(root).parts) >= 6 or seen > MAX_FOLDERS:
            folders.clear()
        if "index.json" in names:
            found.append(Path(parent))
    return found


def _structure_files(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError:
        return []
    return [folder / name for name in names if name == "structure.json" or name.endswith("-pathway.json")]


def _read_structure(
    file: Path, folder: Path, root: Path, known: set[Path], course: Course, account: Account
) -> None:
    """Add what a structure.json or a pathway file lists."""
    name = file.relative_to(root).as_posix()
    path = inside(root, folder, file.name)
    text = read_text(path, name, account) if path is not None else None
    if text is None:
        account.left_out(name, 1, "course file", "it cannot be read")
        return
    try:
        value, _ = loads(text)
    except LooseJsonError as error:
        account.left_out(
            name, error.line, "course file", f"this is no JSON: {error}; folders are taken in their order"
        )
        return
    if not isinstance(value, dict):
        account.left_out(name, 1, "course file", "it holds no JSON object")
        return
    if not course.title and isinstance(value.get("title"), str):
        course.title = title_of(clean(value["title"]), "")
    # Katacoda puts the courses of NAME-pathway.json into the folder NAME.
    bases = (
        [folder]
        if file.name == "structure.json"
        else [folder / file.name.removesuffix("-pathway.json"), folder]
    )
    for key in ("items", "courses", "scenarios"):
        listed = value.get(key)
        for item in listed if isinstance(listed, list) else ():
            _item(item, bases, root, known, course, account, name)


def _item(
    item: Any, bases: list[Path], root: Path, known: set[Path], course: Course, account: Account, name: str
) -> None:
    if isinstance(item, str):
        item = {"path": item}
    if not isinstance(item, dict):
        account.left_out(name, 1, "course item", "it names no folder")
        return
    wanted = next(
        (item[key] for key in ("path", "course_id", "id", "scenario") if isinstance(item.get(key), str)), ""
    )
    paths = [path for base in bases if (path := inside(root, base, wanted)) is not None]
    chosen = next((path for path in paths if path in known), None)
    if chosen is not None:
        course.folders.setdefault(chosen, {key: item[key] for key in ("title", "description") if key in item})
        account.became(name, 1, f"course item {wanted[:60]}", "a module of the programme")
    elif not any(folder.is_relative_to(path) for path in paths for folder in known):
        account.left_out(
            name, 1, f"course item {wanted[:60]}", "the source has no such folder with a scenario"
        )
    nested = item.get("items")
    for below in nested if isinstance(nested, list) else ():
        _item(below, paths or bases, root, known, course, account, name)
