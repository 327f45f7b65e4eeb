"""Background cells: servers and port-forwards that a lab starts, watches and stops.

    background = BackgroundCells(environment.state_dir, on_event)
    status = await background.start(source, label="proxy", snapshot=session.snapshot(), ready="port:8080", timeout=30)
    await background.close()

A cell runs in a session of its own, so no Ctrl-C in the lab's shell reaches it, with the directory and exports of the live
shell; its output goes to a bounded log. Every change of state is an event. Cells outlive a crash of labrunner: `leftovers`
finds them by their records, `adopt` takes one over, `stop` ends it. Raises nothing for a cell that fails: that is a state.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from labrunner.shell import background_record as records
from labrunner.shell.background_record import MARKER_VARIABLE, BackgroundRecord
from labrunner.shell.bounded_log import BoundedLog
from labrunner.shell.changes import Changes
from labrunner.shell.probes import Observation, Probe, is_listening, parse_probe
from labrunner.shell.processes import (
    DEFAULT_SIGNALS,
    ChildWatch,
    end_session,
    start_time,
    wait_gone,
)
from labrunner.shell.snapshot import ShellSnapshot
from labrunner.shell.startup import find_shell, write_private

READY_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_TRIM_SECONDS = 1.0


class BackgroundState(StrEnum):
    """Where a background cell is in its life."""

    STARTING = "starting"
    READY = "ready"
    EXITED = "exited"
    """It was ready and then ended by itself."""
    FAILED = "failed"
    """It never became ready."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BackgroundStatus:
    """A cell's state; also the event that says so. `reason` explains a failure; `exit_code` where it is known."""

    label: str
    state: BackgroundState
    exit_code: int | None = None
    reason: str = ""


class _Cell:
    """One cell of this labrunner, started or adopted."""

    def __init__(self, record: BackgroundRecord, log: BoundedLog, state: BackgroundState) -> None:
        self.record = record
        self.log = log
        self.status = BackgroundStatus(record.label, state)
        self.changes = Changes()
        self.ended = False
        self.stopping = False
        self.watch: ChildWatch | asyncio.Task[None] | None = None


class BackgroundCells:
    """The background cells of one lab."""

    def __init__(
        self, state_dir: Path, on_event: Callable[[BackgroundStatus], None], *, grace: float = 2.0
    ) -> None:
        """`grace`: seconds between SIGTERM and SIGKILL."""
        self._directory = state_dir / "background"
        self._on_event = on_event
        self._grace = grace
        self._cells: dict[str, _Cell] = {}
        self._trimming: asyncio.TimerHandle | None = None

    @property
    def statuses(self) -> tuple[BackgroundStatus, ...]:
        """The state of every cell that was started or adopted."""
        return tuple(cell.status for cell in self._cells.values())

    def log(self, label: str) -> str:
        """The last output of a cell as plain text; empty when there is no such cell."""
        return BoundedLog(self._directory / f"{records.stem(label)}.log").text()

    async def start(
        self,
        source: str,
        *,
        label: str,
        snapshot: ShellSnapshot,
        ready: str | None = None,
        timeout: float = READY_SECONDS,  # noqa: ASYNC109 — a cell out of time is a state, not an error
    ) -> BackgroundStatus:
        """Start a cell and wait until it is ready or has failed; one of the same label is stopped first.

        Without `ready` it is ready as soon as it runs. Raises ValueError (a bad probe), ShellError, OSError.
        """
        probe = parse_probe(ready) if ready is not None else None
        executable = find_shell(snapshot.kind, snapshot.environment.get("PATH"))
        record = self._record(label)
        if record is not None and label not in self._cells and record.owned_by_another():
            return self._refuse(
                label, f"another labrunner (process {record.owner}) runs it: close that one first"
            )
        await self.stop(label)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = BoundedLog(self._directory / f"{records.stem(label)}.log")
        log.clear()
        if probe is not None and probe.kind == "port" and await is_listening(probe.hosts, probe.port):
            reason = f"port {probe.port} is taken: stop the program that listens on it, then run this again"
            return self._refuse(label, reason)
        observation = Observation(probe, snapshot.cwd, log) if probe is not None else None
        cell = self._spawn(executable, source, label, snapshot, log)
        cell.watch = ChildWatch(cell.record.pid, lambda code: self._exited(cell, code, probe))
        if self._trimming is None:
            self._trim()
        if observation is None or probe is None:
            self._change(cell, BackgroundState.READY)
            return cell.status
        try:
            await self._until_ready(cell, observation, probe, timeout)
        except asyncio.CancelledError:
            await self.stop(label)
            raise
        return cell.status

    async def stop(self, label: str) -> None:
        """End a cell and everything it started: SIGTERM, then SIGKILL. Nothing happens if there is none."""
        cell = self._cells.get(label)
        if cell is None:
            record = self._record(label)
            if record is not None and not record.owned_by_another():
                await self._end(record)
            return
        cell.stopping = True
        await self._end(cell.record)
        await cell.changes.until(lambda: cell.ended, 1.0)
        self._unwatch(cell)
        if cell.status.state in (BackgroundState.STARTING, BackgroundState.READY):
            self._change(cell, BackgroundState.STOPPED)

    async def close(self) -> None:
        """Stop all cells of this labrunner."""
        if self._trimming is not None:
            self._trimming.cancel()
            self._trimming = None
        await asyncio.gather(*(self.stop(label) for label in self._cells))

    def leftovers(self) -> tuple[BackgroundRecord, ...]:
        """Cells of an earlier labrunner that still run. Records of those that do not are deleted."""
        found = []
        for record in records.load_all(self._directory):
            if record.label in self._cells or record.owned_by_another():
                continue
            if record.members():
                found.append(record)
            else:
                records.forget(self._directory, record.label)
        return tuple(found)

    def adopt(self, record: BackgroundRecord) -> BackgroundStatus:
        """Take over a leftover as a cell of this labrunner. Its exit code cannot be known. Raises OSError."""
        owner, owner_started = _this_labrunner()
        record = replace(record, owner=owner, owner_started=owner_started)
        records.save(self._directory, record)
        cell = _Cell(record, BoundedLog(Path(record.log)), BackgroundState.STARTING)
        self._cells[record.label] = cell
        cell.watch = asyncio.get_running_loop().create_task(self._watch_adopted(cell))
        self._change(cell, BackgroundState.READY)
        if self._trimming is None:
            self._trim()
        return cell.status

    def _record(self, label: str) -> BackgroundRecord | None:
        return next((r for r in records.load_all(self._directory) if r.label == label), None)

    def _refuse(self, label: str, reason: str) -> BackgroundStatus:
        status = BackgroundStatus(label, BackgroundState.FAILED, None, reason)
        self._on_event(status)
        return status

    def _spawn(
        self, executable: str, source: str, label: str, snapshot: ShellSnapshot, log: BoundedLog
    ) -> _Cell:
        base = self._directory / records.stem(label)
        body, exports, script = (base.with_name(base.name + end) for end in (".cell", ".exports", ".sh"))
        write_private(body, source if source.endswith("\n") else source + "\n")
        write_private(exports, snapshot.exports)
        write_private(script, _script(exports, snapshot.cwd, body))
        marker = secrets.token_hex(16)
        plain = ("--noprofile", "--norc") if snapshot.kind == "bash" else ("-f",)
        arguments = [snapshot.kind, *plain, str(script)]
        pid = os.posix_spawn(
            executable,
            arguments,
            {**snapshot.environment, MARKER_VARIABLE: marker},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log.path), os.O_WRONLY | os.O_APPEND, 0),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=DEFAULT_SIGNALS,
        )
        record = BackgroundRecord(
            label,
            pid,
            start_time(pid) or "",
            " ".join(arguments),
            marker,
            str(log.path),
            str(snapshot.cwd),
            *_this_labrunner(),
        )
        records.save(self._directory, record)
        cell = self._cells[label] = _Cell(record, log, BackgroundState.STARTING)
        self._on_event(cell.status)
        return cell

    async def _until_ready(self, cell: _Cell, observation: Observation, probe: Probe, within: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while cell.status.state is BackgroundState.STARTING:
            if await observation.holds() and cell.status.state is BackgroundState.STARTING:
                self._change(cell, BackgroundState.READY)
            elif loop.time() >= deadline:
                reason = f"not ready after {within:g} s: {probe.describe()}"
                self._change(cell, BackgroundState.FAILED, reason=reason)
                await self.stop(cell.record.label)
            else:
                await cell.changes.until(
                    lambda: cell.status.state is not BackgroundState.STARTING, _LOOK_SECONDS
                )

    def _exited(self, cell: _Cell, exit_code: int | None, probe: Probe | None) -> None:
        cell.ended = True
        if not cell.record.members():
            records.forget(self._directory, cell.record.label)
        if not cell.stopping:
            state = cell.status.state
            ends_well = probe is not None and probe.kind == "exit" and exit_code == probe.exit_code
            if state is BackgroundState.STARTING and ends_well:
                self._change(cell, BackgroundState.READY)
                state = BackgroundState.READY
            if state is BackgroundState.READY:
                self._change(cell, BackgroundState.EXITED, exit_code)
            elif state is BackgroundState.STARTING:
                last = cell.log.last_line()
                reason = f"ended with exit code {exit_code} before it was ready" + (
                    f": {last}" if last else ""
                )
                self._change(cell, BackgroundState.FAILED, exit_code, reason)
        cell.changes.notify()

    async def _watch_adopted(self, cell: _Cell) -> None:
        await wait_gone([cell.record.pid], float("inf"))
        self._exited(cell, None, None)

    async def _end(self, record: BackgroundRecord) -> None:
        await end_session(record.pid, signal.SIGTERM, self._grace, record.belongs())
        records.forget(self._directory, record.label)

    def _unwatch(self, cell: _Cell) -> None:
        if cell.watch is not None:
            cell.watch.cancel()
            cell.watch = None

    def _change(
        self, cell: _Cell, state: BackgroundState, exit_code: int | None = None, reason: str = ""
    ) -> None:
        cell.status = BackgroundStatus(cell.record.label, state, exit_code, reason)
        self._on_event(cell.status)
        cell.changes.notify()

    def _trim(self) -> None:
        for cell in self._cells.values():
            if not cell.ended:
                cell.log.trim()
        self._trimming = asyncio.get_running_loop().call_later(_TRIM_SECONDS, self._trim)


def _this_labrunner() -> tuple[int, str]:
    return os.getpid(), start_time(os.getpid()) or ""


def _script(exports: Path, cwd: Path, body: Path) -> str:
    return (
        f". {shlex.quote(str(exports))} 2>/dev/null\n"
        f"cd -- {shlex.quote(str(cwd))} || exit 1\n"
        f". {shlex.quote(str(body))}\n"
    )
