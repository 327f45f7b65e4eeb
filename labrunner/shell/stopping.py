"""Ending what runs in the foreground of a live shell: Ctrl-C that is not lost, and stronger means for a cell out of time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from labrunner.shell.cell import RunningCell
from labrunner.shell.events import State
from labrunner.shell.live import LiveShell
from labrunner.shell.processes import dies_of

INTERRUPT = b"\x03"
LOST_SECONDS = 0.1
"""A Ctrl-C without effect after this time may have been lost."""
SETTLE_SECONDS = 10.0
"""How long the learner's own prompt commands may take after a command."""
LEAVE_FULL_SCREEN = b"\x1b[?1049l\x1b[?1000;1002;1003;1006;2004l\x1b[?1l\x1b>\x1b[?25h\x1b[0m"
"""For the terminal when a program was killed and could not put it back."""
_REPLACED_SECONDS = 20.0


async def interrupt(shell: LiveShell) -> None:
    """Ctrl-C, and again if a program that was just starting lost it.

    Between its fork and its exec a program still has the shell's handler, which forgets the signal. That it was lost is
    certain when the program would have died of it and is still there.
    """
    pty = shell.pty
    for _attempt in range(3):
        if pty is None or not pty.is_open:
            return
        pty.write(INTERRUPT)
        if await shell.changes.until(lambda: shell.machine.state is not State.RUNNING, LOST_SECONDS):
            return
        group = pty.foreground_group()
        if group is None or group == pty.pid or not pty.keys_signal() or not dies_of(group, signal.SIGINT):
            return


async def stop_cell(
    shell: LiveShell, cell: RunningCell, grace: float, on_output: Callable[[bytes], None]
) -> None:
    """End a cell whose time is up: Ctrl-C, SIGTERM and SIGKILL to the foreground, at last the shell; `grace` s between."""
    until, pty = shell.changes.until, shell.pty
    if cell.ended or pty is None:
        await until(lambda: cell.finished, SETTLE_SECONDS)
        return
    cell.timed_out = True
    await interrupt(shell)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if await until(lambda: cell.finished, grace):
            return
        if pty.foreground_group() not in (None, pty.pid):
            pty.signal_foreground(number)
            on_output(LEAVE_FULL_SCREEN)
    if not await until(lambda: cell.finished, grace) and not pty.has_ended:
        os.kill(pty.pid, signal.SIGKILL)
        await until(lambda: cell.finished, _REPLACED_SECONDS)
