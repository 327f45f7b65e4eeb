"""The real program in a pseudo-terminal, seen through our own terminal emulator."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

from labrunner.shell.terminal import VirtualTerminal

LABRUNNER = Path(sys.executable).with_name("labrunner")
SECONDS = 30.0


class Program:
    """`labrunner ARGUMENTS` on a terminal of its own, in an empty HOME."""

    def __init__(self, home: Path, arguments: list[str], columns: int, rows: int) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {**kept, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.terminal = VirtualTerminal(columns, rows)
        self.child = pexpect.spawn(
            str(LABRUNNER),
            arguments,
            env=environment,
            cwd=str(home),
            dimensions=(rows, columns),
            timeout=None,
        )

    def text(self) -> str:
        """What a person sees."""
        return "\n".join(self.terminal.text(row) for row in self.terminal.lines)

    def press(self, *keys: str) -> None:
        """Send keys as their bytes: `"\\r"` is enter."""
        for key in keys:
            self.child.send(key)

    def until(self, holds: str | Callable[[str], bool]) -> str:
        """Read the terminal until its text holds something; the screen is in the error when it never does."""
        wanted = (lambda text: holds in text) if isinstance(holds, str) else holds
        limit = time.monotonic() + SECONDS
        while not wanted(self.text()):
            left = limit - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"never on the screen: {holds}\n{self.text()}")
        return self.text()

    def resize(self, columns: int, rows: int) -> None:
        self.terminal.resize(columns, rows)
        self.child.setwinsize(rows, columns)

    def kill(self) -> None:
        """As a crash or a power cut would end it."""
        os.kill(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        while self._read(SECONDS):
            pass
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -1

    def _read(self, seconds: float) -> bool:
        if not select.select([self.child.child_fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.child.child_fd, 65536)
        except OSError:
            return False
        self.terminal.feed(data)
        for reply in [self.terminal.take_replies()]:
            if reply:
                self.child.send(reply)
        return bool(data)


def stop_clusters(home: Path) -> None:
    """End every simulated cluster below an empty HOME."""
    for directory in home.glob(".local/share/labrunner/clusters/*"):
        subprocess.run([sys.executable, "-m", "labrunner.sim", "stop", "--dir", str(directory)], check=False)
