"""Every mistake an author is told of: its file, line and column, what is wrong, and the way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from module_bench import FRONT, Workbench, only, spots

from labrunner.content.loading import load_module

STEP = "## One\n\nText.\n"


def test_unknown_key_of_front_matter_suggests_the_nearest(bench: Workbench) -> None:
    problem = only(bench.load(front="---\nlab: 1\nid: lab\ntitle: A lab\nobjektives: [a]\n---\n"))
    assert (problem.place.path.name, problem.place.line, problem.place.column) == ("module.md", 5, 1)
    assert problem.rule == "unknown-key"
    assert "objektives" in problem.message
    assert problem.remedy == "did you mean 'objectives'?"


def test_own_keys_are_allowed(bench: Workbench) -> None:
    loaded = bench.load(front="---\nlab: 1\nid: lab\ntitle: A lab\nx-owner: {a: 1}\n---\n")
    assert loaded.module is not None
    assert loaded.module.extra == {"x-owner": {"a": 1}}


def test_word_of_another_format_is_named(bench: Workbench) -> None:
    problem = only(bench.load(front="---\nlab: 1\nid: lab\ntitle: A\ndifficulty: beginner\n---\n"))
    assert problem.remedy == "here it is called 'level'"


def test_cluster_level_beside_cluster(bench: Workbench) -> None:
    problem = only(bench.load(front="---\nlab: 1\nid: lab\ntitle: A\nrequires: {containers: run}\n---\n"))
    assert (problem.place.line, problem.place.column) == (5, 12)
    assert problem.remedy == "here it is called 'cluster: {containers: …}'"


def test_duplicate_key(bench: Workbench) -> None:
    problem = only(bench.load(checks="lab: 1\nchecks:\n  a: {ready: deploy/x}\n  a: {ready: deploy/y}\n"))
    assert (problem.place.path.name, problem.place.line, problem.place.column) == ("lab.yaml", 4, 3)
    assert problem.rule == "duplicate-key"
    assert "line 3" in problem.message
    assert problem.remedy == "keep one of the two"


def test_unresolved_check_suggests_the_nearest(bench: Workbench) -> None:
    body = "## One\n<!-- step: {id: one, checks: [web-redy]} -->\n\nText.\n"
    problem = only(bench.load(body, "lab: 1\nchecks:\n  web-ready: {ready: deploy/web}\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (7, 31, "unresolved-check")
    assert problem.remedy == "did you mean 'web-ready'?"


def test_unresolved_check_without_any_checks(bench: Workbench) -> None:
    problem = only(bench.load("## One\n<!-- step: {checks: [a]} -->\n\nText.\n"))
    assert problem.rule == "unresolved-check"
    assert problem.remedy == "define it in the checks file"


def test_unclosed_fence_names_its_opening(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\nText.\n\n```bash\necho hi\n\n## Two\n\nMore.\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (10, 1, "unclosed-fence")
    assert problem.remedy == "end it with a line of ```"


def test_fence_end_with_a_suffix_does_not_end_it(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\n```bash\necho hi\n```{{exec}}\n\n## Two\n\nMore.\n"))
    assert (problem.place.line, problem.rule) == (8, "unclosed-fence")
    assert "line 10 does not end it" in problem.remedy


def test_fence_end_with_a_suffix_inside_a_closed_fence(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\n```bash\necho hi\n```{{exec}}\n\n```bash\necho\n```\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (10, 1, "swallowed-fence")
    assert "begin it with ````" in problem.remedy


def test_longer_fence_may_show_a_fence(bench: Workbench) -> None:
    assert bench.load("## One\n\n````bash {run=false}\n```bash\n```\n````\n").module is not None


def test_unclosed_fence_in_a_list(bench: Workbench) -> None:
    assert spots(bench.load("## One\n\n- x\n\n  ```bash\n  echo\n\n## Two\n\nText.\n")) == [
        ("module.md", 10, 3, "unclosed-fence")
    ]


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("lab: 1\nchecks:\n\ta: 1\n", (3, 1), "indent YAML with blanks"),
        ("lab: 1\nchecks: [1, 2\n", (2, 9), "close the list with ] and put commas between its items"),
        ("lab: 1\nchecks: {a: 'x}\n", (2, 13), "close the quotes that were opened"),
        ("lab: 1\nchecks: a: b\n", (2, 10), "quote a text that holds ': ', and line up the keys of one map"),
        ("lab: 1\nchecks: @a\n", (2, 9), "put the value in quotes"),
    ],
)
def test_bad_yaml(bench: Workbench, text: str, place: tuple[int, int], remedy: str) -> None:
    problem = only(bench.load(checks=text))
    assert problem.rule == "bad-yaml"
    assert problem.place.path.name == "lab.yaml"
    assert (problem.place.line, problem.place.column) == place
    assert problem.remedy == remedy


def test_bad_yaml_in_a_step_comment(bench: Workbench) -> None:
    problem = only(bench.load("## One\n<!-- step: {id: [a} -->\n\nText.\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (7, 19, "bad-yaml")


def test_wrong_type(bench: Workbench) -> None:
    loaded = bench.load(
        "## One\n<!-- step: {checks: [a]} -->\n\nText.\n",
        "lab: 1\nchecks:\n  a:\n    ready: deploy/web\n    weight: heavy\n    title: [x]\n    eventually: soon\n",
    )
    assert spots(loaded) == [
        ("lab.yaml", 5, 13, "wrong-type"),
        ("lab.yaml", 6, 12, "wrong-type"),
        ("lab.yaml", 7, 17, "wrong-type"),
    ]
    weight, title, eventually = loaded.problems
    assert "the text 'heavy' stands where a number from 0 on belongs" in weight.message
    assert title.remedy == "write a text here"
    assert '"30s"' in eventually.remedy


def test_yes_is_no_truth_value(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\n```bash {background=yes}\ntrue\n```\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (8, 21, "wrong-type")
    assert "true and false only" in problem.remedy


def test_step_with_nothing_in_it(bench: Workbench) -> None:
    problem = only(bench.load("# P\n\n## One\n\n## Two\n\nText.\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (8, 1, "empty-step")
    assert "'One'" in problem.message
    assert problem.remedy == "write what the learner reads or does here, or delete the heading"


def test_step_with_only_a_comment_is_empty(bench: Workbench) -> None:
    assert only(bench.load("## One\n\n<!-- a note -->\n")).rule == "empty-step"


def test_phase_without_steps(bench: Workbench) -> None:
    problem = only(bench.load("# P\n\nText.\n\n# Q\n\n## One\n\nText.\n"))
    assert (problem.place.line, problem.rule) == (6, "empty-phase")


def test_module_without_steps(bench: Workbench) -> None:
    assert [problem.rule for problem in bench.load("").problems] == ["no-steps"]


def test_all_mistakes_of_a_file_are_told_at_once(bench: Workbench) -> None:
    loaded = bench.load(
        "# P\n## One\n<!-- step: {cheks: [a], otherwise: never} -->\n\n```bash {tiemout=1}\nx\n```\n\n## Empty\n",
        "lab: 2\nchecks:\n  a: {resorce: 1}\n",
        "---\nlab: 1\nid: lab\ntitel: x\n---\n",
    )
    assert {(problem.place.path.name, problem.rule) for problem in loaded.problems} == {
        ("module.md", "unknown-key"),
        ("module.md", "missing-key"),
        ("module.md", "bad-value"),
        ("module.md", "empty-step"),
        ("lab.yaml", "format-version"),
        ("lab.yaml", "unknown-key"),
    }
    remedies = {problem.remedy for problem in loaded.problems}
    for known in ("checks", "timeout", "title", "resource"):
        assert f"did you mean '{known}'?" in remedies


def test_front_matter_that_never_ends(bench: Workbench) -> None:
    assert only(bench.load(front="---\nlab: 1\n", body="## One\n\nText.\n")).rule == "unclosed-front-matter"


def test_no_front_matter(bench: Workbench) -> None:
    problem = only(bench.load(front="", body=STEP))
    assert (problem.rule, problem.place.line) == ("no-front-matter", 1)


def test_id_must_be_the_folder(bench: Workbench) -> None:
    problem = only(bench.load(front="---\nlab: 1\nid: other\ntitle: A\n---\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (3, 5, "module-id")


def test_duplicate_step_and_cell_ids(bench: Workbench) -> None:
    loaded = bench.load("## One\n\n```bash {id=a}\nx\n```\n\n## One\n\n```bash {id=a}\nx\n```\n")
    assert spots(loaded) == [("module.md", 12, 1, "duplicate-id"), ("module.md", 14, 1, "duplicate-id")]


def test_metadata_away_from_its_heading(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\nText.\n\n<!-- step: {id: a} -->\n"))
    assert (problem.place.line, problem.rule) == (10, "misplaced-metadata")


def test_metadata_inside_of_the_heading(bench: Workbench) -> None:
    assert only(bench.load("## One <!-- step: {id: a} -->\n\nText.\n")).rule == "misplaced-metadata"


def test_comment_that_swallows_the_rest(bench: Workbench) -> None:
    problem = only(bench.load("## One\n\nText.\n\n<!-- oops\n\n## Two\n\nText.\n"))
    assert (problem.place.line, problem.rule) == (10, "unclosed-comment")


def test_fence_that_html_hides(bench: Workbench) -> None:
    loaded = bench.load("## One\n\n<details>\n<summary>x</summary>\n```bash\necho\n```\n</details>\n")
    problem = only(loaded)
    assert (problem.place.line, problem.rule, problem.remedy) == (
        10,
        "fence-in-html",
        "leave a blank line above it",
    )


def test_cells_outside_of_steps(bench: Workbench) -> None:
    assert spots(bench.load("# P\n\n```bash\nx\n```\n\n## One\n\nText.\n")) == [
        ("module.md", 8, 1, "outside-step")
    ]


@pytest.mark.parametrize(
    ("info", "rule"),
    [
        ("bash {file=/etc/passwd}", "escapes-workspace"),
        ("yaml {file=../x}", "escapes-workspace"),
        ("yaml {file=a/../../x}", "escapes-workspace"),
        ("yaml {file=~/x}", "escapes-workspace"),
        ("bash {cwd=..}", "escapes-workspace"),
        ("bash {append}", "attribute-clash"),
        ("bash {solve fault}", "attribute-clash"),
        ("yaml {solve}", "attribute-clash"),
        ("yaml {run=true}", "attribute-clash"),
        ('bash {ready="port:1"}', "attribute-clash"),
        ('bash {from="ls"}', "attribute-clash"),
        ("bash {expect-exit=x}", "wrong-type"),
        ("bash {expect-exit=300}", "bad-value"),
        ("bash {id=a id=b}", "duplicate-key"),
        ("bash {id=a", "bad-attributes"),
        ("bash {=}", "bad-attributes"),
        ("bash {prompt=1-x}", "bad-value"),
        ("bash {capture=a.b}", "bad-value"),
        ("bash {solve=nowhere}", "unresolved-step"),
        ("bash {when=access=cloud}", "unresolved-variant"),
        ("output {of=nothing}", "unresolved-cell"),
        ("output", "output-without-cell"),
        ("quiz", "wrong-type"),
    ],
)
def test_fence_attributes(bench: Workbench, info: str, rule: str) -> None:
    problem = only(bench.load(f"## One\n\nText.\n\n```{info}\nx\n```\n"))
    assert (problem.rule, problem.place.line - problem.place.line % 10) == (rule, 10)
    assert problem.remedy


def test_variant_values_are_known(bench: Workbench) -> None:
    front = "---\nlab: 1\nid: lab\ntitle: A\nvariants: {access: [kind, cloud]}\n---\n"
    assert bench.load('## One\n\n```bash {when="access=cloud"}\nx\n```\n', front=front).module is not None
    problem = only(bench.load('## One\n\n```bash {when="access=clud"}\nx\n```\n', front=front))
    assert (problem.rule, problem.remedy) == ("unresolved-variant", "did you mean 'cloud'?")


def test_second_output_of_a_cell(bench: Workbench) -> None:
    loaded = bench.load("## One\n\n```bash\nx\n```\n\n```output\na\n```\n\n```output\nb\n```\n")
    assert only(loaded).rule == "second-output"


def test_missing_profile_and_profile_outside(bench: Workbench) -> None:
    for profile, rule in (("kind/none.yaml", "unresolved-profile"), ("../x.yaml", "escapes-pack")):
        problem = only(bench.load(front=f"---\nlab: 1\nid: lab\ntitle: A\ncluster: {profile}\n---\n"))
        assert (problem.rule, problem.place.line, problem.place.column) == (rule, 5, 10)


def test_check_ids_are_ids(bench: Workbench) -> None:
    problem = only(bench.load(checks="lab: 1\nchecks:\n  a/b: {ready: deploy/x}\n"))
    assert (problem.place.line, problem.place.column, problem.rule) == (3, 3, "bad-value")


def test_unused_check_is_a_warning(bench: Workbench) -> None:
    loaded = bench.load(checks="lab: 1\nchecks:\n  a: {ready: deploy/x}\n")
    assert loaded.module is not None
    assert spots(loaded, "warning") == [("lab.yaml", 3, 3, "unused-check")]


def test_no_such_folder(tmp_path: Path) -> None:
    assert only(load_module(tmp_path / "none")).rule == "no-module"


@pytest.mark.parametrize(
    ("data", "place", "rule"),
    [
        (b"## One\n\nL\xe4cher\n", (8, 2), "not-utf8"),
        ("\ufeff## Ä\n".encode("utf-16"), (6, 1), "not-utf8"),
        (b"## One\n\nab\0c\n", (8, 3), "nul-byte"),
        ("## One\n\nwait \u201a\u00c4\u00ee then\n".encode(), (8, 6), "mojibake"),
        ("## One\n\nit\u00e2\u20ac\u2122s\n".encode(), (8, 3), "mojibake"),
    ],
)
def test_bytes_that_are_no_proper_text(
    bench: Workbench, data: bytes, place: tuple[int, int], rule: str
) -> None:
    problem = only(bench.load(data))
    assert (problem.rule, problem.place.line, problem.place.column) == (rule, *place)
    assert problem.remedy


def test_utf16_file(bench: Workbench) -> None:
    bench.load()
    bench.write("modules/lab/quiz.yaml", "questions: []".encode("utf-16"))
    assert only(load_module(bench.folder)).message == "this is UTF-16 text"


def test_mac_roman_mojibake_names_the_repair(bench: Workbench) -> None:
    damaged = "## One\n\nnaïve — ✅\n".encode().decode("mac_roman")
    problem = only(bench.load(damaged))
    assert "Mac Roman" in problem.message
    assert 'encode("mac_roman").decode("utf8")' in problem.remedy


def test_links_that_leave_the_pack(bench: Workbench, tmp_path: Path) -> None:
    bench.load()
    (tmp_path / "secret.md").write_text("## Secret\n\nText.\n")
    (bench.folder / "files").mkdir()
    (bench.folder / "02-more.md").symlink_to(tmp_path / "secret.md")
    (bench.folder / "files" / "x").symlink_to(tmp_path / "secret.md")
    (bench.folder / "files" / "root").symlink_to("/")
    loaded = load_module(bench.folder)
    assert [(name, rule) for name, _, _, rule in spots(loaded)] == [
        ("02-more.md", "escapes-pack"),
        ("root", "escapes-pack"),
        ("x", "escapes-pack"),
    ]


def test_a_pipe_in_place_of_a_file_does_not_hang(bench: Workbench) -> None:
    bench.load()
    os.mkfifo(bench.folder / "02-more.md")
    assert only(load_module(bench.folder)).rule == "unreadable"


def test_unreadable_folder_as_document(bench: Workbench) -> None:
    bench.load()
    (bench.folder / "02-more.md").mkdir()
    assert only(load_module(bench.folder)).rule == "unreadable"


def test_empty_yaml_files(bench: Workbench) -> None:
    bench.write("modules/lab/quiz.yaml", "# nothing\n")
    loaded = bench.load(checks="")
    assert sorted(spots(loaded)) == [("lab.yaml", 1, 1, "empty-file"), ("quiz.yaml", 1, 1, "empty-file")]


def test_front_line_numbers_hold_with_crlf_and_bom(bench: Workbench) -> None:
    text = "\ufeff" + FRONT + "## One\n<!-- step: {cheks: [a]} -->\n\nText.\n"
    bench.write("modules/lab/module.md", text.replace("\n", "\r\n"))
    assert spots(load_module(bench.folder)) == [("module.md", 7, 13, "unknown-key")]
