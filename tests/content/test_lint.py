from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from module_bench import FRONT, Workbench

from labrunner.authoring.lint import lint, run
from labrunner.authoring.lint_formats import render_github
from labrunner.authoring.lint_needs import commands
from labrunner.authoring.lint_render import excerpt
from labrunner.content.problems import Place, Problem

SAMPLE = Path(__file__).parent / "fixtures" / "pack"


def rules(
    bench: Workbench, body: str, checks: str | None = None, front: str = FRONT
) -> list[tuple[str, int, int]]:
    bench.load(body, checks, front)
    return [
        (problem.rule, problem.place.line, problem.place.column) for problem in lint([bench.folder]).problems
    ]


def text_of(*paths: Path) -> tuple[int, str]:
    out = io.StringIO()
    code = run(paths, out=out)
    return code, out.getvalue()


def test_clean_pack() -> None:
    assert text_of(SAMPLE) == (0, "1 module: no mistakes\n")


def test_every_way_to_name_a_module() -> None:
    for path in (
        "",
        "modules",
        "modules/sample",
        "modules/sample/module.md",
        "modules/sample/quiz.yaml",
        "checks/sample.yaml",
    ):
        assert lint([SAMPLE / path]).modules == 1
    assert lint([SAMPLE, SAMPLE / "modules" / "sample"]).modules == 1


def test_nothing_there(tmp_path: Path) -> None:
    code, text = text_of(tmp_path / "none")
    assert code == 1
    assert "there is no such file or folder" in text


def test_text_has_place_caret_and_remedy(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.load("## One\n<!-- step: {chekcs: [a]} -->\n\nText.\n")
    monkeypatch.chdir(bench.pack)
    code, text = text_of(bench.folder)
    assert code == 1
    assert text == (
        "modules/lab/module.md:7:13: error: the step's metadata has no key 'chekcs' [unknown-key]\n"
        "  7 | <!-- step: {chekcs: [a]} -->\n"
        "    |             ^^^^^^\n"
        "  → did you mean 'checks'?\n"
        "\n"
        "1 module: 1 error\n"
    )


def test_sarif(bench: Workbench) -> None:
    bench.load("## One\n\n```bash\nkubectl get pods || echo ok\n```\n", front=FRONT + "\nodd: 1")
    out = io.StringIO()
    assert run([bench.folder], form="sarif", out=out) == 1
    log = json.loads(out.getvalue())
    (one,) = log["runs"]
    assert log["version"] == "2.1.0" and one["tool"]["driver"]["name"] == "labrunner"
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    for result in one["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith("module.md")
        assert place["region"]["startLine"] > 0 and place["region"]["startColumn"] > 0
    assert {result["level"] for result in one["results"]} <= {"error", "warning"}


def test_github_annotations_stay_on_one_line_each(tmp_path: Path) -> None:
    place = Place(tmp_path / "a,b:c.md", 3, 5)
    problem = Problem(place, "some-rule", "100 % wrong\nreally", "do, it: right", "warning")
    (line,) = render_github([problem], tmp_path).splitlines()
    assert line == (
        "::warning file=a%2Cb%3Ac.md,line=3,col=5,title=labrunner%3A some-rule::"
        "100 %25 wrong%0Areally%0Ado, it: right"
    )


def test_json(bench: Workbench) -> None:
    bench.load("## One\n<!-- step: {chekcs: [a]} -->\n\nText.\n")
    out = io.StringIO()
    assert run([bench.folder], form="json", out=out) == 1
    report = json.loads(out.getvalue())
    assert (report["errors"], report["warnings"], report["modules"]) == (1, 0, 1)
    assert report["problems"] == [
        {
            "path": str(bench.folder / "module.md"),
            "line": 7,
            "column": 13,
            "severity": "error",
            "rule": "unknown-key",
            "message": "the step's metadata has no key 'chekcs'",
            "remedy": "did you mean 'checks'?",
        }
    ]


def test_warnings_do_not_fail(bench: Workbench) -> None:
    bench.load("## One\n\n```bash\nkubectl get ns || echo ok\n```\n")
    code, text = text_of(bench.folder)
    assert code == 0
    assert text.endswith("1 module: 1 warning\n")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("kubectl get x || echo ok", "hides-failure"),
        ("kubectl get x || true", "hides-failure"),
        ('pkill -f "kubectl port-forward"', "kills-strangers"),
        ("killall kubectl", "kills-strangers"),
        ("set -euo pipefail", "ends-shell"),
        ("set -o errexit", "ends-shell"),
        ("kubectl get x; exit 1", "ends-shell"),
        ("exit", "ends-shell"),
        ("kubectl get pods | wc -l", "counts-header"),
        ("kubectl version --short", "removed-flag"),
        ("istioctl authn tls-check", "removed-command"),
        ("for x in a; do", "shell-syntax"),
        ("echo 'open", "shell-syntax"),
        ("kubectl get pod <pod-name>", "shell-syntax"),
    ],
)
def test_rot(bench: Workbench, line: str, rule: str) -> None:
    found = rules(bench, f"## One\n\n- x\n\n  ```bash\n  true\n  {line}\n  ```\n", front=FRONT.replace(
        "title: A lab", "title: A lab\nrequires: {cluster: {mesh: dataplane}}"
    ))  # fmt: skip
    assert [name for name, _, _ in found] == [rule]
    assert found[0][1] in (13, 14)  # bash names the last line for what is left open
    assert found[0][2] >= 3


@pytest.mark.parametrize(
    "source",
    [
        "kubectl get pods --no-headers | wc -l",
        "kubectl get pods -o name | wc -l",
        "( set -e; true )",
        "kubectl apply -f - <<EOF\nexit 1\npkill -f x\nEOF\nkubectl get x",
        "# pkill -f is bad",
        "echo 'pkill -f x'",
        "trap 'exit 1' INT",
        "set -x",
        "kubectl logs deploy/web",
        "curl -LO https://raw.githubusercontent.com/x/y.yaml",
        "kubectl get pods \\\n  -n shop",
        "istioctl version",
    ],
)
def test_no_rot(bench: Workbench, source: str) -> None:
    assert rules(bench, f"## One\n\n```bash\n{source}\n```\n") == []


@pytest.mark.parametrize(
    ("line", "capability"),
    [
        ("kubectl exec deploy/web -- ls", "containers: run"),
        ("kubectl -n shop exec -it web -- sh", "containers: run"),
        ("X=1 kubectl --context a port-forward svc/web 8080:80 &", "containers: run"),
        ("kubectl logs -f deploy/web", "containers: run"),
        ("kubectl run x --rm -it --image=busybox -- sh", "containers: run"),
        ("kubectl top pods", "metrics: real"),
        ("curl -s http://localhost:8080/", "network: traffic"),
        ("for i in 1 2; do curl -s http://$IP/productpage; done", "network: traffic"),
        ("istioctl proxy-config routes web", "mesh: dataplane"),
        ("echo x | kubectl exec -i web -- cat", "containers: run"),
        ("POD=$(kubectl exec web -- hostname)", "containers: run"),
    ],
)
def test_needs_that_are_not_declared(bench: Workbench, line: str, capability: str) -> None:
    body = f"## One\n<!-- step: {{id: one}} -->\n\n```bash\n{line}\n```\n"
    assert [name for name, _, _ in rules(bench, body)] == ["undeclared-need"]
    (problem,) = lint([bench.folder]).problems
    assert problem.severity == "error"
    assert problem.place.line == 10
    assert capability in problem.message
    assert capability in problem.remedy
    assert rules(bench, body.replace("id: one", f"id: one, requires: {{{capability}}}")) == []
    front = FRONT.replace("title: A lab", f"title: A lab\nrequires: {{cluster: {{{capability}}}}}")
    assert rules(bench, body, front=front) == []


def test_needs_of_hidden_cells_count_for_their_step(bench: Workbench) -> None:
    body = "## One\n\nText.\n\n## Two\n\n```bash {solve=one}\nkubectl exec web -- ls\n```\n"
    assert [name for name, _, _ in rules(bench, body)] == ["undeclared-need"]
    assert (
        rules(bench, body.replace("## One\n", "## One\n<!-- step: {requires: {containers: run}} -->\n")) == []
    )


def test_commands_of_a_line() -> None:
    found = [
        (command.program, command.verb) for command in commands("a b && X=1 sudo /bin/c -n d e | $(f g); ! h")
    ]
    assert found == [("a", "b"), ("c", "e"), ("f", "g)"), ("h", "")]


def test_check_without_message(bench: Workbench) -> None:
    checks = "lab: 1\nchecks:\n  a: {ready: deploy/x}\n  b: {confirm: I did}\n  c: {ready: deploy/y, message: '{{actual'}\n"
    found = rules(bench, "## One\n<!-- step: {checks: [a, b, c]} -->\n\nText.\n", checks)
    assert [(rule, line) for rule, line, _ in found] == [("no-message", 3), ("bad-message", 5)]


def test_expected_pattern_that_does_not_compile(bench: Workbench) -> None:
    assert rules(bench, "## One\n\n```bash\nx\n```\n\n```output\na\n( (re)\n```\n") == [
        ("bad-pattern", 14, 1)
    ]


def test_names_that_the_pack_does_not_have(bench: Workbench) -> None:
    bench.load(front=FRONT.replace("title: A lab", "title: A lab\nrequires: {modules: [labb]}"))
    bench.write("checks/lba.yaml", "lab: 1\nchecks: {}\n")
    bench.write("pack.yaml", "programmes: {p: [lab, gone]}\n")
    found = [(problem.rule, problem.severity, problem.remedy) for problem in lint([bench.pack]).problems]
    assert sorted(found) == [
        ("unresolved-module", "error", "did you mean 'lab'?"),
        ("unresolved-module", "warning", "known are: lab"),
        ("unused-checks", "warning", "did you mean 'lab'?"),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("istio>=1.24", None),
        ("isto", "did you mean 'istio'?"),
        ("istio>=99", "ask for istio>="),
    ],
)
def test_kinds_that_the_simulated_cluster_does_not_have(
    bench: Workbench, asked: str, said: str | None
) -> None:
    bench.load(
        front=FRONT.replace("title: A lab", f"title: A lab\nrequires: {{cluster: {{crds: ['{asked}']}}}}")
    )
    found = [each for each in lint([bench.pack]).problems if each.rule == "unknown-kinds"]
    assert [each.severity for each in found] == (["warning"] if said else [])
    assert all((said or "") in each.remedy for each in found)


@pytest.mark.parametrize(
    ("line", "column", "text", "caret"),
    [
        ("a: b", 4, "a: b", "   ^"),
        ("\tx: bad", 5, " x: bad", "    ^^^"),
        ("日本: bad", 5, "日本: bad", "      ^^^"),
        ("ab", 3, "ab", "  ^"),
        ("\x1b[31mx", 6, "\ufffd[31mx", "     ^"),
    ],
)
def test_carets(line: str, column: int, text: str, caret: str) -> None:
    assert excerpt(line, column) == (text, caret)


def test_caret_in_a_long_line() -> None:
    shown = excerpt("a" * 5000 + " wrong " + "b" * 5000, 5002)
    assert shown is not None
    text, caret = shown
    assert len(text) <= 102
    assert text[caret.index("^") : caret.rindex("^") + 1] == "wrong"


def test_without_bash_there_is_no_syntax_check(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert rules(bench, "## One\n\n```bash\nif\n```\n") == []


def test_lint_runs_nothing_of_the_author(bench: Workbench, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    rules(bench, f"## One\n\n```bash\ntouch {witness}\n```\n\n```bash {{setup}}\n$(touch {witness})\n```\n")
    assert not witness.exists()


MANIFEST = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
    "spec: {selector: {app: web}, ports: [{port: 99999, targetPort: 80}], typo: 1}\n"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"```yaml {{file=web.yaml}}\n{MANIFEST}```\n", [("bad-manifest", 9), ("bad-manifest", 9)]),
        (
            f"```bash\nkubectl apply -f - <<'END'\n{MANIFEST}END\n```\n",
            [("bad-manifest", 10), ("bad-manifest", 10)],
        ),
        (f"```bash {{expect-exit=1}}\nkubectl apply -f - <<'END'\n{MANIFEST}END\n```\n", []),
        (
            "```bash\nkubectl apply -f - <<END\napiVersion: v1\nkind: Service\nmetadata: {name: $NAME}\nx: 1\nEND\n```\n",
            [],
        ),
        (
            "```yaml {file=a.yaml}\n# one\n---\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n```\n",
            [("no-such-kind", 11)],
        ),
        ("```yaml {file=a.yaml}\napiVersion: example.org/v1\nkind: Unknown\nx: 1\n```\n", []),
        ("```yaml {file=a.yaml}\napiVersion: v1\nkind: Pod\nmetadata: {name: <your name>}\n```\n", []),
    ],
    ids=[
        "file",
        "here-document",
        "refusal wanted",
        "filled by the shell",
        "gone",
        "unknown group",
        "to complete",
    ],
)
def test_manifests_that_the_api_server_would_refuse(
    bench: Workbench, body: str, found: list[tuple[str, int]]
) -> None:
    bench.load(f"## One\n\n{body}")
    problems = [
        each for each in lint([bench.folder]).problems if each.rule in ("bad-manifest", "no-such-kind")
    ]
    assert [(each.rule, each.place.line) for each in problems] == found
    assert all(each.severity == "warning" for each in problems)


def test_a_refused_manifest_is_told_in_the_servers_words(bench: Workbench) -> None:
    bench.load(f"## One\n\n```yaml {{file=web.yaml}}\n{MANIFEST}```\n")
    said = [each.message for each in lint([bench.folder]).problems if each.rule == "bad-manifest"]
    assert said == [
        'the API server would refuse the Service web: unknown field "spec.typo"',
        "the API server would refuse the Service web: spec.ports[0].port: Invalid value: 99999: "
        "must be between 1 and 65535, inclusive",
    ]


def test_custom_kinds_are_judged_by_the_definition_that_comes_along(bench: Workbench) -> None:
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: pots.tea.example}\n"
        "spec:\n  group: tea.example\n  scope: Namespaced\n  names: {kind: Pot, plural: pots}\n"
        "  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n"
        "        type: object\n        properties: {spec: {type: object, properties: {cups: {type: integer}}}}\n"
    )
    pot = "apiVersion: tea.example/v1\nkind: Pot\nmetadata: {name: a}\nspec: {cups: many}\n"
    bench.load(
        f"## One\n\n```yaml {{file=crd.yaml}}\n{definition}```\n\n```yaml {{file=pot.yaml}}\n{pot}```\n"
    )
    (problem,) = [each for each in lint([bench.folder]).problems if each.rule == "bad-manifest"]
    assert 'spec.cups in body must be of type integer: "string"' in problem.message


@pytest.mark.parametrize(
    "check",
    [
        "logs: {on: deploy/web, contains: x}",
        "exec: {on: deploy/web, run: ls}",
        "http: {url: 'http://web/', from: deploy/web}",
        "http: svc/web:80",
        "not: {any: [{dns: {name: web, from: deploy/web}}]}",
    ],
)
def test_needs_of_checks_that_are_not_declared(bench: Workbench, check: str) -> None:
    body = "## One\n<!-- step: {id: one, checks: [c]} -->\n\n```bash\ntrue\n```\n"
    checks = f"lab: 1\nchecks:\n  c:\n    {check}\n    message: no\n"
    assert [name for name, _, _ in rules(bench, body, checks)] == ["undeclared-need"]
    (problem,) = lint([bench.folder]).problems
    assert (problem.severity, problem.place.path.name, problem.place.line) == ("error", "lab.yaml", 3)
    assert "containers: run" in problem.remedy
    assert rules(bench, body, f"{checks}    needs: {{containers: run}}\n") == []
    declared = body.replace("id: one", "id: one, requires: {containers: run}")
    assert rules(bench, declared, checks) == []
