"""What a shell reports: states, events and the result of a cell. Plain immutable data, shared by every module here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from labrunner.shell.output import Captured

ShellKind = Literal["bash", "zsh"]


class State(StrEnum):
    """What the shell is doing, as far as its marks tell."""

    STARTING = "starting"
    PROMPT = "prompt"
    RUNNING = "running"
    RETURNING = "returning"
    """A command has ended; the prompt is being prepared."""
    CONTINUATION = "continuation"
    """The shell waits for the rest of a command (an open quote, a here-document)."""
    DEAD = "dead"


class Outcome(StrEnum):
    """How a cell came to its end."""

    ENDED = "ended"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    SHELL_EXITED = "shell-exited"
    NOT_AT_PROMPT = "not-at-prompt"
    """Nothing was run: another program has the terminal."""


@dataclass(frozen=True, slots=True)
class CellResult:
    """The result of one cell. `duration` in seconds; `exit_code` is None only when nothing ran or it is unknown.

    Look at `outcome` first: zsh may say 0 for a builtin that was interrupted.
    """

    label: str
    outcome: Outcome
    exit_code: int | None
    duration: float
    output: Captured
    cwd: Path


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The shell went from one state to another."""

    previous: State
    state: State


@dataclass(frozen=True, slots=True)
class CommandStarted:
    """A command began. `label` names the cell; None is a command the learner typed."""

    label: str | None


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """A command ended. `duration` in seconds; `command` is its text where the shell's history knows it."""

    label: str | None
    exit_code: int | None
    duration: float
    command: str | None


@dataclass(frozen=True, slots=True)
class DirectoryChanged:
    """The shell is in another directory."""

    cwd: Path


@dataclass(frozen=True, slots=True)
class ShellExited:
    """The shell ended by itself (`exit`, `exec`, a signal). `exit_code` is 128 + n after signal n."""

    exit_code: int


@dataclass(frozen=True, slots=True)
class ShellRestarted:
    """A new shell took the place of one that ended. `learner_rc` is False when it had to start without their rc file."""

    cwd: Path
    learner_rc: bool


ShellEvent = StateChanged | CommandStarted | CommandEnded | DirectoryChanged | ShellExited | ShellRestarted


class ShellError(Exception):
    """The shell cannot be had. The message says what happened and what to do."""
