"""How the screens look, at 80×24 and 160×45, with a clock that stands still. Renew with --snapshot-update after looking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from labrunner.lab.events import CellRan
from labrunner.lab.updates import CellStarted
from labrunner.paths import Home
from labrunner.tui.screens import briefing
from labrunner.tui.screens.briefing import BriefingScreen
from labrunner.tui.screens.lab import LabScreen
from labrunner.verify.verdict import CheckState, CheckStatus, Difference, Verdict

from .conftest import NOON, MakeApp, ScriptedCluster
from .test_catalogue import begun
from .waiting import until, until_shown

SIZES = [(80, 24), (160, 45)]
STATUSES = {
    "map-there": CheckStatus("map-there", Verdict(CheckState.PASS), passed_at=NOON + 61),
    "map-value": CheckStatus(
        "map-value",
        Verdict(
            CheckState.FAIL,
            summary="settings has another colour",
            hint="kubectl edit can change it",
            differences=(Difference("data.colour", "red", "green"),),
        ),
    ),
}
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(briefing, "kind_trouble", lambda: "needs docker, not found on PATH")
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("size", SIZES)
def test_catalogue(make_app: MakeApp, home: Home, snap_compare: Compare, size: tuple[int, int]) -> None:
    begun(home)

    async def ready(pilot: Pilot[int]) -> None:
        await until_shown(pilot, "1 of 3 steps")
        await pilot.press("down")
        await until_shown(pilot, "Makes a config map")

    assert snap_compare(make_app(), terminal_size=size, run_before=ready)


@pytest.mark.parametrize("size", SIZES)
def test_briefing(make_app: MakeApp, home: Home, snap_compare: Compare, size: tuple[int, int]) -> None:
    begun(home)
    app = make_app()

    async def ready(pilot: Pilot[int]) -> None:
        await until_shown(pilot, "1 of 3 steps")
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, BriefingScreen))
        await until_shown(pilot, "resume at")

    assert snap_compare(app, terminal_size=size, run_before=ready)


@pytest.mark.parametrize("size", SIZES)
def test_lab(
    make_app: MakeApp, scripted: ScriptedCluster, snap_compare: Compare, size: tuple[int, int]
) -> None:
    app = make_app(cluster=scripted, clock=lambda: NOON, module="tiny", step="make")

    async def ready(pilot: Pilot[int]) -> None:
        await until_shown(pilot, "Pretending to start")
        lab = app.screen
        assert isinstance(lab, LabScreen)
        lab.session.check_status = STATUSES.get  # type: ignore[method-assign]
        lab.updated(CellStarted("create"))
        lab.session._attempt.record(CellRan("create", "ended", 0, 0.4, "configmap/settings created", True))
        lab.shell_pane.output("main", b"$ kubectl create configmap settings --from-literal=colour=green\r\n")
        lab.shell_pane.output("main", b"\x1b[32mconfigmap/settings created\x1b[0m\r\n$ ")
        lab.display_.show_checks()
        await until_shown(pilot, "0.4 s")
        await until(pilot, lambda: lab.shell_pane.waiting == 0)

    assert snap_compare(app, terminal_size=size, run_before=ready)
