"""Assets of a scenario → files of the workspace."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from labrunner.content.paths import escape_reason
from labrunner.importing.account import Account
from labrunner.importing.draft import ModuleDraft
from labrunner.importing.texts import MAX_ASSET, inside, read_bytes

_HOME = re.compile(r"^(?:~|/root|\$HOME|\$\{HOME\}|/home/[\w.-]+)(?:/|$)")
MAX_FILES = 2000
MAX_TOTAL = 128 * 1024 * 1024


@dataclass(slots=True)
class AssetCopier:
    """Copies what `details.assets` names from the scenario's `assets/` folder."""

    root: Path
    folder: Path
    account: Account
    draft: ModuleDraft
    index: str
    total: int = 0

    def copy(self, assets: Any) -> None:
        """All assets: a map of hosts to lists."""
        if assets is None:
            return
        if not isinstance(assets, dict):
            self.account.left_out(self.index, 1, "details.assets", "it is no map of hosts")
            return
        for host, listed in assets.items():
            for entry in listed if isinstance(listed, list) else [listed]:
                if isinstance(entry, str):
                    entry = {"file": entry}
                if isinstance(entry, dict) and isinstance(entry.get("file"), str):
                    self.entry(entry, str(host))
                else:
                    self.account.left_out(self.index, 1, f"asset of {str(host)[:40]}", "it names no file")

    def entry(self, entry: dict[str, Any], host: str) -> None:
        name, target = str(entry["file"]), entry.get("target")
        found = list(self.matching(name))
        what = f"asset {name[:80]} of {host[:40]}"
        if not found:
            self.account.left_out(self.index, 1, what, "no such file in assets/ of the source")
            return
        runs = "x" in (mode := str(entry.get("chmod") or "")) or any(digit in "1357" for digit in mode[-3:-2])
        for relative, path in found:
            place = self.place(relative, target if isinstance(target, str) else "")
            data = read_bytes(path, MAX_ASSET)
            if data is None or self.total + len(data) > MAX_TOTAL or len(self.draft.files) >= MAX_FILES:
                self.account.left_out(self.index, 1, what, "it cannot be read, or is too large")
                continue
            self.total += len(data)
            self.draft.files[place] = (data, runs)
            note = (
                ""
                if not isinstance(target, str) or _HOME.match(target)
                else f"; the source wants it in {target[:80]}"
            )
            self.account.became(self.index, 1, what, f"{place} in the workspace{note}")

    def matching(self, name: str) -> Iterator[tuple[str, Path]]:
        """The files of assets/ that a name or pattern means, with their paths there."""
        base = self.folder / "assets"
        if not any(char in name for char in "*?["):
            path = inside(self.root, base, name)
            if path is not None and path.is_file():
                yield name, path
            elif path is not None and path.is_dir():
                yield from self.matching(f"{name.rstrip('/')}/**")
            return
        flat = name.replace("**", "*")
        seen = 0
        for parent, _, names in os.walk(base):
            for file in sorted(names):
                seen += 1
                if seen > MAX_FILES:
                    return
                relative = (Path(parent) / file).relative_to(base).as_posix()
                if fnmatch.fnmatchcase(relative, flat):
                    path = inside(self.root, base, relative)
                    if path is not None:
                        yield relative, path

    def place(self, relative: str, target: str) -> str:
        """Where a file goes in the workspace: the learner's home is the workspace, other places stand under assets/."""
        below = _HOME.sub("", target) if _HOME.match(target) else f"assets/{target}"
        parts = [
            re.sub(r"[^\w.@+-]+", "-", part)
            for part in PurePosixPath(f"{below}/{PurePosixPath(relative).name}").parts
        ]
        kept = [part for part in parts if part.strip(".-")][:12]
        place = "/".join(part[:100] for part in kept) or "asset"
        return place if not escape_reason(place) else f"assets/{kept[-1] if kept else 'asset'}"
