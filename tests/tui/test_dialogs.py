"""Dialogs on small terminals: whatever they hold, the keys that answer them stay in sight."""

from __future__ import annotations

import pytest

from labrunner.tui.screens.message import YES_NO, MessageDialog
from tests.tui.waiting import until_shown


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (160, 45)])
async def test_the_keys_of_a_long_message_stay_in_sight(make_app, size: tuple[int, int]) -> None:
    async with make_app().run_test(size=size) as pilot:
        pilot.app.push_screen(MessageDialog("Solution", "\n".join(f"line {n}" for n in range(200)), YES_NO))
        await until_shown(pilot, "y yes · n no")
