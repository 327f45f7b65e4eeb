"""What other formats got wrong and a loader can get right (CONTENT.md, *Pitfalls*), and the finer points of the format."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from module_bench import FRONT, Workbench, only

from labrunner.content.loading import load_module
from labrunner.content.markdown import blocks, parser
from labrunner.content.models import Module
from labrunner.content.nodes import Origin, plain
from labrunner.content.yaml12 import read_yaml


def module(bench: Workbench, body: str, checks: str | None = None, front: str = FRONT) -> Module:
    loaded = bench.load(body, checks, front)
    assert loaded.module is not None, [str(problem) for problem in loaded.problems]
    return loaded.module


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("true", True), ("False", False),
        ("0644", 644), ("0o644", 420), ("0x1F", 31), ("22:22", "22:22"), ("1_000", "1_000"),
        ("1e3", 1000.0), (".5", 0.5),
        ("1.", 1.0), ("+1", 1), ("-0", 0), ("~", None), ("null", None), ("Null", None), ("nULL",
        "nULL"), ("2024-01-01", "2024-01-01"),
        ("0b1", "0b1"), ("1.2.3", "1.2.3"), ("=", "="), ("'1'", "1"), ('"true"', "true"),
        ("!!str 1", "1"), ("! 1", "1"),
        (".inf", float("inf")), ("-.INF", float("-inf")), ("9" * 400, "9" * 400), ("0755a", "0755a"), ("1e", "1e"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    node, problems = read_yaml(f"a: {text}", Origin(Path("x")))
    assert not problems
    assert node is not None
    found = plain(node)["a"]
    assert (found, type(found)) == (value, type(value))


def test_every_key_and_value_has_its_place() -> None:
    node, _ = read_yaml("é: 1\nlist:\n  - {b: 'c'}\n", Origin(Path("x"), 10, (4,)))
    assert node is not None and not isinstance(node, str)
    entries = node.entries  # type: ignore[union-attr]
    assert [(entry.place.line, entry.place.column) for entry in entries.values()] == [(10, 5), (11, 1)]
    inner = entries["list"].value.items[0].entries["b"]
    assert (inner.place.line, inner.place.column) == (12, 6)
    assert (inner.value.place.line, inner.value.place.column) == (12, 9)


def test_killercoda_suffixes_are_understood(bench: Workbench) -> None:
    cells = list(
        module(
            bench,
            "## S\n\n```bash {{exec}}\na\n```\n\n```bash {{exec interrupt}}\nb\n```\n\n```bash {{copy}}\nc\n```\n"
            "\n```bash{{exec}}\nd\n```\n",
        ).cells()
    )
    assert [(cell.role, cell.interrupt) for cell in cells] == [
        ("run", False),
        ("run", True),
        ("read", False),
        ("run", False),
    ]


def test_attributes_in_each_spelling(bench: Workbench) -> None:
    spellings = (
        '{id=a, timeout=5s, cwd="sub dir"}', '{ "id": "a", "timeout": "5s", "cwd": "sub dir" }',
        "id=a timeout=5s cwd='sub dir'",
        '{#a timeout=5 cwd="sub dir"}',
    )  # fmt: skip
    for spelling in spellings:
        (cell,) = module(bench, f"## S\n\n```bash {spelling}\nx\n```\n").cells()
        assert (cell.id, cell.timeout, cell.cwd) == ("a", 5, "sub dir")


def test_every_cell_attribute(bench: Workbench) -> None:
    (cell,) = module(
        bench,
        '## S\n\n```bash {id=a session=t2 interrupt background=true ready="port:8080" prompt=POD'
        ' from="kubectl get pods -o name" capture=OUT x-own=1}\nx\n```\n',
    ).cells()
    assert (cell.session, cell.interrupt, cell.background, cell.ready) == ("t2", True, True, "port:8080")
    assert (cell.prompt, cell.prompt_from, cell.capture) == ("POD", "kubectl get pods -o name", "OUT")
    assert cell.attributes == {"x-own": 1}


def test_only_shell_cells_run(bench: Workbench) -> None:
    languages = ("bash", "sh", "shell", "zsh", "yaml", "json", "text", "", "python", "console", "mermaid")
    body = "## S\n\n" + "".join(f"```{language}\nx\n```\n\n" for language in languages)
    roles = [cell.role for cell in module(bench, body).cells()]
    assert roles == ["run"] * 4 + ["read"] * 7


def test_headings_that_are_none(bench: Workbench) -> None:
    body = (
        "# P\n\n## S\n\n```bash\n# comment\n## more\n```\n\n<!--\n# hidden\n## hidden\n-->\n\n> ## quoted\n\n- ## listed\n\n"
        "### deeper\n\n    ## code\n\n~~~text\n## tilde\n~~~\n"
    )
    found = module(bench, body)
    assert [phase.title for phase in found.phases] == ["P"]
    assert [step.title for step in found.steps] == ["S"]


def test_step_ids_are_slugs_of_any_script(bench: Workbench) -> None:
    body = "".join(
        f"## {title}\n\nx\n\n" for title in ("Run `kubectl` **now**!", "Привет мир", "Über Größe", "→")
    )
    assert [step.id for step in module(bench, body).steps] == [
        "run-kubectl-now",
        "привет-мир",
        "uber-grosse",
        "step-4",
    ]


def test_underlined_headings_count_too(bench: Workbench) -> None:
    found = module(bench, "Phase\n=====\n\nStep\n----\n\nText.\n")
    assert (found.phases[0].title, found.steps[0].title, found.steps[0].body_line) == ("Phase", "Step", 12)


def test_several_files_are_one_module(bench: Workbench) -> None:
    bench.write("modules/lab/10-last.md", "# Last\n\n## C\n\nText.\n")
    bench.write("modules/lab/2-more.md", "## B\n<!-- step: {checks: [c]} -->\n\n```bash\nb\n```\n")
    found = module(bench, "# First\n\n## A\n\nText.\n", "lab: 1\nchecks:\n  c: {cell: b-1}\n")
    assert [(phase.title, [step.id for step in phase.steps]) for phase in found.phases] == [
        ("First", ["a", "b"]),
        ("Last", ["c"]),
    ]
    assert found.step("b").place.path.name == "2-more.md"
    assert found.step("b").place.line == 1


def test_outputs_bind_to_the_cell_before_or_to_the_one_named(bench: Workbench) -> None:
    found = module(
        bench,
        "## S\n\n```bash {id=a}\nx\n```\n\n```yaml\nshown: 1\n```\n\n```output\nof a\n```\n\n```bash {id=b}\ny\n```\n\n"
        "## T\n\n```output {of=b}\nof b\n```\n",
    )
    for name in ("a", "b"):
        expected = found.cell(name).expected
        assert expected is not None
        assert expected.text == f"of {name}\n"


def test_quiz_in_a_list_keeps_its_places(bench: Workbench) -> None:
    problem = only(bench.load("## S\n\n- x\n\n  ```quiz\n  id: q\n  kind: shrot\n  prompt: p\n  ```\n"))
    assert (problem.place.line, problem.place.column, problem.remedy) == (12, 9, "did you mean 'short'?")


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("{id: q, kind: choice, prompt: p, options: [a, b]}", "no-right-answer"),
        ("{id: q, kind: choice, prompt: p, options: [{text: a, correct: true}]}", "too-few"),
        ("{id: q, kind: short, prompt: p}", "missing-key"),
        ("{id: q, kind: short, prompt: p, accept: ['/(/']}", "bad-pattern"),
        ("{id: q, kind: short, accept: [a]}", "missing-key"),
        ("{kind: short, prompt: p, accept: [a]}", "missing-key"),
        ("{id: q, prompt: p, accept: [a]}", "missing-key"),
        ("{id: q, kind: number, prompt: p, value: many}", "wrong-type"),
        ("{id: q, kind: cloze, prompt: a ___ b, blanks: [x, y]}", "blanks-mismatch"),
        ("{id: q, kind: match, prompt: p, pairs: {a: b}}", "too-few"),
        ("{id: q, kind: match, prompt: p, pairs: [[a, b, c], [d, e], [f, g]]}", "wrong-type"),
        ("{id: q, kind: recall, prompt: p}", "missing-key"),
        ("{id: q, kind: recall, prompt: p, answer: a, options: [x, y]}", "unknown-key"),
        ("{id: q, kind: predict, prompt: p, cell: nowhere}", "unresolved-cell"),
        (
            "[{id: q, kind: recall, prompt: p, answer: a}, {id: q, kind: recall, prompt: p, answer: a}]",
            "duplicate-id",
        ),
    ],
)
def test_question_mistakes(bench: Workbench, question: str, rule: str) -> None:
    problem = only(bench.load(f"## S\n\nText.\n\n```quiz\n{question}\n```\n"))
    assert (problem.rule, problem.place.line) == (rule, 11)


def test_every_question_kind(bench: Workbench) -> None:
    found = module(
        bench,
        """## S

```bash {id=c}
x
```

```quiz
- {id: a, kind: choice, prompt: p, options: [{text: x, correct: true}, {text: y, why: z}]}
- {id: b, kind: short, prompt: p, accept: no}
- {id: c, kind: number, prompt: p, value: 3, tolerance: 0.5}
- {id: d, kind: order, prompt: p, items: [1, 2]}
- {id: e, kind: match, prompt: p, pairs: {a: b, c: d}}
- {id: f, kind: cloze, prompt: "a ___ b ____", blanks: [x, [y, z]]}
- {id: g, kind: command, prompt: p, accept: kubectl get pods}
- {id: h, kind: predict, prompt: p, cell: c, seconds: 30s, answer: x}
- {id: i, kind: trace, prompt: p, cell: c}
- {id: j, kind: recall, prompt: p, answer: a, rubric: [x, y]}
- {id: k, kind: rate, prompt: p}
- {id: l, kind: teachback, prompt: p, seconds: 5m}
```
""",
    )
    questions = found.questions
    assert list(questions) == list("abcdefghijkl")
    assert found.steps[0].questions == tuple("abcdefghijkl")
    assert questions["b"].accept == ("no",)
    assert (questions["c"].value, questions["c"].tolerance) == (3.0, 0.5)
    assert questions["d"].items == ("1", "2")
    assert questions["e"].pairs == (("a", "b"), ("c", "d"))
    assert questions["f"].blanks == (("x",), ("y", "z"))
    assert (questions["h"].cell, questions["h"].seconds) == ("c", 30)
    assert questions["l"].seconds == 300


def test_crlf_tabs_and_other_scripts(bench: Workbench) -> None:
    body = "## Übung\n\n\tcode\n\n```bash\necho 日本語\n```\n".replace("\n", "\r\n")
    found = module(bench, body)
    assert found.steps[0].cells[0].source == "echo 日本語\n"
    assert "\r" not in found.steps[0].body


def test_checks_may_live_in_the_folder_of_a_lone_module(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "module.md").write_text(FRONT + "## S\n<!-- step: {checks: [c]} -->\n\nText.\n")
    (folder / "checks.yaml").write_text("lab: 1\nchecks:\n  c: {ready: deploy/x}\n")
    loaded = load_module(folder)
    assert loaded.module is not None
    assert list(loaded.module.checks) == ["c"]


def test_digest_covers_every_file(bench: Workbench) -> None:
    checks = "lab: 1\nchecks:\n  c: {ready: deploy/x}\n"
    digests = {module(bench, "## S\n\nText.\n", checks).digest}
    digests.add(module(bench, "## S\n\nText!\n", checks).digest)
    digests.add(module(bench, "## S\n\nText.\n", checks + "# note\n").digest)
    bench.write("modules/lab/files/a.sh", "echo\n")
    digests.add(module(bench, "## S\n\nText.\n", checks).digest)
    bench.write("modules/lab/files/a.sh", "echo 2\n")
    digests.add(module(bench, "## S\n\nText.\n", checks).digest)
    assert len(digests) == 5
    assert module(bench, "## S\n\nText.\n", checks).digest in digests


def test_digest_does_not_depend_on_where_the_pack_is(bench: Workbench, tmp_path: Path) -> None:
    digest = module(bench, "## S\n\nText.\n").digest
    (tmp_path / "link").symlink_to(bench.pack)
    shutil.copytree(bench.pack, tmp_path / "copy")
    for pack in ("link", "copy"):
        loaded = load_module(tmp_path / pack / "modules" / "lab")
        assert loaded.module is not None
        assert loaded.module.digest == digest


def test_loader_and_step_view_see_the_same_blocks() -> None:
    text = "# A\n\n- b\n  ```x\n  ```\n\n|a|\n|-|\n|b|\n\n> c\n\n<div>\n\n~~d~~\n"
    outer = [(token.type, token.map, token.level) for token in parser().parse(text)]
    assert [(token.type, token.map, token.level) for token in blocks(text)] == outer
    assert any(child.type == "s_open" for token in parser().parse(text) for child in token.children or [])


@pytest.mark.skipif(
    not Path("/work/shared/seeds").is_dir(), reason="the seed documents are not on this machine"
)
def test_seed_documents_are_recognised_as_mojibake(bench: Workbench) -> None:
    found = {}
    for seed in sorted(Path("/work/shared/seeds").glob("*.txt")):
        loaded = bench.load(seed.read_bytes())
        found[seed.name[:3]] = any(problem.rule == "mojibake" for problem in loaded.problems)
        if found[seed.name[:3]]:
            repaired = seed.read_text().encode("mac_roman").decode("utf8")
            assert not any(problem.rule == "mojibake" for problem in bench.load(repaired).problems)
    assert sum(found.values()) == 4


def test_importing_the_loader_stays_light() -> None:
    code = (
        "import sys; import labrunner.content.pack, labrunner.content.expected;"
        "early = set(sys.modules); import labrunner.content.loading;"
        "print(*sorted({'yaml', 'markdown_it', 'rich', 'textual', 'kubernetes'} & set(sys.modules)),"
        " 'labrunner.content.checks_model' in early)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
