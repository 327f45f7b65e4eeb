"""A dialog to pick one of several things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class ChoiceDialog(ModalScreen[str | None]):
    """`choices` are (value, label); returns the chosen value, None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "close")]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], current: str | None = None) -> None:
        super().__init__()
        self.heading = title
        self.choices = tuple(choices)
        self.current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self.heading), classes="dialog-title")
            options = OptionList(*(Option(Text(label)) for _, label in self.choices), classes="dialog-list")
            values = [value for value, _ in self.choices]
            options.highlighted = values.index(self.current) if self.current in values else 0
            yield options
            yield Static(Text("↑↓ choose · enter take it · escape close"), classes="dialog-keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the chosen value."""
        event.stop()
        self.dismiss(self.choices[event.option_index][0])
