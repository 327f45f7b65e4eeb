"""Time from the start of the process to the first frame: labrunner against a minimal Textual app.

    python benchmarks/first_frame.py [runs]

Both run in a real pseudo-terminal, interleaved; the first frame is there when the title's text comes out of it. Prints
medians and their ratio; exit code 1 when the ratio is above the limit.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import statistics
import sys
import tempfile
import time

LIMIT = 1.5
RUNS = 11
TIMEOUT = 30.0
MINIMAL = """
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("first-frame-mark")

Minimal().run()
"""
COMMANDS = {
    "minimal": ([sys.executable, "-c", MINIMAL], b"first-frame-mark"),
    "labrunner": (
        [sys.executable, "-c", "from labrunner.cli import main; raise SystemExit(main())"],
        b"palette",
    ),
}


def first_frame(command: list[str], mark: bytes, home: str) -> float:
    """Seconds until `mark` is written to the terminal."""
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="32", LABRUNNER_HOME=home)
        os.execv(command[0], command)
    seen = b""
    try:
        while mark not in seen:
            left = TIMEOUT - (time.perf_counter() - began)
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                raise SystemExit(f"no first frame within {TIMEOUT:g} s; the terminal got: {seen[-500:]!r}")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - began
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def main() -> int:
    """Measure and compare."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        for command, mark in COMMANDS.values():
            first_frame(command, mark, home)  # compiles the bytecode, fills the catalogue's cache
        for _ in range(runs):
            for name, (command, mark) in COMMANDS.items():
                times[name].append(first_frame(command, mark, home))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:10} {median * 1000:6.0f} ms (median of {runs}, best {min(times[name]) * 1000:.0f} ms)")
    ratio = medians["labrunner"] / medians["minimal"]
    print(f"ratio {ratio:.2f}, limit {LIMIT}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
