"""The briefing: what a module teaches, takes and needs, and one key to start it."""

from __future__ import annotations

import asyncio
import re
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from labrunner.content.models import Module
from labrunner.content.requirements import REAL, SIMULATED, Capabilities
from labrunner.lab.attempt import load_progress
from labrunner.lab.decisions import current_step
from labrunner.lab.progress import LabProgress
from labrunner.progress.log import ProgressError
from labrunner.tui.screens.choice import ChoiceDialog
from labrunner.tui.screens.entry import EntryDialog
from labrunner.tui.screens.message import YES_NO, MessageDialog
from labrunner.tui.wording import bar, percent, planned

if TYPE_CHECKING:
    from labrunner.tui.app import LabrunnerApp

SIM = "sim: simulated, ready in a second, needs nothing"


def kind_trouble() -> str:
    """Why a kind cluster cannot be made here; empty when it can."""
    missing = [name for name in ("docker", "kind") if shutil.which(name) is None]
    if find_spec("labrunner.cluster.kind") is None:
        return "not in this version of labrunner"
    return f"needs {' and '.join(missing)}, not found on PATH" if missing else ""


class BriefingScreen(Screen[None]):
    """Read, choose a cluster, start."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "start or resume"),
        Binding("f", "start_afresh", "start afresh"),
        Binding("c", "cluster", "cluster"),
        Binding("question_mark", "app.help", "help"),
        Binding("q,escape", "close", "back"),
    ]

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module
        self.progress = LabProgress()
        self.cluster = "sim"
        self.trouble = ""

    def compose(self) -> ComposeResult:
        yield Static(Text(f" {self.module.title}", style="bold"), id="briefing-title")
        with VerticalScroll(id="briefing-body"):
            yield Static(id="briefing-text", markup=False)
        yield Static(id="briefing-keys", classes="keys", markup=False)

    @property
    def _app(self) -> LabrunnerApp:
        from labrunner.tui.app import LabrunnerApp

        return cast(LabrunnerApp, self.app)

    def on_mount(self) -> None:
        """Read where the learner stands."""
        self._read()
        self.cluster = self._app.launch.cluster or self.progress.cluster or "sim"
        self._show()
        self.query_one("#briefing-body").focus()

    def on_screen_resume(self) -> None:
        """The lab was left: what Enter does has changed."""
        self._read()
        self._show()

    def _read(self) -> None:
        try:
            self.progress = load_progress(self._app.log_file, self.module.id)[1]
        except ProgressError as error:
            self.trouble = f"{error}. {error.remedy}"

    @property
    def resumable(self) -> bool:
        """Whether Enter resumes."""
        return self.progress.started_at is not None and self.progress.finished_at is None

    def _show(self) -> None:
        start = "start"
        if self.resumable:
            step = current_step(self.module, self.progress)
            start = f"resume at “{step.title}” · f start afresh"
        elif self.progress.finished_at is not None:
            start = "start again"
        self.query_one("#briefing-keys", Static).update(f" enter {start} · c cluster · F1 help · q back")
        self.query_one("#briefing-text", Static).update(self._text())

    def _text(self) -> Text:
        module, text = self.module, Text()
        if self.trouble:
            text.append(f"! {self.trouble}\n\n", style="bold")
        if module.summary:
            text.append(f"{module.summary}\n\n")
        facts = (module.level, planned(module.duration), f"{len(module.steps)} steps",
                 f"{len(module.checks)} checks", f"{len(module.questions)} questions")  # fmt: skip
        text.append(" · ".join(filter(None, facts)) + "\n\n")
        text.append("Cluster  ", style="bold")
        text.append(f"{SIM if self.cluster == 'sim' else self.cluster}   (c changes it; {self._others()})\n")
        self._needs(text)
        if module.objectives:
            text.append("\nYou will practise\n", style="bold")
            text.append("".join(f"  {objective}\n" for objective in module.objectives))
        text.append("\nSteps\n", style="bold")
        done = sum(self.progress.step(step.id).completed for step in module.steps)
        if self.progress.started_at is not None:
            total = len(module.steps)
            text.append(f"  {bar(done, total, 20)} {percent(done, total)} %\n")
        for phase in module.phases:
            text.append(f"  {phase.title}\n" if phase.title else "", style="italic")
            for step in phase.steps:
                state = self.progress.step(step.id)
                sign = "-" if state.skipped else "✓" if state.completed else "·"
                text.append(f"   {sign} {step.title}{self._gap(step.id)}\n")
        return text

    def _gap(self, step_id: str) -> str:
        requires = self.module.step(step_id).requires
        gaps = requires.shortfalls(self._capabilities) if requires else ()
        return (
            f"   (needs {', '.join(f'{gap.capability} {gap.wanted}' for gap in gaps)}: not on this cluster)"
            if gaps
            else ""
        )

    @property
    def _capabilities(self) -> Capabilities:
        return SIMULATED if self.cluster == "sim" else REAL

    def _others(self) -> str:
        trouble = kind_trouble()
        return f"kind: {trouble}" if trouble else "kind is possible here"

    def _needs(self, text: Text) -> None:
        """Each thing the module asks for, and whether it is here."""
        requires = self.module.requires
        gaps = {gap.capability: gap for gap in requires.shortfalls(self._capabilities)}
        lines = [
            (
                name not in gaps,
                f"{name} {wanted}" + (f" (this cluster: {gaps[name].given})" if name in gaps else ""),
            )
            for name, wanted in requires.cluster
        ]
        for tool in requires.tools:
            name = re.split(r"[<>=~! ]", tool, maxsplit=1)[0]
            # A kubectl comes with labrunner.
            lines.append((name == "kubectl" or shutil.which(name) is not None, tool))
        text.append("Needs    ", style="bold")
        text.append("nothing more\n" if not lines else "")
        for index, (given, what) in enumerate(lines):
            text.append(f"{'         ' if index else ''}{'✓ here:   ' if given else '✗ missing:'} {what}\n")

    # -- keys ------------------------------------------------------------------------------------------------------

    def action_close(self) -> None:
        """Back to the catalogue."""
        self.dismiss()

    def action_start(self) -> None:
        """Start, or resume where the lab was left."""
        self._app.open_lab(self.module, self.cluster)

    @work
    async def action_start_afresh(self) -> None:
        """Begin again, after a question when something would be lost."""
        if self.resumable:
            text = "A new attempt begins with a new workspace. What you did so far stays in your progress."
            if await self.app.push_screen_wait(MessageDialog("Start afresh?", text, YES_NO)) != "yes":
                return
        self._app.open_lab(self.module, self.cluster, fresh=True)

    @work
    async def action_cluster(self) -> None:
        """Choose where the lab runs."""
        trouble = kind_trouble()
        choices = [
            ("sim", SIM),
            ("kind", f"kind: a real cluster in Docker{f' — {trouble}' if trouble else ''}"),
            ("context", "context: a cluster you already have, from your kubeconfig"),
        ]
        chosen = await self.app.push_screen_wait(ChoiceDialog("Where shall it run?", choices, self.cluster))
        if chosen == "kind" and trouble:
            await self.app.push_screen_wait(MessageDialog("No kind cluster here", f"kind: {trouble}."))
        elif chosen == "context":
            name = await self._ask_context()
            self.cluster = f"context:{name}" if name else self.cluster
        elif chosen:
            self.cluster = chosen
        self._show()

    async def _ask_context(self) -> str | None:
        names = await contexts()
        if names:
            return await self.app.push_screen_wait(ChoiceDialog("Which context?", [(n, n) for n in names]))
        prompt = "Your kubeconfig lists no contexts. Type a name, or press Escape:"
        return await self.app.push_screen_wait(EntryDialog("Which context?", prompt))


async def contexts() -> list[str]:
    """The contexts of the learner's own kubeconfig; none when kubectl cannot be asked."""
    from labrunner.cluster.driver import ClusterError
    from labrunner.cluster.kubectl import find_kubectl

    try:
        kubectl = await asyncio.to_thread(find_kubectl)
    except ClusterError:
        return []
    process = await asyncio.create_subprocess_exec(
        str(kubectl.path), "config", "get-contexts", "-o", "name",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate()
    return out.decode(errors="replace").split()
