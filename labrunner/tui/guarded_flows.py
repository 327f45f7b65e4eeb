"""Running a flow so that every known trouble becomes a message with its remedy, never a traceback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual.screen import ModalScreen, Screen

from labrunner.cluster.driver import ClusterError
from labrunner.progress.log import ProgressError
from labrunner.shell.events import ShellError
from labrunner.tui.screens.message import CLOSE, MessageDialog, Reply

if TYPE_CHECKING:
    from rich.text import Text

    from labrunner.lab.session import LabSession
    from labrunner.tui.screens.lab import LabScreen

Flow = Callable[[], Awaitable[None]]
TROUBLE = (
    Reply("r", "try again", "retry"),
    Reply("l", "leave the lab", "leave"),
    Reply("enter", "go on reading", "stay"),
)


class GuardedFlows:
    """`guarded` runs the flows of a subclass, which talk to the learner with `_ask` and `_tell`."""

    def __init__(self, screen: LabScreen) -> None:
        self.screen = screen

    @property
    def session(self) -> LabSession:
        return self.screen.session

    async def guarded(self, flow: Flow) -> None:
        """Run a flow until it succeeds or the learner gives it up; every known trouble becomes a message."""
        again = True
        while again:
            again = False
            try:
                await flow()
            except ValueError as error:
                # RefusedError, AnswerFormError, OutsideWorkspaceError: what was asked makes no sense here.
                self.screen.display_.say(f"Not done: {error}.")
            except (ClusterError, ProgressError) as error:
                again = await self._trouble(str(error), error.remedy)
            except ShellError as error:
                again = await self._trouble(str(error), "Then try again.")
            except OSError as error:
                again = await self._trouble(str(error), "See that the disk has room, then try again.")

    async def _trouble(self, message: str, remedy: str) -> bool:
        """Say it; True to try again."""
        self.screen.display_.log.append(f"{message}. {remedy}")
        self.screen.display_.stage = ""
        self.screen.display_.show_banner()
        text = f"{message[:1].upper()}{message[1:]}.\n\n{remedy}"
        reply = await self._ask(MessageDialog("This did not work", text, TROUBLE))
        if reply == "leave":
            self.screen.call_later(self.screen.action_leave)
        return bool(reply == "retry")

    async def _ask(self, dialog: ModalScreen[Any] | Screen[Any]) -> Any:
        return await self.screen.app.push_screen_wait(dialog)

    async def _tell(self, title: str, text: str | Text) -> None:
        await self._ask(MessageDialog(title, text, CLOSE))
