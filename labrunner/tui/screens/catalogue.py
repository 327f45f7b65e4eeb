"""The catalogue: every module of the pack, what it is, and how far the learner is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from labrunner.content.catalogue import CatalogueEntry
from labrunner.tui.wording import bar, percent, planned

if TYPE_CHECKING:
    from labrunner.lab.progress import LabProgress
    from labrunner.tui.app import LabrunnerApp

KEYS = "enter open · / filter · F1 help · ^p palette · q quit"


class CatalogueScreen(Screen[None]):
    """Lists modules. One that does not parse is listed with its first problem."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter"),
        Binding("escape", "no_filter", "show all"),
        Binding("q", "app.quit", "quit"),
        Binding("question_mark", "app.help", "help"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[CatalogueEntry] = []
        self.progress: Mapping[str, LabProgress] = {}
        self.shown: list[CatalogueEntry] = []
        self.trouble = ""

    def compose(self) -> ComposeResult:
        yield Static(Text(" labrunner", style="bold"), id="catalogue-title")
        yield Input(placeholder="type a part of a title, level or summary", id="catalogue-filter")
        yield OptionList(id="catalogue-list")
        yield Static("Reading the modules …", id="catalogue-detail", markup=False)
        yield Static(Text(" " + KEYS), id="catalogue-keys", classes="keys")

    def on_mount(self) -> None:
        """Begin to read, once the first frame is out."""
        self.query_one("#catalogue-filter").display = False
        self.query_one(OptionList).focus()
        self.call_after_refresh(self.read)

    def on_screen_resume(self) -> None:
        """Progress has changed in the lab that was left."""
        if self.entries:
            self.read()

    @property
    def _app(self) -> LabrunnerApp:
        from labrunner.tui.app import LabrunnerApp

        return cast(LabrunnerApp, self.app)

    @work(thread=True, exclusive=True)
    def read(self) -> None:
        """Read catalogue and progress beside the app."""
        from labrunner.lab.attempt import load_progress
        from labrunner.progress.log import ProgressError

        app = self._app
        entries = app.launch.pack.catalogue(app.home.cache / "catalogue")
        progress, trouble = {}, ""
        try:
            log = app.log_file
            progress = {entry.id: load_progress(log, entry.id)[1] for entry in entries}
        except ProgressError as error:
            trouble = f"! {error}. {error.remedy}"
        app.call_from_thread(self.show, entries, progress, trouble)

    def show(
        self, entries: list[CatalogueEntry], progress: Mapping[str, LabProgress], trouble: str = ""
    ) -> None:
        """List these modules, keeping the selection."""
        self.entries, self.progress, self.trouble = entries, progress, trouble
        title = f" labrunner · {self._app.launch.pack.title} · {len(entries)} modules"
        self.query_one("#catalogue-title", Static).update(Text(title, style="bold"))
        self._list()

    def _list(self) -> None:
        wanted = self.query_one(Input).value.casefold().split()
        options = self.query_one(OptionList)
        before = self.selected
        self.shown = [
            entry
            for entry in self.entries
            if all(
                word in f"{entry.id} {entry.title} {entry.level} {entry.summary}".casefold()
                for word in wanted
            )
        ]
        options.clear_options()
        options.add_options([Option(self._line(entry), id=entry.id) for entry in self.shown])
        if self.shown:
            ids = [entry.id for entry in self.shown]
            options.highlighted = ids.index(before.id) if before and before.id in ids else 0
        self._detail()

    @property
    def selected(self) -> CatalogueEntry | None:
        """The highlighted module."""
        index = self.query_one(OptionList).highlighted
        return self.shown[index] if index is not None and index < len(self.shown) else None

    def _line(self, entry: CatalogueEntry) -> Text:
        if not entry.usable:
            return Text.assemble(
                (f"✗ {entry.id}", "bold"), "\n  cannot be opened: ", self._first_problem(entry)
            )
        facts = " · ".join(filter(None, (entry.level, planned(entry.duration), self._state(entry))))
        return Text.assemble((f"  {entry.title}", "bold"), f"\n  {facts}")

    def _first_problem(self, entry: CatalogueEntry) -> str:
        problem = entry.problems[0] if entry.problems else None
        if problem is None:
            return "unreadable"
        return f"{problem.place.path.name}:{problem.place.line}: {problem.message}"

    def _state(self, entry: CatalogueEntry) -> str:
        progress = self.progress.get(entry.id)
        done = sum(step.completed for step in progress.steps.values()) if progress else 0
        if progress is None or progress.started_at is None:
            return f"{bar(0, entry.steps)} not begun, {entry.steps} steps"
        if progress.finished_at is not None:
            return f"{bar(1, 1)} finished"
        return f"{bar(done, entry.steps)} {percent(done, entry.steps)} %, {done} of {entry.steps} steps"

    def _detail(self) -> None:
        entry = self.selected
        text = Text()
        if self.trouble:
            text.append(self.trouble + "\n", style="bold")
        if entry is None:
            text.append(
                "No module fits the filter; escape shows all."
                if self.entries
                else "This pack has no modules."
            )
        elif not entry.usable:
            text.append("\n".join(f"{problem}" for problem in entry.problems[:4]))
        else:
            text.append(f"{entry.id}\n", style="bold")
            text.append(f"{entry.summary}\n" if entry.summary else "")
            text.append(f"{entry.steps} steps, {entry.checks} checks, {entry.questions} questions")
        self.query_one("#catalogue-detail", Static).update(text)

    def on_option_list_option_highlighted(self) -> None:
        """Show what was chosen."""
        self._detail()

    def on_option_list_option_selected(self) -> None:
        """Open a module's briefing."""
        entry = self.selected
        module = self._app.load(entry.id) if entry else None
        if module is not None:
            from labrunner.tui.screens.briefing import BriefingScreen

            self.app.push_screen(BriefingScreen(module))

    def action_filter(self) -> None:
        """Type a filter."""
        field = self.query_one(Input)
        field.display = True
        field.focus()

    def action_no_filter(self) -> None:
        """Show every module again."""
        field = self.query_one(Input)
        field.value = ""
        field.display = False
        self.query_one(OptionList).focus()

    def on_input_changed(self) -> None:
        """Filter while typing."""
        self._list()

    def on_input_submitted(self) -> None:
        """Back to the list, filtered."""
        self.query_one(OptionList).focus()
