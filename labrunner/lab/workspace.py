"""The learner's working folder: `file=` cells write it, snapshots bring it back."""

from __future__ import annotations

import difflib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from labrunner.content.models import Cell, Module

SNAPSHOT_LIMIT = 64 * 1024 * 1024
"""Bytes of workspace that a step's snapshot may copy; larger ones are not kept."""


class OutsideWorkspaceError(ValueError):
    """A path leads out of the workspace."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a `file=` cell would do to a file: `diff` is a unified diff, empty when nothing would change."""

    path: Path
    before: str | None
    after: str
    diff: str


class Workspace:
    """One lab's folder, and the copies of it that belong to steps."""

    def __init__(self, folder: Path, snapshots: Path) -> None:
        self.folder = folder
        self._snapshots = snapshots

    def prepare(self, module: Module) -> None:
        """Create it, with a copy of the module's `files/` when it is new."""
        if self.folder.exists():
            return
        files = module.folder / "files"
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        if files.is_dir():
            shutil.copytree(files, fresh, symlinks=False)
        else:
            fresh.mkdir()
        fresh.rename(self.folder)

    def path(self, relative: str) -> Path:
        """The absolute path of a workspace file; OutsideWorkspaceError when it leads elsewhere, by `..` or a link."""
        path = (self.folder / relative).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise OutsideWorkspaceError(f"{relative} leads out of the lab's workspace")
        return path

    def change(self, cell: Cell) -> FileChange:
        """What running a `file=` cell would change."""
        assert cell.file is not None
        path = self.path(cell.file.path)
        before = path.read_text("utf-8", errors="replace") if path.is_file() else None
        text = cell.source if cell.source.endswith("\n") else cell.source + "\n"
        after = (before or "") + text if cell.file.mode == "append" else text
        diff = difflib.unified_diff(
            (before or "").splitlines(),
            after.splitlines(),
            cell.file.path if before is not None else "(new file)",
            cell.file.path,
            lineterm="",
        )
        return FileChange(path, before, after, "\n".join(diff))

    def write(self, change: FileChange) -> None:
        """Write atomically: a killed process leaves the old file or the new one, never half of one."""
        change.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = change.path.with_name(f".{change.path.name}.labrunner")
        fresh.write_text(change.after, "utf-8")
        fresh.replace(change.path)

    def snapshot(self, name: str) -> bool:
        """Keep a copy under `name`; False when the workspace is too large to keep."""
        if _size(self.folder) > SNAPSHOT_LIMIT:
            return False
        fresh, kept = self._snapshots / f"{name}.new", self._snapshots / name
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self.folder, fresh, symlinks=True)
        shutil.rmtree(kept, ignore_errors=True)
        fresh.rename(kept)
        return True

    def has_snapshot(self, name: str) -> bool:
        return (self._snapshots / name).is_dir()

    def restore(self, name: str) -> bool:
        """Bring the copy back, keeping the folder itself (shells stand in it); False where there is none."""
        kept = self._snapshots / name
        if not kept.is_dir():
            return False
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        shutil.copytree(kept, self.folder, symlinks=True, dirs_exist_ok=True)
        return True

    def forget(self, name: str) -> None:
        """Remove one snapshot, so that the next arrival keeps a new one."""
        shutil.rmtree(self._snapshots / name, ignore_errors=True)

    def discard(self) -> None:
        """Remove the folder and every snapshot."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self._snapshots, ignore_errors=True)


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - os.walk gives strings
    return total
