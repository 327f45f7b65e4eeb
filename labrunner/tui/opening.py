"""Opening a lab: the session is made and opened on disk, then its screen shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.cluster.driver import ClusterError
from labrunner.lab.lock import LabBusyError
from labrunner.progress.log import ProgressError
from labrunner.tui.screens.message import MessageDialog, Reply

if TYPE_CHECKING:
    from labrunner.content.models import Module
    from labrunner.tui.app import LabrunnerApp

AGAIN = (Reply("r", "try again", "retry"), Reply("enter", "leave it", "leave"))


async def open_lab(
    app: LabrunnerApp, module: Module, cluster: str | None, *, fresh: bool, step: str | None
) -> None:
    """Show the lab's screen with its first step readable; the cluster comes up behind it."""
    from labrunner.tui.screens.lab import LabScreen

    while True:
        try:
            screen = LabScreen.opened(app, module, cluster, fresh=fresh, step=step)
        except KeyError:
            ids = ", ".join(known.id for known in module.steps)
            text = f"{module.title} has no step {step!r}. Its steps: {ids}."
            await app.push_screen_wait(MessageDialog("No such step", text))
            return
        except (ProgressError, LabBusyError, ClusterError) as error:
            text = f"{_sentence(str(error))}\n\n{error.remedy}"
            if await app.push_screen_wait(MessageDialog("The lab cannot be opened", text, AGAIN)) != "retry":
                return
        except OSError as error:
            text = f"{error}.\n\nMake {app.home.data} writable and see that its disk has room."
            if await app.push_screen_wait(MessageDialog("The lab cannot be opened", text, AGAIN)) != "retry":
                return
        else:
            await app.push_screen(screen)
            return


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
