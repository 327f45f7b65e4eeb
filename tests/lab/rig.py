"""A session with all it has told, and ways to wait for what it tells. Shared by the tests of lab, cli and progress."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from labrunner.cluster.sim import SimulatedCluster
from labrunner.content.loading import load_module
from labrunner.content.models import Module
from labrunner.lab.events import LabEvent
from labrunner.lab.session import LabSession
from labrunner.lab.updates import Recorded, Trouble, Update
from labrunner.paths import Home
from labrunner.progress.log import EventLog
from labrunner.verify.verdict import CheckState

PACK = Path(__file__).parent / "pack"
Kind = TypeVar("Kind")


def sample(module_id: str) -> Module:
    """A module of the sample pack."""
    loaded = load_module(PACK / "modules" / module_id, pack=PACK)
    assert loaded.module is not None, loaded.problems
    return loaded.module


def authored(folder: Path, text: str, checks: str = "", name: str = "made") -> Module:
    """A module from its markdown body and the entries of its checks file, in a pack of its own."""
    write_module(folder, text, checks, name)
    loaded = load_module(folder / "modules" / name, pack=folder)
    assert loaded.module is not None, loaded.problems
    return loaded.module


def write_module(folder: Path, text: str, checks: str = "", name: str = "made", front: str = "") -> None:
    place = folder / "modules" / name
    place.mkdir(parents=True, exist_ok=True)
    head = f"---\nlab: 1\nid: {name}\ntitle: The {name} module\n{front}---\n# One\n\n"
    (place / "module.md").write_text(head + text)
    if checks:
        (folder / "checks").mkdir(exist_ok=True)
        (folder / "checks" / f"{name}.yaml").write_text(f"lab: 1\nchecks:\n{checks}")


class Clock:
    """Unix time that moves one second a look."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Lab:
    """One session on a simulated cluster of its own; `close` it (the fixture `make_lab` does)."""

    def __init__(self, module: Module, home: Home, *, trusted: bool = True) -> None:
        self.updates: list[Update] = []
        self.home = home
        self.log = EventLog(home.progress_file)
        self.cluster = SimulatedCluster(module.id, home.cluster(module.id))
        self.closed = False
        self._changed = asyncio.Event()
        self.session = LabSession(
            module,
            self.cluster,
            home=home,
            log=self.log,
            on_update=self._updated,
            clock=Clock(),
            trusted=trusted,
        )

    async def start(self, *, fresh: bool = False, step: str | None = None) -> Lab:
        self.resumed = self.session.open(fresh=fresh, step=step)
        await self.session.connect()
        return self

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            await self.session.close()
            self.log.close()

    async def until(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        """Wait until the updates made `condition` true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_passed(self, check: str) -> None:
        await self.until(lambda: check in self.session.progress.passed)

    async def until_state(self, check: str, state: CheckState) -> None:
        def reached() -> bool:
            status = self.session.check_status(check)
            return status is not None and status.state is state

        await self.until(reached)

    async def typed(self, command: str) -> str:
        """What a command prints in the learner's shell; it must exit with 0."""
        assert self.session.cells is not None
        shell = await self.session.cells.shell()
        result = await shell.run(command, label="typed", timeout=30)
        assert result.exit_code == 0, (command, result)
        return result.output.text.strip()

    def events(self, kind: type[Kind]) -> list[Kind]:
        recorded: list[LabEvent] = [update.event for update in self.updates if isinstance(update, Recorded)]
        return [event for event in recorded if isinstance(event, kind)]

    def troubles(self) -> list[str]:
        return [f"{update.message} {update.remedy}" for update in self.updates if isinstance(update, Trouble)]

    def _updated(self, update: Update) -> None:
        self.updates.append(update)
        self._changed.set()


def processes_of(folder: Path) -> dict[int, str]:
    """Command lines of this machine's processes that name `folder`, this one aside."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


def await_end(pid: int, seconds: float = 5) -> bool:
    """Wait for a process that is not a child of this one to end."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
