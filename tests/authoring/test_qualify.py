"""`labrunner test`: a module that keeps its promises is green, and each kind of broken promise is found by name."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.program import Program
from lab.rig import PACK, authored, sample, write_module

from labrunner.authoring.findings import Finding, ModuleReport, Result
from labrunner.authoring.qualify import qualify
from labrunner.authoring.report import write_junit
from labrunner.content.models import Module

STEP = "## One\n<!-- step: {id: one, checks: [made]} -->\nText.\n\n"
MADE = (
    "  made: {title: t, resource: {kind: ConfigMap, metadata: {name: made}}, eventually: 1s, message: not made, "
    "hints: [h]}\n"
)


def cell(text: str, attributes: str = "id=make") -> str:
    return f"```bash {{{attributes}}}\n{text}\n```\n\n"


GOOD = STEP + cell("kubectl create configmap made")
CLEANUP = cell("kubectl delete configmap made", "cleanup id=tidy")


@pytest.fixture
def report_of(home, tmp_path: Path):
    """Qualify a module of ours in a folder of its own."""

    def run(module: Module, cluster: str = "sim") -> ModuleReport:
        return asyncio.run(qualify(module, cluster, tmp_path / "qualification"))

    return run


def broken(report: ModuleReport) -> dict[str, Finding]:
    return {found.name: found for found in report.findings if found.result in (Result.FAILED, Result.ERROR)}


def test_a_good_module_is_qualified(report_of) -> None:
    report = report_of(sample("tiny"))
    assert report.ok, broken(report)
    names = [found.name for found in report.findings]
    for wanted in ("red before: ns-there", "green after: ns-there", "output of mk", "question q1", "cleanup"):
        assert wanted in names


@pytest.mark.parametrize(
    ("text", "checks", "name", "said"),
    [
        pytest.param(
            STEP + cell("kubectl create namespace x"),
            MADE.replace("ConfigMap, metadata: {name: made}", "Namespace, metadata: {name: default}"),
            "red before: made",
            "proves nothing",
            id="a check that passes before anything is done",
        ),
        pytest.param(
            GOOD + "```output\nsomething else\n```\n",
            MADE,
            "output of make",
            "something else",
            id="an output that is not what the text shows",
        ),
        pytest.param(
            STEP + cell("kubectl create configmap other", "solve id=wrong"),
            MADE,
            "green after: made",
            "not made",
            id="a solution that does not solve",
        ),
        pytest.param(
            STEP + cell("kubectl create configmap made; false", "solve id=wrong"),
            MADE,
            "cell wrong",
            "exit 1, wanted exit 0",
            id="a solution that fails",
        ),
        pytest.param(
            STEP + cell("kubectl create configmap made") + cell("true", "id=right expect-exit=2"),
            MADE,
            "cell right",
            "exit 0, wanted exit 2",
            id="a failure that does not come",
        ),
        pytest.param(
            GOOD + cell("sleep 60", "id=slow timeout=1s"),
            MADE,
            "cell slow",
            "timeout",
            id="a cell that never ends",
        ),
        pytest.param(
            STEP
            + cell("kubectl create configmap made; kubectl create configmap forgotten")
            + cell("kubectl delete configmap made", "cleanup id=tidy"),
            MADE,
            "cleanup",
            "configmaps/default/forgotten",
            id="a cleanup that leaves things",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_broken_promise_is_named(
    report_of, tmp_path: Path, text: str, checks: str, name: str, said: str
) -> None:
    report = report_of(authored(tmp_path / "pack", text, checks))
    assert not report.ok
    assert name in broken(report), broken(report)
    assert said in broken(report)[name].detail


def test_a_good_cleanup_is_clean(report_of, tmp_path: Path) -> None:
    report = report_of(authored(tmp_path / "pack", GOOD + CLEANUP, MADE))
    assert report.ok, broken(report)
    assert "cleanup" in [found.name for found in report.findings]


def test_a_step_this_cluster_cannot_do_is_skipped_not_passed(report_of, tmp_path: Path) -> None:
    text = STEP.replace("checks: [made]", "checks: [made], requires: {containers: run}, otherwise: skip")
    report = report_of(authored(tmp_path / "pack", text + cell("kubectl exec x -- true"), MADE))
    assert not report.count(Result.FAILED) and not report.count(Result.ERROR)
    assert [found.result for found in report.findings] == [Result.SKIPPED]


def test_a_failing_fault_is_not_overlooked(report_of, tmp_path: Path) -> None:
    """An automatic cell that fails leaves the learner in a step that is not the author's."""
    text = STEP + cell("exit_with_error", "setup id=prepare") + cell("kubectl create configmap made", "solve")
    report = report_of(authored(tmp_path / "pack", text, MADE))
    assert not report.ok
    assert "cell prepare" in broken(report)


def test_nothing_of_a_qualification_runs_on(report_of, tmp_path: Path) -> None:
    text = GOOD + cell("exec sleep 600", "id=server background=true")
    assert report_of(authored(tmp_path / "pack", text, MADE)).ok
    assert not list((tmp_path / "qualification").rglob("server.json"))


# -- the program -------------------------------------------------------------------------------------------------


@pytest.fixture
def program(clean_environment, home) -> Program:
    return Program(clean_environment)


def test_the_program_ends_with_0_and_well_formed_junit(program: Program, tmp_path: Path) -> None:
    junit = tmp_path / "reports" / "junit.xml"
    done = program.run("test", "tiny", "--junit", junit)
    assert "tiny: qualified" in done.stdout
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert suite is not None
    assert suite.attrib["name"] == "tiny"
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) > 10
    assert suite.attrib["failures"] == suite.attrib["errors"] == "0"
    assert PACK.is_dir()


def test_the_program_names_what_is_broken_and_ends_with_1(program: Program, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    noisy = cell(
        "printf 'a\\033[31mred\\001 <&> \\377'; kubectl create configmap other; exit_here", "solve id=wrong"
    )
    write_module(pack, STEP + noisy, MADE, "bad")
    write_module(pack, GOOD.replace("made", "made"), MADE, "good")
    junit = tmp_path / "junit.xml"
    done = Program(program.environment, pack).run("test", "--junit", junit, code=1)
    assert "bad: NOT qualified" in done.stdout and "good: qualified" in done.stdout
    assert "✗ one: green after: made" in done.stdout and "checks/bad.yaml" in done.stdout
    failed = [case.attrib["name"] for case in ElementTree.parse(junit).iter("testcase") if len(case)]
    assert failed == ["cell wrong", "green after: made"]


def test_the_report_for_programs_is_all_that_goes_to_stdout(program: Program) -> None:
    (report,) = json.loads(program.run("test", "tiny", "--json").stdout)
    assert report["module"] == "tiny" and report["ok"] is True
    assert {finding["result"] for finding in report["findings"]} == {"ok"}


def test_a_module_that_does_not_parse_fails_the_run_and_the_others_are_still_tested(
    program: Program, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    write_module(pack, "## One\n\n```bash\nnever closed\n", name="aaa")
    write_module(pack, GOOD, MADE, "good")
    junit = tmp_path / "junit.xml"
    done = Program(program.environment, pack).run("test", "--junit", junit, code=1)
    assert "aaa: NOT qualified" in done.stdout
    assert "good: qualified" in done.stdout
    suites = {suite.attrib["name"]: suite for suite in ElementTree.parse(junit).iter("testsuite")}
    assert suites["aaa"].attrib["errors"] != "0"
    assert suites["good"].attrib["errors"] == "0"


def test_a_junit_report_can_hold_any_output(tmp_path: Path) -> None:
    text = "".join(map(chr, range(0x20))) + "\ud800\ufffe <&>]]>"
    found = Finding("one", "cell x", Result.FAILED, text, 0.1, "somewhere")
    write_junit([ModuleReport("m", "SIMULATED", (found,), 1.0)], tmp_path / "junit.xml")
    (failure,) = ElementTree.parse(tmp_path / "junit.xml").iter("failure")
    assert "<&>]]>" in str(failure.text)
