"""Qualifying a module: does every check fail for undone work and pass for the author's own solution?

The module is run headless through the same session a learner uses, in a home of its own: for each step, checks must be
red before; its cells and solution must end as they promise, with the output they promise; checks must turn green; and at
the end the cleanup cells must leave the cluster as it was found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labrunner.authoring.answers import answer_rightly, satisfy_manual_checks
from labrunner.authoring.findings import Finding, ModuleReport, Result
from labrunner.cluster.choice import choose_cluster
from labrunner.cluster.driver import ClusterDriver
from labrunner.content.expected import compare
from labrunner.content.models import Cell, Module, Step
from labrunner.lab import commands
from labrunner.lab.decisions import RefusedError, ran_rightly
from labrunner.lab.events import CellRan
from labrunner.lab.session import LabSession
from labrunner.lab.updates import Trouble, Update
from labrunner.paths import Home
from labrunner.progress.log import EventLog
from labrunner.verify.verdict import CheckState, CheckStatus


async def qualify(
    module: Module, cluster: str, folder: Path, on_finding: Callable[[Finding], None] = lambda _: None
) -> ModuleReport:
    """Run `module` on a cluster made for it, keeping everything in `folder`. Raises ClusterError."""
    began = time.monotonic()
    home = Home(folder / "data", folder / "cache")
    driver = choose_cluster(cluster, module, home)
    log = EventLog(home.progress_file)
    qualification = Qualification(module, driver, home, log, on_finding)
    try:
        await qualification.run()
    finally:
        await driver.down()
        log.close()
    return ModuleReport(module.id, driver.label, tuple(qualification.findings), time.monotonic() - began)


@dataclass(slots=True)
class _Timer:
    seconds: float = 0.0


@contextmanager
def _timed() -> Iterator[_Timer]:
    timer, began = _Timer(), time.monotonic()
    try:
        yield timer
    finally:
        timer.seconds = time.monotonic() - began


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

    async def run(self) -> None:
        session = self._session
        session.open(fresh=True)
        try:
            await session.connect()
            before = await self._driver.inventory()
            for number, step in enumerate(self._module.steps):
                if number:
                    await session.go(commands.Enter(step.id))
                await self._step(step)
            await self._cleanup(before)
        finally:
            await session.close()

    async def _step(self, step: Step) -> None:
        gaps = self._session.setting.shortfalls(step)
        if gaps:
            wants = ", ".join(f"{gap.capability} {gap.wanted}" for gap in gaps)
            self._found(step, "step", Result.SKIPPED, f"needs {wants}; this cluster does not give it")
            return
        self._prepared(step)
        await self._red_before(step)
        for cell in [*(cell for cell in step.visible_cells if cell.runnable), *self._solve(step)]:
            if not await self._cell(step, cell):
                break
        satisfy_manual_checks(self._session, step)
        for question_id in step.questions:
            self._question(step, question_id)
        await self._green_after(step)

    def _prepared(self, step: Step) -> None:
        """The cells that ran by themselves when the step was entered must have done what they are for."""
        for role in ("setup", "fault"):
            for cell in self._module.lifecycle_cells(role, step.id):
                ran = self._session.progress.cells.get(cell.id)
                if ran is None:
                    self._found(
                        step, f"cell {cell.id}", Result.ERROR, "it was not run", place=str(cell.place)
                    )
                else:
                    self._ran(step, cell, ran)

    def _solve(self, step: Step) -> tuple[Cell, ...]:
        return self._module.lifecycle_cells("solve", step.id)

    async def _red_before(self, step: Step) -> None:
        if not step.checks:
            return
        with _timed() as timer:
            statuses = await self._session.verify()
        for check_id in step.checks:
            state = statuses[check_id].state
            if check_id in self._seen_red or self._module.checks[check_id].severity == "advisory":
                continue
            self._seen_red.add(check_id)
            name = f"red before: {check_id}"
            if state is CheckState.PASS:
                detail = "it passes before the learner has done anything, so it proves nothing"
                self._found(step, name, Result.FAILED, detail, timer.seconds, self._check_place(check_id))
            elif state is CheckState.ERROR:
                self._found(step, name, Result.ERROR, _said(statuses[check_id]), timer.seconds)
            elif state is CheckState.SKIPPED:
                self._found(step, name, Result.SKIPPED, _said(statuses[check_id]), timer.seconds)
            else:
                self._found(step, name, Result.OK, seconds=timer.seconds)

    async def _green_after(self, step: Step) -> None:
        if not step.checks:
            return
        with _timed() as timer:
            statuses = await self._session.verify(wait=True)
        for check_id in step.checks:
            status = statuses[check_id]
            name = f"green after: {check_id}"
            place = self._check_place(check_id)
            match status.state:
                case CheckState.PASS:
                    self._found(step, name, Result.OK, seconds=timer.seconds)
                case CheckState.SKIPPED:
                    self._found(step, name, Result.SKIPPED, _said(status), timer.seconds)
                case CheckState.ERROR:
                    self._found(step, name, Result.ERROR, _said(status), timer.seconds, place)
                case _:
                    self._found(step, name, Result.FAILED, _said(status), timer.seconds, place)

    async def _cell(self, step: Step, cell: Cell) -> bool:
        """Run one cell; False when the rest of the step makes no sense after it."""
        value = None
        if cell.prompt is not None and self._session.cells is not None:
            choices = await self._session.cells.choices(cell)
            if not choices:
                self._found(step, f"cell {cell.id}", Result.FAILED, f"`{cell.prompt_from}` offers no value")
                return False
            value = choices[0]
        try:
            ran = await self._session.run_cell(cell.id, value)
        except RefusedError as error:
            self._found(step, f"cell {cell.id}", Result.ERROR, str(error))
            return False
        return self._ran(step, cell, ran)

    def _ran(self, step: Step, cell: Cell, ran: CellRan) -> bool:
        """Whether a cell ended as it promises, with the output it promises."""
        right = ran_rightly(ran, cell.expect_exit)
        detail = "" if right else f"{_ended(ran)}, wanted exit {cell.expect_exit}\n{ran.output[-2000:]}"
        result = Result.OK if right else Result.FAILED
        self._found(step, f"cell {cell.id}", result, detail, ran.duration, str(cell.place))
        if cell.expected is not None and ran.output_matches is not None:
            differences = compare(cell.expected.text, ran.output)
            self._found(
                step,
                f"output of {cell.id}",
                Result.FAILED if differences else Result.OK,
                "\n".join(str(difference) for difference in differences),
                place=str(cell.expected.place),
            )
        return right

    def _question(self, step: Step, question_id: str) -> None:
        """The author's own answer must be graded as right."""
        problem = answer_rightly(self._session, self._module.questions[question_id])
        place = str(self._module.questions[question_id].place)
        self._found(
            step,
            f"question {question_id}",
            Result.FAILED if problem else Result.OK,
            problem or "",
            place=place,
        )

    async def _cleanup(self, before: frozenset[str] | None) -> None:
        """Run every cleanup cell, then compare what the cluster holds with what it held at the start."""
        last = self._module.steps[-1]
        cells = [cell for cell in self._module.cells() if cell.role == "cleanup"]
        for cell in cells:
            await self._cell(last, cell)
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

    def _check_place(self, check_id: str) -> str:
        return str(self._module.checks[check_id].place)

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


def _ended(ran: CellRan) -> str:
    return f"exit {ran.exit_code}" if ran.outcome == "ended" else ran.outcome.replace("-", " ")


def _said(status: CheckStatus) -> str:
    return f"{status.state.value}: {status.verdict.message or status.verdict.summary}"
