"""What is written down about a running background cell, so that a later labrunner can find it again.

A record names a process by pid and start time, and a marker in its environment. All three are compared before anything is
signalled: a process that merely has the old pid is never touched.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from labrunner.shell.processes import command_line, environment_contains, session_members, start_time
from labrunner.shell.startup import file_name, write_private

MARKER_VARIABLE = "LABRUNNER_BACKGROUND"


@dataclass(frozen=True, slots=True)
class BackgroundRecord:
    """One cell's process. `pid` leads a session of its own; `started` is `processes.start_time` of it.

    `owner` is the labrunner that started or adopted it, with its start time.
    """

    label: str
    pid: int
    started: str
    command: str
    marker: str
    log: str
    cwd: str
    owner: int
    owner_started: str

    @property
    def assignment(self) -> str:
        """The marker as it stands in the environment of the cell's processes."""
        return f"{MARKER_VARIABLE}={self.marker}"

    def owned_by_another(self) -> bool:
        """Whether a labrunner that is not this one still looks after the cell."""
        return self.owner != os.getpid() and start_time(self.owner) == self.owner_started

    def leader_is_ours(self) -> bool:
        """Whether the process with this pid is still the one that was recorded."""
        if start_time(self.pid) != self.started:
            return False
        return command_line(self.pid) == self.command or environment_contains(self.pid, self.assignment)

    def belongs(self) -> Callable[[int], bool]:
        """A test for members of the session: all of them while its leader is ours, else those with the marker."""
        if self.leader_is_ours():
            return lambda _pid: True
        return lambda pid: environment_contains(pid, self.assignment)

    def members(self) -> list[int]:
        """The cell's processes that still run."""
        belongs = self.belongs()
        return [pid for pid in session_members(self.pid) if belongs(pid)]


def stem(label: str) -> str:
    """A file name for a label; labels that would share one get a checksum."""
    name = file_name(label)
    return name if name == label else f"{name}-{zlib.crc32(label.encode('utf-8', 'surrogateescape')):08x}"


def save(directory: Path, record: BackgroundRecord) -> None:
    """Write the record. Raises OSError."""
    write_private(_path(directory, record.label), json.dumps(asdict(record)))


def forget(directory: Path, label: str) -> None:
    """Delete the record of a cell that is gone."""
    _path(directory, label).unlink(missing_ok=True)


def load_all(directory: Path) -> list[BackgroundRecord]:
    """The records there are; one that cannot be read (a crash while writing) is deleted."""
    records = []
    for path in sorted(directory.glob("*.json")):
        try:
            records.append(BackgroundRecord(**json.loads(path.read_text("utf-8"))))
        except (OSError, ValueError, TypeError):
            path.unlink(missing_ok=True)
    return records


def _path(directory: Path, label: str) -> Path:
    return directory / f"{stem(label)}.json"
