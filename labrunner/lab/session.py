"""A running lab: the attempt, its cluster, its shells and its checks, behind one object.

The app and the command line drive the same `LabSession` and draw the `Update`s it sends. `open` touches only the
disk, so that the first step can be read while `connect` brings the cluster up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from labrunner.cluster.driver import ClusterError, ClusterStatus
from labrunner.lab import commands, decisions
from labrunner.lab.attempt import Attempt
from labrunner.lab.decisions import RefusedError, Setting
from labrunner.lab.events import CellRan, LabEvent, QuestionAnswered, StepEntered, StepReset
from labrunner.lab.lock import LabLock
from labrunner.lab.updates import (
    CellStarted,
    CheckChanged,
    ClusterChanged,
    ClusterStage,
    Recorded,
    Trouble,
    Update,
)
from labrunner.lab.workspace import Workspace
from labrunner.progress.log import EventLog, ProgressError
from labrunner.verify.verdict import CheckState

if TYPE_CHECKING:
    from pathlib import Path

    from labrunner.cluster.driver import ClusterDriver
    from labrunner.content.checks_model import CheckSpec
    from labrunner.content.models import Cell, Module, Step
    from labrunner.lab.cells import CellRunner
    from labrunner.lab.progress import LabProgress
    from labrunner.paths import Home
    from labrunner.verify.engine import Verifier
    from labrunner.verify.verdict import CheckStatus

HEARTBEAT = 2.0
"""Seconds between looks at whether the cluster still answers."""

LAST_LOOK = 1.5
"""Seconds that moving on may be held up by the checks of the step that is left."""


class LabSession:
    """One learner, one module.

    Args:
        module: the lab.
        cluster: the driver of the cluster it runs on; not started yet.
        home: where labs keep their folders.
        log: the progress file.
        on_update: told of everything that happens, on the event loop's thread.
        clock: unix time in seconds.
        trusted: whether the pack's automatic cells (setup, fault, cleanup) and the commands of its checks may run.
    """

    def __init__(
        self,
        module: Module,
        cluster: ClusterDriver,
        *,
        home: Home,
        log: EventLog,
        on_update: Callable[[Update], None],
        clock: Callable[[], float] = time.time,
        trusted: bool = True,
    ) -> None:
        self.module = module
        self.cluster = cluster
        self.folder = home.lab(module.id)
        self.workspace = Workspace(self.folder.workspace, self.folder.snapshots)
        self.setting = Setting(module, cluster.capabilities)
        self.cells: CellRunner | None = None
        self.verifier: Verifier | None = None
        self.cluster_status = ClusterStatus(False, "not started yet")
        self.ready = asyncio.Event()
        """Set once cells can run; until then a front end may hold the learner's wish back."""
        self._on_update = on_update
        self.trusted = trusted
        self._attempt = Attempt(self.setting, log, clock, self._recorded)
        self._lock = LabLock(self.folder.lock, module.id)
        self._heartbeat: asyncio.Task[None] | None = None

    # -- where we are ------------------------------------------------------------------------------------------

    @property
    def progress(self) -> LabProgress:
        return self._attempt.progress

    @property
    def step(self) -> Step:
        """The current step."""
        return decisions.current_step(self.module, self.progress)

    @property
    def connected(self) -> bool:
        """Whether cells can run and checks verify."""
        return self.cells is not None and self.verifier is not None

    def check_status(self, check_id: str) -> CheckStatus | None:
        """The newest status of a check of the current step; None before it was looked at."""
        if self.verifier is None or check_id not in self.step.checks:
            return None
        try:
            return self.verifier.status(check_id)
        except KeyError:
            return None

    # -- beginning and ending ------------------------------------------------------------------------------------

    def open(self, *, fresh: bool = False, step: str | None = None) -> bool:
        """Lock the lab, make its workspace, resume or start the attempt. True when it was resumed.

        Raises LabBusyError, ProgressError, or KeyError for a step that is not in the module.
        """
        self._lock.acquire()
        try:
            resumed = self._attempt.begin(self.cluster.choice, simulated=self.cluster.simulated, fresh=fresh)
            if not self._surroundings_belong():
                self.workspace.discard()
            self.workspace.prepare(self.module)
            if step is not None or self.progress.current is None:
                self._attempt.do(commands.Enter(step or self.module.steps[0].id))
        except BaseException:
            self._lock.release()
            raise
        return resumed

    async def connect(self) -> None:
        """Bring the cluster up, then shells and checks. Raises ClusterError; may be called again after one."""
        from labrunner.lab.connection import connect

        if not self._surroundings_belong():
            await self.cluster.down()
            self._marker.write_text(self._attempt.name)
        await self.cluster.up(lambda stage: self._on_update(ClusterStage(stage)))
        self.cells, self.verifier = await connect(self, self._on_update, self._check_changed)
        self._set_cluster_status(await self.cluster.status())
        self._heartbeat = asyncio.create_task(self._watch_cluster())
        await self._arrive()
        self.ready.set()

    @property
    def _marker(self) -> Path:
        return self.folder.root / "attempt"

    def _surroundings_belong(self) -> bool:
        """Whether workspace and cluster were made in this attempt; a new one begins with neither."""
        return self._marker.exists() and self._marker.read_text() == self._attempt.name

    async def close(self) -> None:
        """Leave the lab; it resumes here. Shells and background cells end, the cluster's state is kept."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
        if self.cells is not None:
            await self.cells.close()
        if self.verifier is not None:
            await self.verifier.close()
        with contextlib.suppress(ProgressError):
            self._attempt.do(commands.Leave())
        await self.cluster.suspend()
        self._lock.release()

    # -- moving ----------------------------------------------------------------------------------------------------

    async def go(self, command: commands.Enter | commands.Next | commands.Previous) -> None:
        """Move to another step. Raises RefusedError with the reason where that makes no sense."""
        await self._look_once_more()
        events = self._attempt.do(command)
        if any(isinstance(event, StepEntered) for event in events):
            await self._arrive()

    async def _look_once_more(self) -> None:
        """What was done in the last moment counts, though its watch event may still be on the way."""
        unmet = [check_id for check_id in self.step.checks if check_id not in self.progress.passed]
        if self.verifier is not None and unmet and self.cluster_status.running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.verifier.verify(unmet, wait=False), LAST_LOOK)

    async def _arrive(self) -> None:
        """Prepare the current step: snapshot for its reset, its automatic cells, its checks."""
        if self.cells is None or self.verifier is None:
            return
        step = self.step
        name = f"step-{step.id}"
        if not self.workspace.has_snapshot(name):
            await self._keep_snapshot(name)
        await self._automatic(step)
        self._activate(step)

    def _activate(self, step: Step) -> None:
        """Watch a step's checks, and no others."""
        assert self.verifier is not None
        self.verifier.deactivate([check_id for check_id in self.module.checks if check_id not in step.checks])
        self.verifier.activate(
            [self._needing(self.module.checks[check_id], step) for check_id in step.checks],
            passed_at=self.progress.passed,
            baseline_seen=self.progress.baselines,
        )

    @staticmethod
    def _needing(check: CheckSpec, step: Step) -> CheckSpec:
        """What a step needs of the cluster, its checks need too."""
        return check if check.needs or not step.requires else replace(check, needs=step.requires)

    async def _keep_snapshot(self, name: str) -> None:
        try:
            await self.cluster.snapshot(name)
            await asyncio.to_thread(self.workspace.snapshot, name)
        except (ClusterError, OSError) as error:
            self._on_update(Trouble(f"this step cannot be reset later: {error}", "You can go on without."))

    async def _automatic(self, step: Step) -> None:
        """Run a step's setup and fault cells, once, when it is first entered."""
        assert self.cells is not None
        automatic = [
            cell
            for role in ("setup", "fault")
            for cell in self.module.lifecycle_cells(role, step.id)
            if cell.id not in self.progress.cells
        ]
        if automatic and not self.trusted:
            self._on_update(
                Trouble(
                    "this step prepares itself with commands of a pack you have not trusted",
                    f"Read them with `labrunner show {self.module.id}/{step.id} --all`, then trust the pack with "
                    f"`labrunner trust PACK`, or start with --trust.",
                )
            )
            return
        for cell in automatic:
            await self._run(cell)

    # -- doing -----------------------------------------------------------------------------------------------------

    async def run_cell(self, cell_id: str, value: str | None = None) -> CellRan:
        """Run a cell and record what became of it. `value` is what the learner chose for a `prompt=` cell.

        Raises RefusedError before `connect`, for an unknown cell, and while another cell runs in the same shell.
        """
        if self.cells is None:
            raise RefusedError("the cluster and the shell are still starting")
        return await self._run(self.module.cell(cell_id), value)

    async def _run(self, cell: Cell, value: str | None = None) -> CellRan:
        assert self.cells is not None
        self._on_update(CellStarted(cell.id))
        ran = await self.cells.run(cell, value)
        self._attempt.do(commands.CellEnded(ran))
        if self.verifier is not None:
            self.verifier.notify("cell")
        return ran

    async def verify(self, *, wait: bool = False) -> dict[str, CheckStatus]:
        """Evaluate the current step's checks afresh; with `wait`, until each has settled."""
        if self.verifier is None:
            raise RefusedError("the cluster is still starting")
        statuses = await self.verifier.verify(self.step.checks, wait=wait)
        for status in statuses.values():
            # A pass that a full disk kept out of the log is made up for.
            if status.state is CheckState.PASS and status.check_id not in self.progress.passed:
                self._check_changed(status)
        return statuses

    def hint(self) -> str | None:
        """The next hint of this step, recorded as taken; None when there is no further one."""
        statuses = (self.check_status(check_id) for check_id in self.step.checks)
        state_hints = tuple(status.verdict.hint for status in statuses if status and status.verdict.hint)
        text = decisions.next_hint(self.module, self.step, self.progress, state_hints)
        if text is not None:
            self._attempt.do(commands.TakeHint(text))
        return text

    def solution(self) -> tuple[Cell, ...]:
        """The cells that solve this step, recorded as shown."""
        self._attempt.do(commands.TakeSolution(played=False))
        return decisions.solution_cells(self.module, self.step)

    async def play_solution(self) -> tuple[CellRan, ...]:
        """Run the cells that solve this step, stopping at the first that ends otherwise than it should."""
        if self.cells is None:
            raise RefusedError("the cluster and the shell are still starting")
        self._attempt.do(commands.TakeSolution(played=True))
        results = []
        for cell in decisions.solution_cells(self.module, self.step):
            results.append(await self._run(cell))
            if not decisions.ran_rightly(results[-1], cell.expect_exit):
                break
        return tuple(results)

    def answer(self, command: commands.Answer) -> QuestionAnswered:
        """Record an attempt at a question. Raises AnswerFormError for an answer of the wrong form."""
        (event,) = (event for event in self._attempt.do(command) if isinstance(event, QuestionAnswered))
        self._facts_changed("quiz")
        return event

    def give_value(self, check_id: str, value: str) -> None:
        """The learner's value for an `answer` check."""
        self._attempt.do(commands.GiveValue(check_id, value))
        self._facts_changed("answer")

    def confirm(self, check_id: str) -> None:
        """The learner attests a `confirm` check."""
        self._attempt.do(commands.Confirm(check_id))
        self._facts_changed("confirm")

    def _facts_changed(self, what: str) -> None:
        if self.verifier is not None:
            self.verifier.notify(what)

    # -- going back ------------------------------------------------------------------------------------------------

    async def reset_step(self, step_id: str | None = None) -> None:
        """Take cluster, workspace and progress back to where a step began, and go there.

        Raises RefusedError where this cluster keeps no snapshots and the step has no reset cells.
        """
        if self.cells is None or self.verifier is None:
            raise RefusedError("the cluster is still starting")
        step = self.module.step(step_id) if step_id else self.step
        name = f"step-{step.id}"
        reset_cells = self.module.lifecycle_cells("reset", step.id)
        self.verifier.deactivate(step.checks)
        await self.cells.stop_background()
        restored = await self.cluster.restore(name)
        if not restored and not reset_cells:
            self._activate(self.step)
            raise RefusedError(
                "this step cannot be taken back: its beginning was not kept; reset the whole module"
            )
        await asyncio.to_thread(self.workspace.restore, name)
        for cell in reset_cells:
            await self._run(cell)
        for event in self._attempt.do(commands.Reset(step.id)):
            # Steps after it will begin from another state next time.
            if isinstance(event, StepReset) and event.step != step.id:
                self.workspace.forget(f"step-{event.step}")
        if self.step.id != step.id:
            self._attempt.do(commands.Enter(step.id))
        await self._automatic(step)
        self._activate(step)

    async def reset_module(self) -> None:
        """Begin again: a new cluster state, an empty workspace, a new attempt. The log keeps the old one."""
        self.ready.clear()
        if self.cells is not None:
            await self.cells.close()
            self.cells = None
        if self.verifier is not None:
            await self.verifier.close()
            self.verifier = None
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._attempt.begin(self.cluster.choice, simulated=self.cluster.simulated, fresh=True)
        self.workspace.discard()
        self.workspace.prepare(self.module)
        self._attempt.do(commands.Enter(self.module.steps[0].id))
        await self.connect()

    # -- the cluster -----------------------------------------------------------------------------------------------

    async def restart_cluster(self) -> None:
        """Bring a cluster that died up again, with the state it had. Raises ClusterError."""
        await self.cluster.up(lambda stage: self._on_update(ClusterStage(stage)))
        if self.verifier is not None:
            await self.verifier.restart_cluster()
        self._set_cluster_status(await self.cluster.status())

    async def _watch_cluster(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            status = await self.cluster.status()
            if status.running != self.cluster_status.running:
                self._set_cluster_status(status)

    def _set_cluster_status(self, status: ClusterStatus) -> None:
        self.cluster_status = status
        self._on_update(ClusterChanged(status))

    # -- what comes back -------------------------------------------------------------------------------------------

    def _recorded(self, at: float, event: LabEvent) -> None:
        self._on_update(Recorded(at, event))

    def _check_changed(self, status: CheckStatus) -> None:
        """A check is shown as passed only when the log has it."""
        passing = {"pass": True, "fail": False}.get(status.state.value)
        try:
            self._attempt.do(commands.CheckObserved(status.check_id, passing, status.baseline_seen))
        except ProgressError as error:
            self._on_update(Trouble(str(error), error.remedy))
            return
        self._on_update(CheckChanged(status))
