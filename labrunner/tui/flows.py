"""What a key of the lab screen sets off: calls on the session, with the dialogs between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labrunner.content.checks_model import AnswerCheck, ConfirmCheck
from labrunner.lab import commands
from labrunner.lab.decisions import RefusedError, ran_rightly
from labrunner.lab.summary import summarise
from labrunner.tui.guarded_flows import GuardedFlows
from labrunner.tui.screens.choice import ChoiceDialog
from labrunner.tui.screens.entry import EntryDialog
from labrunner.tui.screens.message import YES_NO, MessageDialog, Reply
from labrunner.tui.screens.question import QuestionDialog
from labrunner.tui.screens.summary import SummaryScreen
from labrunner.tui.widgets.checks_panel import check_text

if TYPE_CHECKING:
    from labrunner.content.models import Cell
    from labrunner.tui.screens.lab import LabScreen

STARTING = "the cluster and the shell are still starting"
PATIENCE = 60.0
"""Seconds a wish to run a cell is kept while the cluster starts."""
SOLUTION = (Reply("p", "play it in the shell", "play"), Reply("enter", "close", "close"))


class LabFlows(GuardedFlows):
    """One method a flow; `guarded` runs them."""

    def __init__(self, screen: LabScreen) -> None:
        super().__init__(screen)
        self._predicted: set[str] = set()
        self._running = False

    # -- beginning -------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Bring the cluster, the shell and the checks up."""
        display = self.screen.display_
        display.stage = "Starting …"
        display.show_banner()
        await self.session.connect()
        display.stage = ""
        self.screen.fit_shells()
        display.show_state()

    async def restart_cluster(self) -> None:
        """Bring a dead cluster up again, or connect where that has not been done."""
        if not self.session.connected:
            await self.connect()
        elif self.screen.display_.down:
            await self.session.restart_cluster()
            self.screen.display_.say("The cluster answers again.")
        else:
            self.screen.display_.say("The cluster answers; there is nothing to restart.")

    # -- cells -----------------------------------------------------------------------------------------------------

    async def _connected(self) -> None:
        """A key pressed while the cluster still starts is kept, not refused."""
        if self.session.ready.is_set():
            return
        self.screen.display_.say("The cluster is still starting; this runs as soon as it is up.")
        try:
            await asyncio.wait_for(self.session.ready.wait(), PATIENCE)
        except TimeoutError:
            raise RefusedError(STARTING) from None

    async def run_cell(self, cell_id: str) -> None:
        """Run a cell, after what has to be asked first."""
        await self._run(cell_id)

    async def run_all(self) -> None:
        """Run every cell of the step in order, until one fails."""
        for cell in [cell for cell in self.session.step.visible_cells if cell.runnable]:
            if not await self._run(cell.id):
                break

    async def _run(self, cell_id: str, *, predict: bool = True) -> bool:
        """Whether it ended as it should; False also when the learner chose no value."""
        session = self.session
        cell = session.module.cell(cell_id)
        await self._connected()
        with self._one_cell_at_a_time():
            value = None
            if cell.prompt is not None:
                value = await self._value_for(cell_id)
                if value is None:
                    return False
            if predict:
                await self._predictions(cell_id)
            ran = await session.run_cell(cell_id, value)
        if cell.file is not None and ran.exit_code != 0:
            await self._tell(f"{cell.file.path} was not written", ran.output)
        return ran_rightly(ran, cell.expect_exit)

    async def _predictions(self, cell_id: str) -> None:
        """Ask what was not yet asked of this cell; a question left open is not put again by the same cell."""
        for question in self.session.step.questions:
            if self.session.module.questions[question].cell == cell_id and question not in self._predicted:
                self._predicted.add(question)
                await self._question(question)

    async def _value_for(self, cell_id: str) -> str | None:
        """What the learner picks for a `prompt=` cell."""
        cell = self.session.module.cell(cell_id)
        assert self.session.cells is not None
        choices = await self.session.cells.choices(cell)
        title = f"Choose {cell.prompt}"
        if choices:
            value = await self._ask(ChoiceDialog(title, [(choice, choice) for choice in choices]))
        else:
            value = await self._ask(EntryDialog(title, f"Value for {cell.prompt}:"))
        return None if value is None else str(value)

    # -- questions -------------------------------------------------------------------------------------------------

    async def ask(self, question_id: str) -> None:
        """Ask one question; a question answered before is asked again."""
        await self._question(question_id, again=True)

    async def ask_next(self) -> None:
        """Ask the step's first open question."""
        for question in self.session.step.questions:
            if question not in self.session.progress.answers:
                await self._question(question)
                return
        raise RefusedError("every question of this step is answered")

    async def _question(self, question_id: str, *, again: bool = False) -> None:
        if again or question_id not in self.session.progress.answers:
            question = self.session.module.questions[question_id]
            await self._ask(QuestionDialog(question, self.session.answer, self.screen.lab_app.clock))

    # -- checks ----------------------------------------------------------------------------------------------------

    async def verify(self) -> None:
        """Evaluate this step's checks afresh."""
        if not self.session.step.checks:
            raise RefusedError("this step has no checks")
        await self.session.verify(wait=False)
        self.screen.display_.show_checks()

    async def open_check(self, check_id: str) -> None:
        """Answer or attest a check that asks for it; else read all that was observed."""
        session = self.session
        spec = session.module.checks[check_id]
        passed = check_id in session.progress.passed
        if isinstance(spec.assertion, AnswerCheck) and not passed:
            value = await self._ask(EntryDialog(spec.title or check_id, spec.assertion.prompt))
            if value:
                session.give_value(check_id, value)
        elif isinstance(spec.assertion, ConfirmCheck) and not passed:
            dialog = MessageDialog("Do you attest this?", spec.assertion.statement, YES_NO)
            if await self._ask(dialog) == "yes":
                session.confirm(check_id)
        else:
            status = session.check_status(check_id)
            text = check_text(spec, status, session.progress.passed.get(check_id))
            for evidence in status.verdict.evidence if status else ():
                text.append(f"\n\n{evidence.title}\n{evidence.text}")
            await self._tell(spec.title or check_id, text)

    async def hint(self) -> None:
        """Show the next hint."""
        text = self.session.hint()
        if text is None:
            raise RefusedError("no further hints for this step")
        count = len(self.session.progress.step(self.session.step.id).hints)
        await self._tell(f"Hint {count}", text)

    async def solution(self) -> None:
        """Show the solution, and play it if the learner wants."""
        warn = "Looking at the solution counts: the step is then marked as done with help."
        if await self._ask(MessageDialog("Show the solution?", warn, YES_NO)) != "yes":
            return
        cells = self.session.solution()
        text = "\n\n".join(
            f"{cell.file.path}:\n{cell.source}" if cell.file else cell.source for cell in cells
        )
        if await self._ask(MessageDialog("Solution", text.strip(), SOLUTION)) == "play":
            await self._play(cells)

    async def _play(self, cells: tuple[Cell, ...]) -> None:
        """Have the solution run; where it asks for a value, the learner still chooses."""
        if any(cell.prompt is not None for cell in cells):
            for cell in cells:
                if not await self._run(cell.id, predict=False):
                    break
            return
        with self._one_cell_at_a_time():
            await self.session.play_solution()

    @contextmanager
    def _one_cell_at_a_time(self) -> Iterator[None]:
        if self._running:
            raise RefusedError("a cell is still running; Ctrl+C in the shell stops it")
        self._running = True
        try:
            yield
        finally:
            self._running = False
            if self.screen.is_attached:
                self.screen.display_.show_cells()

    # -- moving ----------------------------------------------------------------------------------------------------

    async def next(self) -> None:
        """The next step, or the end."""
        if (
            self.session.progress.finished_at is not None
            and self.session.step is self.session.module.steps[-1]
        ):
            await self.finished()
            return
        await self._go(commands.Next())

    async def previous(self) -> None:
        """The step before."""
        await self._go(commands.Previous())

    async def go_to(self) -> None:
        """Choose a step from the list."""
        module, progress = self.session.module, self.session.progress
        choices = []
        for number, step in enumerate(module.steps, 1):
            state = progress.step(step.id)
            sign = "-" if state.skipped else "✓" if state.completed else "·"
            phase = module.phase_of(step.id).title
            choices.append((step.id, f"{sign} {number}. {f'{phase} ▸ ' if phase else ''}{step.title}"))
        chosen = await self._ask(ChoiceDialog("Go to", choices, self.session.step.id))
        if chosen is not None and chosen != self.session.step.id:
            await self._go(commands.Enter(chosen))

    async def _go(self, command: commands.Enter | commands.Next | commands.Previous) -> None:
        await self.session.go(command)
        self.screen.display_.show_checks()

    async def reset_step(self) -> None:
        """Take the step back, after a question."""
        text = "Cluster, files and progress go back to where this step began. Steps after it are undone too."
        if await self._ask(MessageDialog("Reset this step?", text, YES_NO)) == "yes":
            await self.session.reset_step()
            self.screen.display_.show_step()
            self.screen.display_.say("This step is back where it began.")

    async def reset_module(self) -> None:
        """Begin again, after a question."""
        text = "The cluster is emptied, the workspace made anew, and a new attempt begins."
        if await self._ask(MessageDialog("Reset the whole module?", text, YES_NO)) == "yes":
            await self.session.reset_module()
            self.screen.fit_shells()
            self.screen.display_.show_step()

    # -- reading ---------------------------------------------------------------------------------------------------

    async def messages(self) -> None:
        """Everything that was notified."""
        await self._tell("Messages", "\n".join(self.screen.display_.log) or "Nothing so far.")

    async def summary(self) -> None:
        """The summary so far."""
        await self._tell("So far", summarise(self.session.module, self.session.progress).as_text())

    async def finished(self) -> None:
        """The end of the module: its summary."""
        module, progress = self.session.module, self.session.progress
        again = tuple(
            module.questions[question].prompt.strip().splitlines()[0]
            for question, answer in progress.answers.items()
            if answer.correct is False and question in module.questions
        )
        if await self._ask(SummaryScreen(summarise(module, progress), again)) == "leave":
            self.screen.call_later(self.screen.action_leave)
