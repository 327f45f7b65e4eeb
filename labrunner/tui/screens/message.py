"""A dialog that says something and takes one of a few keys for an answer."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


@dataclass(frozen=True, slots=True)
class Reply:
    """`key` chooses it; `value` is what the dialog then returns."""

    key: str
    label: str
    value: str


CLOSE = (Reply("enter", "close", "close"),)
YES_NO = (Reply("y", "yes", "yes"), Reply("n", "no", "no"))


class MessageDialog(ModalScreen[str]):
    """Shows `body` under `title` and returns the chosen reply's value; Escape means the last reply."""

    def __init__(self, title: str, body: str | Text, replies: tuple[Reply, ...] = CLOSE) -> None:
        super().__init__()
        self.heading = title
        self.body = body
        self.replies = replies

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self.heading), classes="dialog-title")
            with VerticalScroll(classes="dialog-body"):
                yield Static(Text(self.body) if isinstance(self.body, str) else self.body)
            keys = " · ".join(f"{reply.key} {reply.label}" for reply in self.replies)
            yield Static(Text(keys), classes="dialog-keys")

    def on_key(self, event: events.Key) -> None:
        """Answer with the reply of that key."""
        for reply in self.replies:
            if event.key in (reply.key, reply.key.upper()):
                event.stop()
                self.dismiss(reply.value)
                return
        if event.key == "escape":
            event.stop()
            self.dismiss(self.replies[-1].value)
