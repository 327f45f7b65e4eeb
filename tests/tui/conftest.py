"""An app on a small pack of its own, with a home in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labrunner.cluster.driver import ClusterDriver, ClusterError, ClusterStatus, DriverKind, OnStage, Stage
from labrunner.content.pack import open_pack
from labrunner.content.requirements import SIMULATED, Capabilities
from labrunner.paths import Home
from labrunner.sim import process
from labrunner.tui.app import LabrunnerApp
from labrunner.tui.launch import Launch

PACK = Path(__file__).parent / "pack"
NOON = 1_790_000_000.0


class ScriptedCluster:
    """A cluster that never comes up, or fails to as often as it is told."""

    kind: DriverKind = "sim"
    simulated = True
    choice = "sim"
    label = "SIMULATED"
    capabilities: Capabilities = SIMULATED

    def __init__(self, folder: Path, failures: int = 0) -> None:
        self.name = "scripted"
        self.kubeconfig = folder / "kubeconfig"
        self.failures = failures
        self.attempts = 0

    async def up(self, on_stage: OnStage) -> None:
        self.attempts += 1
        if self.failures:
            self.failures -= 1
            raise ClusterError("the port is taken", "Close what listens there, then try again.")
        on_stage(Stage(1, 3, "Pretending to start"))
        await asyncio.Event().wait()

    async def status(self) -> ClusterStatus:
        return ClusterStatus(False, "scripted")

    async def suspend(self) -> None:
        pass

    async def down(self) -> None:
        pass

    async def snapshot(self, name: str) -> bool:
        return False

    async def restore(self, name: str) -> bool:
        return False

    async def inventory(self) -> frozenset[str] | None:
        return None


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    # Learners' rc files and prompts must not matter.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LABRUNNER_HOME", str(tmp_path / "labrunner"))
    home = Home(tmp_path / "labrunner" / "data", tmp_path / "labrunner" / "cache")
    yield home
    for folder in (home.data / "clusters").glob("*"):
        process.stop(folder)


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedCluster:
    return ScriptedCluster(tmp_path)


MakeApp = Callable[..., LabrunnerApp]


@pytest.fixture
def make_app(home: Home) -> MakeApp:
    """Makes an app; `cluster` replaces the simulated one, `clock` the time, the rest goes into its `Launch`."""

    def make(
        *, cluster: ClusterDriver | None = None, clock: Callable[[], float] | None = None, **launch: object
    ) -> LabrunnerApp:
        options = {}
        if cluster is not None:
            options["driver"] = lambda wanted, name, home: cluster
        if clock is not None:
            options["clock"] = clock
        return LabrunnerApp(Launch(open_pack(PACK), **{"trust": True, **launch}), home=home, **options)

    return make
