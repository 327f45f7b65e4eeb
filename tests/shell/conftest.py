"""A real shell with an empty HOME for every test, and a proof after each that nothing of it still runs."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import CommandEnded, ShellEvent, ShellKind, State
from labrunner.shell.processes import session_members
from labrunner.shell.session import ShellSession

KINDS = [
    "bash",
    pytest.param("zsh", marks=pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")),
]


class Shell:
    """A session with all it has said, and ways to wait for what it says."""

    def __init__(self, environment: LabEnvironment, kind: ShellKind = "bash", **options: object) -> None:
        self.environment = environment
        self.screen = bytearray()
        self.events: list[ShellEvent] = []
        self.pids: list[int] = []
        self._changed = asyncio.Event()
        self.session = ShellSession(
            environment,
            kind=kind,
            on_output=self._output,
            on_event=self._event,
            **({"grace": 0.3} | options),  # type: ignore[arg-type]
        )
        self.run = self.session.run
        self.write = self.session.write

    @property
    def text(self) -> str:
        return self.screen.decode("utf-8", "replace")

    @property
    def state(self) -> State:
        return self.session.state

    def ended(self) -> list[CommandEnded]:
        return [event for event in self.events if isinstance(event, CommandEnded)]

    async def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await self._changed.wait()

    async def until_shown(self, text: str) -> None:
        await self.until(lambda: text in self.text)

    async def until_state(self, state: State) -> None:
        await self.until(lambda: self.state is state)

    async def start(self, seconds: float = 10) -> Shell:
        await self.session.start(seconds)
        return self

    async def stdout(self, source: str) -> str:
        result = await self.run(source, timeout=10)
        assert result.exit_code == 0, (source, result)
        return result.output.text.strip()

    def _output(self, data: bytes) -> None:
        self.screen += data
        self._notify()

    def _event(self, event: ShellEvent) -> None:
        self.events.append(event)
        self._notify()

    def _notify(self) -> None:
        if self.session.pid is not None and self.session.pid not in self.pids:
            self.pids.append(self.session.pid)
        self._changed.set()
        self._changed.clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def environment(tmp_path: Path, home: Path) -> LabEnvironment:
    inherited = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "KUBECONFIG": "/secret/prod",
    }
    return LabEnvironment(tmp_path / "workspace", tmp_path / "state", inherited=inherited)


@pytest_asyncio.fixture
async def make_shell(environment: LabEnvironment) -> AsyncIterator[Callable[..., Shell]]:
    shells: list[Shell] = []

    def make(kind: ShellKind = "bash", environment: LabEnvironment = environment, **options: object) -> Shell:
        shells.append(Shell(environment, kind, **options))
        return shells[-1]

    yield make
    for shell in shells:
        await shell.session.close()
        assert [pid for leader in shell.pids for pid in session_members(leader)] == []
        assert shell.state is State.DEAD


@pytest_asyncio.fixture
async def shell(make_shell: Callable[..., Shell]) -> Shell:
    return await make_shell().start()


@pytest_asyncio.fixture(params=KINDS)
async def either(request: pytest.FixtureRequest, make_shell: Callable[..., Shell]) -> Shell:
    """The same test in bash and in zsh."""
    return await make_shell(request.param).start()
