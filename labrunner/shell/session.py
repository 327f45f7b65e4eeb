"""A persistent shell on a pseudo-terminal that runs cells and knows when each has ended.

    session = ShellSession(environment, cwd=workspace, on_output=emulator.feed, on_event=handle)
    await session.start()
    result = await session.run("cd app && kubectl apply -f .", label="apply", timeout=60)
    await session.close()

A cell is evaluated from a file at top level in the live shell (bash by `eval`, zsh by `source`), so its `cd`, `export` and
functions stay; its text is drawn in the terminal as if typed. `on_output` gets the terminal's bytes without our marks,
`on_event` a `ShellEvent`; both are called from the event loop and must be quick. Everything runs on one asyncio loop,
without threads.

Whatever the learner types goes through `write`, also while a cell runs. A shell that ends by itself is replaced by a new
one in the same directory with the exports of the last prompt. What it cannot see: a cell that replaces the shell by
another interactive shell (`exec bash`) counts as running until that shell ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from labrunner.shell import cell as cells
from labrunner.shell.capture import StdoutChannel
from labrunner.shell.cell import RunningCell
from labrunner.shell.dialogue import LineDialogue, Stage
from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import (
    CellResult,
    CommandEnded,
    CommandStarted,
    ShellError,
    ShellEvent,
    ShellKind,
    ShellRestarted,
    State,
    StateChanged,
)
from labrunner.shell.live import LiveShell
from labrunner.shell.marks import Mark, MarkKind
from labrunner.shell.snapshot import ShellSnapshot
from labrunner.shell.startup import ABORT_KEY, CLEAR_KEY, RUN_KEY, is_variable_name, write_private
from labrunner.shell.stopping import (
    INTERRUPT,
    LEAVE_FULL_SCREEN,
    LOST_SECONDS,
    SETTLE_SECONDS,
    interrupt,
    stop_cell,
)

START_SECONDS = 10.0
"""How long the learner's start-up files may take before the shell starts without them."""
_ANSWER_SECONDS = 2.0
"""How long a shell at its prompt may take to answer a key."""
_SUBMIT_SECONDS = 0.5
"""How long the shell may take to begin a command after Enter."""
_SHORT_LIFE_SECONDS = 2.0
_SHORT_LIVES_ALLOWED = 3


class ShellSession:
    """One named shell of a lab. See the module's description."""

    def __init__(
        self,
        environment: LabEnvironment,
        *,
        on_output: Callable[[bytes], None],
        on_event: Callable[[ShellEvent], None],
        cwd: Path | None = None,
        name: str = "main",
        kind: ShellKind = "bash",
        columns: int = 80,
        rows: int = 24,
        grace: float = 1.0,
    ) -> None:
        """`cwd`: the workspace by default. `grace`: seconds between one way of ending something and a stronger one."""
        self.name = name
        self.kind: ShellKind = kind
        self._environment = environment
        self._on_output = on_output
        self._on_event = on_event
        self._grace = grace
        self._shell = LiveShell(
            environment,
            kind,
            name,
            cwd or environment.workspace,
            (columns, rows),
            on_output=self._show,
            on_note=self._note,
            on_mark=self._marked,
            on_event=self._happened,
            on_death=self._died,
        )
        self._until = self._shell.changes.until
        self._dialogue = LineDialogue()
        self._cell: RunningCell | None = None
        self._busy = False
        self._channels: list[StdoutChannel] = []
        self._replacing: asyncio.Task[None] | None = None
        self._interrupting: asyncio.Task[None] | None = None
        self._closing = False
        self._launched = 0.0
        self._short_lives = 0
        self._typed = False  # since the line was last known to be empty
        self._submitted = False  # Enter was typed at the prompt, nothing has come of it yet

    @property
    def state(self) -> State:
        """What the shell is doing."""
        return self._shell.machine.state

    @property
    def cwd(self) -> Path:
        """The shell's directory at its last prompt."""
        return self._shell.machine.cwd

    @property
    def pid(self) -> int | None:
        """The shell's process, which leads its own session."""
        return self._shell.pty.pid if self._shell.pty is not None else None

    async def start(self, timeout: float = START_SECONDS) -> None:  # noqa: ASYNC109 — not raised, see below
        """Start the shell and wait for its first prompt; `timeout` seconds with the learner's rc files, then without.

        Raises ShellError when no prompt can be had, OSError when the private directory cannot be written.
        """
        self._shell.prepare()
        await self._shell.launch(timeout)
        self._launched = time.monotonic()

    async def run(
        self,
        source: str,
        *,
        label: str = "cell",
        timeout: float | None = None,  # noqa: ASYNC109 — a cell out of time is a result, not an error
        cwd: Path | None = None,
        capture: str | None = None,
    ) -> CellResult:
        """Run a cell at the prompt and wait until it has ended; see `Outcome` for the ways it can end.

        `timeout` in seconds. `cwd`: run it there and come back, unless the cell changes directory itself. `capture`:
        the name of a variable that gets the cell's stdout, which is then not a terminal to the cell.
        A line half typed at the prompt is cleared. Raises ValueError (a bad variable name), NotADirectoryError,
        and OSError when the cell cannot be written.
        """
        if capture is not None and not is_variable_name(capture):
            raise ValueError(f"{capture!r} cannot be a variable's name")
        if self._busy:
            return cells.refused(label, self.cwd)
        self._busy = True
        try:
            self._dialogue.hold()
            if not await self._reach_prompt():
                return cells.refused(label, self.cwd)
            return await self._run_at_prompt(source, label, timeout, cwd, capture)
        finally:
            self._cell = None
            self._busy = False
            self._shell.machine.expect_cell(None)
            self._release()

    def write(self, data: bytes) -> None:
        """Keys the learner typed, as a terminal sends them."""
        data = self._dialogue.keys(data)
        if not data:
            return
        self._typed = True
        if self.state is State.PROMPT and (b"\r" in data or b"\n" in data):
            self._submitted = True
        if self._cell is not None and INTERRUPT in data:
            self._cell.interrupt_typed = True
            self._cell.interrupted |= self._shell.is_in_foreground()
        self._shell.send(data)

    async def interrupt(self) -> None:
        """Ctrl-C: the foreground process group gets SIGINT, unless its program has the terminal in raw mode."""
        if self._cell is not None:
            self._cell.interrupted = True
        await interrupt(self._shell)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the shell and its programs the size of the terminal in character cells."""
        self._shell.resize(columns, rows)

    def snapshot(self) -> ShellSnapshot:
        """Directory and exported environment at the last prompt, to start a background cell with."""
        files, exports = self._shell.files, ""
        if files is not None and files.environment.exists():
            exports = files.environment.read_text("utf-8", "surrogateescape")
        return ShellSnapshot(self.kind, self.cwd, exports, self._environment.process_environment())

    async def close(self) -> None:
        """End the shell and every process of its session: SIGHUP, then SIGKILL. Nothing of it is left running."""
        self._closing = True
        for task in (self._replacing, self._interrupting):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._shell.end(self._grace)
        for channel in self._channels:
            channel.close()
        self._shell.remove()
        if self.state is not State.DEAD:
            self._shell.emit(self._shell.machine.died(0, time.monotonic()))
        if self._cell is not None:
            self._cell.died = self._cell.finished = True
        self._shell.changes.notify()

    # --- handing over a cell ---

    async def _reach_prompt(self) -> bool:
        """Get to an empty line of the line editor, its later output hidden; False if another program has the terminal."""
        if self._replacing is not None:
            await asyncio.wait({self._replacing})
        unsettled = (State.STARTING, State.RETURNING)
        await self._until(lambda: self.state not in unsettled, SETTLE_SECONDS)
        if self._submitted:
            # It may be a command that ends at once; one that goes on has the terminal, and the cell is refused.
            await self._until(self._is_line_done, _SUBMIT_SECONDS)
            await self._until(lambda: self.state not in unsettled, SETTLE_SECONDS)
        for _attempt in range(10):
            if self.state is not State.CONTINUATION:
                break
            # A line editor that has only just drawn its prompt may keep the signal until the next key.
            self._shell.send(INTERRUPT)
            await self._until(lambda: self.state is State.PROMPT, LOST_SECONDS)
        for _attempt in range(2):
            if self.state is not State.PROMPT:
                return False
            self._dialogue.clear()
            abort = ABORT_KEY if self._typed and self.kind == "bash" else b""
            self._shell.send(abort + CLEAR_KEY)
            if await self._until(lambda: self._dialogue.stage is Stage.READY, _ANSWER_SECONDS):
                self._typed = False
                return True
        return False

    def _is_line_done(self) -> bool:
        return not self._submitted and self.state in (State.PROMPT, State.CONTINUATION)

    async def _run_at_prompt(
        self, source: str, label: str, within: float | None, cwd: Path | None, capture: str | None
    ) -> CellResult:
        assert self._shell.files is not None, "there is no prompt before start()"
        cell = RunningCell(label)
        path = cells.write_cell(self._shell.files, source, label, cwd, capture)
        if capture is not None:
            self._channels.append(
                StdoutChannel(self._shell.files.directory / "stdout", partial(self._show_stdout, cell))
            )
        self._cell = cell
        self._shell.machine.expect_cell(label)
        self._on_output(cells.drawn(source))
        self._shell.send(RUN_KEY[self.kind])
        try:
            if not await self._until(lambda: cell.began or cell.died, _ANSWER_SECONDS):
                return cells.refused(label, self.cwd)
            if not await self._until(lambda: cell.finished, within):
                await stop_cell(self._shell, cell, self._grace, self._on_output)
        except asyncio.CancelledError:
            self._interrupting = asyncio.get_running_loop().create_task(interrupt(self._shell))
            raise
        finally:
            path.unlink(missing_ok=True)
        return cell.result(self.cwd)

    def _release(self) -> None:
        output, keys = self._dialogue.release()
        if output:
            self._on_output(output)
        if keys:
            self.write(keys)

    # --- what the shell tells ---

    def _show(self, data: bytes) -> None:
        data = self._dialogue.output(data)
        if not data:
            return
        if self._cell is not None and self.state is State.RUNNING:
            self._cell.output.append(data)
        self._on_output(data)

    def _show_stdout(self, cell: RunningCell, data: bytes) -> None:
        """Output that did not come through the terminal: it may overtake the marks, and is never part of the dialogue."""
        if not cell.finished:
            cell.output.append(data)
        self._on_output(data)

    def _note(self, text: str) -> None:
        """Show a line of labrunner's own, which is nobody's output."""
        self._on_output(f"\r\n\x1b[2m[labrunner] {text}\x1b[0m\r\n".encode("utf-8", "surrogateescape"))

    def _marked(self, mark: Mark) -> None:
        self._dialogue.mark(mark)
        if mark.kind in (MarkKind.COMMAND_START, MarkKind.CONTINUATION, MarkKind.COMMAND_END):
            self._submitted = False
        if mark.kind is MarkKind.COMMAND_START:
            self._typed = False
        elif mark.kind is MarkKind.CAPTURE:
            self._give_value()

    def _happened(self, event: ShellEvent) -> None:
        cell = self._cell
        if cell is not None:
            match event:
                case CommandStarted(label) if label is not None:
                    cell.began = True
                    self._release()
                case CommandEnded(label=label) if label is not None:
                    cell.ended, cell.exit_code, cell.duration = True, event.exit_code, event.duration
                case StateChanged(state=State.PROMPT) if cell.ended and not cell.died:
                    cell.finished = True
        self._on_event(event)

    def _give_value(self) -> None:
        """The cell has ended and its shell waits for the value of the captured variable."""
        if self._shell.files is None or not self._channels:
            return
        channel = self._channels[-1]
        value = channel.value().decode("utf-8", "surrogateescape")
        write_private(self._shell.files.directory / "value", value)
        if channel.was_cut:
            self._note("the output is too long for a variable; it holds the beginning")
        self._shell.go_on()

    def _died(self, exit_code: int) -> None:
        if self._cell is not None:
            self._cell.died, self._cell.exit_code = True, exit_code
        self._release()
        self._shell.emit(self._shell.machine.died(exit_code, time.monotonic()))
        if not self._closing:
            self._replacing = asyncio.get_running_loop().create_task(self._replace(exit_code))

    async def _replace(self, exit_code: int) -> None:
        shell = self._shell
        self._on_output(LEAVE_FULL_SCREEN)
        self._note(f"the shell ended with exit code {exit_code}; a new one starts in {self.cwd}")
        # A shell that ends again and again (a TMOUT of a second, a Ctrl-D held down) must not keep the machine busy.
        is_short = time.monotonic() - self._launched < _SHORT_LIFE_SECONDS and self._cell is None
        self._short_lives = self._short_lives + 1 if is_short else 0
        try:
            await shell.end(self._grace)
            if self._short_lives > _SHORT_LIVES_ALLOWED:
                await asyncio.sleep(_SHORT_LIFE_SECONDS)
            learner_rc = await shell.launch(START_SECONDS, restore=True)
            self._launched = time.monotonic()
            self._on_event(ShellRestarted(self.cwd, learner_rc))
        except (ShellError, OSError) as error:
            shell.emit(shell.machine.died(exit_code, time.monotonic()))
            self._note(f"no new shell: {error}")
        finally:
            if self._cell is not None:
                self._cell.finished = True
            shell.changes.notify()
