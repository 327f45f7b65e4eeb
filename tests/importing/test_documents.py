"""Long markdown labs, element by element."""

from __future__ import annotations

import os

from labrunner.content.models import Module

from .sources import Importer


def ids(module: Module) -> list[tuple[str, list[str]]]:
    return [(phase.title, [step.title for step in phase.steps]) for phase in module.phases]


def test_one_title_then_phases_and_steps(importing: Importer) -> None:
    text = (
        "# The lab\n\nHello.\n\n## First (45 minutes)\n\n### Do *this*\ntext\n#### deeper\n"
        "### And that\ntext\n\n## Second\n\nwords\n"
    )
    module = importing(text).module()
    assert module.title == "The lab"
    assert ids(module) == [
        ("The lab", ["Introduction"]),
        ("First", ["Do this", "And that"]),
        ("Second", ["Overview"]),
    ]
    assert module.phases[1].duration == 45 * 60
    assert "#### deeper" in module.step("do-this").body or "##### deeper" in module.step("do-this").body


def test_several_titles_are_phases(importing: Importer) -> None:
    text = "# One\n\n## a\nx\n## b\ny\n### c\nz\n# Two\n## a\nx\n"
    module = importing(text).module()
    assert ids(module) == [("One", ["a", "b"]), ("Two", ["a"])]
    assert [step.id for step in module.steps] == ["a", "b", "a-2"]


def test_a_text_without_headings_is_one_step(importing: Importer) -> None:
    module = importing("Just words.\n\n```bash\nls\n```\n").module()
    assert [(step.title, len(step.cells)) for step in module.steps] == [("Introduction", 1)]


def test_front_matter_is_kept(importing: Importer) -> None:
    text = (
        "---\ntitle: 'A: b'\ndifficulty: expert\nreading_time: 350 min\ntags: [x, {y: 1}]\n"
        "made_on: 2024-01\n---\n# Other\n\ntext\n"
    )
    module = importing(text).module()
    assert (module.title, module.level, module.duration) == ("A: b", "advanced", 350 * 60)
    assert module.extra["x-tags"] == ["x", {"y": 1}] and module.extra["x-made-on"] == "2024-01"


def test_broken_front_matter_is_told(importing: Importer) -> None:
    result = importing("---\na: [1\n---\n# Lab\n\ntext\n")
    assert result.told("front matter", "left out") and result.module().title == "Lab"


def test_objectives_level_and_time_are_found_in_the_text(importing: Importer) -> None:
    text = (
        "# Lab\n\n> **Time**: 3-4 hours | **Difficulty**: Intermediate-Advanced\n\n"
        "## Objectives\n\n1. **Do** it\n2. Know it\n\n## Work\ntext\n"
    )
    module = importing(text).module()
    assert (module.level, module.duration) == ("intermediate", 3 * 3600)
    assert module.objectives == ("Do it", "Know it")


def test_cells_and_their_expected_output(importing: Importer) -> None:
    text = (
        "# L\n\n## s\n```bash\nkubectl get pods\n```\n\n**Expected output**:\n```\n"
        "NAME  READY\nweb   1/1\n```\n\n"
        "```console\n$ kubectl get nodes\nNAME\nnode\n```\n\nA picture:\n```\n+--+\n```\n"
    )
    cells = importing(text).module().step("s").cells
    assert [(cell.source, cell.role) for cell in cells] == [
        ("kubectl get pods\n", "run"), ("kubectl get nodes\n", "run"), ("+--+\n", "read"),
    ]  # fmt: skip
    assert [cell.expected.text if cell.expected else None for cell in cells] == [
        "NAME  READY\nweb   1/1\n",
        "NAME\nnode\n",
        None,
    ]


def test_an_editor_and_what_is_pasted_are_one_cell(importing: Importer) -> None:
    text = (
        "# L\n\n## s\n```bash\nmkdir -p a\nnano a/b.yaml\n```\n\nPaste:\n\n```yaml\n"
        "kind: Pod\n```\n\n```bash\nkubectl apply -f a/b.yaml\n```\n"
    )
    cells = importing(text).module().step("s").cells
    assert [(cell.role, cell.file.path if cell.file else None) for cell in cells] == [
        ("run", None),
        ("file", "a/b.yaml"),
        ("run", None),
    ]
    assert cells[0].source == "mkdir -p a\n"


def test_background_commands_are_the_runners(importing: Importer) -> None:
    text = "# L\n\n## s\n```bash\nkubectl port-forward svc/web 8080:80 &\n```\n\n```bash\nsleep 9 &\n```\n"
    step = importing(text).module().step("s")
    assert [(cell.background, cell.ready, cell.source) for cell in step.cells] == [
        (True, "port:8080", "kubectl port-forward svc/web 8080:80\n"), (True, None, "sleep 9\n"),
    ]  # fmt: skip
    assert step.requires is not None and ("containers", "run") in step.requires.cluster


def test_placeholders_are_asked_for(importing: Importer) -> None:
    text = (
        "# L\n\n## s\n```bash\nkubectl describe pod <pod-name>\n```\n\n```bash\n"
        "kubectl get <kind> <name>\n```\n\n```bash\ngrep '<none>' x\n```\n"
    )
    cells = importing(text).module().step("s").cells
    assert (cells[0].prompt, cells[0].source) == ("POD_NAME", "kubectl describe pod ${POD_NAME}\n")
    assert cells[0].prompt_from and cells[0].prompt_from.startswith("kubectl get pods")
    assert [cell.role for cell in cells[1:]] == ["read", "run"] and cells[2].prompt is None


def test_checkboxes_are_confirmed(importing: Importer) -> None:
    module = importing("# L\n\n## s\n- [ ] It `works`\n- [x] All of it\n").module()
    checks = [module.checks[name] for name in module.step("s").checks]
    assert [check.title for check in checks] == ["It works", "All of it"]


def test_predictions_recall_teachback_and_rubric_are_questions(importing: Importer) -> None:
    text = (
        "# L\n\n## Prediction challenge (60 seconds)\n- What breaks? (Hint: the webhook)\n- Not a question\n\n"
        "## Active recall\n<details>\n<summary>Questions</summary>\n\n**Question 1: Why**\n"
        "Why two?\n\n**Question 2: How**\nHow?\n</details>\n\n"
        "<details>\n\n**Answer 1**: Because:\n```yaml\n# no heading\na: 1\n```\nend\n\n"
        "**Answer 2**: Thus.\n</details>\n\n"
        "## Teach-back\nExplain.\n\n## Mastery rubric\nRate.\n"
    )
    module = importing(text).module()
    kinds = [question.kind for question in module.questions.values()]
    assert sorted(kinds) == ["predict", "rate", "recall", "recall", "teachback"]
    recall = next(question for question in module.questions.values() if question.kind == "recall")
    assert (
        "Why two?" in recall.prompt
        and recall.answer
        and "a: 1" in recall.answer
        and recall.answer.startswith("Because")
    )
    predict = next(question for question in module.questions.values() if question.kind == "predict")
    assert (predict.prompt, predict.hints, predict.seconds) == ("What breaks?", ("the webhook",), 60.0)
    active = module.step("active-recall")
    assert "Because" not in active.body, "an answer is locked until an attempt is typed"


def test_what_labrunner_keeps_itself_is_left_out(importing: Importer) -> None:
    result = importing(
        "# L\n\n## Progress Tracker\nstars\n\n## Repetition schedule\nday 3\n\n## Work\ntext\n"
    )
    assert [step.title for step in result.module().steps] == ["Work"]
    assert len(result.told("section", "left out")) == 2


def test_empty_headings_leave_nothing_behind(importing: Importer) -> None:
    module = importing("# L\n\n## Empty\n\n### \n\n## Full\ntext\n\n# Last\n").module()
    assert [step.title for step in module.steps] == ["Full"]


def test_mojibake_is_repaired_whole_or_by_line(importing: Importer) -> None:
    right = "# Café — ✅\n\n## Schritt “eins”\n\nGrüße 🚀\n"
    result = importing(right.encode().decode("mac_roman"))
    assert result.module().title == "Café — ✅" and "Grüße 🚀" in result.module().steps[0].body
    assert result.told("mojibake", "changed")


def test_headings_in_folded_parts_begin_no_step(importing: Importer) -> None:
    module = importing("# L\n\n## One\n<details>\n\n## inner\n\ntext\n\n</details>\n\n## Two\nx\n").module()
    assert [step.title for step in module.steps] == ["One", "Two"]


QUESTIONS = """# Pods (10%)

### Create a pod with the **very** long description of everything that it should do, and get it in YAML

<details><summary>show</summary>
<p>

Easy:

```bash
kubectl run web --image=nginx
```

```YAML
kind: Pod
```

</p>
</details>

## Labels

### Edit the pod

<details><summary>show</summary>

```bash
vi pod.yaml
kubectl apply -f pod.yaml
```
</details>

### Explain it

<details><summary>show</summary>
It is so.
</details>

### No solution here

Think.
"""


def test_a_list_of_questions_becomes_challenges(importing: Importer) -> None:
    module = importing(QUESTIONS).module()
    first, edit, explain = (step for step in module.steps if step.checks)
    assert [step.kind for step in (first, edit, explain)] == ["challenge"] * 3
    assert [cell.source for cell in first.cells_for("solve")] == ["kubectl run web --image=nginx\n"]
    assert edit.cells_for("solve") == (), "an editor cannot be played"
    assert "kubectl run" not in first.body.replace(first.cells[0].source, "")
    answers = [module.questions[step.questions[0]].answer or "" for step in (first, edit, explain)]
    assert "kind: Pod" in answers[0] and "vi pod.yaml" in answers[1] and answers[2] == "It is so."
    assert module.questions[first.questions[0]].kind == "recall"
    assert [phase.title for phase in module.phases][-1] == "No solution here" or "Think." in module.steps[
        -1
    ].body


def test_the_umask_decides_who_reads(importing: Importer) -> None:
    before = os.umask(0o077)
    try:
        result = importing("# L\n\n## s\ntext\n")
    finally:
        os.umask(before)
    assert (result.output.stat().st_mode & 0o077) == 0
