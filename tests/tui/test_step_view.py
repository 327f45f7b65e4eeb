"""The step view: what is drawn, and what keys and the mouse do."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection
from textual.theme import BUILTIN_THEMES

from labrunner.content.loading import load_module
from labrunner.content.models import Module, Step
from labrunner.content.problems import Place
from labrunner.tui.step.document import read_document
from labrunner.tui.step.marks import CellMark, Marks, Target
from labrunner.tui.step.painting import MIN_WIDTH, render
from labrunner.tui.step.palette import PARTS, Palette
from labrunner.tui.step.rendering import Rendered
from labrunner.tui.step.view import StepView
from labrunner.tui.step.wrapping import clean, cuts, wrap
from labrunner.tui.widgets.terminal_palette import contrast

PLACE = Place(Path("module.md"))
BODY = """
Make a *deployment*:

```bash {id=make}
kubectl create deployment web --image=nginx
```

```output
deployment.apps/web created
```

1. In a list:

   ```bash {id=second session=t2 background=true}
   sleep 100
   ```

> Quoted:
>
> ```yaml {file=web.yaml append}
> a: 1
> ```

```yaml
kind: Pod
```

```quiz
id: q1
kind: predict
cell: make
prompt: What will be `made`?
answer: A deployment
```

<details>
<summary>More &amp; more</summary>

```bash {id=folded}
kubectl get pods
```

</details>

```bash {solve}
kubectl apply -f hidden.yaml
```

The end.
"""


def step_of(body: str) -> tuple[Module, Step]:
    """A module around one step that holds no cells."""
    step = Step("one", "", PLACE, body, 1)
    return Module("lab", "A lab", Path("/lab"), "digest", (), PLACE), step


@pytest.fixture
def lab(tmp_path: Path) -> Module:
    """A module of a step with every kind of block, and one of many paragraphs and two cells."""
    folder = tmp_path / "modules" / "lab"
    folder.mkdir(parents=True)
    prose = "\n\n".join(f"Paragraph {number} " + "with some words " * 12 for number in range(40))
    cells = "```bash {id=top}\ntrue\n```\n\n" + prose + "\n\n```bash {id=bottom}\nfalse\n```\n"
    text = f"---\nlab: 1\nid: lab\ntitle: A lab\n---\n\n## One\n{BODY}\n## Long\n\n{cells}"
    (folder / "module.md").write_text(text)
    loaded = load_module(folder, pack=tmp_path)
    assert loaded.module is not None, [str(problem) for problem in loaded.problems]
    return loaded.module


def texts(rendered: Rendered) -> list[str]:
    """All rows as text."""
    return [
        "".join(segment.text for segment in rendered.line(row)).rstrip() for row in range(rendered.height)
    ]


def drawn(body: str, width: int = 60, toggled: frozenset[str] = frozenset()) -> list[str]:
    module, step = step_of(body)
    return texts(render(read_document(module, step), width, Palette(), toggled=toggled))


# Markdown


def test_paragraphs_wrap_at_blanks_and_words_wider_than_the_row_are_cut() -> None:
    assert drawn("one two three four", 13) == ["one two three", "four"]
    assert drawn("a " + "x" * 20, 12) == ["a", "x" * 12, "x" * 8]
    assert drawn("漢字" * 8, 12) == ["漢字漢字漢字", "漢字漢字漢字", "漢字漢字"]


def test_inline_markup_shows_its_text_and_links_their_address() -> None:
    assert drawn(
        "**a** *b* ~~c~~ `d` <https://e.org> [f](https://g.org) [h](#i) j  \nk<br>l ![m](n.png)"
    ) == [
        "a b c d https://e.org f (https://g.org) h j",
        "k",
        "l [image: m]",
    ]


def test_lists_nest_and_tasks_have_boxes() -> None:
    assert drawn("9. a\n   - b\n     - c\n10. d\n\n---\n\n- [ ] todo\n- [x] done") == [
        " 9. a",
        "    ◦ b",
        "      ▪ c",
        "10. d",
        "",
        "─" * 60,
        "",
        "• ☐ todo",
        "• ☑ done",
    ]


def test_callouts_are_named_in_words_and_comments_left_out() -> None:
    body = '> [!WARNING]\n> Hot\n\n<!-- secret -->\n\n!!! note "Mind"\n    the **gap**\n\n    Again\n\nEnd <!-- x -->'
    assert drawn(body) == ["┃ Warning", "┃ Hot", "", "┃ Note: Mind", "┃ the gap", "┃", "┃ Again", "", "End"]


def test_a_table_shrinks_its_widest_column_and_falls_back_to_records() -> None:
    table = "| Name | What it does |\n|---|---:|\n| web | serves many pages to people |\n"
    assert drawn(table, 60)[2] == "web  │ serves many pages to people"
    assert drawn(table, 22) == [
        "Name │    What it does",
        "─────┼────────────────",
        "web  │     serves many",
        "     │ pages to people",
    ]
    narrow = drawn("| One | Two | Three |\n|-|-|-|\n| aaaaaaaaa | bbbbbbbbb | ccccccccc |\n", 20)
    assert narrow == ["One: aaaaaaaaa", "Two: bbbbbbbbb", "Three: ccccccccc"]


def test_drawings_are_clipped_with_a_mark_and_code_is_wrapped() -> None:
    assert drawn("```\n┌" + "─" * 40 + "┐\n```", 20) == ["  ┌" + "─" * 16 + "›"]
    assert drawn("```yaml\nkey: " + "v" * 20 + "\n```", 22) == ["  key: " + "v" * 15, "  " + "v" * 5]


def test_details_fold_and_nest() -> None:
    inner = "<details open>\n<summary>B</summary>\n\nin B\n\n</details>"
    body = f"<details><summary>A</summary>\n\nin A\n\n{inner}\n</details>\n\nout"
    assert drawn(body) == ["▸ A … folded", "", "out"]
    assert drawn(body, toggled=frozenset({"1"})) == [
        "▾ A",
        "",
        "  in A",
        "",
        "  ▾ B",
        "",
        "    in B",
        "",
        "out",
    ]


def test_nothing_that_drives_a_terminal_gets_through() -> None:
    rows = "".join(drawn("a\x1b[31mb &#8238; c\n\n```bash\necho '\x1b]0;x\x07\u202e'\n```\n"))
    assert rows.isprintable()
    assert "\ufffd[31m" in rows


def test_the_first_step_of_a_phase_shows_its_introduction(tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "lab"
    folder.mkdir(parents=True)
    intro = "# Phase\n\nWhy *this*.\n\n<details>\n<summary>A</summary>\n\nin A\n\n</details>\n\n"
    steps = "## One\n\n<details>\n<summary>B</summary>\n\nin B\n\n</details>\n\n## Two\n\nText.\n"
    (folder / "module.md").write_text(f"---\nlab: 1\nid: lab\ntitle: A lab\n---\n\n{intro}{steps}")
    module = load_module(folder, pack=tmp_path).module
    assert module is not None
    first, second = (read_document(module, step) for step in module.steps)
    assert texts(render(first, 60, Palette(), toggled=frozenset({"2"}))) == [
        *("# Phase", "", "Why this.", "", "▸ A … folded", "", "## One", "", "▾ B", "", "  in B"),
    ]
    assert texts(render(second, 60, Palette())) == ["## Two", "", "Text."]


# Cells


def test_blocks_of_a_step_are_found_and_marked(lab: Module) -> None:
    marks = Marks({"make": CellMark("ok", "0.4 s", "matches")}, {"q1": "right"})
    rows = texts(render(read_document(lab, lab.step("one")), 60, Palette(), marks))
    assert rows[4] == f"▶ 1{'✓ 0.4 s · output ✓ as expected':>57}"
    assert rows[5] == "│ kubectl create deployment web --image=nginx"
    assert "expected output ✓ matches" in rows
    assert "   ▶ 2 in the background · in shell t2" in rows
    assert "┃ ▶ 3 appends to web.yaml" in rows
    assert "  kind: Pod" in rows
    assert "? Predict: What will be made? ✓ answered right" in rows
    assert "▸ More & more … folded" in rows
    assert not any("hidden" in row or "get pods" in row for row in rows)


def test_targets_are_in_order_and_folded_cells_are_none(lab: Module) -> None:
    document = read_document(lab, lab.step("one"))
    ids = ["make", "second", "one-3", "q1", "1"]
    assert [target.id for target in render(document, 60, Palette()).targets()] == ids
    unfolded = render(document, 60, Palette(), toggled=frozenset({"1"}))
    assert [target.id for target in unfolded.targets()] == [*ids, "folded"]


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (CellMark("running"), "… running"),
        (CellMark("failed", "exit 1"), "✗ exit 1"),
        (CellMark("started", "port 8080"), "● port 8080"),
        (CellMark("ok", "1 s", "differs"), "✓ 1 s · output differs"),
    ],
)
def test_every_state_of_a_cell_is_said_in_words(lab: Module, mark: CellMark, words: str) -> None:
    rows = texts(render(read_document(lab, lab.step("one")), 60, Palette(), Marks({"make": mark})))
    assert rows[4].startswith("▶ 1 ")
    assert rows[4].endswith(f" {words}")


def test_a_mark_draws_its_own_blocks_anew_and_no_other(lab: Module) -> None:
    marks = Marks()
    rendered = render(read_document(lab, lab.step("one")), 24, Palette(), marks)
    texts(rendered)
    before = [block.draws for block in rendered.blocks]
    height = rendered.height
    marks.cells["make"] = CellMark("failed", "exit 127", "differs")
    changed = rendered.remark(cell="make")
    rows = texts(rendered)
    after = [block.draws for block in rendered.blocks]
    assert [index for index, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == changed
    assert {rendered.blocks[index].cell for index in changed} == {"make"}
    assert len(rows) > height, "the status takes rows of its own at this width"
    assert any(row.startswith("✗ exit 127") for row in rows)
    assert rows == texts(render(read_document(lab, lab.step("one")), 24, Palette(), marks))


# Properties

HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}

MARKDOWN = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "# h", "- a", "  - b", "> ", "> [!TIP]", "!!! note", "    code", "```", "```bash", "~~~", "| a | b |",
                "|---|---|", "<details>", "<summary>s</summary>", "</details>", "<!--", "-->", "[l](http://e.org)",
                "1. ", "***", "\t", "漢字" * 9, "👩‍💻⚠️🇳🇱", "x" * 50, "- [ ] t", "**b", "`c`", "<br>", "&#8238;", "",
            ]
        ),
    ),
    max_size=25,
).map("\n".join)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MARKDOWN, st.integers(20, 120), st.booleans())
def test_any_markdown_fits_any_width(body: str, width: int, fold: bool) -> None:
    module, step = step_of(body)
    toggled = frozenset() if fold else frozenset(map(str, range(40)))
    rendered = render(read_document(module, step), width, Palette(), toggled=toggled)
    assert rendered.height == sum(len(block.rows(rendered.marks)) for block in rendered.blocks)
    for row in texts(rendered):
        assert cell_len(row) <= width, row
        assert not HARMFUL.intersection(map(unicodedata.category, row)), row


@given(st.text(), st.integers(2, 40))
def test_wrapping_keeps_every_character_but_blanks(text: str, width: int) -> None:
    shown = clean(text)
    rows = wrap([Segment(shown)], width)
    kept = "".join(segment.text for row in rows for segment in row)
    assert kept.replace(" ", "") == "".join(char for char in shown if char not in " \t\n")


@given(st.text().map(lambda text: clean(text).replace("\n", "")), st.integers(2, 40))
def test_cut_rows_fit_and_lose_nothing(text: str, width: int) -> None:
    points = cuts(text, width)
    assert points[0] == 0
    assert points[-1] == len(text)
    for start, stop in pairwise(points):
        assert start < stop or not text
        assert cell_len(text[start:stop]) <= width


CELL_MARKS = st.builds(
    CellMark,
    st.sampled_from(["idle", "running", "ok", "failed", "started"]),
    st.text(max_size=60),
    st.sampled_from([None, "matches", "differs"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["make", "second", "one-3"]), CELL_MARKS), st.integers(20, 90))
def test_marks_of_any_text_fit_and_equal_a_fresh_drawing(
    lab: Module, cells: dict[str, CellMark], width: int
) -> None:
    document = read_document(lab, lab.step("one"))
    marks = Marks()
    rendered = render(document, width, Palette(), marks)
    texts(rendered)
    for cell, mark in cells.items():
        marks.cells[cell] = mark
        rendered.remark(cell=cell)
    rows = texts(rendered)
    assert rows == texts(render(document, width, Palette(), marks))
    for row in rows:
        assert cell_len(row) <= width
        assert not HARMFUL.intersection(map(unicodedata.category, row))


def test_nesting_as_deep_as_the_parser_goes() -> None:
    module, step = step_of("> " * 500 + "deep\n\n" + "<details>\n" * 500 + "\nx")
    rendered = render(
        read_document(module, step), MIN_WIDTH, Palette(), toggled=frozenset(map(str, range(600)))
    )
    assert all(cell_len(row) <= MIN_WIDTH for row in texts(rendered))


# The widget


class Host(App[None]):
    """An app with a step view, which keeps what the view posts."""

    def __init__(self, module: Module, step: str) -> None:
        super().__init__()
        self.module = module
        self.first = step
        self.posted: list[tuple[str, str]] = []
        self.view = StepView()

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.show(self.module, self.module.step(self.first))
        self.view.focus()

    def on_step_view_run_cell(self, message: StepView.RunCell) -> None:
        assert message.control is self.view
        self.posted.append(("run", message.cell_id))

    def on_step_view_copy_cell(self, message: StepView.CopyCell) -> None:
        self.posted.append(("copy", message.cell_id))

    def on_step_view_ask_question(self, message: StepView.AskQuestion) -> None:
        self.posted.append(("ask", message.question_id))

    def rows(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    @property
    def selected(self) -> str:
        assert self.view.selected is not None
        return self.view.selected.id


async def test_keys_select_run_ask_copy_and_unfold(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)) as pilot:
        assert app.selected == "make"
        assert app.rows()[4].startswith("▌ ▶ 1")
        await pilot.press("enter", "y", "j", "right_square_bracket", "k", "enter")
        assert app.posted == [("run", "make"), ("copy", "make"), ("run", "second")]
        await pilot.press("j", "j", "enter", "y", "j", "enter")
        assert app.posted[3:] == [("ask", "q1")]
        assert any(row.startswith("▌ ▾ More & more") for row in app.rows())
        await pilot.press("j", "enter")
        assert app.posted[4:] == [("run", "folded")]
        await pilot.press("k", "enter")
        assert not any("get pods" in row for row in app.rows())


async def test_what_is_done_is_not_selected_first(lab: Module) -> None:
    app = Host(lab, "long")
    async with app.run_test(size=(70, 20)):
        app.view.mark_cell("make", CellMark("ok", "1 s"))
        app.view.mark_cell("second", CellMark("started"))
        app.view.show(lab, lab.step("one"))
        assert app.selected == "one-3"
        app.view.mark_cell("one-3", CellMark("ok", "1 s"))
        app.view.show(lab, lab.step("long"))
        app.view.show(lab, lab.step("one"))
        assert app.selected == "q1"


async def test_a_cell_out_of_sight_is_shown_before_it_runs(lab: Module) -> None:
    app = Host(lab, "long")
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.press("end")
        await pilot.pause()
        assert app.view.scroll_offset.y > 0
        await pilot.press("enter")
        await pilot.pause()
        assert app.posted == []
        assert app.view.in_sight(Target("cell", "top"))
        await pilot.press("enter")
        assert app.posted == [("run", "top")]
        await pilot.press("j")
        await pilot.pause()
        assert app.view.in_sight(Target("cell", "bottom"))


async def test_clicks_select_fold_and_run(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)) as pilot:
        row = next(y for y, text in enumerate(app.rows()) if "▶ 2" in text)
        await pilot.click(StepView, offset=(8, row))
        assert (app.selected, app.posted) == ("second", [])
        await pilot.double_click(StepView, offset=(8, row))
        assert app.posted == [("run", "second")]
        await pilot.click(StepView, offset=(8, row), times=3)
        assert app.posted == [("run", "second")] * 2
        row = next(y for y, text in enumerate(app.rows()) if "▸ More" in text)
        await pilot.click(StepView, offset=(8, row))
        assert any("get pods" in text for text in app.rows())


async def test_a_resize_keeps_the_paragraph_at_the_top(lab: Module) -> None:
    app = Host(lab, "long")
    async with app.run_test(size=(90, 20)) as pilot:
        view = app.view
        view.scroll_to(y=view.rendered.starts[15] + 1, animate=False)
        await pilot.pause()
        for width in (20, 45, 120):
            await pilot.resize_terminal(width, 20)
            await pilot.pause()
            top = view.scroll_offset.y
            assert view.rendered.block_at(top) == 15
            assert all(cell_len(row) <= width for row in app.rows())


async def test_marks_and_themes_change_what_is_on_screen(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)) as pilot:
        app.rows()
        draws = {id(block): block.draws for block in app.view.rendered.blocks}
        app.view.mark_cell("make", CellMark("failed", "exit 1"))
        app.view.mark_question("q1", "wrong")
        await pilot.pause()
        rows = app.rows()
        assert rows[4].endswith("✗ exit 1")
        assert any(row.endswith("✗ answered wrong") for row in rows)
        again = [block for block in app.view.rendered.blocks if draws.get(id(block), 0) < block.draws]
        assert {block.cell or block.question for block in again} == {"make", "q1"}
        before = app.view.palette
        app.theme = "textual-light"
        await pilot.pause()
        assert app.view.palette != before
        assert app.rows() == rows


@pytest.mark.parametrize("theme", sorted(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi))
async def test_every_part_can_be_read_in_every_theme(lab: Module, theme: str) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 20)) as pilot:
        app.theme = theme
        await pilot.pause()
        palette = app.view.palette
        for part in PARTS:
            style = getattr(palette, part)
            if style.color is None:
                continue
            for surface in (palette.base, palette.base + palette.cell):
                drawn_with = surface + style
                assert drawn_with.color and drawn_with.color.triplet
                assert drawn_with.bgcolor and drawn_with.bgcolor.triplet
                assert contrast(drawn_with.color.triplet, drawn_with.bgcolor.triplet) >= 4.4, part


async def test_a_prepared_step_is_not_drawn_again(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)) as pilot:
        long = lab.step("long")
        app.view.prepare(lab, long)
        app.view.mark_cell("top", CellMark("ok", "2 s"))
        prepared = app.view._get(lab, long)
        app.view.show(lab, long)
        await pilot.pause()
        assert app.view.rendered is prepared
        assert app.rows()[2].endswith("✓ 2 s")


async def test_another_module_begins_without_marks(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)):
        app.view.mark_cell("make", CellMark("ok", "1 s"))
        other = replace(lab, id="other")
        app.view.show(other, other.step("one"))
        assert app.selected == "make"
        assert not any("✓" in row for row in app.rows())


async def test_an_edited_step_keeps_the_place(lab: Module) -> None:
    app = Host(lab, "long")
    async with app.run_test(size=(60, 15)) as pilot:
        view = app.view
        view.scroll_to(y=view.rendered.starts[15], animate=False)
        await pilot.press("j")
        await pilot.pause()
        before, chosen = view.scroll_offset.y, app.selected
        step = lab.step("long")
        view.show(lab, replace(step, body=step.body.replace("Paragraph 39", "Section 39")))
        await pilot.pause()
        assert (view.scroll_offset.y, app.selected) == (before, chosen)
        view.show(lab, lab.step("one"))
        await pilot.pause()
        assert (view.scroll_offset.y, app.selected) == (0, "make")


async def test_selected_text_is_copied_without_the_bar(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)):
        selection = Selection(Offset(0, 4), Offset(19, 5))
        text, _ = app.view.get_selection(selection) or ("", "")
        assert text.split("\n") == ["▶ 1", "│ kubectl create"]


async def test_text_selected_with_the_mouse_is_shown_so(lab: Module) -> None:
    app = Host(lab, "one")
    async with app.run_test(size=(70, 50)) as pilot:
        before = app.view.render_line(5)
        app.screen.selections = {app.view: Selection(Offset(4, 5), Offset(11, 5))}
        await pilot.pause()
        after = app.view.render_line(5)
        assert after.text == before.text
        mark = app.screen.get_component_rich_style("screen--selection")
        shown = [segment.text for segment in after if segment.style and segment.style.bgcolor == mark.bgcolor]
        assert "".join(shown) == "kubectl"


def test_heavy_imports_wait_for_the_first_step() -> None:
    heavy = (
        "'pygments', 'markdown_it', 'kubernetes', 'pydantic', 'httpx', 'fsrs', 'textual.widgets._markdown'"
    )
    code = f"import sys, labrunner.tui.step.view; print([m for m in ({heavy}) if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_binding_says_what_it_does() -> None:
    assert all(binding.description for binding in StepView.BINDINGS if not isinstance(binding, tuple))
