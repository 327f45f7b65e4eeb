"""Terminal throughput and repaint time: `python benchmarks/terminal.py`.

Prints megabytes per second of several kinds of output, fed in 4 KB reads as from a pty, as a ratio to pyte in the
same run when pyte is installed; and how long the widget takes to redraw what changed.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import App, ComposeResult

from labrunner.shell.terminal import VirtualTerminal
from labrunner.tui.widgets.terminal import Terminal

READ = 4096
COLUMNS, ROWS = 80, 24
RECORDINGS = Path(__file__).parent.parent / "tests" / "terminal" / "recordings"


def streams() -> dict[str, bytes]:
    """Named outputs of about a megabyte or more."""
    line = "pod/web-5d4f8c7b9-abcde   1/1   Running   0   12m   10.244.0.17   node-1\r\n"
    result = {
        "plain": line.encode() * 30_000,
        "numbers": b"".join(b"%d\r\n" % number for number in range(150_000)),
        "utf-8": "├── héllo wörld │ ✓ ok\r\n".encode() * 40_000,
        "wide": "漢字かな交じり文 ok\r\n".encode() * 30_000,
        "coloured": b"\x1b[32m-rw-r--r--\x1b[0m \x1b[1;34mconfig\x1b[0m  \x1b[38;5;208m12 KB\x1b[0m\r\n"
        * 15_000,
    }
    for path in sorted(RECORDINGS.glob("*.bin")):
        data = path.read_bytes()
        result[path.stem] = data * (500_000 // len(data) + 1)
    return result


def megabytes_per_second(feed: Callable[[bytes], None], data: bytes) -> float:
    """Throughput in 4 KB reads."""
    began = time.perf_counter()
    for start in range(0, len(data), READ):
        feed(data[start : start + READ])
    return len(data) / (time.perf_counter() - began) / 1e6


def pyte_feed() -> Callable[[bytes], None] | None:
    """What feeds a fresh pyte terminal; None when pyte is not installed."""
    try:
        pyte = importlib.import_module("pyte")
    except ImportError:
        return None
    return pyte.ByteStream(pyte.HistoryScreen(COLUMNS, ROWS, history=10_000)).feed


def throughput() -> None:
    for name, data in streams().items():
        ours = megabytes_per_second(VirtualTerminal(COLUMNS, ROWS).feed, data)
        text = f"{name:10} {ours:6.1f} MB/s"
        feed = pyte_feed()
        if feed is not None:
            try:
                theirs = megabytes_per_second(feed, data[: 200 * READ])
                text += f"   {ours / theirs:5.1f}x pyte's {theirs:.2f} MB/s"
            except TypeError as error:
                text += f"   pyte fails: {error}"
        print(text)


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Terminal()


async def repaint() -> None:
    app = Host()
    async with app.run_test(size=(161, 45)) as pilot:
        terminal = app.query_one(Terminal)
        terminal.feed((RECORDINGS / "vim.bin").read_bytes()[:14_000])
        await pilot.pause()
        rows = terminal.content_size.height
        changes = {
            "one row": lambda n: b"\x1b[5;1H%d" % n,
            "every row": lambda n: b"".join(b"\x1b[%d;1H%d\x1b[32m row" % (row, n) for row in range(1, rows)),
            "scrolling": lambda n: b"\x1b[%d;1H\r\nline %d" % (rows, n),
        }
        for name, change in changes.items():
            rounds = 200
            began = time.perf_counter()
            for number in range(rounds):
                terminal.feed(change(number))
                for y in range(rows):
                    terminal.render_line(y)
            each = (time.perf_counter() - began) / rounds
            print(
                f"{name:10} {each * 1000:6.2f} ms to feed and draw all {rows} rows of {terminal.content_size.width}"
            )


def main() -> int:
    throughput()
    asyncio.run(repaint())
    return 0


if __name__ == "__main__":
    sys.exit(main())
