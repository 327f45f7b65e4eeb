"""The simulated cluster as a driver: a process of its own per lab, whose state outlives it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from labrunner.cluster.driver import ClusterError, ClusterStatus, DriverKind, OnStage, Stage
from labrunner.content.requirements import SIMULATED, Capabilities
from labrunner.sim import process


class SimulatedCluster:
    """`directory` holds everything of it: kubeconfig, certificates, journal, log."""

    kind: DriverKind = "sim"
    simulated = True

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory

    @property
    def choice(self) -> str:
        return "sim"

    @property
    def label(self) -> str:
        return "SIMULATED"

    @property
    def capabilities(self) -> Capabilities:
        return SIMULATED

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    async def up(self, on_stage: OnStage) -> None:
        on_stage(Stage(1, 1, "Starting the simulated cluster"))
        try:
            await asyncio.to_thread(process.start, self.directory)
        except process.StartError as error:
            raise ClusterError(
                f"the simulated cluster did not start: {error}",
                f"Its log is {self.directory / 'server.log'}; try `labrunner cluster down {self.name}` and start again.",
            ) from error

    async def status(self) -> ClusterStatus:
        running = await asyncio.to_thread(process.status, self.directory)
        if running is None:
            return ClusterStatus(False, "the simulated cluster's process is not running")
        return ClusterStatus(True, f"simulated, at {running.server} (process {running.pid})", running.server)

    async def suspend(self) -> None:
        """Stop the process and keep the state: the next `up` continues from it."""
        await asyncio.to_thread(process.stop, self.directory)

    async def down(self) -> None:
        await self.suspend()
        await asyncio.to_thread(shutil.rmtree, self.directory, True)

    async def snapshot(self, name: str) -> bool:
        await asyncio.to_thread(process.snapshot, self.directory, name)
        return True

    async def restore(self, name: str) -> bool:
        return await asyncio.to_thread(process.restore, self.directory, name)
