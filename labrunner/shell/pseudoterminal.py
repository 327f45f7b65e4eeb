"""One process on a pseudo-terminal, driven by the event loop.

Reads are small and stop after a few milliseconds, so a flood of output never holds the loop: what is not read waits in
the kernel and the process waits with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from labrunner.shell.processes import DEFAULT_SIGNALS, ChildWatch

READ_BYTES = 4096
READ_SECONDS = 0.004
"""How long one wake may read and hand on output."""
_LINGER_SECONDS = 0.05
"""Output may still be on its way through the kernel when the process has ended."""


class PseudoTerminal:
    """A child that leads its own session with the terminal as its controlling terminal.

    `on_data` gets the output; `on_exit` the exit code (128 + n for signal n), once, after the last output.
    Raises OSError when the process cannot be started.
    """

    def __init__(
        self,
        executable: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int,
        rows: int,
        on_data: Callable[[bytes], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._on_data = on_data
        self._on_exit = on_exit
        self._loop = asyncio.get_running_loop()
        self._unwritten = bytearray()
        self._exit_code: int | None = None
        self._linger: asyncio.TimerHandle | None = None
        self.is_open = True
        self._master, slave = os.openpty()
        try:
            self.resize(columns, rows)
            self.pid = _spawn(executable, arguments, environment, os.ttyname(slave))
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._reading = True
        self._loop.add_reader(self._master, self._read)
        self._watch = ChildWatch(self.pid, self._exited)

    @property
    def has_ended(self) -> bool:
        """Whether the process has been reaped."""
        return self._exit_code is not None

    def write(self, data: bytes) -> None:
        """Queue bytes as keyboard input."""
        if not self.is_open:
            return
        self._unwritten += data
        self._flush()

    def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal's size in character cells; the foreground processes get SIGWINCH."""
        if self.is_open:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def foreground_group(self) -> int | None:
        """The process group that has the terminal now."""
        with contextlib.suppress(OSError):
            group = os.tcgetpgrp(self._master) if self.is_open else 0
            return group if group > 0 else None
        return None

    def keys_signal(self) -> bool:
        """Whether the terminal turns Ctrl-C into a signal; a program in raw mode gets the key."""
        with contextlib.suppress(termios.error):
            return self.is_open and bool(termios.tcgetattr(self._master)[3] & termios.ISIG)
        return False

    def signal_foreground(self, number: signal.Signals) -> None:
        """Signal the foreground process group."""
        group = self.foreground_group()
        if group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def close(self) -> None:
        """Hang up the terminal and stop watching. Does not wait; see `processes.end_session`."""
        if not self.is_open:
            return
        self._stop_reading()
        self._loop.remove_writer(self._master)
        os.close(self._master)
        self.is_open = False
        if self._linger is not None:
            self._linger.cancel()

    def abandon(self) -> None:
        """Like `close`, and `on_exit` is not called any more. The child is reaped when it has ended."""
        self._on_exit = _ignore
        self.close()

    def _read(self) -> None:
        deadline = time.monotonic() + READ_SECONDS
        while self.is_open:
            try:
                data = os.read(self._master, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # EIO: no process has the terminal open
                data = b""
            if not data:
                self._stop_reading()
                self._finish_if_exited()
                return
            self._on_data(data)
            if time.monotonic() >= deadline:
                return

    def _flush(self) -> None:
        while self._unwritten:
            try:
                written = os.write(self._master, self._unwritten)
            except BlockingIOError:
                self._loop.add_writer(self._master, self._flush)
                return
            except OSError:
                self._unwritten.clear()
                break
            del self._unwritten[:written]
        self._loop.remove_writer(self._master)

    def _exited(self, code: int) -> None:
        self._exit_code = code
        if self.is_open and self._reading:
            self._linger = self._loop.call_later(_LINGER_SECONDS, self._finish)
        else:
            self._finish()

    def _finish_if_exited(self) -> None:
        if self._exit_code is not None:
            self._finish()

    def _finish(self) -> None:
        if self.is_open and self._reading:
            self._read()
        on_exit, self._on_exit = self._on_exit, _ignore
        on_exit(self._exit_code or 0)

    def _stop_reading(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._master)
            self._reading = False


def _ignore(_exit_code: int) -> None:
    return None


def _spawn(executable: str, arguments: Sequence[str], environment: Mapping[str, str], terminal: str) -> int:
    """Start a session leader whose first open file is the terminal, which thereby becomes its controlling terminal."""
    return os.posix_spawn(
        executable,
        list(arguments),
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
            (os.POSIX_SPAWN_DUP2, 0, 1),
            (os.POSIX_SPAWN_DUP2, 0, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=DEFAULT_SIGNALS,
    )
