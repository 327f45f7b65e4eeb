"""One step put to the test, in the session a learner would use.

Its checks must be red at first; red still after each superficial fix; green after each alternative and after the author's
own way; and, the step taken back to its beginning, red and green once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from labrunner.authoring.answers import answer_rightly, satisfy_manual_checks
from labrunner.authoring.findings import Result
from labrunner.content.expected import compare
from labrunner.content.models import Cell, Module, Step
from labrunner.lab.decisions import RefusedError, ran_rightly, required_checks
from labrunner.lab.events import CellRan
from labrunner.lab.session import LabSession
from labrunner.verify.verdict import CheckState, CheckStatus

WRONG_WAY = 4.0
"""Seconds in which a superficial fix must have turned its checks green to be found out. A check's whole patience, spent on
something that is to stay red, would be the longest part of a test."""
WRONG_WAY_ON_REAL = 30.0
"""The same where images are pulled and containers start."""

Found = Callable[[Step, str, Result, str, float, str], None]
"""Told (step, name, result, detail, seconds, place) of each promise held or broken."""


@dataclass(slots=True)
class Timer:
    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timer]:
    """The seconds spent inside."""
    timer, began = Timer(), time.monotonic()
    try:
        yield timer
    finally:
        timer.seconds = time.monotonic() - began


class StepTrial:
    """The trial of the step that the session stands in. `seen_red` are checks that an earlier step saw red."""

    def __init__(self, session: LabSession, step: Step, seen_red: set[str], found: Found) -> None:
        self._session = session
        self._module: Module = session.module
        self._step = step
        self._seen_red = seen_red
        self._told = found
        self._red_here: list[str] = []

    async def run(self) -> None:
        gaps = self._session.setting.shortfalls(self._step)
        if gaps:
            wants = ", ".join(f"{gap.capability} {gap.wanted}" for gap in gaps)
            self._found("step", Result.SKIPPED, f"needs {wants}; this cluster does not give it")
            return
        self._prepared()
        await self._red_before()
        for role in ("superficial", "alternative"):
            for way, cells in self._module.ways(role, self._step.id).items():
                await self._other_way(role, way, cells)
        whole = await self._play(self._solve)
        for question_id in self._step.questions:
            self._question(question_id)
        green = await self._green("green after")
        if whole and green and self._red_here:
            await self._once_more()

    async def pass_through(self) -> bool:
        """Do the step as its author does, and tell only what fails. False when something did."""
        return await self._play(self._solve, quietly="on the way")

    @property
    def _solve(self) -> tuple[Cell, ...]:
        return self._module.lifecycle_cells("solve", self._step.id)

    def _prepared(self) -> None:
        """The cells that ran by themselves when the step was entered must have done what they are for."""
        for role in ("setup", "fault"):
            for cell in self._module.lifecycle_cells(role, self._step.id):
                ran = self._session.progress.cells.get(cell.id)
                if ran is None:
                    self._found(f"cell {cell.id}", Result.ERROR, "it was not run", place=str(cell.place))
                else:
                    self._ran(cell, ran)

    async def _red_before(self) -> None:
        if not self._step.checks:
            return
        with timed() as timer:
            statuses = await self._session.verify()
        for check_id in self._step.checks:
            if check_id in self._seen_red or self._module.checks[check_id].severity == "advisory":
                continue
            self._seen_red.add(check_id)
            name, status = f"red before: {check_id}", statuses[check_id]
            match status.state:
                case CheckState.PASS:
                    detail = "it passes before the learner has done anything, so it proves nothing"
                    self._found(name, Result.FAILED, detail, timer.seconds, self._place(check_id))
                case CheckState.ERROR:
                    self._found(name, Result.ERROR, _said(status), timer.seconds)
                case CheckState.SKIPPED:
                    self._found(name, Result.SKIPPED, _said(status), timer.seconds)
                case _:
                    self._red_here.append(check_id)
                    self._found(name, Result.OK, seconds=timer.seconds)

    async def _other_way(self, role: str, way: str, cells: Sequence[Cell]) -> None:
        """Another way to do the step, after which the step is taken back to its beginning."""
        name = f"{role}: {way}"
        with timed() as timer:
            played = await self._play(cells, quietly=name)
            statuses = await self._verdicts(patiently=role == "alternative") if played else {}
        if played and role == "alternative":
            self._judge(name, statuses, timer.seconds)
        elif played:
            self._judge_superficial(name, statuses, cells[0], timer.seconds)
        await self._take_back(name)

    async def _verdicts(self, *, patiently: bool) -> dict[str, CheckStatus]:
        """Where the checks stand in the end; without patience, after `WRONG_WAY` seconds at most."""
        if patiently:
            return await self._session.verify(wait=True)
        limit = WRONG_WAY if self._session.cluster.simulated else WRONG_WAY_ON_REAL
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._session.verify(wait=True), limit)
        return await self._session.verify()

    def _judge_superficial(
        self, name: str, statuses: dict[str, CheckStatus], cell: Cell, seconds: float
    ) -> None:
        required = [check.id for check in required_checks(self._module, self._step)]
        red = [check_id for check_id in required if statuses[check_id].state is not CheckState.PASS]
        troubles = [_said(statuses[each]) for each in red if statuses[each].state is CheckState.ERROR]
        if troubles and len(troubles) == len(red):
            self._found(name, Result.ERROR, "\n".join(troubles), seconds, str(cell.place))
        elif red:
            self._found(name, Result.OK, seconds=seconds)
        else:
            detail = "every required check passes, so a learner who did only this would be told it is right"
            self._found(name, Result.FAILED, detail, seconds, str(cell.place))

    async def _green(self, when: str) -> bool:
        """Whether every required check turns green; each says so."""
        if not self._step.checks:
            return True
        with timed() as timer:
            statuses = await self._session.verify(wait=True)
        return self._judge(when, statuses, timer.seconds)

    def _judge(self, when: str, statuses: dict[str, CheckStatus], seconds: float) -> bool:
        green = True
        for check_id in self._step.checks:
            status, name = statuses[check_id], f"{when}: {check_id}"
            advisory = self._module.checks[check_id].severity == "advisory"
            match status.state:
                case CheckState.PASS:
                    self._found(name, Result.OK, seconds=seconds)
                case CheckState.SKIPPED:
                    self._found(name, Result.SKIPPED, _said(status), seconds)
                case _ if advisory:
                    self._found(name, Result.SKIPPED, f"advisory: {_said(status)}", seconds)
                case state:
                    green = False
                    result = Result.ERROR if state is CheckState.ERROR else Result.FAILED
                    self._found(name, result, _said(status), seconds, self._place(check_id))
        return green

    async def _once_more(self) -> None:
        """Back to the step's beginning, where its checks must be red again, and through it a second time."""
        with timed() as timer:
            if not await self._take_back("reset"):
                return
            statuses = await self._session.verify()
        still = [each for each in self._red_here if statuses[each].state is CheckState.PASS]
        for check_id in still:
            detail = "it passes although the step was taken back to its beginning"
            self._found(
                f"red after reset: {check_id}", Result.FAILED, detail, timer.seconds, self._place(check_id)
            )
        if not still:
            self._found("reset: red again", Result.OK, seconds=timer.seconds)
        if await self._play(self._solve, quietly="once more"):
            await self._green("once more")

    async def _take_back(self, name: str) -> bool:
        try:
            await self._session.reset_step(self._step.id)
        except RefusedError as error:
            self._found(f"{name}: take back", Result.SKIPPED, str(error))
            return False
        return True

    async def _play(self, cells: Sequence[Cell], quietly: str = "") -> bool:
        """Run the step's visible cells and then *cells*. `quietly` names the way, and only what fails is told."""
        visible = tuple(cell for cell in self._step.visible_cells if cell.runnable)
        for cell in (*visible, *cells):
            if not await self.run_cell(cell, quietly):
                return False
        satisfy_manual_checks(self._session, self._step)
        return True

    async def run_cell(self, cell: Cell, quietly: str = "") -> bool:
        """Run one cell; False when the rest of the step makes no sense after it."""
        name = f"{quietly}: cell {cell.id}" if quietly else f"cell {cell.id}"
        value = None
        if cell.prompt is not None and self._session.cells is not None:
            choices = await self._session.cells.choices(cell)
            if not choices:
                self._found(name, Result.FAILED, f"`{cell.prompt_from}` offers no value")
                return False
            value = choices[0]
        try:
            ran = await self._session.run_cell(cell.id, value)
        except RefusedError as error:
            self._found(name, Result.ERROR, str(error))
            return False
        if not quietly:
            return self._ran(cell, ran)
        right = ran_rightly(ran, cell.expect_exit)
        if not right:
            self._found(name, Result.FAILED, _ended(cell, ran), ran.duration, str(cell.place))
        return right

    def _ran(self, cell: Cell, ran: CellRan) -> bool:
        """Whether a cell ended as it promises, with the output it promises."""
        right = ran_rightly(ran, cell.expect_exit)
        result = Result.OK if right else Result.FAILED
        detail = "" if right else _ended(cell, ran)
        self._found(f"cell {cell.id}", result, detail, ran.duration, str(cell.place))
        if cell.expected is not None and ran.output_matches is not None:
            differences = compare(cell.expected.text, ran.output)
            self._found(
                f"output of {cell.id}",
                Result.FAILED if differences else Result.OK,
                "\n".join(str(difference) for difference in differences),
                place=str(cell.expected.place),
            )
        return right

    def _question(self, question_id: str) -> None:
        """The author's own answer must be graded as right."""
        question = self._module.questions[question_id]
        problem = answer_rightly(self._session, question)
        result = Result.FAILED if problem else Result.OK
        self._found(f"question {question_id}", result, problem or "", place=str(question.place))

    def _place(self, check_id: str) -> str:
        return str(self._module.checks[check_id].place)

    def _found(
        self, name: str, result: Result, detail: str = "", seconds: float = 0.0, place: str = ""
    ) -> None:
        self._told(self._step, name, result, detail, seconds, place)


def _ended(cell: Cell, ran: CellRan) -> str:
    how = f"exit {ran.exit_code}" if ran.outcome == "ended" else ran.outcome.replace("-", " ")
    return f"{how}, wanted exit {cell.expect_exit}\n{ran.output[-2000:]}"


def _said(status: CheckStatus) -> str:
    return f"{status.state.value}: {status.verdict.message or status.verdict.summary}"
