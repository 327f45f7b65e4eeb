"""The shell pane: a terminal per named shell, tabs above them when there are several."""

from __future__ import annotations

import time

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from labrunner.tui.widgets.backlog import Backlog
from labrunner.tui.widgets.terminal import Terminal

MAIN = "main"
PARSE_SECONDS = 0.006
PARSE_BYTES = 64 * 1024
TICK = 1 / 60


class ShellPane(Vertical):
    """Owns the terminals; whoever owns the shells calls `output` and answers `Typed` and `Fitted`."""

    BORDER_TITLE = "shell"

    class Typed(Message):
        """Bytes for a shell."""

        def __init__(self, shell: str, data: bytes) -> None:
            super().__init__()
            self.shell = shell
            self.data = data

    class Fitted(Message):
        """The size, in cells, of every shell."""

        def __init__(self, columns: int, rows: int) -> None:
            super().__init__()
            self.columns = columns
            self.rows = rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.terminals: dict[str, Terminal] = {MAIN: Terminal()}
        self.current = MAIN
        self.fitted: tuple[int, int] | None = None
        self._backlogs: dict[str, Backlog] = {MAIN: Backlog()}
        self._ticking = False

    def compose(self) -> ComposeResult:
        tabs = Static(id="shell-tabs")
        tabs.display = False
        yield tabs
        yield self.terminals[MAIN]

    @property
    def terminal(self) -> Terminal:
        """The one shown."""
        return self.terminals[self.current]

    def open(self, shell: str) -> None:
        """Make a terminal for a shell; tabs appear with the second."""
        if shell in self.terminals:
            return
        terminal = self.terminals[shell] = Terminal()
        terminal.display = False
        self._backlogs[shell] = Backlog()
        if self.fitted:
            terminal.fit(*self.fitted)
        self.mount(terminal)
        self._draw_tabs()

    def show(self, shell: str) -> None:
        """Bring a shell to the front."""
        focused = self.terminal.has_focus
        self.current = shell
        for name, terminal in self.terminals.items():
            terminal.display = name == shell
        if focused:
            self.terminal.focus()
        self._draw_tabs()

    def next(self) -> None:
        """The shell after this one."""
        names = list(self.terminals)
        self.show(names[(names.index(self.current) + 1) % len(names)])

    def _draw_tabs(self) -> None:
        tabs = self.query_one("#shell-tabs", Static)
        tabs.display = len(self.terminals) > 1
        parts: list[str | tuple[str, str]] = [" "]
        for name in self.terminals:
            parts += [(f"[{name}]", "bold reverse") if name == self.current else f" {name} ", " "]
        tabs.update(Text.assemble(*parts, "  t next shell"))

    # -- output ----------------------------------------------------------------------------------------------------

    def output(self, shell: str, data: bytes) -> None:
        """Output of a shell; drawn within a budget per tick, so that keys are always answered."""
        if shell not in self._backlogs:
            return
        self._backlogs[shell].put(data)
        if not self._ticking:
            self._ticking = True
            self.call_later(self._drain)

    @property
    def waiting(self) -> int:
        """Bytes not drawn yet."""
        return sum(backlog.size for backlog in self._backlogs.values())

    def _drain(self) -> None:
        deadline = time.monotonic() + PARSE_SECONDS
        fed = 0
        for shell, backlog in self._backlogs.items():
            while backlog.size and fed < PARSE_BYTES and time.monotonic() < deadline:
                piece = backlog.take()
                fed += len(piece)
                self.terminals[shell].feed(piece)
        self._ticking = self.waiting > 0
        if self._ticking:
            self.set_timer(TICK, self._drain)

    # -- from the terminals ----------------------------------------------------------------------------------------

    def on_terminal_input(self, message: Terminal.Input) -> None:
        """Hand typed bytes on under the shell's name."""
        message.stop()
        for name, terminal in self.terminals.items():
            if terminal is message.terminal:
                self.post_message(self.Typed(name, message.data))

    def on_terminal_resized(self, message: Terminal.Resized) -> None:
        """Every shell has the size of the one shown."""
        message.stop()
        self.fit(message.columns, message.rows)

    def fit(self, columns: int, rows: int) -> None:
        """Give every terminal and shell this size, shown or not."""
        if columns < 1 or rows < 1 or self.fitted == (columns, rows):
            return
        self.fitted = (columns, rows)
        for terminal in self.terminals.values():
            terminal.fit(columns, rows)
        self.post_message(self.Fitted(columns, rows))

    def on_terminal_happened(self, message: Terminal.Happened) -> None:
        """Titles and prompt marks are of no use here."""
        message.stop()
