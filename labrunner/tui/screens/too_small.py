"""What is shown while the terminal is too small to work in. What lies below keeps its state and size."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

from labrunner.tui.wording import SMALLEST


def is_too_small(columns: int, rows: int) -> bool:
    """Whether nothing useful fits."""
    return columns < SMALLEST[0] or rows < SMALLEST[1]


class TooSmallScreen(ModalScreen[None]):
    """Comes and goes with the terminal's size."""

    def compose(self) -> ComposeResult:
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        """Say the size."""
        self._say()

    def on_resize(self) -> None:
        """Go away once there is room."""
        self._say()
        self._leave_if_room()

    def on_screen_resume(self) -> None:
        """A dialog above was closed; there may be room by now."""
        self._leave_if_room()

    def _say(self) -> None:
        columns, rows = self.app.size
        self.query_one(Static).update(
            f"Make the terminal larger (now {columns}×{rows}, needs {SMALLEST[0]}×{SMALLEST[1]}).\n"
            "Your lab goes on; nothing is lost."
        )

    def _leave_if_room(self) -> None:
        if self.is_current and not is_too_small(*self.app.size):
            self.dismiss()
