"""Runs a checking command on the learner's machine: bounded in time and output, its whole process group ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT_LIMIT = 256 * 1024
"""Bytes kept of each stream; the rest is read and dropped."""

_SHELLS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh")
_LONGEST_SHEBANG = 512
_GRACE = 1.0
_LINGER = 0.3


@dataclass(frozen=True, slots=True)
class CommandResult:
    """`problem` says why there is no result; otherwise the exit code (negative: the signal) and both outputs."""

    exit_code: int | None
    stdout: str = ""
    stderr: str = ""
    problem: str = ""


async def run_command(
    source: str, *, environment: Mapping[str, str], directory: Path, time_limit: float
) -> CommandResult:
    """Run shell source in `directory`. Never raises for what the command does."""
    shell = _shell()
    if shell is None:
        return CommandResult(None, problem="this machine has no bash to run the check's command")
    return await run_program(
        [shell, "-c", source], environment=environment, directory=directory, time_limit=time_limit
    )


async def run_script(
    file: Path,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    time_limit: float,
) -> CommandResult:
    """Run a script file by its `#!` line, whether or not it is marked executable; else by bash."""
    try:
        interpreter = _interpreter(file)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        return CommandResult(None, problem=f"the check's script {file.name} cannot be read: {reason}")
    if not interpreter:
        return CommandResult(None, problem=f"this machine has no bash to run the check's script {file.name}")
    return await run_program(
        [*interpreter, str(file), *arguments],
        environment=environment,
        directory=directory,
        time_limit=time_limit,
    )


def _shell() -> str | None:
    return next((path for path in _SHELLS if os.access(path, os.X_OK)), None)


def _interpreter(file: Path) -> list[str]:
    """The program of the `#!` line and its one argument, as the system reads it; bash without one."""
    with file.open("rb") as opened:
        first = opened.readline(_LONGEST_SHEBANG)
    if first.startswith(b"#!"):
        words = first[2:].decode("utf-8", "surrogateescape").strip().split(None, 1)
        if words[:1] == ["/usr/bin/env"] and len(words) == 2 and words[1].startswith("-S"):
            words = [words[0], *shlex.split(words[1][2:])]
        if words:
            return words
    shell = _shell()
    return [shell] if shell else []


async def run_program(
    arguments: Sequence[str], *, environment: Mapping[str, str], directory: Path, time_limit: float
) -> CommandResult:
    """Run a program in `directory`. Never raises for what it does."""
    try:
        stdout, stderr = _Output(), _Output()
    except OSError as problem:
        return CommandResult(None, problem=f"the check's command could not be started: {problem}")
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout.inlet,
            stderr=stderr.inlet,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        stdout.close()
        stderr.close()
        return CommandResult(None, problem=f"the check's command could not be started: {problem}")
    stdout.open()
    stderr.open()
    try:
        code = await asyncio.wait_for(process.wait(), time_limit)
        _end_group(process.pid)  # what it left running would hold its output open
        return CommandResult(code, *await asyncio.gather(stdout.text(), stderr.text()))
    except TimeoutError:
        return CommandResult(None, problem=f"the check's command did not end within {time_limit:g} s")
    finally:
        _end_group(process.pid)
        stdout.close()
        stderr.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)


class _Output:
    """The start of what comes out of a pipe of our own: asyncio's would hold up `wait` while any child has it open."""

    def __init__(self) -> None:
        self._outlet, self.inlet = os.pipe()
        os.set_blocking(self._outlet, False)
        self._kept = bytearray()
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Begin to read, once the process has its end."""
        os.close(self.inlet)
        self.inlet = -1
        self._loop.add_reader(self._outlet, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._outlet, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._kept += data[: OUTPUT_LIMIT - len(self._kept)]
        if not data:
            self._loop.remove_reader(self._outlet)
            self._ended.set()

    async def text(self) -> str:
        """All of it up to the limit; what a process that lives on may still write is not waited for."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _LINGER)
        return self._kept.decode("utf-8", "replace")

    def close(self) -> None:
        if self.inlet >= 0:
            os.close(self.inlet)
            self.inlet = -1
        if self._outlet >= 0:
            self._loop.remove_reader(self._outlet)
            os.close(self._outlet)
            self._outlet = -1


def _end_group(group: int) -> None:
    """Kill what the command left behind, and the command itself if it still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
