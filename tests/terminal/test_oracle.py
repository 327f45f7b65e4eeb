"""Our emulator against libghostty: random streams, recorded programs, reflow and replies."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from labrunner.shell.terminal import DEFAULT_COLOUR, RGB, Attribute, Style, VirtualTerminal

from .reading import logical_lines, position, screen
from .streams import WORDS, app_like

pyghostty = pytest.importorskip(
    "pyghostty", reason="pyghostty has no build for this platform", exc_type=ImportError
)

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.bin"))
STREAMS = 600
RATCHET = 0.985
"""Share of random streams with equal text and cursor. Raise it when we get better; never lower it."""


def oracle_screen(oracle, rows: int) -> list[str]:
    lines = [line.rstrip() for line in oracle.text().split("\n")]
    return lines + [""] * (rows - len(lines))


def test_random_app_like_streams_look_the_same():
    differing = []
    for seed in range(STREAMS):
        random = Random(seed)
        columns, rows = random.choice([(80, 24), (40, 10), (20, 6), (132, 43)])
        data = app_like(random, columns, rows)
        ours = VirtualTerminal(columns, rows)
        ours.feed(data)
        with pyghostty.Terminal(columns, rows) as oracle:
            oracle.feed(data)
            if (screen(ours), position(ours)) != (oracle_screen(oracle, rows), oracle.cursor):
                differing.append(seed)
    assert len(differing) <= STREAMS * (1 - RATCHET), f"seeds that differ: {differing}"


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_programs_look_the_same_at_every_step(recording: Path):
    data = recording.read_bytes()
    ours = VirtualTerminal(80, 24)
    with pyghostty.Terminal(80, 24) as oracle:
        for start in range(0, len(data), 256):
            ours.feed(data[start : start + 256])
            oracle.feed(data[start : start + 256])
            assert screen(ours) == oracle_screen(oracle, 24), f"after {start + 256} bytes"
            assert position(ours) == oracle.cursor


def test_there_are_recordings_of_the_programs_labs_use():
    assert {path.stem for path in RECORDINGS} >= {"vim", "less", "top", "bash", "tmux"}


def oracle_colour(colour: tuple | None) -> int:
    if colour is None:
        return DEFAULT_COLOUR
    kind, value = colour
    return value if kind == "palette" else RGB + (value[0] << 16) + (value[1] << 8) + value[2]


def oracle_style(cell: dict) -> Style:
    attributes = sum(
        attribute
        for name, attribute in (
            ("bold", Attribute.BOLD), ("faint", Attribute.DIM), ("italic", Attribute.ITALIC),
            ("blink", Attribute.BLINK), ("inverse", Attribute.REVERSE), ("invisible", Attribute.HIDDEN),
            ("strikethrough", Attribute.STRIKE), ("overline", Attribute.OVERLINE),
        )
        if cell[name]
    )  # fmt: skip
    colours = (oracle_colour(cell[name]) for name in ("fg", "bg", "underline_color"))
    return Style(*colours, attributes, cell["underline"])


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_programs_have_the_same_colours(recording: Path):
    data = recording.read_bytes()
    ours = VirtualTerminal(80, 24)
    compared = 0
    with pyghostty.Terminal(80, 24) as oracle:
        for part in range(3):
            piece = data[part * len(data) // 3 : (part + 1) * len(data) // 3]
            ours.feed(piece)
            oracle.feed(piece)
            for y, row in enumerate(ours.lines):
                for x, (cell, identifier) in enumerate(zip(row.text, row.styles, strict=True)):
                    if cell not in " \0":
                        assert ours.style(identifier) == oracle_style(oracle.style(x, y)), (part, x, y)
                        compared += 1
    assert compared > 100


SGR = [
    "1;31", "0", "38;5;120;48;5;17", "38;2;1;2;3", "48;2;250;0;9;4", "4:3", "4:0", "21", "24", "58;5;3;4",
    "58:2::1:2:3", "38:5:7", "38:2:9:8:7", "90;107", "39;49;59", "2;3;5;7;8;9;53", "22;23;25;27;28;29;55", "", "4:5",
    "1;;31", "99", ]  # fmt: skip


@pytest.mark.parametrize("parameters", SGR)
def test_styles_are_what_the_oracle_makes_of_them(parameters: str):
    data = f"\x1b[1;4;35;46mA\x1b[{parameters}mB".encode()
    ours = VirtualTerminal(10, 2)
    ours.feed(data)
    with pyghostty.Terminal(10, 2) as oracle:
        oracle.feed(data)
        for x in range(2):
            assert ours.style(ours.lines[0].styles[x]) == oracle_style(oracle.style(x, 0))


def test_reflow_keeps_every_logical_line():
    for seed in range(150):
        random = Random(seed)
        columns, rows = random.choice([(80, 24), (40, 10), (20, 6)])
        words = [word for word in WORDS if word.strip()]
        lines = [
            " ".join(random.choices(words, k=random.randint(1, 9))) for _ in range(random.randint(1, 40))
        ]
        data = ("\r\n".join(lines) + "\r\n$ ").encode()
        ours = VirtualTerminal(columns, rows)
        ours.feed(data)
        with pyghostty.Terminal(columns, rows) as oracle:
            oracle.feed(data)
            for _ in range(3):
                size = random.randint(5, 120), random.randint(2, 40)
                ours.resize(*size)
                oracle.resize(*size)
            expected = [line.rstrip() for line in oracle.contents().split("\n")]
        assert logical_lines(ours) == expected, f"seed {seed}"
        assert ours.lines[ours.cursor.y].text.startswith("$")


QUERIES = {
    "device attributes": "\x1b[c", "tertiary": "\x1b[=c", "DECID": "\x1bZ", "status": "\x1b[5n",
    "cursor": "ab\x1b[6n", "cursor in origin mode": "\x1b[2;4r\x1b[?6h\x1b[2;3H\x1b[6n",
    "mode set": "\x1b[?7$p", "mode reset": "\x1b[?2026$p", "mode unknown": "\x1b[?9999$p", "ansi mode": "\x1b[4$p",
    "style": "\x1b[1;4;38;5;3;106m\x1bP$qm\x1b\\", "margins": "\x1b[2;3r\x1bP$qr\x1b\\",
    "cursor shape": "\x1b[4 q\x1bP$q q\x1b\\", "kitty keyboard pushed": "\x1b[>1u", "modifyOtherKeys": "\x1b[>4;2m",
}  # fmt: skip


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_replies_are_the_oracles(query: str):
    ours = VirtualTerminal(10, 5)
    ours.feed(query.encode())
    expected: list[bytes] = []
    with pyghostty.Terminal(10, 5) as oracle:
        oracle.on_reply(lambda data: expected.append(bytes(data)))
        oracle.feed(query.encode())
    assert ours.take_replies() == b"".join(expected)
    assert ours.take_replies() == b""
