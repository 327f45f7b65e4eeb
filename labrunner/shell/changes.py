"""Waiting on the event loop until something that was told has made a condition true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """`notify` after each change of state; `until` looks at its condition again after each."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Something has changed."""
        self._event.set()
        self._event.clear()

    async def until(self, condition: Callable[[], bool], within: float | None) -> bool:
        """Wait until the condition holds; after `within` seconds say whether it does."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    await self._event.wait()
        except TimeoutError:
            return condition()
        return True
