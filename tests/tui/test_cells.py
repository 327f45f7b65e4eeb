"""Cells that go on, ask for a value, run in another shell or write a file; and leaving while one runs."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette

from labrunner.lab.lock import LabLock
from labrunner.paths import Home
from labrunner.tui.app import LabrunnerApp
from labrunner.tui.screens.catalogue import CatalogueScreen
from labrunner.tui.screens.choice import ChoiceDialog
from labrunner.tui.screens.lab import LabScreen
from labrunner.tui.step.view import StepView

from .conftest import MakeApp, ScriptedCluster
from .waiting import shown, until, until_shown


def lab_of(app: LabrunnerApp) -> LabScreen:
    assert isinstance(app.screen, LabScreen)
    return app.screen


async def test_a_cell_that_never_ends_is_stopped_with_ctrl_c(make_app: MakeApp) -> None:
    app = make_app(module="unending")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = lab_of(app)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("enter")
        await until(pilot, lambda: "│begun" in shown(app))
        await until_shown(pilot, "… running")
        lab.post_message(StepView.RunCell(lab.step_view, "choose"))
        await until(pilot, lambda: "a cell is still running" in " ".join(lab.display_.log))
        await pilot.press("f6", "ctrl+c")
        await until_shown(pilot, "interrupted after")
        await until(pilot, lambda: lab.session.progress.cells["forever"].outcome == "interrupted")


async def test_leaving_while_a_cell_runs_ends_it_and_frees_the_lab(make_app: MakeApp, home: Home) -> None:
    app = make_app(module="unending")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = lab_of(app)
        await until(pilot, lambda: lab.session.connected)
        await pilot.press("enter")
        await until(pilot, lambda: "│begun" in shown(app))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, CatalogueScreen))
        with LabLock(home.lab("unending").lock, "unending"):
            pass


async def test_a_cell_that_asks_gets_the_choice(make_app: MakeApp) -> None:
    app = make_app(module="unending")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = lab_of(app)
        await until(pilot, lambda: lab.session.connected)
        lab.post_message(StepView.RunCell(lab.step_view, "choose"))
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is lab)
        assert "choose" not in lab.session.progress.cells, "without a choice nothing runs"
        lab.post_message(StepView.RunCell(lab.step_view, "choose"))
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "choose" in lab.session.progress.cells)
        assert lab.session.progress.cells["choose"].output.strip() == "ate pear"


async def test_a_second_shell_gets_a_tab(make_app: MakeApp) -> None:
    app = make_app(module="unending")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = lab_of(app)
        await until(pilot, lambda: lab.session.connected)
        lab.post_message(StepView.RunCell(lab.step_view, "elsewhere"))
        await until_shown(pilot, "[main] second")
        await until(pilot, lambda: "elsewhere" in lab.session.progress.cells)
        await pilot.press("t")
        await until_shown(pilot, "main [second]")
        await until(pilot, lambda: "│in the second shell" in shown(app))
        assert lab.session.cells is not None
        assert lab.shell_pane.fitted == lab.shell_pane.terminal.content_size


async def test_a_file_cell_writes_into_the_workspace(make_app: MakeApp, home: Home) -> None:
    app = make_app(module="unending")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = lab_of(app)
        await until(pilot, lambda: lab.session.connected)
        lab.post_message(StepView.RunCell(lab.step_view, "note"))
        await until(pilot, lambda: "note" in lab.session.progress.cells)
        assert (home.lab("unending").workspace / "note.txt").read_text() == "A note.\n"


async def test_the_palette_offers_what_has_no_key(make_app: MakeApp, scripted: ScriptedCluster) -> None:
    app = make_app(module="unending", cluster=scripted)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"whole module")
        await until_shown(pilot, "Reset the whole module")
        await pilot.press("enter", "enter")
        await until_shown(pilot, "Reset the whole module?")


@pytest.mark.parametrize("columns", [60, 80, 99])
async def test_below_a_hundred_columns_panes_are_tabs(
    make_app: MakeApp, scripted: ScriptedCluster, columns: int
) -> None:
    app = make_app(module="tiny", cluster=scripted, step="make")
    async with app.run_test(size=(columns, 24)) as pilot:
        await until_shown(pilot, "[1 step]")
        assert "SIMULATED" in shown(app)
        assert "q leave" in shown(app)
        await pilot.press("3")
        await until_shown(pilot, "not looked at The map is there")
        await pilot.press("2")
        await until_shown(pilot, "[2 shell]")
        await pilot.press("f6")
        await until_shown(pilot, "[3 checks")
