"""Whatever is in the files: the loader answers, in bounded time, and reads nothing outside of the pack."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from module_bench import FRONT, Workbench

from labrunner.content.expected import compare
from labrunner.content.nodes import Origin, plain
from labrunner.content.yaml12 import read_yaml

FRAGMENTS = st.sampled_from(
    [
        "# P\n", "## S\n", "### deeper\n", "##\n", "Title\n===\n", "Title\n---\n", "- item\n",
        "  - [ ] task\n", "1. one\n",
        "> quote\n", ">> > nested\n", "\n", "\n\n", "    indented\n", "\ttab\n", "text\n", "a | b\n--|--\n1 | 2\n",
        "```bash\n", "```\n", "````\n", "~~~\n", "   ```sh {id=x}\n", "> ```yaml\n", "```bash {solve=s}\n", "```quiz\n",
        "```output {of=x}\n", "```bash {{exec}}\n", '```bash {"id": "x"}\n',
        "```bash {file=../../x}\n", "```bash {a='\n",
        "<!-- step: {id: a, checks: [b]} -->\n", "<!-- step:\n", "-->\n",
        "<!-- phase: {id: p} -->\n", "<!--", "<details>\n",
        "</details>\n", "<pre>\n", "id: q\n", "kind: choice\n", "prompt: &a x\n", "options: [*a, *a]\n", "{", "}", "[", "]",
        "---\n", "\ufeff", "\x00", "\x1b[31m", "\u2028", "\u202e", "é", "‚Äî", "😀", "[ref]: /x\n",
        "![i](a)\n", "\\\n", "!!! note\n",
        "    body\n", "> [!TIP]\n", "`", "**", "$(x)",
    ]
)  # fmt: skip
MARKDOWN = st.lists(FRAGMENTS | st.text(max_size=12), max_size=40).map("".join)
KEYS = st.sampled_from(
    [
        "lab", "checks", "defaults", "ready", "absent", "resource", "count", "jsonpath", "all",
        "any", "none", "not", "file",
        "cell", "quiz", "answer", "kind", "name", "labels", "metadata", "where", "value", "ge",
        "in", "matches", "between",
        "eventually", "when-failed", "if", "hint", "title", "needs", "on", "path", "x-y", "<<",
        "http", "wait", "for", "can",
    ]
)  # fmt: skip
SCALARS = st.sampled_from(
    [
        "1",
        "no",
        "0644",
        "deploy/web",
        "''",
        "~",
        "true",
        "30s",
        "../x",
        "(",
        "&a b",
        "*a",
        "!!int x",
        "'\u00e9'",
        "1e999",
    ]
)
FLOW = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]")
        | st.lists(st.tuples(KEYS, inner), max_size=5).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=25,
)


def load_freely(body: str | bytes, checks: str | None = None, front: str = FRONT) -> None:
    """Load what may be anything; a module or at least one error must come of it."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = Workbench(Path(folder)).load(body, checks, front)
        assert (loaded.module is None) == any(problem.severity == "error" for problem in loaded.problems)
        for problem in loaded.problems:
            assert problem.place.line >= 1
            assert problem.place.column >= 1
            assert problem.message
            assert problem.remedy, problem
            assert problem.place.path.is_relative_to(folder)


@settings(max_examples=300, deadline=2000)
@given(MARKDOWN)
def test_any_markdown(body: str) -> None:
    load_freely(body.encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=2000)
@given(FLOW)
def test_any_checks(check: str) -> None:
    load_freely("## S\n<!-- step: {checks: [c]} -->\n\nText.\n", f"lab: 1\nchecks:\n  c: {check}\n")


@settings(max_examples=100, deadline=2000)
@given(FLOW)
def test_any_metadata(metadata: str) -> None:
    load_freely(
        f"# P\n<!-- phase: {metadata} -->\n## S\n<!-- step: {metadata} -->\n\n```quiz\n{metadata}\n```\n"
    )


@settings(max_examples=100, deadline=2000)
@given(
    st.lists(
        st.tuples(st.sampled_from(["id", "title", "requires", "cluster", "env", "variants"]), FLOW),
        max_size=6,
    )
)
def test_any_front_matter(pairs: list[tuple[str, str]]) -> None:
    load_freely(
        "## S\n\nText.\n", None, "---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + "---\n"
    )


@settings(max_examples=150, deadline=2000)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    load_freely(data)


@settings(max_examples=200, deadline=2000)
@given(st.text(max_size=100))
def test_any_info_string(info: str) -> None:
    load_freely(f"## S\n\n```bash {info}\nx\n```\n".encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=1000)
@given(st.text() | FLOW | st.lists(FLOW).map("\n- ".join))
def test_any_yaml(text: str) -> None:
    node, problems = read_yaml(text, Origin(Path("x.yaml")))
    if node is not None:
        plain(node)
    for problem in problems:
        assert problem.remedy


@settings(max_examples=200, deadline=2000)
@given(MARKDOWN, MARKDOWN)
def test_any_output_compares(expected: str, actual: str) -> None:
    for difference in compare(expected, actual):
        assert difference.expected is not None or difference.actual is not None


@settings(max_examples=200, deadline=2000)
@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\x1b"), max_size=200))
def test_output_matches_itself(text: str) -> None:
    lines = [line for line in text.split("\n") if not line.rstrip().endswith(("(re)", "(glob)"))]
    assert compare("\n".join(lines), "\n".join(lines)) == []


@pytest.mark.parametrize("levels", [20, 100, 3000])
def test_deep_nesting(bench: Workbench, levels: int) -> None:
    quotes = bench.load("## S\n\n" + ">" * levels + " x\n")
    lists = bench.load("## S\n\n" + "".join("  " * level + "- x\n" for level in range(levels)))
    for loaded in (quotes, lists):
        rules = {problem.rule for problem in loaded.problems}
        assert rules == (set() if levels == 20 else {"nesting"})


def test_deep_yaml_is_refused(bench: Workbench) -> None:
    for text in ("[" * 5000, "{a: " * 5000, "- " * 5000, "".join(" " * n + "a:\n" for n in range(500))):
        assert [problem.rule for problem in bench.load(checks=text).problems] == ["yaml-depth"]


def test_aliases_cannot_deepen_or_multiply(bench: Workbench) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)
    )
    ladder = "".join(f"a{n}: &a{n} [[[[[[[[[[{f'*a{n - 1}' if n else 'x'}]]]]]]]]]]\n" for n in range(50))
    rules = [[problem.rule for problem in bench.load(checks=text).problems] for text in (bomb, ladder)]
    assert rules == [["yaml-expansion"], ["yaml-depth"]]


HOSTILE = {
    "prose": lambda n: "some text with words\n\n" * (n // 22),
    "fences": lambda n: "```bash\necho\n```\n\n" * (n // 18),
    "brackets": lambda n: "[a](b" * (n // 5),
    "stars": lambda n: "*a _b `c " * (n // 9),
    "references": lambda n: "[a]: b\n" * (n // 7),
    "attributes": lambda n: "```bash {" + "a=b " * (n // 4) + "}\n```\n",
    "headings": lambda n: "##\n" * (n // 3),
    "comments": lambda n: "<!-- step: {id: a} -->\n" * (n // 23),
    "html": lambda n: "<a " * (n // 3),
    "table": lambda n: "|a|\n|-|\n" + "|x|\n" * (n // 4),
    "underline": lambda n: "a\n" * (n // 2) + "===\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_no_faster_than_the_text(bench: Workbench, name: str) -> None:
    def seconds(size: int) -> float:
        body = "## S\n\n" + HOSTILE[name](size)
        best = 1e9
        for _ in range(2):
            start = time.process_time()
            bench.load(body)
            best = min(best, time.process_time() - start)
        return best

    small, large = seconds(15_000), seconds(120_000)
    assert large < 8 * 4 * (small + 0.01)
