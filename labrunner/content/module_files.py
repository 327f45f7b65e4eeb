"""Which files a module is made of, found without reading them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labrunner.content.problems import Place

if TYPE_CHECKING:
    from labrunner.content.findings import Findings

_NUMBERED = re.compile(r"\d+-.*\.md\Z", re.DOTALL)
MAX_ATTACHMENTS = 5000


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """The files of a module; `pack` is the resolved folder that none of them may leave, `base` is it as it was named."""

    folder: Path
    base: Path
    pack: Path
    documents: tuple[Path, ...]
    quiz: Path | None
    checks: Path | None
    attachments: tuple[Path, ...]


def pack_of(folder: Path) -> Path:
    """The pack a module's folder belongs to: two levels up from `modules/<id>`, else the folder itself."""
    return folder.parent.parent if folder.parent.name == "modules" else folder


def is_document(name: str) -> bool:
    """Whether a file of that name is read as a part of its module."""
    return name == "module.md" or _NUMBERED.match(name) is not None


def document_order(name: str) -> tuple[int, str]:
    """`module.md` first, then `NN-*.md` by number."""
    return (-1, name) if name == "module.md" else (int(name.split("-", 1)[0][:18]), name)


def documents_of(folder: Path) -> list[Path]:
    """The markdown files of a module, in reading order; empty when the folder is no module."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names only, a thousand folders at a time
    except OSError:
        return []
    return [folder / name for name in sorted(filter(is_document, names), key=document_order)]


def find_files(folder: Path, pack: Path | None, findings: Findings) -> ModuleFiles:
    """Look for the files of a module; a folder without documents is reported."""
    root = pack.absolute() if pack is not None else pack_of(folder)
    documents = tuple(documents_of(folder))
    if not documents:
        there = folder.is_dir()
        message = "this folder has no module.md" if there else "there is no such folder"
        findings.error(
            Place(folder), "no-module", message, "write a module.md with front matter, or NN-*.md files"
        )
    candidates = [
        path for path in (root / "checks" / f"{folder.name}.yaml", folder / "checks.yaml") if _there(path)
    ]
    if len(candidates) > 1:
        message = f"the module has its checks in {candidates[0]} as well"
        findings.error(Place(candidates[1]), "second-checks", message, "keep one of the two files")
    quiz = folder / "quiz.yaml"
    return ModuleFiles(
        folder=folder,
        base=root,
        pack=root.resolve(),
        documents=documents,
        quiz=quiz if _there(quiz) else None,
        checks=candidates[0] if candidates else None,
        attachments=tuple(attachments_of(folder, findings)),
    )


def attachments_of(folder: Path, findings: Findings | None = None) -> list[Path]:
    """Every file below `files/`, sorted; links to folders are listed, never followed."""
    found = list(_walk(folder / "files"))
    if len(found) > MAX_ATTACHMENTS and findings is not None:
        message = f"more than {MAX_ATTACHMENTS} files"
        findings.error(Place(folder / "files"), "too-large", message, "keep only what steps need")
    return sorted(found[:MAX_ATTACHMENTS])


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        yield from (here / name for name in names)
        yield from (here / name for name in folders if (here / name).is_symlink())


def _there(path: Path) -> bool:
    return os.path.lexists(path)
