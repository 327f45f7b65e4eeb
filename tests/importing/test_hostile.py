"""Whatever is thrown at an import: it is refused with a reason, or the result loads and lints without errors."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labrunner.authoring.lint import lint
from labrunner.importing.account import ImportRefusedError
from labrunner.importing.recognition import import_source

from .sources import write_tree

HOSTILE = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

FRAGMENTS = st.sampled_from(
    [
        "# h",
        "## s",
        "### q\n",
        "```",
        "```bash",
        "```{{exec}}",
        "``` {{execute T2}}",
        "```yaml",
        "````",
        "~~~",
        "`ls`{{exec}}",
        "`a\nb`{{execute HOST3 interrupt}}",
        "<!--",
        "-->",
        "<!-- step: {id: x, checks: [a]} -->",
        "<pre>",
        "</pre>",
        "<details>",
        "</details>",
        "<summary>show</summary>",
        "<script>",
        "</script>",
        "- [ ] box",
        "- item",
        "  - deeper",
        "1. ```",
        "> quote",
        "> ```",
        "---",
        "===",
        "| a | b |\n|---|---|",
        "![i](../../x.png)",
        "[[HOST_SUBDOMAIN]]-80-[[KATACODA_HOST]]",
        "{{TRAFFIC_HOST1_80}}",
        ">>Q<<",
        "(*) a",
        "( ) b",
        "=== x",
        "=^= (",
        "**Question 1: x**",
        "**Answer 1**: y",
        "Expected output:",
        "kubectl exec <pod-name> -- curl web",
        "nano ../../etc/passwd",
        "nano a.yaml",
        "x &",
        "\t```sh",
        "    # code",
        "{setup}",
        "```quiz\nid: x\n```",
        "```output\nx\n```",
        "```bash {setup}\nrm -rf /\n```",
        "‚Äî",
        "Ã©",
        "\u202e",
        "\x1b[2J",
        "\x00",
        "\ufeff",
        "é",
        "",
        '<pre class="file" data-filename="../x">',
        '<pre class="file" data-filename="ok.yaml">',
        "<textarea>",
        "<?php",
        "<!X",
        "\\",
    ]
)
MARKDOWN = st.lists(FRAGMENTS | st.text(max_size=30), max_size=40).map("\n".join)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "a.md",
            "b.sh",
            "../a.md",
            "/etc/passwd",
            "a.md/../a.md",
            ".",
            "",
            "link",
            "x" * 5000,
            "~",
            "*",
            "**",
        ]
    )
)
KEYS = st.sampled_from(
    [
        "title",
        "description",
        "details",
        "intro",
        "steps",
        "finish",
        "text",
        "verify",
        "foreground",
        "background",
        "assets",
        "host01",
        "file",
        "target",
        "chmod",
        "solution",
        "courseData",
        "items",
        "path",
        "backend",
        "imageid",
        "time",
        "difficulty",
    ]
) | st.text(max_size=8)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)
STEP = st.fixed_dictionaries(
    {},
    optional={
        "title": LEAVES,
        "text": LEAVES,
        "verify": LEAVES,
        "foreground": LEAVES,
        "background": LEAVES,
        "solution": LEAVES,
        "courseData": LEAVES,
    },
)
SCENARIOS = st.fixed_dictionaries(
    {
        "details": st.fixed_dictionaries(
            {"steps": st.lists(STEP | TREES, max_size=4)},
            optional={
                "intro": STEP | TREES,
                "finish": STEP | TREES,
                "assets": st.dictionaries(
                    st.text(max_size=5),
                    st.lists(
                        st.fixed_dictionaries({"file": LEAVES}, optional={"target": LEAVES, "chmod": LEAVES}),
                        max_size=3,
                    )
                    | TREES,
                    max_size=2,
                ),
            },
        )
    },
    optional={"title": LEAVES, "description": LEAVES, "time": LEAVES, "difficulty": LEAVES, "backend": TREES},
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


def attempt(base: Path, tree: dict[str, bytes], source: str) -> None:
    """One import in a fresh folder, and the promise."""
    shutil.rmtree(base / "box", ignore_errors=True)
    for name, data in tree.items():
        write_tree(base / "box/source", {name: data})
    output = base / "box/inner/out"
    try:
        import_source(base / "box/source" / source, output)
    except ImportRefusedError as error:
        assert str(error) and error.remedy and "report this" not in error.remedy, error
        assert not list((base / "box/inner").iterdir()) if (base / "box/inner").exists() else True
        return
    report = lint([output])
    assert not report.errors, [str(problem) for problem in report.problems if problem.severity == "error"]
    assert sorted(path.name for path in (base / "box").iterdir()) == ["inner", "source"]
    assert [path.name for path in (base / "box/inner").iterdir()] == ["out"]


@HOSTILE
@given(text=MARKDOWN)
def test_any_markdown(text: str, place: Path) -> None:
    attempt(place, {"lab.md": text.encode("utf-8", "surrogatepass")}, "lab.md")


@HOSTILE
@given(text=MARKDOWN)
def test_any_step_of_a_scenario(text: str, place: Path) -> None:
    index = {
        "title": text[:50],
        "details": {"steps": [{"title": text[:30], "text": "a.md", "verify": "b.sh"}]},
    }
    attempt(
        place,
        {
            "index.json": json.dumps(index).encode(),
            "a.md": text.encode("utf-8", "surrogatepass"),
            "b.sh": b"true",
        },
        ".",
    )


@HOSTILE
@given(tree=SCENARIOS | TREES, text=MARKDOWN)
def test_any_json(tree: object, text: str, place: Path) -> None:
    files = {
        "index.json": json.dumps(tree).encode(),
        "a.md": text.encode("utf-8", "surrogatepass"),
        "b.sh": b"exit 1",
        "assets/x": b"x",
    }
    attempt(place, files, ".")


@HOSTILE
@given(structure=TREES, index=st.binary(max_size=200))
def test_any_course_file_and_any_bytes(structure: object, index: bytes, place: Path) -> None:
    good = {"details": {"steps": [{"text": "a.md"}]}}
    files = {
        "structure.json": json.dumps(structure).encode(),
        "x-pathway.json": index,
        "a/index.json": json.dumps(good).encode(),
        "a/a.md": index,
        "b/index.json": index,
    }
    attempt(place, files, ".")


@HOSTILE
@given(
    data=st.binary(max_size=400),
    codec=st.sampled_from(["latin-1", "utf-16", "mac_roman", "cp1252", "utf-8"]),
    text=MARKDOWN,
)
def test_any_encoding(data: bytes, codec: str, text: str, place: Path) -> None:
    attempt(place, {"lab.md": data}, "lab.md")
    attempt(place, {"lab.md": b"# t\n\nx " + text.encode(codec, "replace")}, "lab.md")


@pytest.mark.parametrize(
    "unit",
    [
        "`a`{{exec}} ",
        "```\nx\n```{{exec}}\n",
        "<!-- ",
        "<pre>",
        "`",
        "- ",
        "> ",
        "# h\n\ntext\n",
        "[[HOST",
        "{{",
        "![",
        "<details>\n",
        "**Question 1: x**\n",
        "(((",
        "x ",
        "`a` `",
        "<img ",
        "<iframe src=",
        "- [ ] b\n",
        "=\n",
        "text\n---\n",
        "### q\n<details>\na\n</details>\n",
    ],
)
def test_time_grows_with_the_size_alone(unit: str, tmp_path: Path) -> None:
    def seconds(size: int) -> float:
        write_tree(tmp_path, {"lab.md": "# t\n\nword\n" + unit * (size // len(unit))})
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        begin = time.process_time()
        try:
            import_source(tmp_path / "lab.md", tmp_path / "out")
        except ImportRefusedError as error:
            assert "report this" not in error.remedy
        return time.process_time() - begin

    small, large = seconds(20_000), seconds(160_000)
    assert large < 30 * max(small, 0.05), (small, large)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.md").write_bytes(b"x" * (9 * 2**20))
    with pytest.raises(ImportRefusedError, match="at most 8 MiB"):
        import_source(tmp_path / "lab.md", tmp_path / "out")


def test_deep_json_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path / "s", {"index.json": "[" * 100_000})
    with pytest.raises(ImportRefusedError, match="nested"):
        import_source(tmp_path / "s", tmp_path / "out")


def test_a_source_of_pipes_and_loops_does_not_hang(tmp_path: Path) -> None:
    import os

    write_tree(tmp_path / "s/a", {"x": "x"})
    os.mkfifo(tmp_path / "s/index.json")
    (tmp_path / "s/a/loop").symlink_to(tmp_path / "s")
    with pytest.raises(ImportRefusedError):
        import_source(tmp_path / "s", tmp_path / "out")
