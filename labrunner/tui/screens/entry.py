"""A dialog that asks for one line."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class EntryDialog(ModalScreen[str | None]):
    """Returns what was typed, None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "close")]

    def __init__(self, title: str, prompt: str, initial: str = "") -> None:
        super().__init__()
        self.heading = title
        self.prompt = prompt
        self.initial = initial

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self.heading), classes="dialog-title")
            yield Static(Text(self.prompt), classes="dialog-text")
            yield Input(self.initial)
            yield Static(Text("enter give it · escape close"), classes="dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return a non-empty line."""
        event.stop()
        if event.value.strip():
            self.dismiss(event.value.strip())
