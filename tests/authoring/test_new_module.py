"""`labrunner new`: what it writes passes lint and test as it stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cli.program import Program

from labrunner.authoring.lint import lint
from labrunner.authoring.new_module import NewModule, NewModuleError, create
from labrunner.authoring.qualify import qualify
from labrunner.content.loading import load_module


def test_a_new_module_has_no_mistakes_and_qualifies(home, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    create(NewModule("first-steps", "First steps"), pack)
    assert lint([pack]).problems == []
    module = load_module(pack / "modules" / "first-steps", pack=pack).module
    assert module is not None
    report = asyncio.run(qualify(module, "sim", tmp_path / "qualification"))
    assert report.ok, [finding for finding in report.findings if finding.result != "ok"]
    names = {finding.name for finding in report.findings}
    assert {"superficial: only-a-note", "alternative: by-patch: greeting-changed", "cleanup"} <= names


@pytest.mark.parametrize("title", ["yes", "A: b #c", "'quoted\"", "ünïcode ✓", "- dash", "{braces}", "0644"])
def test_any_title_is_kept(tmp_path: Path, title: str) -> None:
    create(NewModule("lab", title, summary=title), tmp_path)
    module = load_module(tmp_path / "modules" / "lab", pack=tmp_path).module
    assert module is not None and (module.title, module.summary) == (title, title)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    create(NewModule("lab", "One"), tmp_path)
    before = (tmp_path / "modules/lab/module.md").read_bytes()
    with pytest.raises(NewModuleError, match="is there already"):
        create(NewModule("lab", "Two"), tmp_path)
    assert (tmp_path / "modules/lab/module.md").read_bytes() == before


@pytest.mark.parametrize("name", ["../up", "Upper", "a b", "", "-a", "x" * 64])
def test_an_id_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NewModuleError, match="cannot name a module"):
        create(NewModule(name, "T"), tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_the_schema_line_leads_to_a_schema(tmp_path: Path) -> None:
    create(NewModule("lab", "One"), tmp_path)
    first = (tmp_path / "checks/lab.yaml").read_text().splitlines()[0]
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (tmp_path / "checks" / path).resolve().is_file()


def test_the_program_takes_flags_and_says_what_comes_next(clean_environment, home, tmp_path: Path) -> None:
    done = Program(clean_environment).run("new", "lab", "--title", "My lab", "--output", tmp_path / "pack")
    assert str(tmp_path / "pack/modules/lab/module.md") in done.stdout
    assert "labrunner lint" in done.stderr and "test lab" in done.stderr
    refused = Program(clean_environment).run("new", "lab", "--output", tmp_path / "pack", code=3)
    assert "is there already" in refused.stderr
