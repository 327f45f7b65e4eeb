"""Synchronized updates (mode 2026), on an injected clock."""

from __future__ import annotations

import pytest

from labrunner.shell.terminal import VirtualTerminal

from .reading import content, position


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def terminal(clock: Clock) -> VirtualTerminal:
    terminal = VirtualTerminal(10, 3, clock=clock)
    terminal.feed(b"old")
    terminal.take_dirty()
    return terminal


def test_the_picture_is_held_until_the_update_ends(terminal):
    terminal.feed(b"\x1b[?2026h\rnew\r\nmore")
    assert content(terminal) == ["old"]
    assert position(terminal) == (3, 0)
    assert terminal.take_dirty() == frozenset()
    terminal.feed(b"\x1b[?2026l")
    assert content(terminal) == ["new", "more"]
    assert terminal.take_dirty() == {0, 1}
    assert terminal.synchronized_for is None


def test_a_program_that_forgets_to_end_it_is_shown_after_the_timeout(terminal, clock):
    terminal.feed(b"\x1b[?2026h\rnew")
    assert terminal.synchronized_for == pytest.approx(1.0)
    clock.now += 0.4
    terminal.feed(b"\x1b[?2026h")
    assert terminal.synchronized_for == pytest.approx(0.6)
    assert content(terminal) == ["old"]
    clock.now += 0.7
    assert content(terminal) == ["new"]
    terminal.feed(b"\x1b[?2026$p")
    assert terminal.take_replies() == b"\x1b[?2026;2$y"


def test_a_resize_ends_it(terminal):
    terminal.feed(b"\x1b[?2026h\rnew")
    terminal.resize(12, 3)
    assert content(terminal) == ["new"]
