"""The sample module uses every element of the format; what it loads to is spelt out here."""

from __future__ import annotations

from pathlib import Path

import pytest

from labrunner.content.checks_model import AbsentCheck, CountCheck, GroupCheck, Matcher, ReadyCheck
from labrunner.content.loading import load_module
from labrunner.content.models import FileWrite, Module

SAMPLE = Path(__file__).parent / "fixtures" / "pack" / "modules" / "sample"


@pytest.fixture(scope="module")
def sample() -> Module:
    loaded = load_module(SAMPLE)
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.module is not None
    return loaded.module


def test_front_matter_is_read_as_yaml_1_2(sample: Module) -> None:
    assert sample.env == {"NS": "sample", "PORT": "0644", "ANSWER": "no"}
    assert sample.duration == 3900
    assert sample.requires.cluster == (("containers", "lifecycle"),)
    assert sample.requires.memory == 2**30
    assert sample.clusters[0].profile == "kind/one-node.yaml"
    assert sample.extra == {"x-origin": {"by": "hand"}}
    assert sample.variants == {"access": ("kind", "cloud")}


def test_phases_and_steps(sample: Module) -> None:
    assert [(phase.id, phase.intro) for phase in sample.phases] == [("start", "An intro."), ("end", "")]
    assert [(step.id, step.kind) for step in sample.steps] == [
        ("read-this-first", "reading"),
        ("run-it", "run"),
        ("alone", "challenge"),
        ("clean-up", "cleanup"),
    ]
    alone = sample.step("alone")
    assert alone.requires is not None
    assert alone.requires.cluster == (("containers", "run"),)
    assert alone.otherwise == "skip"
    assert sample.step("run-it").hints == ("Look again",)
    assert sample.step("run-it").questions == ("q1", "q2")


def test_body_lines_are_lines_of_the_file(sample: Module) -> None:
    lines = (SAMPLE / "module.md").read_text().split("\n")
    for step in sample.steps:
        for offset, line in enumerate(step.body.split("\n")):
            assert lines[step.body_line - 1 + offset] == line
        for cell in step.cells:
            assert lines[cell.place.line - 1][cell.place.column - 1 :].startswith("```")
            assert lines[cell.end_line - 1].endswith("```")


def test_cells(sample: Module) -> None:
    make = sample.cell("make")
    assert (make.timeout, make.role, make.source) == (
        30,
        "run",
        "kubectl create deployment web --image=nginx\n",
    )
    assert make.expected is not None
    assert make.expected.text == "deployment.apps/web created\n"
    in_list, quoted, folded = (sample.cell(f"run-it-{n}") for n in (2, 3, 4))
    assert (in_list.session, in_list.expect_exit, in_list.source) == ("t2", 1, "false\n")
    assert (quoted.role, quoted.file, quoted.source) == ("file", FileWrite("web.yaml", "append"), "a: 1\n")
    assert folded.when == "access=kind"
    assert [cell.id for cell in sample.lifecycle_cells("solve", "alone")] == ["alone-1"]
    assert [cell.id for cell in sample.lifecycle_cells("cleanup", "alone")] == ["clean-up-1"]


def test_checks(sample: Module) -> None:
    assert isinstance(sample.checks["web-ready"].assertion, ReadyCheck)
    assert sample.checks["web-ready"].eventually == 20
    count = sample.checks["web-count"].assertion
    assert isinstance(count, CountCheck)
    assert (count.target.labels, count.matcher) == ("app=web", Matcher("ge", 1))
    group = sample.checks["scaled"].assertion
    assert isinstance(group, GroupCheck)
    assert group.parts[1].negate
    hint = sample.checks["scaled"].when_failed[0]
    assert isinstance(hint.condition.assertion, AbsentCheck)
    assert hint.condition.consistently == 3
