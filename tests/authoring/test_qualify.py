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
from labrunner.authoring.repeats import merged
from labrunner.authoring.report import summary_line, write_junit
from labrunner.authoring.timetable import timetable
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


SOLVED = cell("kubectl create configmap made", "solve id=right")
LABELLED = (
    "  made: {title: t, resource: {kind: ConfigMap, metadata: {name: made}, data: {a: '1'}}, eventually: 1s, "
    "message: not made, hints: [h]}\n"
)
SOLVED_WITH_DATA = cell("kubectl create configmap made --from-literal=a=1", "solve id=right")


def test_every_right_way_is_green_and_every_wrong_one_red(report_of, tmp_path: Path) -> None:
    text = (
        STEP
        + SOLVED_WITH_DATA
        + cell("kubectl create configmap made", "superficial id=empty")
        + cell("kubectl create configmap made", "alternative way=later id=first")
        + cell(
            """kubectl patch configmap made --type=merge -p '{"data":{"a":"1"}}'""", "alternative way=later"
        )
    )
    report = report_of(authored(tmp_path / "pack", text, LABELLED))
    assert report.ok, broken(report)
    assert [found.name for found in report.findings] == [
        "red before: made",
        "superficial: empty",
        "alternative: later: made",
        "cell right",
        "green after: made",
        "reset: red again",
        "once more: made",
    ]


def test_a_check_that_a_superficial_fix_satisfies_is_found(report_of, tmp_path: Path) -> None:
    text = STEP + SOLVED + cell("kubectl create configmap made --from-literal=a=0", "superficial id=empty")
    report = report_of(authored(tmp_path / "pack", text, MADE))
    assert "would be told it is right" in broken(report)["superficial: empty"].detail
    assert "module.md" in broken(report)["superficial: empty"].place


def test_a_check_that_refuses_another_right_way_is_found(report_of, tmp_path: Path) -> None:
    text = STEP + SOLVED_WITH_DATA + cell("kubectl create configmap made", "alternative id=bare")
    report = report_of(authored(tmp_path / "pack", text, LABELLED))
    assert list(broken(report)) == ["alternative: bare: made"]


def test_a_way_whose_own_commands_fail_is_found(report_of, tmp_path: Path) -> None:
    text = STEP + SOLVED + cell("kubectl create nonsense", "superficial id=broken")
    assert list(broken(report_of(authored(tmp_path / "pack", text, MADE)))) == [
        "superficial: broken: cell broken"
    ]


def test_a_solution_that_works_only_once_is_found(report_of, tmp_path: Path) -> None:
    """What a cell leaves outside of cluster and workspace is there when the learner resets the step."""
    mark = tmp_path / "mark"
    text = STEP + cell(f"test ! -e {mark} && touch {mark} && kubectl create configmap made", "solve id=once")
    assert list(broken(report_of(authored(tmp_path / "pack", text, MADE)))) == ["once more: cell once"]


def test_an_advisory_check_does_not_decide(report_of, tmp_path: Path) -> None:
    checks = MADE + MADE.replace("  made:", "  nice:").replace("name: made", "name: nice").replace(
        "{title: t,", "{title: t, severity: advisory,"
    )
    report = report_of(authored(tmp_path / "pack", STEP.replace("[made]", "[made, nice]") + SOLVED, checks))
    assert report.ok, broken(report)
    assert "advisory" in next(found.detail for found in report.findings if found.name == "green after: nice")


def test_only_the_steps_named_are_tested(home, tmp_path: Path) -> None:
    text = (
        GOOD
        + "## Two\n<!-- step: {id: two, checks: [other]} -->\n\n"
        + cell("kubectl get configmap made && kubectl create configmap other", "solve id=after")
        + "## Three\n\n"
        + cell("false", "id=never")
    )
    checks = MADE + MADE.replace("made", "other")
    module = authored(tmp_path / "pack", text, checks)
    report = asyncio.run(qualify(module, "sim", tmp_path / "qualification", only=("two",)))
    assert report.ok, broken(report)
    assert {found.step for found in report.findings} == {"two"}


# -- several runs ------------------------------------------------------------------------------------------------


def _report(*findings: Finding) -> ModuleReport:
    return ModuleReport("m", "SIMULATED", findings, 2.0)


def test_what_holds_only_sometimes_is_flaky_and_fails() -> None:
    good, bad = (
        Finding("s", "green after: a", Result.OK, seconds=1.0),
        Finding("s", "green after: a", Result.FAILED, "fail: no", 3.0),
    )
    report = merged([_report(good), _report(bad), _report(good)])
    (found,) = report.findings
    assert not report.ok
    assert (found.result, found.flaky, found.detail) == (
        Result.FAILED,
        True,
        "flaky: ok in 2 of 3 runs\nfail: no",
    )
    assert found.seconds == pytest.approx(5 / 3)
    assert "1 flaky" in summary_line(report) and "in 3 runs" in summary_line(report)


def test_what_holds_in_every_run_is_not_flaky() -> None:
    found = Finding("s", "green after: a", Result.OK)
    report = merged([_report(found), _report(found)])
    assert report.ok and not report.findings[0].flaky and report.runs == 2


def test_the_time_table_counts_each_wait_for_checks_once() -> None:
    report = _report(
        Finding("s", "cell one", Result.OK, seconds=1.0),
        Finding("s", "green after: a", Result.OK, seconds=2.0),
        Finding("s", "green after: b", Result.OK, seconds=2.0),
        Finding("t", "red before: c", Result.OK, seconds=0.5),
    )
    slowest, other = timetable([report])
    assert (slowest.step, slowest.cells, slowest.checks, slowest.total) == ("s", 1.0, 2.0, 3.0)
    assert (other.step, other.total) == ("t", 0.5)


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


def test_several_modules_run_at_the_same_time_and_several_times(program: Program, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_module(pack, GOOD, MADE, "one")
    write_module(pack, GOOD, MADE, "two")
    done = Program(program.environment, pack).run("test", "--repeat", "2", "--jobs", "2", "--times")
    assert "one: qualified on SIMULATED in 2 runs" in done.stdout
    assert done.stdout.index("one: qualified") < done.stdout.index("two: qualified")
    assert "two/one" in done.stdout, "the time table"
    assert "4 runs, 2 at a time" in done.stderr


def test_a_step_that_is_not_there_is_refused(program: Program) -> None:
    done = program.run("test", "tiny", "--only", "nosuch", code=2)
    assert "tiny has no step nosuch" in done.stderr and "It has:" in done.stderr


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
