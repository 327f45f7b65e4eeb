"""What a running session tells its front end. The app and line mode draw from these and from `session.progress`."""

from __future__ import annotations

from dataclasses import dataclass

from labrunner.cluster.driver import ClusterStatus, Stage
from labrunner.lab.events import LabEvent
from labrunner.verify.verdict import CheckStatus


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event is safely in the log, and `session.progress` includes it."""

    at: float
    event: LabEvent


@dataclass(frozen=True, slots=True)
class CheckChanged:
    """A check of the current step has a new status."""

    status: CheckStatus


@dataclass(frozen=True, slots=True)
class ClusterStage:
    """Bringing the cluster up reached a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class ClusterChanged:
    """The cluster began to answer, or stopped."""

    status: ClusterStatus


@dataclass(frozen=True, slots=True)
class ShellOutput:
    """Raw bytes of a shell's terminal."""

    shell: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ShellOpened:
    """A shell session exists now under this name."""

    shell: str


@dataclass(frozen=True, slots=True)
class CellStarted:
    """A cell is running; its `CellRan` follows."""

    cell: str


@dataclass(frozen=True, slots=True)
class BackgroundChanged:
    """A background cell's state in words: starting, ready, exited (code), failed (why), stopped."""

    cell: str
    state: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong that the learner should know, and the way out."""

    message: str
    remedy: str


Update = (
    Recorded | CheckChanged | ClusterStage | ClusterChanged | ShellOutput | ShellOpened | CellStarted
    | BackgroundChanged | Trouble
)  # fmt: skip
