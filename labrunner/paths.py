"""Where labrunner keeps things: one data folder and one cache folder, both movable with LABRUNNER_HOME.

Nothing of ours is ever written elsewhere, so removing these two folders removes labrunner's traces.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The two folders everything of ours lives in."""

    data: Path
    cache: Path

    @property
    def progress_file(self) -> Path:
        return self.data / "progress.sqlite3"

    def lab(self, module_id: str) -> LabFolder:
        return LabFolder(self.data / "labs" / module_id)

    def cluster(self, name: str) -> Path:
        """The folder of a simulated cluster: kubeconfig, journal, log."""
        return self.data / "clusters" / name


@dataclass(frozen=True, slots=True)
class LabFolder:
    """What one module's lab keeps on disk. `workspace` is the only folder a learner's commands work in."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    @property
    def private(self) -> Path:
        """The lab shell's rc file, history, kubectl cache: ours, not the learner's to edit."""
        return self.root / "private"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"


def home() -> Home:
    """`$LABRUNNER_HOME/{data,cache}` when set, else the platform's own places for data and cache."""
    override = os.environ.get("LABRUNNER_HOME")
    if override:
        root = Path(override).expanduser().absolute()
        return Home(root / "data", root / "cache")
    import platformdirs

    return Home(
        Path(platformdirs.user_data_dir("labrunner", appauthor=False)),
        Path(platformdirs.user_cache_dir("labrunner", appauthor=False)),
    )
