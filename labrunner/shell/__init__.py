"""The lab's shell: a persistent bash or zsh on a pseudo-terminal, and the background cells beside it.

`ShellSession` runs cells and passes on what the learner types; `BackgroundCells` owns what runs on; `LabEnvironment` says
what both see. The other names are the plain data they report. Nothing here draws; `labrunner.shell.terminal` does the
screen. Names are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labrunner.shell.background import BackgroundCells, BackgroundState, BackgroundStatus
    from labrunner.shell.background_record import BackgroundRecord
    from labrunner.shell.environment import LabEnvironment
    from labrunner.shell.events import (
        CellResult,
        CommandEnded,
        CommandStarted,
        DirectoryChanged,
        Outcome,
        ShellError,
        ShellEvent,
        ShellExited,
        ShellKind,
        ShellRestarted,
        State,
        StateChanged,
    )
    from labrunner.shell.output import Captured, plain_text
    from labrunner.shell.probes import parse_probe
    from labrunner.shell.session import ShellSession
    from labrunner.shell.snapshot import ShellSnapshot

_HOMES = {
    "background": ("BackgroundCells", "BackgroundState", "BackgroundStatus"),
    "background_record": ("BackgroundRecord",),
    "environment": ("LabEnvironment",),
    "events": (
        "CellResult",
        "CommandEnded",
        "CommandStarted",
        "DirectoryChanged",
        "Outcome",
        "ShellError",
        "ShellEvent",
        "ShellExited",
        "ShellKind",
        "ShellRestarted",
        "State",
        "StateChanged",
    ),
    "output": ("Captured", "plain_text"),
    "probes": ("parse_probe",),
    "session": ("ShellSession",),
    "snapshot": ("ShellSnapshot",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "BackgroundCells",
    "BackgroundRecord",
    "BackgroundState",
    "BackgroundStatus",
    "Captured",
    "CellResult",
    "CommandEnded",
    "CommandStarted",
    "DirectoryChanged",
    "LabEnvironment",
    "Outcome",
    "ShellError",
    "ShellEvent",
    "ShellExited",
    "ShellKind",
    "ShellRestarted",
    "ShellSession",
    "ShellSnapshot",
    "State",
    "StateChanged",
    "parse_probe",
    "plain_text",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
