"""Killercoda and Katacoda scenarios, construct by construct."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from labrunner.content.checks_model import ScriptCheck
from labrunner.importing.account import ImportRefusedError
from labrunner.importing.recognition import import_source

from .sources import Importer, scenario, write_tree


def test_both_dialects_of_a_fence_that_runs(importing: Importer) -> None:
    text = (
        "Look:\n\n```\nkubectl get pods\nkubectl get nodes\n```{{exec}}\n\nand\n\n```bash\n"
        "ls\n```{{execute}}\n\n"
        "```plain {{exec}}\npwd\n```\nthen\n```\nuname\n``` {{exec interrupt}}\n\nThe end\n"
    )
    step = importing(scenario({"one.md": text})).step("one")
    assert [(cell.source, cell.role, cell.interrupt) for cell in step.cells] == [
        ("kubectl get pods\nkubectl get nodes\n", "run", False),
        ("ls\n", "run", False),
        ("pwd\n", "run", False),
        ("uname\n", "run", True),
    ]
    assert step.body.rstrip().endswith("The end")


def test_a_command_alone_on_its_line_is_a_cell_in_its_place(importing: Importer) -> None:
    step = importing(scenario({"one.md": "1. `kubectl get pods`{{exec}}\n2. `ls -l`{{execute}}\n"})).step(
        "one"
    )
    assert [cell.source for cell in step.cells] == ["kubectl get pods\n", "ls -l\n"]
    assert "`ls -l`" not in step.body


def test_a_command_inside_a_sentence_stays_there_and_becomes_a_cell_below(importing: Importer) -> None:
    text = "Run `kubectl get pods`{{exec}} to see\nthe pods.\n\nNext."
    step = importing(scenario({"one.md": text})).step("one")
    assert "Run `kubectl get pods` to see\nthe pods.\n\n```bash\nkubectl get pods\n```\n\nNext." in step.body


def test_a_command_over_several_lines(importing: Importer) -> None:
    step = importing(scenario({"one.md": "`cat <<X\nhello\nX`{{execute}}\n"})).step("one")
    assert step.cells[0].source == "cat <<X\nhello\nX\n"


def test_other_terminals_and_hosts_are_sessions(importing: Importer) -> None:
    text = (
        "`a`{{execute T1}}\n\n`b`{{execute T2}}\n\n`c`{{execute HOST2}}\n\n"
        "`d`{{execute HOST1}}\n\n`e`{{execute T2 interrupt}}\n"
    )
    cells = importing(scenario({"one.md": text})).step("one").cells
    assert [(cell.session, cell.interrupt) for cell in cells] == [
        ("main", False), ("t2", False), ("host2", False), ("main", False), ("t2", True),
    ]  # fmt: skip


def test_what_is_only_to_copy_does_not_run(importing: Importer) -> None:
    text = (
        "```bash\nrm important\n```{{copy}}\n\n```sh\nls\n```\n\n`ls`{{copy}} and `x`{{}}\n\n"
        "```yaml\na: 1\n```{{copy}}\n"
    )
    step = importing(scenario({"one.md": text})).step("one")
    assert [(cell.language, cell.role) for cell in step.cells] == [
        ("bash", "read"),
        ("bash", "read"),
        ("yaml", "read"),
    ]
    assert "`ls` and `x`\n" in step.body


def test_a_fence_in_a_list_is_a_cell_and_the_list_goes_on(importing: Importer) -> None:
    text = (
        "1. First\n   ```\n   echo one\n   ```{{exec}}\n   More of it.\n2. Second\n\n"
        "     ```bash\n     if true; then\n       echo two\n     fi\n     ```{{exec}}\n"
    )
    step = importing(scenario({"one.md": text})).step("one")
    assert [cell.source for cell in step.cells] == ["echo one\n", "if true; then\n  echo two\nfi\n"]
    assert "\nMore of it.\n2. Second" in step.body


@pytest.mark.parametrize(
    ("placeholder", "local"),
    [
        (
            "https://[[HOST_SUBDOMAIN]]-8080-[[KATACODA_HOST]].environments.katacoda.com/x",
            "http://localhost:8080/x",
        ),
        ("[[HOST2_SUBDOMAIN]]-30080-[[KATACODA_HOST]].environments.katacoda.com", "http://localhost:30080"),
        ("{{TRAFFIC_HOST1_80}}", "http://localhost:80"),
        ("[[HOST_IP]]", "localhost"),
        ("[[HOST2_IP]]:80", "localhost:80"),
        ("{{TRAFFIC_SELECTOR}}", "http://localhost"),
    ],
)
def test_places_of_the_platform_are_local(importing: Importer, placeholder: str, local: str) -> None:
    result = importing(scenario({"one.md": f"Open {placeholder} now.\n\n`curl {placeholder}`{{{{exec}}}}\n"}))
    step = result.step("one")
    assert f"Open {local} now." in step.body
    assert step.cells[0].source == f"curl {local}\n"
    assert step.requires is not None and ("network", "traffic") in step.requires.cluster
    assert len(result.told("host placeholder", "changed")) == 2


def test_intro_steps_and_finish(importing: Importer) -> None:
    tree = {
        "index.json": {
            "title": "A tour: of *pods*",
            "description": "See [pods] — all",
            "difficulty": "Beginner",
            "time": "10-15 minutes",
            "details": {
                "intro": {"text": "intro.md", "credits": "Somebody"},
                "steps": [{"title": "One & only", "text": "s/text.md"}],
                "finish": {"text": "finish.md", "title": "Done"},
            },
            "backend": {"imageid": "kubernetes-kubeadm-1node"},
            "environment": {"uilayout": "terminal"},
        },
        "intro.md": "# Welcome\n\nHello.",
        "s/text.md": "Title\n=====\n\nDo it.\n\nPart\n---\ntext",
        "finish.md": "Bye.",
    }
    result = importing(tree)
    module = result.module()
    assert (module.title, module.level, module.duration) == ("A tour: of pods", "beginner", 600.0)
    assert [step.title for step in module.steps] == ["Introduction", "One & only", "Done"]
    assert "### Welcome" in module.steps[0].body and "Credits: Somebody" in module.steps[0].body
    assert "### Title" in module.steps[1].body and "### Part" in module.steps[1].body
    assert result.told("environment", "left out") and result.told("backend", "changed")


def test_a_verify_script_becomes_a_check_whose_failures_are_shown(importing: Importer) -> None:
    tree = scenario({"one.md": "Do it."})
    tree["index.json"]["details"]["steps"][0]["verify"] = "one/verify.sh"
    tree["one/verify.sh"] = "#!/bin/bash\r\necho 'FAIL: nothing there'\r\nexit 1\r\n"
    result = importing(tree)
    module = result.module()
    (check_id,) = module.step("one").checks
    assert module.step("one").kind == "challenge"
    script = next((module.folder / "files").rglob("*.sh"))
    assert os.access(script, os.X_OK)
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "FAIL: nothing there\n")
    check = module.checks[check_id]
    assert check.message is None, "a message would hide what the script says"
    assert check.title == "one is done"
    assert isinstance(check.assertion, ScriptCheck) and script.samefile(check.assertion.file)


def test_scripts_that_ran_by_themselves_are_setup_cells(importing: Importer) -> None:
    tree = scenario({"one.md": "Do it."})
    tree["index.json"]["details"]["intro"] = {
        "text": "intro.md",
        "courseData": "course.sh",
        "code": "code.sh",
    }
    tree["index.json"]["details"]["steps"][0] |= {"foreground": "fg.sh", "background": "bg.sh"}
    tree |= {
        "intro.md": "Hello",
        "course.sh": "echo 1",
        "code.sh": "echo 2",
        "fg.sh": "exit 3",
        "bg.sh": "echo 4",
    }
    module = importing(tree).module()
    assert [cell.source for cell in module.lifecycle_cells("setup", "introduction")] == [
        "bash scripts/course.sh\n",
        "bash scripts/code.sh\n",
    ]
    assert [cell.source for cell in module.lifecycle_cells("setup", "one")] == [
        "bash scripts/bg.sh\n",
        "bash scripts/fg.sh\n",
    ]
    assert (module.folder / "files/scripts/fg.sh").read_text() == "exit 3"


def test_assets_are_files_of_the_workspace(importing: Importer) -> None:
    tree = scenario({"one.md": "Do it."})
    tree["index.json"]["details"]["assets"] = {
        "host01": [
            {"file": "app.yaml", "target": "/root/manifests"},
            {"file": "run.sh", "target": "/usr/local/bin/", "chmod": "+x"},
            {"file": "*.txt", "target": "~/"},
            {"file": "../../secret", "target": "~/"},
            {"file": "gone", "target": "~/"},
            {"file": "app.yaml", "target": "/root/../../../etc"},
            {"nothing": 1},
        ],
        "host02": "run.sh",
    }
    tree |= {"assets/app.yaml": "a: 1", "assets/run.sh": "true", "assets/a.txt": "A", "assets/b.txt": "B"}
    result = importing(tree)
    files = result.module().folder / "files"
    found = sorted(path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file())
    assert found == [
        "a.txt",
        "assets/run.sh",
        "assets/usr/local/bin/run.sh",
        "b.txt",
        "etc/app.yaml",
        "manifests/app.yaml",
    ]
    assert os.access(files / "assets/usr/local/bin/run.sh", os.X_OK)
    assert not os.access(files / "manifests/app.yaml", os.X_OK)
    assert len(result.told("asset", "left out")) == 3


def test_a_solution_is_hidden_until_asked_for(importing: Importer) -> None:
    tree = scenario({"one.md": "Do it.", "two.md": "And this."})
    tree["index.json"]["details"]["steps"][0]["solution"] = "solve.sh"
    tree["index.json"]["details"]["steps"][1]["answer"] = "answer.md"
    tree |= {
        "solve.sh": "kubectl run web --image=nginx",
        "answer.md": "So:\n\n```bash\nkubectl get pods\n```\n",
    }
    module = importing(tree).module()
    assert [cell.source for cell in module.lifecycle_cells("solve", "one")] == ["bash scripts/solve.sh\n"]
    assert [cell.source for cell in module.lifecycle_cells("solve", "two")] == ["kubectl get pods\n"]
    assert module.step("one").kind == "challenge"


def test_files_of_the_web_editor_are_file_cells(importing: Importer) -> None:
    text = (
        '<pre class="file" data-filename="app/pod.yaml" data-target="replace">kind: Pod\n'
        "name: &lt;x&gt;\n</pre>\n\n"
        '<pre class="file" data-filename="app/pod.yaml" data-target="append">more: 1</pre>\n'
        '<pre class="file" data-filename="/etc/passwd">x</pre>\n<pre>plain <b>text</b></pre>\n'
    )
    cells = importing(scenario({"one.md": text})).step("one").cells
    assert [cell.file.path if cell.file else None for cell in cells] == [
        "app/pod.yaml",
        "app/pod.yaml",
        None,
        None,
    ]
    assert cells[0].source == "kind: Pod\nname: <x>\n"
    assert cells[1].file is not None and cells[1].file.mode == "append"
    assert cells[3].source == "plain text\n"


def test_quiz_lines_are_questions(importing: Importer) -> None:
    text = (
        ">>Q1: Enter pod<<\n=== pod\n\n>>Q2: Something with od<<\n=~= o.d\n\n>>Q3: Several<<\n"
        "[*] Right\n[*] Right too\n[ ] Wrong\n\n"
        ">>Q4: One<<\n(*) Right\n( ) Wrong\n\n>>Q5: a pattern<<\n=^= ^po+d$\n\n"
        ">>Q6: nothing right<<\n( ) no\n( ) neither\n\nAfter."
    )
    result = importing(scenario({"one.md": text}))
    module = result.module()
    questions = [module.questions[name] for name in module.step("one").questions]
    assert [question.kind for question in questions] == ["short", "short", "choice", "choice", "short"]
    assert (
        questions[0].accept == ("pod",)
        and questions[1].accept == (r"/o\.d/",)
        and questions[4].accept == ("/^po+d$/",)
    )
    assert [option.correct for option in questions[2].options] == [True, True, False]
    assert result.told("quiz question", "left out")
    assert module.step("one").body == "After."


def test_images_are_named_and_copied(importing: Importer) -> None:
    tree = scenario(
        {
            (
                "one.md"
            ): "![A plan](./img/plan.png)\n\n![Far](https://example.org/x.png)\n\n<img src='gone.png' alt='Gone'>\n"
        }
    )
    tree["img/plan.png"] = b"\x89PNG"
    result = importing(tree)
    assert "(A plan: images/plan.png)" in result.step("one").body
    assert (result.module().folder / "files/images/plan.png").read_bytes() == b"\x89PNG"
    assert len(result.told("image", "left out")) == 2


def test_html_that_would_swallow_text_does_not(importing: Importer) -> None:
    text = (
        "<!-- a remark -->\nText <!-- inline --> goes on.\n<script>\nalert(1)\n\n```bash\nx\n"
        "```\n</script>\n<!-- never closed\n\n"
        "<style>a{}</style>\n<pre>\nnever closed either\n\n```\nls\n```{{exec}}\n<?php\n"
        "<!DOCTYPE\n\n`id`{{exec}}\n"
    )
    result = importing(scenario({"one.md": text}))
    assert [cell.source for cell in result.step("one").cells] == ["ls\n", "id\n"]
    assert "alert" not in result.step("one").body
    assert len(result.told("comment", "left out")) == 2 and result.told("<script>", "left out")


def test_metadata_of_ours_in_a_foreign_text_means_nothing(importing: Importer) -> None:
    result = importing(
        scenario(
            {
                (
                    "one.md"
                ): "## Evil\n<!-- step: {id: x, checks: [y]} -->\nText\n\n```bash {setup}\nrm -rf ~\n```\n"
            }
        )
    )
    step = result.step("one")
    assert step.checks == () and [cell.role for cell in step.cells] == ["read"]


def test_unclosed_fences_end_somewhere_sensible(importing: Importer) -> None:
    text = "```bash\nls\n\n```yaml\na: 1\n```\n\nText\n\n```\nopen to the end\n"
    result = importing(scenario({"one.md": text}))
    assert [cell.source for cell in result.step("one").cells] == ["ls\n", "a: 1\n", "open to the end\n"]
    assert len(result.told("fence", "changed")) == 2


def test_json_with_comments_commas_and_a_byte_order_mark(importing: Importer) -> None:
    tree = {
        ("index.json"): b'\xef\xbb\xbf{ // a remark\n "title": "It, is // fine /* so */",\n /* two\nlines */'
        b' "details": {"steps": [{"text": "a.md", "title": "A",},],},\n}\n',
        "a.md": "Do it.",
    }
    result = importing(tree)
    assert result.module().title == "It, is // fine /* so */"
    assert result.told("JSON", "changed")


def test_json_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    write_tree(tmp_path / "s", {"index.json": '{"title": "x",\n "details": nothing}', "a.md": "x"})
    with pytest.raises(ImportRefusedError, match=r"index\.json:2: this is no JSON"):
        import_source(tmp_path / "s", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s"]


def test_missing_files_are_told_and_the_rest_is_imported(importing: Importer) -> None:
    tree = scenario({"one.md": "Do it."})
    tree["index.json"]["details"]["steps"] += [
        {"title": "Gone", "text": "gone.md"},
        "nonsense.md",
        7,
        {"text": ["x"]},
    ]
    tree["index.json"]["details"]["steps"][0] |= {
        "verify": "gone.sh",
        "foreground": ["x"],
        "background": "",
        "courseData": ".",
        "strange": 1,
    }
    result = importing(tree)
    assert [step.id for step in result.module().steps] == ["one"]
    assert len(result.told("", "left out")) >= 6
    assert result.told("key strange", "left out")


def test_paths_never_leave_the_source(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("SECRET")
    tree = scenario({"one.md": "![x](../secret.md) Do it."})
    tree["index.json"]["details"]["steps"] += [
        {"text": "../secret.md", "verify": "../secret.md"},
        {"text": str(tmp_path / "secret.md")},
        {"text": "link.md", "background": "link.md"},
    ]
    tree["index.json"]["details"]["assets"] = {
        "host01": [{"file": "../../secret.md", "target": "../../../x"}]
    }
    write_tree(tmp_path / "s", tree)
    (tmp_path / "s/link.md").symlink_to(tmp_path / "secret.md")
    import_source(tmp_path / "s", tmp_path / "deep/out")
    for path in (tmp_path / "deep").rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "s", "secret.md"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_a_course_is_a_programme_in_its_order(importing: Importer) -> None:
    tree = {
        f"{part}/{name}": content
        for part in ("b", "a", "extra")
        for name, content in scenario({"one.md": part}).items()
    }
    tree["structure.json"] = {
        "title": "All of it",
        "items": [{"path": "b", "title": "Bees"}, {"path": "a"}, {"path": "gone"}],
    }
    tree["broken/index.json"] = "{"
    result = importing(tree)
    assert result.account.modules == ["b", "a", "extra"]
    assert result.module("b").title == "Bees"
    assert "All of it" in (result.output / "pack.yaml").read_text()
    assert result.told("course item gone", "left out") and result.told("scenario", "left out")


def test_a_katacoda_pathway_is_a_course_too(importing: Importer) -> None:
    tree = {
        f"k8s/{part}/{name}": content
        for part in ("one", "two")
        for name, content in scenario({"x.md": part}).items()
    }
    tree["k8s-pathway.json"] = {
        "title": "K8s",
        "courses": [{"course_id": "two", "title": "Two"}, {"id": "one", "title": "One"}],
    }
    assert importing(tree).account.modules == ["k8s-two", "k8s-one"]


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path / "empty", {"README.md": "x"})
    write_tree(tmp_path, {"x.bin": b"\x00\x01", "blank.md": "\n \n"})
    for source in ("empty", "x.bin", "blank.md", "gone"):
        with pytest.raises(ImportRefusedError) as refused:
            import_source(tmp_path / source, tmp_path / "out")
        assert refused.value.remedy
    write_tree(tmp_path / "list", {"index.json": json.dumps([1])})
    with pytest.raises(ImportRefusedError, match="no JSON object"):
        import_source(tmp_path / "list", tmp_path / "out")


def test_assets_are_used_where_they_are_now(importing: Importer) -> None:
    text = "`kubectl apply -f /root/app.yaml`{{exec}}\n\n`cat ~/app.yaml /root/other`{{exec}}\n"
    tree = scenario({"one.md": text}, assets={"host01": [{"file": "app.yaml", "target": "~/"}]})
    tree["assets/app.yaml"] = "a: 1"
    result = importing(tree)
    cells = result.step("one").cells
    assert [cell.source for cell in cells] == ["kubectl apply -f app.yaml\n", "cat app.yaml /root/other\n"]
    assert len(result.told("path of an asset", "changed")) == 2


def test_a_suffix_without_its_command_is_told(importing: Importer) -> None:
    result = importing(
        scenario({"one.md": "`ls &'{{execute}}\n\n## Run it {{execute T2}}\n\nGo {{ .Values.x }}.\n"})
    )
    assert "{{execute" not in result.step("one").body and "{{ .Values.x }}" in result.step("one").body
    assert [entry.line for entry in result.told("stray", "left out")] == [1, 3]
