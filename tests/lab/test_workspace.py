"""The learner's folder: written atomically, never left, brought back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from labrunner.content.models import Cell
from labrunner.lab.workspace import OutsideWorkspaceError, Workspace

from .rig import authored


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "work", tmp_path / "kept")
    made.folder.mkdir()
    return made


def cell(tmp_path: Path, attributes: str, text: str = "new") -> Cell:
    module = authored(tmp_path / "pack", f"## One\n\n```text {{id=c {attributes}}}\n{text}\n```\n")
    return module.cell("c")


def test_files_of_the_module_are_copied_once(tmp_path: Path) -> None:
    module = authored(tmp_path / "pack", "## One\n\nText.\n")
    (module.folder / "files" / "deep").mkdir(parents=True)
    (module.folder / "files" / "deep" / "a.txt").write_text("given")
    workspace = Workspace(tmp_path / "work", tmp_path / "kept")
    workspace.prepare(module)
    (workspace.folder / "deep" / "a.txt").write_text("mine")
    workspace.prepare(module)
    assert (workspace.folder / "deep" / "a.txt").read_text() == "mine"


def test_a_link_out_of_the_workspace_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (workspace.folder / "way-out").symlink_to(tmp_path / "outside")
    with pytest.raises(OutsideWorkspaceError):
        workspace.change(cell(tmp_path, "file=way-out/x"))
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(("mode", "after"), [("", "new\n"), ("append", "old\nnew\n"), ("replace", "new\n")])
def test_modes_of_a_file_cell(workspace: Workspace, tmp_path: Path, mode: str, after: str) -> None:
    (workspace.folder / "f").write_text("old\n")
    change = workspace.change(cell(tmp_path, f"file=f {mode}"))
    assert (workspace.folder / "f").read_text() == "old\n", "looking at a change does not make it"
    workspace.write(change)
    assert (workspace.folder / "f").read_text() == after
    assert [entry.name for entry in workspace.folder.iterdir()] == ["f"]


def test_a_snapshot_brings_back_files_links_and_modes(workspace: Workspace) -> None:
    script = workspace.folder / "run.sh"
    script.write_text("echo")
    script.chmod(0o755)
    (workspace.folder / "link").symlink_to("run.sh")
    assert workspace.snapshot("one")
    script.unlink()
    (workspace.folder / "dir").mkdir()
    assert workspace.restore("one")
    assert sorted(entry.name for entry in workspace.folder.iterdir()) == ["link", "run.sh"]
    assert script.stat().st_mode & 0o777 == 0o755
    assert (workspace.folder / "link").is_symlink()
    assert not workspace.restore("never made")


def test_a_workspace_too_large_is_not_copied(workspace: Workspace) -> None:
    with (workspace.folder / "big").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert not workspace.snapshot("one")
    assert not workspace.has_snapshot("one")
