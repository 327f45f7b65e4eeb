"""The simulated cluster as a driver: a process of its own per lab, whose state outlives it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine, Sequence
from pathlib import Path

from labrunner.cluster import sim_control as control
from labrunner.cluster.driver import ClusterError, ClusterStatus, DriverKind, OnStage, Stage
from labrunner.content.requirements import SIMULATED, Capabilities
from labrunner.content.versions import VersionedName
from labrunner.sim import process

PASSING = frozenset({"events", "events.events.k8s.io", "leases.coordination.k8s.io"})
"""Resources that come and go by themselves and so count as nobody's leftovers."""


class SimulatedCluster:
    """`directory` holds everything of it: kubeconfig, certificates, journal, log.

    `kinds` are the sets of custom kinds it serves from the start, as a module asks for them: `istio`, `istio>=1.24`.
    """

    kind: DriverKind = "sim"
    simulated = True

    def __init__(self, name: str, directory: Path, kinds: Sequence[str] = ()) -> None:
        self.name = name
        self.directory = directory
        self._kinds = tuple(kinds)

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
        stages = 1 + len(self._kinds)
        on_stage(Stage(1, stages, "Starting the simulated cluster"))
        try:
            await _to_its_end(asyncio.to_thread(process.start, self.directory))
        except (process.StartError, OSError) as error:
            raise ClusterError(
                f"the simulated cluster did not start: {error}",
                f"Its log is {self.directory / 'server.log'}; try `labrunner cluster down {self.name}` and start again.",
            ) from error
        for number, wanted in enumerate(self._kinds, 2):
            on_stage(Stage(number, stages, f"Serving the kinds of {wanted}"))
            await asyncio.to_thread(self._install, VersionedName.parse(wanted))

    def _install(self, wanted: VersionedName) -> None:
        try:
            version = control.install_kinds(self.kubeconfig, wanted.name)
        except control.NotThereError as error:
            raise ClusterError(
                f"the simulated cluster has no kinds of {wanted.name}: {error}",
                "Use --cluster kind or --cluster context:NAME, or let the module bring its own definitions.",
            ) from error
        if not wanted.allows(version):
            raise ClusterError(
                f"the lab asks for {wanted}, and the simulated cluster's kinds are those of {wanted.name} {version}",
                "Use --cluster kind or --cluster context:NAME.",
            )

    async def status(self) -> ClusterStatus:
        found = await asyncio.to_thread(process.status, self.directory)
        if found.running is None:
            ended = "ended unexpectedly" if found.state == "died" else "is not running"
            return ClusterStatus(False, f"the simulated cluster's process {ended}; its state is kept")
        running = found.running
        return ClusterStatus(True, f"simulated, at {running.server} (process {running.pid})", running.server)

    async def suspend(self) -> None:
        """Stop the process and keep the state: the next `up` continues from it."""
        await asyncio.to_thread(process.stop, self.directory)

    async def down(self) -> None:
        await self.suspend()
        await asyncio.to_thread(shutil.rmtree, self.directory, True)

    async def snapshot(self, name: str) -> bool:
        await asyncio.to_thread(control.save_snapshot, self.kubeconfig, name)
        return True

    async def restore(self, name: str) -> bool:
        try:
            await asyncio.to_thread(control.restore_snapshot, self.kubeconfig, name)
        except control.NotThereError:
            return False
        return True

    async def inventory(self) -> frozenset[str] | None:
        keys = await asyncio.to_thread(control.object_keys, self.kubeconfig)
        return frozenset(key for key in keys if key.partition("/")[0] not in PASSING)


async def _to_its_end(work: Coroutine[None, None, object]) -> None:
    """Await work in a thread, which goes on when the waiting is cancelled: its server must not come up unseen."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
