"""Line mode: a whole lab with plain lines in and out, for pipes, CI and screen readers. No screen, no colour."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TextIO

from labrunner.cli.typed_lines import TypedLines
from labrunner.cli.words import (
    answer_form,
    cell_line,
    check_line,
    question_lines,
    ran_line,
    shortfall_line,
)
from labrunner.cluster.choice import choose_cluster
from labrunner.content.checks_model import AnswerCheck, ConfirmCheck
from labrunner.content.models import Cell, Module
from labrunner.lab import commands, decisions
from labrunner.lab.attempt import load_progress
from labrunner.lab.decisions import RefusedError
from labrunner.lab.events import CellRan, CheckPassed, LabFinished, QuestionAnswered, StepCompleted
from labrunner.lab.session import LabSession
from labrunner.lab.summary import summarise
from labrunner.lab.updates import ClusterChanged, ClusterStage, Recorded, Trouble, Update
from labrunner.paths import home
from labrunner.progress.log import EventLog
from labrunner.recall.grading import AnswerFormError, grade, is_self_graded
from labrunner.recall.scheduling import Confidence
from labrunner.shell.events import State

HELP = """\
commands (one per line):
  run N [VALUE]   run cell N of this step        all        run every cell of this step
  $ COMMAND       run a command of your own      verify     check now, waiting for what takes time
  ask             answer the next question       value TEXT give the value a check asks for
  confirm         attest what a check asks       hint       show a hint
  solution        show the solution              play       have the solution run
  show            show the step again            reset      take this step back
  next · prev · goto STEP                        quit       leave; the lab resumes here"""

CONFIDENCE: dict[str, Confidence] = {"1": "guess", "2": "think so", "3": "sure", "": "think so"}


class PlainLab:
    """One lab in line mode. Reads commands from a stream; at its end the lab is left as with `quit`."""

    def __init__(self, module: Module, *, cluster: str | None, trusted: bool, out: TextIO) -> None:
        self._out = out
        self._log = EventLog(home().progress_file)
        self._module = module
        self._lines: TypedLines | None = None
        self._doing: asyncio.Future[None] | None = None
        self._interrupts: set[asyncio.Task[None]] = set()
        self.interrupted = False
        self._session = LabSession(
            module,
            choose_cluster(cluster or load_progress(self._log, module.id)[1].cluster, module, home()),
            home=home(),
            log=self._log,
            on_update=self._updated,
            trusted=trusted,
        )
        self._verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "run": self._run_cell, "all": self._run_all, "verify": self._verify, "ask": self._ask,
            "value": self._value, "confirm": self._confirm, "hint": self._hint, "solution": self._solution,
            "play": self._play, "show": self._show, "reset": self._reset, "next": self._next, "prev": self._previous,
            "goto": self._goto, "help": self._help, "?": self._help,
        }  # fmt: skip

    async def run(self, source: TextIO, *, fresh: bool, step: str | None) -> bool:
        """Do the lab until its end, `quit`, or the end of `source`. True when it is finished or was left with `quit`.

        Ctrl-C at the prompt leaves as well and sets `interrupted`.
        """
        self._lines = TypedLines(source.fileno())
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        session = self._session
        left = False
        resumed = session.open(fresh=fresh, step=step)
        try:
            self._say(f"{self._module.title}{' — resumed' if resumed else ''}")
            self.interrupted = not await self._interruptible(session.connect())
            if not self.interrupted:
                self._say(f"cluster: {session.cluster.label} ({session.cluster_status.detail})")
                await self._show("")
                self._say("Type help for the commands.")
            while not self.interrupted and (line := await self._read("> ")) is not None:
                if line.strip() in ("quit", "q", "exit"):
                    left = True
                    break
                if not await self._interruptible(self._do(line.strip())):
                    self._say("interrupted")
        finally:
            await session.close()
            self._log.close()
        self._say("Left. `labrunner run " + self._module.id + " --plain` resumes here.")
        return left or session.progress.finished_at is not None

    async def _interruptible(self, work: Coroutine[None, None, None]) -> bool:
        """Do it; False when Ctrl-C cut it short."""
        doing = self._doing = asyncio.create_task(work)
        try:
            await doing
        except asyncio.CancelledError:
            if not doing.cancelled():
                raise
            return False
        finally:
            self._doing = None
        return True

    def _interrupt(self) -> None:
        """Ctrl-C: for the commands that run in shells, else for what is being done, else to leave."""
        cells = self._session.cells
        busy = [shell for shell in cells.shells.values() if shell.state is State.RUNNING] if cells else []
        if self._doing is None:
            self.interrupted = True
            if self._lines is not None:
                self._lines.end()
        elif not busy:
            self._doing.cancel()
        for shell in busy if self._doing is not None else ():
            task = asyncio.create_task(shell.interrupt())
            self._interrupts.add(task)
            task.add_done_callback(self._interrupts.discard)

    async def _do(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        try:
            if not verb:
                return
            if verb == "$":
                await self._own_command(rest)
            elif verb in self._verbs:
                await self._verbs[verb](rest.strip())
            else:
                self._say(
                    f"{verb!r} is no command here; `$ {line}` runs it in the shell. help lists the commands."
                )
        except (RefusedError, AnswerFormError) as error:
            self._say(f"not done: {error}")

    # -- the step --------------------------------------------------------------------------------------------------

    async def _show(self, _: str) -> None:
        step, session = self._session.step, self._session
        number = self._module.steps.index(step) + 1
        phase = self._module.phase_of(step.id).title
        self._say(f"\n== {phase + ' ▸ ' if phase else ''}{number}/{len(self._module.steps)} {step.title} ==")
        gaps = session.setting.shortfalls(step)
        if gaps:
            self._say(shortfall_line(step, gaps))
        self._say(readable_body(self._module, step.id))
        for check_id in step.checks:
            self._say(check_line(self._module.checks[check_id], session.check_status(check_id)))
        open_questions = [q for q in step.questions if q not in session.progress.answers]
        if open_questions:
            self._say(f"{len(open_questions)} question(s) here: type ask.")

    def _cells(self) -> list[Cell]:
        return [cell for cell in self._session.step.visible_cells if cell.runnable]

    async def _run_cell(self, rest: str) -> None:
        number, _, value = rest.partition(" ")
        cells = self._cells()
        if not number.isdigit() or not 1 <= int(number) <= len(cells):
            raise RefusedError(
                f"run takes a cell's number, 1 to {len(cells)}" if cells else "this step has no cells"
            )
        await self._run_one(cells[int(number) - 1], value or None)

    async def _run_all(self, _: str) -> None:
        for cell in self._cells():
            if not await self._run_one(cell, None):
                break

    async def _run_one(self, cell: Cell, value: str | None) -> bool:
        if cell.prompt and value is None and self._session.cells is not None:
            choices = await self._session.cells.choices(cell)
            raise RefusedError(
                f"give a value for {cell.prompt}: run N VALUE. There are: {', '.join(choices) or 'none'}"
            )
        for question_id in self._session.step.questions:
            question = self._module.questions[question_id]
            if question.cell == cell.id and question_id not in self._session.progress.answers:
                self._say("First, predict (type your answer, or an empty line to go on without):")
                await self._ask_one(question_id)
        ran = await self._session.run_cell(cell.id, value)
        self._ran(ran, cell)
        return decisions.ran_rightly(ran, cell.expect_exit)

    def _ran(self, ran: CellRan, cell: Cell) -> None:
        if ran.output.strip() and ran.outcome != "started":
            self._say(ran.output.rstrip())
        self._say(ran_line(ran, cell))

    async def _own_command(self, source: str) -> None:
        if self._session.cells is None:
            raise RefusedError("the shell is still starting")
        shell = await self._session.cells.shell()
        result = await shell.run(source, label="typed", timeout=None)
        if result.output.text.strip():
            self._say(result.output.text.rstrip())
        self._say(f"exit {result.exit_code}")

    # -- checks ----------------------------------------------------------------------------------------------------

    async def _verify(self, _: str) -> None:
        statuses = await self._session.verify(wait=True)
        for check_id in self._session.step.checks:
            self._say(check_line(self._module.checks[check_id], statuses.get(check_id)))
        if not self._session.step.checks:
            self._say("this step has no checks")

    def _first_open_check(self, kind: type) -> str:
        for check_id in self._session.step.checks:
            if (
                isinstance(self._module.checks[check_id].assertion, kind)
                and check_id not in self._session.progress.passed
            ):
                return check_id
        raise RefusedError("no check of this step asks for that")

    async def _value(self, text: str) -> None:
        self._session.give_value(self._first_open_check(AnswerCheck), text)

    async def _confirm(self, _: str) -> None:
        self._session.confirm(self._first_open_check(ConfirmCheck))

    async def _hint(self, _: str) -> None:
        self._say(self._session.hint() or "no further hints for this step")

    async def _solution(self, _: str) -> None:
        for cell in self._session.solution():
            self._say(cell.source)

    async def _play(self, _: str) -> None:
        cells = {cell.id: cell for cell in self._module.cells()}
        for ran in await self._session.play_solution():
            self._ran(ran, cells[ran.cell])

    async def _reset(self, _: str) -> None:
        await self._session.reset_step()
        self._say("this step is back where it began")

    # -- moving ----------------------------------------------------------------------------------------------------

    async def _next(self, _: str) -> None:
        await self._move(commands.Next())

    async def _previous(self, _: str) -> None:
        await self._move(commands.Previous())

    async def _goto(self, step: str) -> None:
        if step not in {known.id for known in self._module.steps}:
            raise RefusedError(f"there is no step {step!r}")
        await self._move(commands.Enter(step))

    async def _move(self, command: commands.Enter | commands.Next | commands.Previous) -> None:
        before = self._session.step
        await self._session.go(command)
        if self._session.step is not before:
            await self._show("")

    async def _help(self, _: str) -> None:
        self._say(HELP)

    # -- questions -------------------------------------------------------------------------------------------------

    async def _ask(self, _: str) -> None:
        for question_id in self._session.step.questions:
            if question_id not in self._session.progress.answers:
                await self._ask_one(question_id)
                return
        raise RefusedError("every question of this step is answered")

    async def _ask_one(self, question_id: str) -> None:
        question = self._module.questions[question_id]
        for line in question_lines(question):
            self._say(line)
        began = time.monotonic()
        text = await self._read(f"{answer_form(question)}: ")
        if not text or not text.strip():
            self._say("left open")
            return
        seconds = time.monotonic() - began
        if question.kind == "cloze":
            text = "\n".join(part.strip() for part in text.split(";"))
        confidence = CONFIDENCE.get(
            (await self._read("how sure? 1 guess, 2 think so, 3 sure: ") or "").strip(), "think so"
        )
        self_correct: bool | None = None
        if is_self_graded(question):
            self._say(question.answer or question.explain)
            for point in question.rubric:
                self._say(f"  - {point}")
            self_correct = (
                (await self._read("did yours say the same? y/n: ") or "n").strip().lower().startswith("y")
            )
        event = self._session.answer(commands.Answer(question_id, text, confidence, seconds, self_correct))
        self._graded(
            event, "\n".join(dict.fromkeys(filter(None, [grade(question, text).feedback, question.explain])))
        )

    def _graded(self, event: QuestionAnswered, explanation: str) -> None:
        self._say({True: "right", False: "not right", None: "noted"}[event.correct])
        if explanation and not is_self_graded(self._module.questions[event.question]):
            self._say(explanation)

    # -- in and out ------------------------------------------------------------------------------------------------

    def _updated(self, update: Update) -> None:
        match update:
            case ClusterStage(stage):
                self._say(f"[{stage.number}/{stage.total}] {stage.title}")
            case ClusterChanged(status) if not status.running:
                self._say(
                    f"! the cluster does not answer: {status.detail}. Leave with quit and run the lab again."
                )
            case Trouble(message, remedy):
                self._say(f"! {message}. {remedy}")
            case Recorded(_, CheckPassed(check)):
                self._say(f"✓ {self._module.checks[check].title or check}")
            case Recorded(_, StepCompleted(step, _, skipped)):
                self._say(f"step {'skipped' if skipped else 'done'}: {self._module.step(step).title}")
            case Recorded(_, LabFinished()):
                self._say(summarise(self._module, self._session.progress).as_text())

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    async def _read(self, prompt: str) -> str | None:
        """A line of input without its newline; None at the end. The event loop goes on meanwhile."""
        assert self._lines is not None
        print(prompt, end="", file=self._out, flush=True)
        return await self._lines.next()


def readable_body(module: Module, step_id: str, *, everything: bool = False) -> str:
    """A step's markdown with its cells numbered, and without what is not for reading."""
    step = module.step(step_id)
    lines = step.body.splitlines()
    replaced: dict[int, list[str]] = {}
    dropped: set[int] = set()
    number = 0
    for cell in step.cells:
        begin, end = cell.place.line - step.body_line, cell.end_line - step.body_line
        if cell.hidden and not everything:
            dropped.update(range(begin, end + 1))
        elif cell.runnable:
            number += 1
            replaced[begin] = [cell_line(number, cell), *(f"    {text}" for text in cell.source.splitlines())]
            dropped.update(range(begin, end + 1))
    for question_id in step.questions:
        question = module.questions[question_id]
        dropped.update(_fence_lines(lines, question.place.line - step.body_line))
    kept: list[str] = []
    for index, line in enumerate(lines):
        kept += replaced.get(index, [])
        if index not in dropped:
            kept.append(line)
    return "\n".join(kept).strip()


def _fence_lines(lines: list[str], inside: int) -> range:
    """The lines of the ```quiz fence around a line of it."""
    begin = inside
    while begin >= 0 and not lines[begin].lstrip().startswith("```quiz"):
        begin -= 1
    end = max(inside, begin + 1)
    while end < len(lines) and lines[end].strip() != "```":
        end += 1
    return range(begin, end + 1) if begin >= 0 else range(0)
