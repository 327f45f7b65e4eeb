"""Running cells: each in its named shell, files written in the workspace, background processes owned."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable
from dataclasses import replace

from labrunner.content.expected import compare
from labrunner.content.models import Cell
from labrunner.lab.decisions import RefusedError
from labrunner.lab.events import CellRan
from labrunner.lab.updates import BackgroundChanged, ShellOpened, ShellOutput, Trouble, Update
from labrunner.lab.workspace import OutsideWorkspaceError, Workspace
from labrunner.shell.background import READY_SECONDS, BackgroundCells, BackgroundState, BackgroundStatus
from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import Outcome, ShellEvent, ShellRestarted
from labrunner.shell.session import ShellSession

CELL_TIMEOUT = 300.0
"""Seconds a cell may take when its author set no `timeout`."""
OUTPUT_KEPT = 16 * 1024
"""Characters of a cell's output that the progress log keeps."""
ALIVE = (BackgroundState.STARTING, BackgroundState.READY)
MAIN = "main"
SETUP = "labrunner"
"""The shell that lifecycle cells run in, apart from the learner's."""
LEARNERS = ("run", "solve", "alternative", "superficial")
"""The roles of cells that do what a learner does, and so run in the learner's shell."""


class CellRunner:
    """Owns the lab's shells and background cells."""

    def __init__(
        self, environment: LabEnvironment, workspace: Workspace, on_update: Callable[[Update], None]
    ) -> None:
        self.environment = environment
        self.shells: dict[str, ShellSession] = {}
        self._workspace = workspace
        self._on_update = on_update
        self._opening = asyncio.Lock()
        self._background = BackgroundCells(environment.state_dir, self._background_changed)
        self._size = (80, 24)

    async def shell(self, name: str = MAIN) -> ShellSession:
        """The shell of that name, started when it is first asked for. Raises ShellError."""
        async with self._opening:
            if name not in self.shells:
                columns, rows = self._size
                shell = ShellSession(
                    self.environment,
                    name=name,
                    columns=columns,
                    rows=rows,
                    on_output=lambda data: self._on_update(ShellOutput(name, data)),
                    on_event=lambda event: self._shell_event(name, event),
                )
                await shell.start()
                self.shells[name] = shell
                if name != SETUP:
                    self._on_update(ShellOpened(name))
        return self.shells[name]

    def resize(self, columns: int, rows: int) -> None:
        """The screen every shell believes to have."""
        self._size = (columns, rows)
        for shell in self.shells.values():
            shell.resize(columns, rows)

    async def run(self, cell: Cell, value: str | None = None) -> CellRan:
        """Run a cell to its end (a background cell: until it is ready)."""
        if cell.prompt is not None and value is None:
            raise RefusedError(f"choose a value for {cell.prompt} first")
        if cell.file is not None:
            return self._write_file(cell)
        source = (
            f"export {cell.prompt}={shlex.quote(value)}\n{cell.source}" if value is not None else cell.source
        )
        if cell.background:
            return await self._start_background(cell, source)
        shell = await self.shell(cell.session if cell.role in LEARNERS else SETUP)
        if cell.interrupt:
            await shell.interrupt()
        result = await shell.run(
            source,
            label=cell.id,
            timeout=cell.timeout or CELL_TIMEOUT,
            cwd=self._workspace.path(cell.cwd) if cell.cwd else None,
            capture=cell.capture,
        )
        text = result.output.text
        matches = None
        if cell.expected is not None and result.outcome is Outcome.ENDED:
            matches = not compare(cell.expected.text, text)
        return CellRan(
            cell.id, result.outcome.value, result.exit_code, result.duration, text[-OUTPUT_KEPT:], matches
        )

    async def choices(self, cell: Cell) -> tuple[str, ...]:
        """What a `prompt=… from=…` cell offers: the lines its command prints."""
        if not cell.prompt_from:
            return ()
        process = await asyncio.create_subprocess_shell(
            cell.prompt_from,
            env=self.environment.process_environment(),
            cwd=self._workspace.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), 10)
        except TimeoutError:
            process.kill()
            return ()
        return tuple(line.strip() for line in out.decode(errors="replace").splitlines() if line.strip())

    def alive(self, cell_id: str) -> bool:
        """Whether a background cell's process runs."""
        return any(status.label == cell_id and status.state in ALIVE for status in self._background.statuses)

    def adopt_leftovers(self) -> None:
        """Take over background cells that outlived an earlier labrunner of this lab."""
        for record in self._background.leftovers():
            self._background.adopt(record)

    async def stop_background(self) -> None:
        await self._background.close()

    async def close(self) -> None:
        """End every shell and background process of this lab."""
        await self._background.close()
        await asyncio.gather(*(shell.close() for shell in self.shells.values()))
        self.shells.clear()

    def _write_file(self, cell: Cell) -> CellRan:
        began = time.monotonic()
        try:
            change = self._workspace.change(cell)
            self._workspace.write(change)
        except (OSError, OutsideWorkspaceError) as error:
            return CellRan(cell.id, "ended", 1, time.monotonic() - began, str(error))
        return CellRan(cell.id, "ended", 0, time.monotonic() - began, change.diff)

    async def _start_background(self, cell: Cell, source: str) -> CellRan:
        began = time.monotonic()
        snapshot = (await self.shell(cell.session)).snapshot()
        if cell.cwd:
            snapshot = replace(snapshot, cwd=self._workspace.path(cell.cwd))
        status = await self._background.start(
            source, label=cell.id, snapshot=snapshot, ready=cell.ready, timeout=cell.timeout or READY_SECONDS
        )
        duration = time.monotonic() - began
        if status.state in ALIVE:
            return CellRan(cell.id, "started", None, duration, self._background.log(cell.id)[-OUTPUT_KEPT:])
        code = 1 if status.exit_code is None else status.exit_code
        return CellRan(cell.id, "ended", code, duration, status.reason)

    def _shell_event(self, name: str, event: ShellEvent) -> None:
        if isinstance(event, ShellRestarted):
            self._on_update(
                Trouble(
                    f"the shell {name} ended and was started again in {event.cwd}",
                    "Variables set in it are gone.",
                )
            )

    def _background_changed(self, status: BackgroundStatus) -> None:
        code = f" with exit code {status.exit_code}" if status.exit_code is not None else ""
        reason = f": {status.reason}" if status.reason else ""
        self._on_update(BackgroundChanged(status.label, f"{status.state.value}{code}{reason}"))
