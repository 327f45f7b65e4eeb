"""How long the step view takes for a long document: `python benchmarks/step_view.py`.

Renders the 148 KB seed 003 as one step, 100 columns wide, every row drawn and highlighted, and mounts the same
text in Textual's Markdown widget in a headless app. Mounting all of it takes a minute or two, so both get the
first tenth unless `--full` is given. The aim is fifty times faster.

Where the seeds are absent, a generated document with the same mix of blocks stands in; its times are not comparable
with those of the seed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import Markdown

from labrunner.content.models import Module, Step
from labrunner.content.problems import Place
from labrunner.tui.step.document import read_document
from labrunner.tui.step.painting import render
from labrunner.tui.step.view import StepView

SEEDS = Path("/work/shared/seeds")
WIDTH, HEIGHT = 100, 40
TARGET = 50
RUNS = 5


def document() -> tuple[str, str]:
    """The text and what it is."""
    for path in SEEDS.glob("003_*"):
        return path.read_text(encoding="utf-8").encode("mac_roman").decode("utf-8"), "seed 003"
    prose = "Some **bold** words, `code` and a [link](https://example.org/path) in a paragraph. " * 4
    part = (
        f"## Heading\n\n{prose}\n\n- one\n- two\n  - three\n\n```bash\nkubectl get pods -n shop | grep web\n"
        "for i in 1 2 3; do\n  echo $i\ndone\n```\n\n| Name | Port |\n|---|---|\n| web | 80 |\n| db | 5432 |\n\n"
        f"> 💡 {prose}\n\n<details>\n<summary>More</summary>\n\n1. {prose}\n2. Last\n\n</details>\n\n---\n\n"
    )
    return part * (151_000 // len(part.encode())), "a generated document"


def prefix(text: str, share: float) -> str:
    """The first part of a text, whole lines of it."""
    end = text.find("\n", int(len(text) * share))
    return text if share >= 1 or end < 0 else text[: end + 1]


def module_of(text: str) -> tuple[Module, Step]:
    place = Place(Path("module.md"))
    step = Step("whole", "Whole", place, text, 1)
    return Module("bench", "Bench", Path("/bench"), str(hash(text)), (), place), step


async def ours(text: str) -> tuple[float, float, int]:
    """Seconds until a mounted view has drawn a first window, and every row; and the rows. Folds are open."""
    module, step = module_of(text)

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield StepView()

    app = Host()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        view = app.query_one(StepView)
        await pilot.pause()
        began = time.perf_counter()
        view.show(module, step)
        for row in range(HEIGHT):
            view.render_line(row)
        window = time.perf_counter() - began
        palette = view.palette
        began = time.perf_counter()
        folds = frozenset(map(str, range(text.count("<details") + 1)))
        rendered = render(read_document(module, step), WIDTH, palette, toggled=folds)
        for row in range(rendered.height):
            rendered.line(row)
        return window, time.perf_counter() - began, rendered.height


async def textuals(text: str) -> tuple[float, int]:
    """Seconds until Textual's Markdown has mounted a text and laid it out, and how many widgets that took."""

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield Markdown()

    app = Host()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.pause()
        widget = app.query_one(Markdown)
        began = time.perf_counter()
        await widget.update(text)
        await pilot.pause()
        return time.perf_counter() - began, len(widget.query("*"))


def measure(text: str) -> tuple[float, float, int]:
    """Medians of the seconds to the first window and for all rows; and the rows."""
    results = [asyncio.run(ours(text)) for _ in range(RUNS)]
    window = statistics.median(window for window, _, _ in results)
    return window, statistics.median(everything for _, everything, _ in results), results[0][2]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--peer-part", type=float, default=0.1, help="share of the text both get (0 to 1)")
    arguments.add_argument("--full", action="store_true", help="give both the whole text; takes minutes")
    options = arguments.parse_args()
    text, name = document()
    part = prefix(text, 1.0 if options.full else options.peer_part)
    window, whole, rows = measure(text)
    print(
        f"step view, all of {name} ({len(text.encode()) / 1000:.0f} KB, {rows} rows): {whole * 1000:.0f} ms"
    )
    print(f"  to the first window: {window * 1000:.0f} ms")
    window, mine, rows = measure(part)
    print(
        f"step view, the part compared ({len(part.encode()) / 1000:.1f} KB, {rows} rows): {mine * 1000:.1f} ms"
    )
    print(f"  to the first window: {window * 1000:.1f} ms")
    mounts = [asyncio.run(textuals(part)) for _ in range(1 if options.full else 3)]
    theirs, widgets = statistics.median(seconds for seconds, _ in mounts), mounts[0][1]
    ratio = theirs / mine
    print(f"Textual's Markdown, the same part ({widgets} widgets): {theirs * 1000:.0f} ms")
    verdict = "reached" if ratio >= TARGET else "missed"
    print(f"ratio: {ratio:.0f} (every row drawn), {theirs / window:.0f} (to the first window)")
    print(f"aim of {TARGET} times: {verdict}")


if __name__ == "__main__":
    main()
