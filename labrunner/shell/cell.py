"""A cell on its way through the shell: its file, its drawing in the terminal, and what is known while it runs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from labrunner.shell.events import CellResult, Outcome
from labrunner.shell.output import Captured, OutputCapture
from labrunner.shell.startup import SessionFiles, file_name, write_private

MAX_DRAWN_LINES = 100
MAX_DRAWN_CHARACTERS = 8 * 1024
MAX_HISTORY_CHARACTERS = 16 * 1024
_INTERRUPTED_CODE = 130

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(slots=True)
class RunningCell:
    """What is known of the cell in hand."""

    label: str
    output: OutputCapture = field(default_factory=OutputCapture)
    began: bool = False
    ended: bool = False
    finished: bool = False
    """The shell is back at its prompt, or replaced."""
    died: bool = False
    timed_out: bool = False
    interrupted: bool = False
    interrupt_typed: bool = False
    exit_code: int | None = None
    duration: float = 0.0

    def result(self, cwd: Path) -> CellResult:
        """The cell's result, with the directory the shell is in now."""
        return CellResult(
            self.label, self._outcome(), self.exit_code, self.duration, self.output.result(), cwd
        )

    def _outcome(self) -> Outcome:
        if self.timed_out:
            return Outcome.TIMEOUT
        if self.died:
            return Outcome.SHELL_EXITED
        if self.interrupted or (self.interrupt_typed and self.exit_code == _INTERRUPTED_CODE):
            return Outcome.INTERRUPTED
        return Outcome.ENDED


def refused(label: str, cwd: Path) -> CellResult:
    """The result of a cell that could not be run because the shell was not at its prompt."""
    return CellResult(label, Outcome.NOT_AT_PROMPT, None, 0.0, Captured(), cwd)


def write_cell(files: SessionFiles, source: str, label: str, cwd: Path | None, capture: str | None) -> Path:
    """Put the cell where the shell's run key will find it. Returns the cell's file. Raises OSError."""
    if cwd is not None and not cwd.is_dir():
        raise NotADirectoryError(f"the cell {label!r} is to run in {cwd}, which is not a directory")
    directory = files.directory / "cells"
    directory.mkdir(exist_ok=True, mode=0o700)
    path = directory / file_name(label)
    write_private(path, source if source.endswith("\n") else source + "\n")
    remember = "1" if source.strip() and len(source) <= MAX_HISTORY_CHARACTERS else ""
    fields = (str(path), str(cwd or ""), capture or "", remember)
    write_private(files.directory / "next", "".join(f"{text}\0" for text in fields))
    return path


def drawn(source: str) -> bytes:
    """The cell as it looks when typed at the prompt: continuation lines after `> `, controls as `^X`, long ones cut."""
    lines = source.rstrip("\n").split("\n")
    shown: list[str] = []
    room = MAX_DRAWN_CHARACTERS
    for line in lines[:MAX_DRAWN_LINES]:
        if room <= 0:
            break
        shown.append(_CONTROLS.sub(_caret, line[:room]))
        room -= len(line) + 1
    hidden = len(lines) - len(shown)
    if hidden:
        shown.append(f"\x1b[2m… {hidden:,} more line{'s' if hidden > 1 else ''} …\x1b[0m")
    elif room < -1:
        shown[-1] += "\x1b[2m…\x1b[0m"
    return os.fsencode("\r\n> ".join(shown) + "\r\n")


def _caret(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "^?" if code == 0x7F else "^" + chr(code + 64)
