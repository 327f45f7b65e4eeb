"""A lab from the catalogue to its summary with the keyboard, on the simulated cluster, in both layouts."""

from __future__ import annotations

import os
import signal

import pytest

from labrunner.paths import Home
from labrunner.sim import process
from labrunner.tui.screens.catalogue import CatalogueScreen
from labrunner.tui.screens.lab import LabScreen
from labrunner.tui.screens.question import QuestionDialog
from labrunner.tui.screens.summary import SummaryScreen

from .conftest import MakeApp
from .waiting import shown, until, until_shown

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_whole_lab_with_the_keyboard(make_app: MakeApp, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await until_shown(pilot, "A tiny lab")
        await pilot.press("down", "enter")
        await until_shown(pilot, "enter start")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        assert "It names what it made" not in shown(app), "the answer stays locked"
        await pilot.press(*"created", "enter", "3")
        await until_shown(pilot, "✓ Right. It names what it made.")
        await pilot.press("enter")
        await until(pilot, lambda: {"map-there", "map-value"} <= set(lab.session.progress.passed))
        await until_shown(pilot, "output ✓ as expected")
        await pilot.press("n", "w")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        await pilot.press("1", "3")
        await until_shown(
            pilot, "✗ Not right. Nothing secret in it You were sure: this one comes back first."
        )
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is lab)
        await pilot.press("3", "enter")
        await until_shown(pilot, "Which colour is it?")
        await pilot.press(*"green", "enter")
        await until(pilot, lambda: "which" in lab.session.progress.passed)
        await pilot.press("down", "enter")
        await until_shown(pilot, "I looked at the map myself.")
        await pilot.press("y")
        await until(pilot, lambda: "sure" in lab.session.progress.passed)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        await until_shown(pilot, "100 % of the checks")
        assert "What was made?" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, (LabScreen, SummaryScreen)))
        await pilot.press("q")
        await until_shown(pilot, "finished")
        assert isinstance(app.screen, CatalogueScreen)


async def test_the_shell_takes_every_key_but_f6_and_f1(make_app: MakeApp) -> None:
    app = make_app(module="tiny")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("f6", *"cat -v", "enter")
        await pilot.press("ctrl+q", "ctrl+p", "escape", "enter")
        await until_shown(pilot, "^[")
        assert lab.session.progress.current == "read"
        await pilot.press("n", "q", "enter")
        await until_shown(pilot, "nq")
        await pilot.press("ctrl+c")
        await pilot.press(*"echo $((40+2))", "enter")
        await until_shown(pilot, "42")
        await pilot.press("f6")
        await until(pilot, lambda: lab.focused_pane == "checks")
        await pilot.press("f1")
        await until_shown(pilot, "run every cell of the step, in order")


async def test_a_busy_shell_refuses_a_cell_in_words(make_app: MakeApp) -> None:
    app = make_app(module="tiny", step="answer")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("f6", *"cat", "enter", *"here", "enter")
        await until(pilot, lambda: shown(app).count("here") >= 2)
        await pilot.press("f6", "f6", "enter")
        await until_shown(pilot, "the shell is busy with another program")


async def test_a_killed_cluster_is_restarted_with_the_work_kept(make_app: MakeApp, home: Home) -> None:
    app = make_app(module="tiny", step="answer")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        await until(pilot, lambda: lab.session.connected)
        running = process.status(home.cluster("tiny")).running
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        await until_shown(pilot, "The cluster does not answer")
        await pilot.press("R")
        await until(pilot, lambda: "does not answer: " not in shown(app))
        assert process.status(home.cluster("tiny")).running is not None
        assert lab.session.progress.current == "answer"


async def test_a_flood_leaves_the_keys_answered_and_the_end_shown(make_app: MakeApp) -> None:
    app = make_app(module="tiny")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("f6", *"yes | head -c 20000000; echo the-end", "enter")
        await until(pilot, lambda: lab.shell_pane.waiting > 0)
        await pilot.press("f6")
        assert lab.focused_pane == "checks"
        await until(pilot, lambda: "│the-end" in shown(app), within=60)
