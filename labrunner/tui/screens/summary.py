"""The summary of an attempt."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from labrunner.lab.summary import Summary
from labrunner.tui.wording import bar


class SummaryScreen(Screen[str]):
    """Returns `leave` or `stay`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "choose('leave')", "to the catalogue"),
        Binding("b,escape", "choose('stay')", "back to the lab"),
    ]

    def __init__(self, summary: Summary, again: tuple[str, ...] = ()) -> None:
        """`again`: prompts of the questions to look at again."""
        super().__init__()
        self.summary = summary
        self.again = again

    def compose(self) -> ComposeResult:
        yield Static(Text(f" {self.summary.title} — finished", style="bold"), id="summary-title")
        with VerticalScroll(id="summary-body"):
            score = round(self.summary.score * 100)
            lines = [f"{bar(score, 100, 20)} {score} % of the checks", "", self.summary.as_text()]
            if self.again:
                lines += ["", "Look at these again:", *(f"  - {prompt}" for prompt in self.again)]
            yield Static(Text("\n".join(lines)))
        yield Static(Text(" enter to the catalogue · b back to the lab"), classes="keys")

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#summary-body").focus()

    def action_choose(self, value: str) -> None:
        """Close with an answer."""
        self.dismiss(value)
