"""A pack: the folder with `modules/`, `checks/` and `kind/`, and its catalogue."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrunner.content.catalogue import CatalogueEntry, read_catalogue
from labrunner.content.module_files import documents_of
from labrunner.content.paths import escape_reason
from labrunner.content.problems import Problem

if TYPE_CHECKING:
    from labrunner.content.loading import Loaded


@dataclass(frozen=True, slots=True)
class Programme:
    """An ordered way through modules; `minimum` are the scores (0 to 1) it asks, by module."""

    id: str
    title: str
    modules: tuple[str, ...] = ()
    minimum: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """An open pack. `path` is absolute; `problems` are those of `pack.yaml`."""

    path: Path
    title: str
    authors: tuple[str, ...] = ()
    programmes: tuple[Programme, ...] = ()
    problems: tuple[Problem, ...] = ()

    def folders(self) -> list[Path]:
        """The folders of its modules, by name."""
        try:
            names = sorted(os.listdir(self.path / "modules"))  # noqa: PTH208 - names only
        except OSError:
            return []
        folders = [self.path / "modules" / name for name in names if not name.startswith(".")]
        return [folder for folder in folders if documents_of(folder)]

    def folder(self, module_id: str) -> Path:
        """Where the module of that id is; KeyError when the pack has no such module."""
        folder = self.path / "modules" / module_id
        if escape_reason(module_id) or "/" in module_id or not documents_of(folder):
            raise KeyError(module_id)
        return folder

    def load(self, module_id: str) -> Loaded:
        """Read one module; KeyError when the pack has no such module."""
        from labrunner.content.loading import load_module

        return load_module(self.folder(module_id), pack=self.path)

    def catalogue(self, cache: Path | None = None) -> list[CatalogueEntry]:
        """One entry per module, in order of the folders. Unchanged modules come from the `cache` folder, unparsed."""
        return read_catalogue(self.path, self.folders(), cache)


def builtin_pack_path() -> Path:
    """The pack that comes with labrunner: the checkout's root, or the copy inside the installed package."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "pack"
    return installed if (installed / "modules").is_dir() else package.parent


def open_pack(path: Path) -> Pack:
    """Open a pack. A folder without modules is an empty pack; FileNotFoundError when there is no such folder."""
    path = path.absolute()
    if not path.is_dir():
        raise FileNotFoundError(f"there is no pack at {path}")
    if not (path / "pack.yaml").exists():
        return Pack(path, path.name)
    from labrunner.content.pack_file import read_pack_file

    values, problems = read_pack_file(path)
    title = values.get("title", path.name)
    return Pack(path, title, values.get("authors", ()), values.get("programmes", ()), problems)
