"""The tables of character widths against `rich.cells`, which measures what is drawn."""

from __future__ import annotations

import re

from rich.cells import cell_len, get_character_cell_size

from labrunner.shell.terminal.clusters import NARROW, WIDE, ClusterTable


def members(ranges: str) -> str:
    everything = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x10000)]))
    return "".join(re.findall(f"[{ranges}]", everything))


def test_the_ranges_hold_only_characters_of_their_width():
    assert len(members(NARROW)) > 3000
    assert {get_character_cell_size(character) for character in members(NARROW)} == {1}
    assert len(members(WIDE)) > 30_000
    assert {get_character_cell_size(character) for character in members(WIDE)} == {2}


def test_what_is_drawn_is_as_wide_as_its_cells():
    table = ClusterTable()
    for text in (
        "a👩\u200d💻b",
        "❤\ufe0fx",
        "e\u0301\u0302",
        "漢\u0301字",
        "🏳\ufe0f\u200d🌈",
        "x\u200d",
        "\U00100000y",
    ):
        _, cells = table.cells(text)
        assert cell_len(table.shown(cells)) == len(cells), text
        assert table.plain(cells) == text
