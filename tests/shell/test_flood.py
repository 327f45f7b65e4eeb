"""Much output: memory stays bounded, the event loop stays free, and Ctrl-C still works."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

import pytest

from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import Outcome, State
from labrunner.shell.output import HEAD_BYTES, TAIL_BYTES
from labrunner.shell.session import ShellSession

FLOOD = "head -c 100000000 /dev/zero | tr '\\0' x; printf END"


class LoopLag:
    """The longest time between two turns of the event loop, measured by a callback that always asks for the next."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.monotonic()
        self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        now = time.monotonic()
        self.longest, self._last = max(self.longest, now - self._last), now
        self._handle = asyncio.get_running_loop().call_later(0.001, self._turn)

    def stop(self) -> None:
        self._handle.cancel()


@pytest.mark.slow
async def test_100_mb_of_output(environment: LabEnvironment) -> None:
    received = 0

    def count(data: bytes) -> None:
        nonlocal received
        received += len(data)

    session = ShellSession(environment, on_output=count, on_event=lambda _event: None)
    await session.start()
    try:
        lag = LoopLag()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = await session.run(FLOOD, timeout=60)
        growth_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        lag.stop()
    finally:
        await session.close()
    assert result.outcome is Outcome.ENDED
    assert result.output.size == 100_000_003
    assert received > 100_000_003
    assert (len(result.output.head), len(result.output.tail)) == (HEAD_BYTES, TAIL_BYTES)
    assert result.output.tail.endswith(b"xEND")
    assert result.output.dropped == 100_000_003 - HEAD_BYTES - TAIL_BYTES
    assert growth_kb < 10_000
    assert lag.longest < 0.1  # a few ms on an idle machine; the bound leaves room for a busy one


async def test_a_slow_reader_slows_the_program_and_not_the_loop(
    environment: LabEnvironment, tmp_path: Path
) -> None:
    """An emulator that needs 1 ms for 4 KB: the loop still turns, and Ctrl-C gets through at once."""

    def slow(_data: bytes) -> None:
        until = time.monotonic() + 0.001
        while time.monotonic() < until:
            pass

    running = asyncio.Event()
    session = ShellSession(
        environment,
        on_output=slow,
        on_event=lambda _event: running.set() if session.state is State.RUNNING else None,
    )
    await session.start()
    try:
        cell = asyncio.create_task(session.run("yes", label="yes"))
        await asyncio.wait_for(running.wait(), 10)
        lag = LoopLag()
        flooded = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.3, flooded.set_result, None)
        await flooded
        began = time.monotonic()
        await session.interrupt()
        result = await asyncio.wait_for(cell, 10)
        lag.stop()
    finally:
        await session.close()
    assert result.outcome is Outcome.INTERRUPTED
    assert time.monotonic() - began < 2
    assert lag.longest < 0.1
