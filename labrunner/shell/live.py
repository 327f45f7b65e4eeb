"""The shell process of a session: starting it with a fallback, replacing it, ending it with all it started."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from labrunner.shell.changes import Changes
from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import ShellError, ShellEvent, ShellKind, State
from labrunner.shell.machine import ShellMachine
from labrunner.shell.marks import Mark, MarkKind, MarkParser
from labrunner.shell.processes import end_session
from labrunner.shell.pseudoterminal import PseudoTerminal
from labrunner.shell.startup import SessionFiles, prepare


class LiveShell:
    """One shell process at a time, with its machine.

    `on_output` gets bytes without marks, `on_note` a line of labrunner's own to show among them, `on_mark` each mark
    before its events reach `on_event`, `on_death` the exit code of a shell that ended once it had a prompt.
    """

    def __init__(
        self,
        environment: LabEnvironment,
        kind: ShellKind,
        name: str,
        cwd: Path,
        size: tuple[int, int],
        *,
        on_output: Callable[[bytes], None],
        on_note: Callable[[str], None],
        on_mark: Callable[[Mark], None],
        on_event: Callable[[ShellEvent], None],
        on_death: Callable[[int], None],
    ) -> None:
        self._environment = environment
        self._kind: ShellKind = kind
        self._name = name
        self._size = size
        self._on_output = on_output
        self._on_note = on_note
        self._on_mark = on_mark
        self._on_event = on_event
        self._on_death = on_death
        self.machine = ShellMachine(cwd)
        self.changes = Changes()
        self.files: SessionFiles | None = None
        self.pty: PseudoTerminal | None = None
        self._parser = MarkParser("")
        self._starting = False
        self._too_old = ""
        self._go: int | None = None

    def prepare(self) -> None:
        """Make the session's private directory. Raises OSError."""
        self.remove()
        self._environment.prepare()
        self.files = SessionFiles.create(self._environment.state_dir, self._name)
        # Opened for both, a FIFO neither blocks nor loses a line that is written before the shell opens it.
        self._go = os.open(self.files.directory / "go", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    async def launch(self, within: float, *, restore: bool = False) -> bool:
        """Start and wait for a prompt, `within` seconds with the learner's rc files and again without them.

        Returns whether the learner's files were read. Raises ShellError and OSError.
        """
        self._starting = True
        try:
            if await self._launch_once(within, learner_rc=True, restore=restore):
                return True
            self._on_note("your shell's start-up file did not lead to a prompt; starting without it")
            if await self._launch_once(within, learner_rc=False, restore=False):
                return False
        finally:
            self._starting = False
        raise ShellError(
            f"{self._kind} gave no prompt within {within:g} s, even without start-up files: try it by hand"
        )

    async def end(self, grace: float) -> None:
        """End the shell and every process of its session: SIGHUP, after `grace` seconds SIGKILL."""
        pty, self.pty = self.pty, None
        if pty is None:
            return
        await end_session(pty.pid, signal.SIGHUP, grace)
        await self.changes.until(lambda: pty.has_ended, 1.0)
        pty.close()

    def remove(self) -> None:
        """Delete the private directory; the session is over."""
        if self._go is not None:
            os.close(self._go)
            self._go = None
        if self.files is not None:
            self.files.remove()

    def send(self, data: bytes) -> None:
        """Keyboard input."""
        if self.pty is not None:
            self.pty.write(data)

    def is_in_foreground(self) -> bool:
        """Whether the terminal's keys go to the shell itself and not to a program it runs."""
        return self.pty is not None and self.pty.foreground_group() == self.pty.pid

    def resize(self, columns: int, rows: int) -> None:
        """The terminal's size in character cells, for this shell and the next."""
        self._size = (columns, rows)
        if self.pty is not None:
            self.pty.resize(columns, rows)

    def go_on(self) -> None:
        """Answer a shell that waits for the value of a captured variable: it is in the file `value`."""
        if self._go is not None:
            os.write(self._go, b"\n")

    def emit(self, events: Iterable[ShellEvent]) -> None:
        """Hand on events of the machine."""
        for event in events:
            self._on_event(event)

    async def _launch_once(self, within: float, *, learner_rc: bool, restore: bool) -> bool:
        assert self.files is not None, "prepare() comes first"
        cwd = self.machine.cwd
        launch = prepare(
            self._kind, self.files, self._environment, cwd, learner_rc=learner_rc, restore=restore
        )
        self._parser = MarkParser(self.files.nonce)
        self.emit(self.machine.restarting())
        columns, rows = self._size
        pty = self.pty = PseudoTerminal(
            launch.executable,
            launch.arguments,
            launch.environment,
            columns=columns,
            rows=rows,
            on_data=self._received,
            on_exit=self._exited,
        )
        await self.changes.until(lambda: self.machine.state is State.PROMPT or pty.has_ended, within)
        if self.machine.state is State.PROMPT and not pty.has_ended:
            return True
        await self.end(0.5)
        if self._too_old:
            raise ShellError(f"bash {self._too_old} is too old: labrunner needs 4.4 or later, or zsh")
        return False

    def _received(self, data: bytes) -> None:
        for item in self._parser.feed(data):
            if isinstance(item, bytes):
                self._on_output(item)
                continue
            if item.kind is MarkKind.UNUSABLE:
                self._too_old = item.note
            self._on_mark(item)
            self.emit(self.machine.mark(item, time.monotonic()))
            self.changes.notify()

    def _exited(self, exit_code: int) -> None:
        if tail := self._parser.flush():
            self._on_output(tail)
        if not self._starting and self.pty is not None:
            self._on_death(exit_code)
        self.changes.notify()
