"""The catalogue of a pack, from a cache where nothing changed: a thousand modules list without parsing one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrunner import __version__
from labrunner.content.module_files import is_document
from labrunner.content.problems import Place, Problem

if TYPE_CHECKING:
    from labrunner.content.models import Module

CACHE_FORMAT = 1
MAX_CACHED_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One module as the catalogue lists it.

    A module that does not parse has its folder's name as id and title, no counts, and its problems.
    `duration` is in seconds; `digest` is empty when the module does not parse.
    """

    id: str
    title: str
    folder: Path
    summary: str = ""
    level: str = "beginner"
    duration: float | None = None
    steps: int = 0
    checks: int = 0
    questions: int = 0
    digest: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the module can be opened."""
        return bool(self.digest)


def entry_of(module: Module, problems: tuple[Problem, ...] = ()) -> CatalogueEntry:
    """The entry of a loaded module."""
    return CatalogueEntry(
        id=module.id,
        title=module.title,
        folder=module.folder,
        summary=module.summary,
        level=module.level,
        duration=module.duration,
        steps=len(module.steps),
        checks=len(module.checks),
        questions=len(module.questions),
        digest=module.digest,
        problems=problems,
    )


def read_catalogue(pack: Path, folders: Sequence[Path], cache: Path | None) -> list[CatalogueEntry]:
    """The entries of `folders`. `cache` is a folder that may not exist yet; failing to use it costs only time."""
    file = cache / f"catalogue-{hashlib.sha256(os.fsencode(pack)).hexdigest()[:24]}.json" if cache else None
    cached = _read_cache(file) if file else {}
    shared, checks = _shared_stamp(pack), _checks_stamps(pack)
    entries, fresh = [], {}
    changed = False
    for folder in folders:
        stamp = _stamp(folder, checks.get(f"{folder.name}.yaml", ""), shared)
        known = cached.get(folder.name)
        entry = _decode(known, folder) if known and known.get("stamp") == stamp else None
        if entry is None:
            entry, changed = _load_entry(pack, folder), True
            known = {"stamp": stamp, **_encode(entry)}
        entries.append(entry)
        fresh[folder.name] = known
    if file and (changed or len(fresh) != len(cached)):
        _write_cache(file, fresh)
    return entries


def _load_entry(pack: Path, folder: Path) -> CatalogueEntry:
    from labrunner.content.loading import load_module

    loaded = load_module(folder, pack=pack)
    problems = loaded.problems[:MAX_CACHED_PROBLEMS]
    if loaded.module is None:
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        return CatalogueEntry(folder.name, folder.name, folder, problems=tuple(errors[:MAX_CACHED_PROBLEMS]))
    return entry_of(loaded.module, problems)


def _entry_stamp(entry: os.DirEntry[str]) -> str:
    try:
        info = entry.stat()
    except OSError:
        return f"{entry.name}:gone"
    return f"{entry.name}:{info.st_mtime_ns}:{info.st_size}:{info.st_ino}"


def _folder_stamp(folder: str, wanted: Callable[[str], bool], *, deep: bool = False) -> list[str]:
    """A line for each wanted file of a folder; with `deep`, for those of the folders below as well."""
    lines = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if deep and entry.is_dir(follow_symlinks=False):
                    lines.append(f"{entry.name}/")
                    lines += [f"{entry.name}/{line}" for line in _folder_stamp(entry.path, wanted, deep=True)]
                elif wanted(entry.name):
                    lines.append(_entry_stamp(entry))
    except OSError:
        return []
    return sorted(lines)


def _shared_stamp(pack: Path) -> str:
    """What all modules depend on: the kind profiles and the loader itself."""
    lines = [str(CACHE_FORMAT), __version__]
    for folder in (pack / "kind", Path(__file__).parent):
        lines += _folder_stamp(str(folder), lambda name: name.endswith((".py", ".yaml")))
    return _hash(lines)


def _checks_stamps(pack: Path) -> dict[str, str]:
    """The stamp of each checks file, by its name."""
    lines = _folder_stamp(str(pack / "checks"), lambda name: name.endswith(".yaml"))
    return {line.rsplit(":", 3)[0]: line for line in lines}


def _stamp(folder: Path, checks: str, shared: str) -> str:
    """Changes whenever a file of the module does."""
    own = _folder_stamp(str(folder), lambda name: name in _DATA_FILES or is_document(name))
    return _hash(
        [shared, checks, *own, "files", *_folder_stamp(f"{folder}/files", lambda _: True, deep=True)]
    )


def _hash(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


_DATA_FILES = ("quiz.yaml", "checks.yaml")
_PLAIN = ("id", "title", "summary", "level", "duration", "steps", "checks", "questions", "digest")


def _encode(entry: CatalogueEntry) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(entry, name) for name in _PLAIN}
    values["problems"] = [
        [str(p.place.path), p.place.line, p.place.column, p.rule, p.message, p.remedy, p.severity]
        for p in entry.problems
    ]
    return values


def _decode(values: dict[str, Any], folder: Path) -> CatalogueEntry | None:
    """The entry of a cache record, None when the record is not what this version writes."""
    try:
        problems = tuple(
            Problem(Place(Path(path), line, column), rule, message, remedy, severity)
            for path, line, column, rule, message, remedy, severity in values["problems"]
        )
        return CatalogueEntry(folder=folder, problems=problems, **{name: values[name] for name in _PLAIN})
    except (KeyError, TypeError, ValueError):
        return None


def _read_cache(file: Path) -> dict[str, dict[str, Any]]:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and all(isinstance(value, dict) for value in data.values()) else {}


def _write_cache(file: Path, entries: dict[str, Any]) -> None:
    """Replace the cache file whole, so that a reader never sees half of one; a full disk is no error."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(descriptor, "w") as out:
            json.dump(entries, out)
        Path(temporary).replace(file)
    except (OSError, ValueError):
        if temporary:
            Path(temporary).unlink(missing_ok=True)
