"""Runs a checking command on the learner's machine: bounded in time and output, its whole process group ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT_LIMIT = 256 * 1024
"""Bytes kept of each stream; the rest is read and dropped."""

_SHELLS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh")
_GRACE = 1.0


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
    shell = next((path for path in _SHELLS if os.access(path, os.X_OK)), None)
    if shell is None:
        return CommandResult(None, problem="this machine has no bash to run the check's command")
    try:
        process = await asyncio.create_subprocess_exec(
            shell,
            "-c",
            source,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        return CommandResult(None, problem=f"the check's command could not be started: {problem}")
    assert process.stdout is not None and process.stderr is not None
    readers = [asyncio.ensure_future(_head(stream)) for stream in (process.stdout, process.stderr)]
    try:
        code = await asyncio.wait_for(process.wait(), time_limit)
    except TimeoutError:
        return CommandResult(None, problem=f"the check's command did not end within {time_limit:g} s")
    finally:
        _end_group(process.pid)
        outputs = await _collect(readers)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
    return CommandResult(code, *(data.decode("utf-8", "replace") for data in outputs))


async def _head(stream: asyncio.StreamReader) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk[: OUTPUT_LIMIT - len(kept)]
    return bytes(kept)


async def _collect(readers: Sequence[asyncio.Future[bytes]]) -> list[bytes]:
    """Both outputs; what a process that escaped its group still holds open is not waited for."""
    await asyncio.wait(readers, timeout=_GRACE)
    for reader in readers:
        reader.cancel()
    return [reader.result() if reader.done() and not reader.cancelled() else b"" for reader in readers]


def _end_group(group: int) -> None:
    """Kill what the command left behind, and the command itself if it still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
