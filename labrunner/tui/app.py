"""The app: a window on a lab session. It holds no rules.

The first frame is the catalogue's; everything a lab needs (shell, checks, cluster) is imported when a lab opens.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from labrunner import paths
from labrunner.tui.launch import Launch
from labrunner.tui.screens.catalogue import CatalogueScreen
from labrunner.tui.screens.too_small import TooSmallScreen, is_too_small
from labrunner.tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from labrunner.cluster.driver import ClusterDriver
    from labrunner.content.models import Module
    from labrunner.progress.log import EventLog

DriverChoice = Callable[[str | None, "Module", paths.Home], "ClusterDriver"]
BUSY = 4
TROUBLE = 3


def default_driver(wanted: str | None, module: Module, home: paths.Home) -> ClusterDriver:
    """The driver that line mode would take."""
    from labrunner.cluster.choice import choose_cluster

    return choose_cluster(wanted, module, home)


class LabrunnerApp(App[int]):
    """The whole app. `home`, `clock` (unix seconds) and `driver` are there to be replaced in tests."""

    CSS_PATH = "app.tcss"
    TITLE = "labrunner"
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "help", show=False),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        launch: Launch,
        *,
        home: paths.Home | None = None,
        clock: Callable[[], float] = time.time,
        driver: DriverChoice = default_driver,
    ) -> None:
        super().__init__()
        self.launch = launch
        self.home = home or paths.home()
        self.clock = clock
        self.driver = driver
        self.leave_lab: Callable[[], Awaitable[None]] | None = None
        self._event_log: EventLog | None = None
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name

    @property
    def log_file(self) -> EventLog:
        """The progress file, opened when first asked for. Raises ProgressError."""
        if self._event_log is None:
            from labrunner.progress.log import EventLog

            self._event_log = EventLog(self.home.progress_file)
        return self._event_log

    @property
    def trusted(self) -> bool:
        """Whether a pack's own commands may run: our own's, a trusted one's (read afresh), or with --trust."""
        from labrunner.lab.trust import is_trusted

        return self.launch.trust or is_trusted(self.launch.pack.path, self.home.data)

    def get_default_screen(self) -> Screen[Any]:
        """The catalogue is the first screen and lies below all others."""
        return CatalogueScreen()

    def on_mount(self) -> None:
        """Open the lab that was asked for, once the first frame is out."""
        if self.launch.module is not None:
            self.call_after_refresh(self._open_launched, self.launch.module)

    def _open_launched(self, module_id: str) -> None:
        module = self.load(module_id)
        if module is not None:
            self.open_lab(module, self.launch.cluster, fresh=self.launch.fresh, step=self.launch.step)

    def load(self, module_id: str) -> Module | None:
        """A module of the pack; its mistakes are shown when it cannot be read."""
        from labrunner.tui.screens.message import MessageDialog

        try:
            loaded = self.launch.pack.load(module_id)
        except KeyError:
            self.push_screen(MessageDialog("No such module", f"The pack has no module {module_id!r}."))
            return None
        if loaded.module is None:
            errors = "\n\n".join(str(problem) for problem in loaded.problems if problem.severity == "error")
            self.push_screen(MessageDialog(f"{module_id} cannot be opened", errors))
        return loaded.module

    def open_lab(
        self, module: Module, cluster: str | None, *, fresh: bool = False, step: str | None = None
    ) -> None:
        """Show a lab; what prevents it is said in a dialog."""
        from labrunner.tui.opening import open_lab

        self.run_worker(open_lab(self, module, cluster, fresh=fresh, step=step), exit_on_error=True)

    # -- what every screen shares ------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Cover the app while nothing fits."""
        covered = any(isinstance(screen, TooSmallScreen) for screen in self.screen_stack)
        if is_too_small(event.size.width, event.size.height) and not covered:
            self.push_screen(TooSmallScreen())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """In the shell, ctrl+q and ctrl+p are the shell's."""
        if action in ("quit", "command_palette"):
            return not getattr(self.focused, "reserved_keys", None)
        return True

    def action_help(self) -> None:
        """Show the keys."""
        from labrunner.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def on_unmount(self) -> None:
        """However the app ends, an open lab is left properly."""
        if self.leave_lab is not None:
            await self.leave_lab()
        if self._event_log is not None:
            self._event_log.close()

    async def action_quit(self) -> None:
        """Leave an open lab properly, then end."""
        if self.leave_lab is not None:
            await self.leave_lab()
        self.exit(0)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: the screen's own commands first."""
        for title, help_, callback in getattr(screen, "commands", ()):
            yield SystemCommand(title, help_, callback)
        yield from super().get_system_commands(screen)
