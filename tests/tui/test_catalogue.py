"""The catalogue and the briefing."""

from __future__ import annotations

import pytest

from labrunner.lab.events import LabStarted, StepCompleted, StepEntered, to_data
from labrunner.paths import Home
from labrunner.progress.log import EventLog
from labrunner.tui.screens import briefing
from labrunner.tui.screens.briefing import BriefingScreen
from labrunner.tui.screens.catalogue import CatalogueScreen
from labrunner.tui.screens.message import MessageDialog

from .conftest import NOON, MakeApp
from .waiting import shown, until, until_shown


def begun(home: Home) -> None:
    """A log in which the first step of `tiny` is done."""
    log = EventLog(home.progress_file)
    for seconds, event in enumerate(
        [LabStarted("sim", True, "d"), StepEntered("read"), StepCompleted("read"), StepEntered("make")]
    ):
        log.append(at=NOON + seconds, module="tiny", attempt="a", kind=event.kind, data=to_data(event))
    log.close()


async def test_a_module_that_does_not_parse_is_listed_with_its_mistake_and_the_others_open(
    make_app: MakeApp,
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "cannot be opened: module.md:5: the front matter has no key 'levle'")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MessageDialog))
        assert "did you mean 'level'" in " ".join(shown(app).split())
        await pilot.press("escape", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, BriefingScreen))
        assert "Makes a config map and looks at it." in shown(app)


async def test_progress_is_shown_as_a_bar_and_in_words(make_app: MakeApp, home: Home) -> None:
    begun(home)
    async with make_app().run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "███░░░░░░░ 33 %, 1 of 3 steps")


async def test_typing_a_filter_leaves_what_fits(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until_shown(pilot, "A tiny lab")
        await pilot.press("slash", *"TINY beg")
        await until(pilot, lambda: "✗ broken" not in shown(app))
        assert "A tiny lab" in shown(app)
        await pilot.press(*"zzz")
        await until_shown(pilot, "No module fits the filter")
        await pilot.press("escape")
        await until_shown(pilot, "✗ broken")


async def test_a_damaged_progress_file_is_said_and_the_catalogue_still_lists(
    make_app: MakeApp, home: Home
) -> None:
    home.progress_file.parent.mkdir(parents=True)
    home.progress_file.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "is damaged")
        assert "A tiny lab" in shown(app)
        assert isinstance(app.screen, CatalogueScreen)


async def test_the_briefing_offers_to_resume_where_the_lab_was_left(make_app: MakeApp, home: Home) -> None:
    begun(home)
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "A tiny lab")
        await pilot.press("down", "enter")
        await until_shown(pilot, "enter resume at “Make a map” · f start afresh")
        assert "✓ Read this" in shown(app)
        assert "· Make a map" in shown(app)


async def test_the_briefing_says_why_kind_cannot_be_had(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(briefing, "kind_trouble", lambda: "needs docker, not found on PATH")
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until_shown(pilot, "A tiny lab")
        await pilot.press("down", "enter")
        await until_shown(pilot, "kind: needs docker, not found on PATH")
        await pilot.press("c")
        await until_shown(pilot, "Where shall it run?")
        await pilot.press("down", "enter")
        await until_shown(pilot, "No kind cluster here")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BriefingScreen))
        assert app.screen.cluster == "sim"  # type: ignore[attr-defined]
