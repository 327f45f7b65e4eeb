"""The help: every key, and what line mode does instead."""

from __future__ import annotations

from labrunner.tui.screens.message import MessageDialog

KEYS = (
    ("In the step", (
        ("↑ ↓ · j k · [ ]", "scroll; choose a cell or question"),
        ("enter", "run the chosen cell, answer the chosen question"),
        ("a", "run every cell of the step, in order"),
        ("w", "answer the next open question"),
        ("y", "copy the chosen cell"),
    )),
    ("In the checks", (("enter", "give a value, attest, or read the whole of what was seen"),)),
    ("In the step and the checks", (
        ("v", "verify now (checks also verify themselves)"),
        ("h", "the next hint"),
        ("s", "the solution: shown, or played for you; the step then counts as assisted"),
        ("r", "take this step back to where it began"),
        ("n p g", "next step, previous step, list of steps"),
        ("R", "restart a cluster that died"),
        ("l", "messages so far"),
        ("1 2 3", "step, shell, checks"),
        ("q", "leave; the lab resumes here"),
    )),
    ("Everywhere", (
        ("F6", "next pane, also out of the shell"),
        ("F1", "this help (or ? outside the shell)"),
        ("ctrl+p", "every command by name; in the shell the key goes to the shell"),
        ("ctrl+q", "quit; in the shell the key goes to the shell"),
        ("shift+PgUp", "look back in the shell"),
    )),
)  # fmt: skip

LINE_MODE = """\
Without a screen (pipes, screen readers, CI), the same labs in lines:
  labrunner list                    the modules
  labrunner run MODULE --plain      a whole lab; `help` lists its commands
  labrunner check MODULE/STEP       verify from outside; exit code 0 when green"""


def help_text() -> str:
    """The keys as aligned lines."""
    lines = []
    for heading, keys in KEYS:
        lines += [heading, *(f"  {key:16} {what}" for key, what in keys), ""]
    return "\n".join([*lines, LINE_MODE])


class HelpScreen(MessageDialog):
    """Closed by Enter or Escape."""

    def __init__(self) -> None:
        super().__init__("Keys", help_text())
