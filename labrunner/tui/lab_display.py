"""Drawing a session on the lab screen: what each update changes, and what the clock does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from labrunner.lab.decisions import ran_rightly
from labrunner.lab.events import (
    CellRan,
    CheckLost,
    CheckPassed,
    LabFinished,
    QuestionAnswered,
    StepCompleted,
    StepEntered,
    StepReset,
)
from labrunner.lab.updates import (
    BackgroundChanged,
    CellStarted,
    CheckChanged,
    ClusterChanged,
    ClusterStage,
    Recorded,
    ShellOpened,
    ShellOutput,
    Trouble,
    Update,
)
from labrunner.tui.step.marks import CellMark, QuestionState
from labrunner.tui.widgets.lab_header import HeaderFacts, LabHeader
from labrunner.tui.wording import bar, clock_time, fitting

if TYPE_CHECKING:
    from labrunner.content.models import Cell
    from labrunner.lab.events import LabEvent
    from labrunner.tui.screens.lab import LabScreen


def cell_mark(ran: CellRan, cell: Cell) -> CellMark:
    """What became of a cell, as its mark."""
    took = f"{ran.duration:.1f} s"
    if ran.outcome == "started":
        return CellMark("started", ran.output.strip().splitlines()[0] if ran.output.strip() else took)
    if ran.outcome == "not-at-prompt":
        return CellMark("failed", "not run: the shell is busy with another program")
    if ran.outcome == "timeout":
        return CellMark("failed", f"stopped: it took longer than {took}")
    if ran.outcome != "ended":
        return CellMark("failed", f"{ran.outcome.replace('-', ' ')} after {took}")
    output = None if ran.output_matches is None else "matches" if ran.output_matches else "differs"
    if ran_rightly(ran, cell.expect_exit):
        return CellMark("ok", took, output)  # type: ignore[arg-type]
    return CellMark("failed", f"exit {ran.exit_code} after {took}", output)  # type: ignore[arg-type]


class LabDisplay:
    """Keeps the lab screen's widgets at what the session says."""

    def __init__(self, screen: LabScreen) -> None:
        self.screen = screen
        self.log: list[str] = []
        self.stage = ""
        self.down = ""

    # -- the whole -------------------------------------------------------------------------------------------------

    def show_step(self) -> None:
        """The current step from its top, with everything that is known of it."""
        session = self.screen.session
        view = self.screen.step_view
        view.show(session.module, session.step)
        self.show_cells()
        for question in session.step.questions:
            self._mark_question(question)
        self.show_state()
        self.show_keys()

    def show_state(self) -> None:
        """What changes around the step's text."""
        self.show_checks()
        self.show_header()
        self.show_banner()

    def show_cells(self) -> None:
        """What became of the step's cells."""
        session = self.screen.session
        for cell in session.step.cells:
            ran = session.progress.cells.get(cell.id)
            self.screen.step_view.mark_cell(cell.id, cell_mark(ran, cell) if ran else CellMark())

    def show_checks(self) -> None:
        """The checks of the current step."""
        session = self.screen.session
        checks = [session.module.checks[check] for check in session.step.checks]
        statuses = {check.id: session.check_status(check.id) for check in checks}
        self.screen.checks_panel.show(checks, statuses, session.progress.passed)
        passed = sum(check.id in session.progress.passed for check in checks)
        self.screen.checks_panel.border_title = f"checks {passed}/{len(checks)}" if checks else "checks"
        self._show_tabs(f"checks {passed}/{len(checks)}")

    def show_header(self) -> None:
        """Where, on what, how long, how far."""
        session = self.screen.session
        module, progress, step = session.module, session.progress, session.step
        since = progress.since
        running = max(0.0, self.screen.lab_app.clock() - since) if since is not None else 0.0
        facts = HeaderFacts(
            module=module.id,
            phase=module.phase_of(step.id).title,
            title=step.title,
            number=module.steps.index(step) + 1,
            done=sum(progress.step(known.id).completed for known in module.steps),
            steps=len(module.steps),
            cluster=session.cluster.label,
            simulated=session.cluster.simulated,
            running=not self.down,
            seconds=progress.seconds + running,
            plan=module.duration,
        )
        self.screen.query_one("#lab-header", LabHeader).show(facts)

    def show_banner(self) -> None:
        """What stands between the learner and the lab: the cluster coming up or dead, a step that cannot be done here."""
        session = self.screen.session
        gaps = session.setting.shortfalls(session.step)
        text = ""
        if self.down:
            text = f" ! The cluster does not answer: {self.down}. Press R to restart it; your work is kept."
        elif self.stage:
            text = f" {self.stage}"
        elif gaps:
            wants = ", ".join(f"{gap.capability} {gap.wanted} (here: {gap.given})" for gap in gaps)
            text = f" This step needs {wants}. Read on with n, or do it on a real cluster (briefing, c)."
        banner = self.screen.query_one("#lab-banner", Static)
        banner.update(text)
        banner.display = bool(text)
        banner.set_class(bool(self.down), "-down")

    def show_leaving(self) -> None:
        """Closing shells may take a moment."""
        self.stage, self.down = "Leaving: shells end, the cluster's state is kept …", ""
        self.show_banner()

    def show_keys(self) -> None:
        """The keys of the pane that has them."""
        from labrunner.tui.screens.lab import KEYS

        self.screen.query_one("#lab-keys", Static).update(
            fitting(KEYS[self.screen.pane], self.screen.size.width)
        )
        self._show_tabs()

    def _show_tabs(self, checks: str | None = None) -> None:
        labels = {
            "step": "1 step",
            "shell": "2 shell",
            "checks": f"3 {checks}" if checks else self._checks_tab,
        }
        self._checks_tab = labels["checks"]
        parts = [
            (f"[{label}]", "bold reverse") if pane == self.screen.pane else (f" {label} ", "")
            for pane, label in labels.items()
        ]
        self.screen.query_one("#lab-tabs", Static).update(Text.assemble(" ", *parts))

    _checks_tab = "3 checks"

    def tick(self) -> None:
        """Every second: times that run."""
        self.show_header()
        self.show_checks()

    # -- updates ---------------------------------------------------------------------------------------------------

    def updated(self, update: Update) -> None:
        """Draw what changed."""
        match update:
            case ShellOutput(shell, data):
                self.screen.shell_pane.output(shell, data)
            case ShellOpened(shell):
                self.screen.shell_pane.open(shell)
            case CellStarted(cell):
                self.screen.step_view.mark_cell(cell, CellMark("running"))
            case BackgroundChanged(cell, state):
                self.say(f"background cell {cell}: {state}", quiet=True)
            case CheckChanged():
                self.show_checks()
            case ClusterStage(stage):
                self.stage = (
                    f"{bar(stage.number - 1, stage.total)} {stage.number}/{stage.total} {stage.title} …"
                )
                self.show_banner()
            case ClusterChanged(status):
                self.down = "" if status.running else status.detail
                self.stage = ""
                self.show_banner()
                self.show_header()
                if self.down:
                    self.say(
                        "The cluster does not answer. R outside the shell restarts it.", severity="error"
                    )
            case Trouble(message, remedy):
                self.say(f"{message}. {remedy}", severity="warning")
            case Recorded(_, event):
                self._recorded(event)

    def _recorded(self, event: LabEvent) -> None:
        session = self.screen.session
        match event:
            case CellRan(cell):
                self.screen.step_view.mark_cell(cell, cell_mark(event, session.module.cell(cell)))
                if event.outcome == "not-at-prompt":
                    self.say(
                        "The shell is busy with another program: end it (F6 to the shell), then run again."
                    )
            case QuestionAnswered(question):
                self._mark_question(question)
            case CheckPassed(check):
                self.say(f"✓ {session.module.checks[check].title or check}", quiet=True)
                self.show_checks()
            case CheckLost(check):
                self.say(f"No longer true: {session.module.checks[check].title or check}", severity="warning")
            case StepEntered():
                self.show_step()
            case StepReset():
                self.show_step()
            case StepCompleted(step, _, skipped):
                title = session.module.step(step).title
                self.say(f"- Step skipped: {title}" if skipped else f"✓ Step done: {title} — n goes on")
            case LabFinished():
                self.screen.start_flow(self.screen.flows.finished)
        self.show_header()

    def _mark_question(self, question: str) -> None:
        answered = self.screen.session.progress.answers.get(question)
        state: QuestionState = "open"
        if answered is not None:
            state = "noted" if answered.correct is None else "right" if answered.correct else "wrong"
        self.screen.step_view.mark_question(question, state)

    def say(self, text: str, *, severity: str = "information", quiet: bool = False) -> None:
        """Notify, and keep it for the list of messages; `quiet` only keeps it."""
        self.log.append(f"{clock_time(self.screen.lab_app.clock())}  {text}")
        if not quiet:
            seconds = 5 if severity == "information" else 10
            self.screen.notify(text, severity=severity, timeout=seconds, markup=False)  # type: ignore[arg-type]
