"""Qualifying a module: does every check fail for undone work and pass for every right way to do it?

The module is run headless through the same session a learner uses, in a home of its own. Each step is put to its trial
(see `step_trial`), and at the end the cleanup cells must leave the cluster as it was found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from pathlib import Path

from labrunner.authoring.findings import Finding, ModuleReport, Result
from labrunner.authoring.step_trial import StepTrial
from labrunner.cluster.choice import choose_cluster
from labrunner.cluster.driver import ClusterDriver
from labrunner.content.models import Module, Step
from labrunner.lab import commands
from labrunner.lab.session import LabSession
from labrunner.lab.updates import Trouble, Update
from labrunner.paths import Home
from labrunner.progress.log import EventLog


async def qualify(
    module: Module,
    cluster: str,
    folder: Path,
    on_finding: Callable[[Finding], None] = lambda _: None,
    only: Collection[str] = (),
) -> ModuleReport:
    """Run `module` on a cluster made for it, keeping everything in `folder`. Raises ClusterError.

    `only` names the steps to put to the test; the ones before them are just played, the rest is left out.
    """
    began = time.monotonic()
    home = Home(folder / "data", folder / "cache")
    driver = choose_cluster(cluster, module, home)
    log = EventLog(home.progress_file)
    qualification = Qualification(module, driver, home, log, on_finding)
    try:
        await qualification.run(only)
    finally:
        await driver.down()
        log.close()
    return ModuleReport(module.id, driver.label, tuple(qualification.findings), time.monotonic() - began)


class Qualification:
    """One module's run. Findings are reported as they are made and kept in order."""

    def __init__(
        self,
        module: Module,
        driver: ClusterDriver,
        home: Home,
        log: EventLog,
        on_finding: Callable[[Finding], None],
    ) -> None:
        self.findings: list[Finding] = []
        self._module = module
        self._driver = driver
        self._on_finding = on_finding
        self._troubles: list[str] = []
        self._session = LabSession(module, driver, home=home, log=log, on_update=self._updated)
        self._seen_red: set[str] = set()

    async def run(self, only: Collection[str] = ()) -> None:
        session, steps = self._session, list(self._module.steps)
        last = max((number for number, step in enumerate(steps) if step.id in only), default=len(steps) - 1)
        session.open(fresh=True)
        try:
            await session.connect()
            before = await self._driver.inventory()
            for number, step in enumerate(steps[: last + 1]):
                if number:
                    await session.go(commands.Enter(step.id))
                await self._step(step, played_only=bool(only) and step.id not in only)
            if not only:
                await self._cleanup(before)
        finally:
            await session.close()

    async def _step(self, step: Step, *, played_only: bool) -> None:
        trial = StepTrial(self._session, step, self._seen_red, self._found)
        if not played_only:
            await trial.run()
        elif not self._session.setting.shortfalls(step):
            await trial.pass_through()

    async def _cleanup(self, before: frozenset[str] | None) -> None:
        """Run every cleanup cell, then compare what the cluster holds with what it held at the start."""
        last = self._module.steps[-1]
        cells = [cell for cell in self._module.cells() if cell.role == "cleanup"]
        trial = StepTrial(self._session, last, self._seen_red, self._found)
        for cell in cells:
            await trial.run_cell(cell)
        if before is None or not cells:
            return
        left = await self._left_behind(before)
        detail = f"left behind: {', '.join(sorted(left))}" if left else ""
        self._found(last, "cleanup", Result.FAILED if left else Result.OK, detail)

    async def _left_behind(self, before: frozenset[str]) -> frozenset[str]:
        """Deletion takes a moment (finalizers, graceful pods): look until nothing is left, ten seconds at most."""
        left: frozenset[str] = frozenset()
        for _ in range(50):
            left = (await self._driver.inventory() or frozenset()) - before
            if not left:
                break
            await asyncio.sleep(0.2)
        return left

    def _found(
        self, step: Step, name: str, result: Result, detail: str = "", seconds: float = 0.0, place: str = ""
    ) -> None:
        if self._troubles:
            detail = "\n".join([detail, *self._troubles]).strip()
            self._troubles.clear()
        finding = Finding(step.id, name, result, detail, seconds, place)
        self.findings.append(finding)
        self._on_finding(finding)

    def _updated(self, update: Update) -> None:
        if isinstance(update, Trouble):
            self._troubles.append(f"{update.message}. {update.remedy}")
