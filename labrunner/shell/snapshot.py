"""What another process needs to start as if from the live shell's prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labrunner.shell.events import ShellKind


@dataclass(frozen=True, slots=True)
class ShellSnapshot:
    """A shell's directory and exports at its last prompt.

    `exports` is shell text for a shell of the same kind; `environment` is what the shell itself was started with.
    """

    kind: ShellKind
    cwd: Path
    exports: str
    environment: Mapping[str, str]
