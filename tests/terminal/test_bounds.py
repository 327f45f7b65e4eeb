"""Whatever comes, memory and time stay bounded."""

from __future__ import annotations

import resource
import sys
import time
import tracemalloc

import pytest

from labrunner.shell.terminal import VirtualTerminal
from labrunner.shell.terminal.row import PLAIN
from labrunner.shell.terminal.styles import Style, StyleTable

from .reading import content, screen

PLAIN_LINE = b"pod/web-5d4f8c7b9-abcde   1/1   Running   0   12m   10.244.0.17   node-1\r\n"


def feed_in_reads(terminal: VirtualTerminal, data: bytes, size: int = 4096) -> None:
    for start in range(0, len(data), size):
        terminal.feed(data[start : start + size])


def test_the_scrollback_keeps_the_newest_rows():
    terminal = VirtualTerminal(80, 24, scrollback=100)
    terminal.feed(b"".join(b"%d\r\n" % number for number in range(1000)))
    assert len(terminal.scrollback) == 100
    assert terminal.scrollback.pushed == 1000 - 23
    assert terminal.text(terminal.scrollback[-1]) == str(1000 - 24)
    assert screen(terminal)[0] == str(1000 - 23)


@pytest.mark.slow
def test_a_hundred_megabytes_take_bounded_memory():
    terminal = VirtualTerminal(80, 24)
    block = PLAIN_LINE * 400
    for _ in range(50):
        terminal.feed(block)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100_000_000 // len(block)):
        terminal.feed(block)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 8_000_000
    assert len(terminal.scrollback) == 10_000


def test_plain_output_is_fast():
    terminal = VirtualTerminal(80, 24)
    data = PLAIN_LINE * 40_000
    began = time.process_time()
    feed_in_reads(terminal, data)
    # A tenth of the target, so that a busy machine does not fail the build; benchmarks/terminal.py measures.
    assert len(data) / (time.process_time() - began) > 800_000


@pytest.mark.parametrize("start", [b"\x1b]0;", b"\x1bP", b"\x1b_", b"\x1b[", b"\x1b[1;"])
def test_a_sequence_that_never_ends_is_not_kept(start):
    terminal = VirtualTerminal(20, 5)
    terminal.feed(b"a" + start)
    tracemalloc.start()
    try:
        for _ in range(300):
            terminal.feed(b"1" * 10_000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 500_000
    terminal.feed(b"m\x1b\\\r\nend")
    assert content(terminal)[-1].startswith("end")


def test_queries_and_bells_nobody_collects_are_bounded():
    terminal = VirtualTerminal(20, 5)
    terminal.feed(b"\x1b[c\x1b]7;file://h/\x07\a" * 50_000)
    assert len(terminal.take_replies()) < 20_000
    assert len(terminal.take_events()) <= 1024


def test_controls_inside_sequences_are_not_quadratic():
    terminal = VirtualTerminal(20, 5)
    began = time.process_time()
    terminal.feed(b"\x1b[" + b"\0" * 300_000 + b"mx")
    assert content(terminal) == ["x"]
    assert time.process_time() - began < 10


def test_millions_of_colours_leave_the_visible_ones_right():
    terminal = VirtualTerminal(40, 10, scrollback=50)
    for number in range(59_990):
        terminal.feed(b"\x1b[38;2;%d;%d;%dmx" % (number >> 16, number >> 8 & 255, number & 255))
    assert terminal.generation > 0
    last = terminal.lines[terminal.cursor.y].styles[terminal.cursor.x - 1]
    assert terminal.style(last).foreground & 0xFFFFFF == 59_989
    first = terminal.lines[0].styles[0]
    assert terminal.style(first).foreground & 0xFFFFFF == 59_990 - 9 * 40 - 30


def test_a_full_style_table_falls_back_to_plain_and_recovers():
    used: set[str] = set()
    table = StyleTable(lambda: used, limit=8)
    for colour in range(7):
        used.add(table.identify(Style(foreground=colour)))
    assert table.identify(Style(foreground=100)) == PLAIN
    used.clear()
    for _ in range(9):
        last = table.identify(Style(foreground=101))
    assert table[last].foreground == 101
    assert len(table) <= 8


def test_more_clusters_than_there_is_room_for_lose_their_marks():
    terminal = VirtualTerminal(20, 5)
    marks = [chr(0x300 + n) for n in range(0x50)]
    text = "".join(f"a{one}{two}{three}" for one in marks for two in marks for three in marks[:12])
    terminal.feed(text.encode())
    assert terminal.plain(terminal.lines[terminal.cursor.y]).startswith("a")
    terminal.feed(("\r\n" + "e" + "\u0301" * 1000).encode())
    assert len(content(terminal)[-1]) <= 16
