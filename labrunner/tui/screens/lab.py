"""The lab: step, checks and shell side by side, or as tabs where there is less room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from labrunner.cluster.driver import ClusterError
from labrunner.lab.session import LabSession
from labrunner.lab.updates import Update
from labrunner.tui.flows import LabFlows
from labrunner.tui.lab_display import LabDisplay
from labrunner.tui.step.view import StepView
from labrunner.tui.widgets.checks_panel import ChecksPanel
from labrunner.tui.widgets.lab_header import LabHeader
from labrunner.tui.widgets.shell_pane import ShellPane

if TYPE_CHECKING:
    from labrunner.content.models import Module
    from labrunner.tui.app import LabrunnerApp

PANES = ("step", "shell", "checks")
WIDE = 100
"""Columns from which the panes stand side by side."""
KEYS = {
    "step": (
        "↵ run", "v verify", "h hint", "n/p step", "F6 pane", "q leave", "F1 help", "s solution", "a all", "r reset",
        "w question", "g steps", "^p palette",
    ),
    "checks": (
        "↵ answer or read", "v verify", "h hint", "n/p step", "F6 pane", "q leave", "F1 help", "s solution", "r reset",
    ),
    "shell": ("F6 next pane", "F1 help", "all other keys go to the shell", "shift+PgUp looks back"),
}  # fmt: skip
"""Keys of each pane, the most important first: as many are shown as fit."""


class LabScreen(Screen[None]):
    """A window on one `LabSession`. Flows of several dialogs are in `LabFlows`, drawing in `LabDisplay`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "flow('run_all')", "run every cell"),
        Binding("w", "flow('ask_next')", "answer a question"),
        Binding("v", "flow('verify')", "verify"),
        Binding("h", "flow('hint')", "hint"),
        Binding("s", "flow('solution')", "solution"),
        Binding("r", "flow('reset_step')", "reset this step"),
        Binding("n", "flow('next')", "next step"),
        Binding("p", "flow('previous')", "previous step"),
        Binding("g", "flow('go_to')", "list of steps"),
        Binding("R", "flow('restart_cluster')", "restart the cluster"),
        Binding("l", "flow('messages')", "messages"),
        Binding("q", "leave", "leave"),
        Binding("question_mark", "app.help", "help"),
        Binding("f6", "next_pane", "next pane"),
        Binding("t", "next_shell", "next shell"),
        Binding("1", "pane('step')", "step"),
        Binding("2", "pane('shell')", "shell"),
        Binding("3", "pane('checks')", "checks"),
    ]

    def __init__(self, app: LabrunnerApp) -> None:
        super().__init__()
        self.lab_app = app
        self.pane = "step"
        self.display_ = LabDisplay(self)
        self.flows = LabFlows(self)
        self.session: LabSession

    @classmethod
    def opened(
        cls, app: LabrunnerApp, module: Module, cluster: str | None, *, fresh: bool, step: str | None
    ) -> LabScreen:
        """The screen of a session that is open on disk.

        Raises ProgressError, LabBusyError, ClusterError, OSError, and KeyError for a step that there is not.
        """
        from labrunner.lab.attempt import load_progress

        screen = cls(app)
        wanted = cluster or load_progress(app.log_file, module.id)[1].cluster or None
        session = LabSession(
            module,
            app.driver(wanted, module, app.home),
            home=app.home,
            log=app.log_file,
            on_update=screen.updated,
            clock=app.clock,
            trusted=app.trusted,
        )
        session.open(fresh=fresh, step=step)
        screen.session = session
        return screen

    # -- layout ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield LabHeader(id="lab-header")
        yield Static(id="lab-tabs", markup=False)
        with Horizontal(id="lab-body"):
            with Vertical(id="lab-left"):
                yield Static(id="lab-banner", markup=False)
                yield StepView(id="lab-step")
                yield ChecksPanel(id="lab-checks")
            yield ShellPane(id="lab-shell")
        yield Static(id="lab-keys", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Show the first step; bring the cluster up behind it."""
        self.lab_app.leave_lab = self.leave
        self.step_view.border_title = "step"
        self.add_class("-pane-step")
        self.display_.show_step()
        self.step_view.focus()
        self.set_interval(1.0, self.display_.tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._fit_hidden_shell()
        self.start_flow(self.flows.connect)

    def on_resize(self) -> None:
        """A shell behind a tab has the size it will be shown at, lest its lines be drawn twice."""
        self.call_after_refresh(self._fit_hidden_shell)
        self.call_after_refresh(self.display_.show_keys)

    def _fit_hidden_shell(self) -> None:
        if self.has_class("-narrow") and self.pane != "shell":
            body = self.query_one("#lab-body").size
            self.shell_pane.fit(body.width - 2, body.height - 2)

    @property
    def step_view(self) -> StepView:
        return self.query_one("#lab-step", StepView)

    @property
    def checks_panel(self) -> ChecksPanel:
        return self.query_one("#lab-checks", ChecksPanel)

    @property
    def shell_pane(self) -> ShellPane:
        return self.query_one("#lab-shell", ShellPane)

    @property
    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """For the command palette: title, explanation, what it does."""
        named = [
            ("Run every cell of this step", "In order, until one fails", self.flows.run_all),
            ("Answer the next question", "Of this step", self.flows.ask_next),
            ("Verify now", "Evaluate this step's checks afresh", self.flows.verify),
            ("Hint", "The next one for this step", self.flows.hint),
            ("Solution", "Shown or played; the step counts as assisted", self.flows.solution),
            ("Reset this step", "Cluster, files and progress back to its beginning", self.flows.reset_step),
            ("Reset the whole module", "Begin again with an empty cluster", self.flows.reset_module),
            ("Go to a step", "List of steps", self.flows.go_to),
            ("Summary so far", "Time, checks, questions", self.flows.summary),
            ("Restart the cluster", "After it died; with the state it had", self.flows.restart_cluster),
            ("Messages", "Everything that was notified", self.flows.messages),
        ]
        return [(title, help_, _starting(self, flow)) for title, help_, flow in named]

    # -- panes -----------------------------------------------------------------------------------------------------

    def action_pane(self, pane: str) -> None:
        """Bring a pane to the front and into focus."""
        self.pane = pane
        for name in PANES:
            self.set_class(name == pane, f"-pane-{name}")
        self._pane_widget(pane).focus()
        self.display_.show_keys()

    def action_next_pane(self) -> None:
        """The pane after the focused one."""
        self.action_pane(PANES[(PANES.index(self.focused_pane) + 1) % len(PANES)])

    @property
    def focused_pane(self) -> str:
        """The pane that has the keys."""
        for pane in PANES:
            if self.focused is self._pane_widget(pane):
                return pane
        return self.pane

    def _pane_widget(self, pane: str) -> Widget:
        if pane == "shell":
            return self.shell_pane.terminal
        return self.step_view if pane == "step" else self.checks_panel

    def on_descendant_focus(self) -> None:
        """The mouse moves the focus too."""
        self.pane = self.focused_pane
        for name in PANES:
            self.set_class(name == self.pane, f"-pane-{name}")
        self.display_.show_keys()

    def action_next_shell(self) -> None:
        """Show the next named shell."""
        self.shell_pane.next()

    # -- messages --------------------------------------------------------------------------------------------------

    def updated(self, update: Update) -> None:
        """What the session tells; before the screen is drawn there is nothing to bring up to date."""
        if self.is_mounted and self.is_attached:
            self.display_.updated(update)

    def start_flow(self, flow: Callable[[], Awaitable[None]]) -> None:
        """Run a flow beside the app; what goes wrong in it is said, never thrown."""
        self.run_worker(self.flows.guarded(flow), group="flows")

    def action_flow(self, name: str) -> None:
        """Run the flow of a key."""
        self.start_flow(getattr(self.flows, name))

    def on_step_view_run_cell(self, message: StepView.RunCell) -> None:
        """Enter on a cell."""
        self.start_flow(lambda: self.flows.run_cell(message.cell_id))

    def on_step_view_ask_question(self, message: StepView.AskQuestion) -> None:
        """Enter on a question."""
        self.start_flow(lambda: self.flows.ask(message.question_id))

    def on_step_view_copy_cell(self, message: StepView.CopyCell) -> None:
        """Put a cell's source on the clipboard."""
        self.app.copy_to_clipboard(self.session.module.cell(message.cell_id).source)
        self.notify("The cell is on the clipboard.", timeout=3)

    def on_option_list_option_selected(self, event: ChecksPanel.OptionSelected) -> None:
        """Enter on a check."""
        event.stop()
        check = event.option_id
        if check is not None:
            self.start_flow(lambda: self.flows.open_check(check))

    def on_shell_pane_typed(self, message: ShellPane.Typed) -> None:
        """Keys for a shell."""
        cells = self.session.cells
        if cells is not None and message.shell in cells.shells:
            cells.shells[message.shell].write(message.data)

    def on_shell_pane_fitted(self) -> None:
        """The terminals have another size."""
        self.fit_shells()

    def fit_shells(self) -> None:
        """The shells learn the terminals' size."""
        fitted = self.shell_pane.fitted
        if fitted is not None and self.session.cells is not None:
            self.session.cells.resize(*fitted)

    # -- leaving ---------------------------------------------------------------------------------------------------

    async def leave(self) -> None:
        """Close the session; the lab resumes here."""
        self.lab_app.leave_lab = None
        self.workers.cancel_node(self)
        if self.is_attached:
            self.display_.show_leaving()
        try:
            await self.session.close()
        except (ClusterError, OSError) as error:
            self.app.notify(f"Not everything could be put away: {error}", severity="warning", markup=False)

    async def action_leave(self) -> None:
        """Back to where the lab was opened from."""
        if self.lab_app.leave_lab is not None:
            await self.leave()
            self.dismiss()
            self.app.notify(f"“{self.session.module.title}” resumes where you left it.", timeout=4)


def _starting(screen: LabScreen, flow: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    return lambda: screen.start_flow(flow)
