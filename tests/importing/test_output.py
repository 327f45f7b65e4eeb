"""Where an import writes, and where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from labrunner.importing import packing
from labrunner.importing.account import ImportRefusedError
from labrunner.importing.recognition import import_source

from .sources import scenario, write_tree

LAB = "# L\n\n## s\ntext\n"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    write_tree(tmp_path / "s", {"lab.md": LAB})
    return tmp_path / "s/lab.md"


def test_a_folder_that_holds_something_is_not_overwritten(lab: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "out", {"mine": "x"})
    for force in (False, True):
        with pytest.raises(ImportRefusedError) as refused:
            import_source(lab, tmp_path / "out", force=force)
        assert refused.value.usage
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_force_replaces_an_earlier_import(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    import_source(lab, tmp_path / "out")
    (tmp_path / "out/modules/lab/old").write_text("x")
    with pytest.raises(ImportRefusedError, match="not empty"):
        import_source(lab, tmp_path / "out")
    import_source(lab, tmp_path / "out", force=True)
    assert not (tmp_path / "out/modules/lab/old").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "s"]


def test_the_output_may_not_hold_the_source_nor_be_a_link(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for output in (tmp_path / "s", tmp_path, tmp_path / "link", lab):
        with pytest.raises(ImportRefusedError):
            import_source(lab, output, force=True)
    assert lab.read_text() == LAB


def test_nothing_is_left_of_an_import_that_fails(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_source(lab, tmp_path / "out")
    before = (tmp_path / "out/modules/lab/module.md").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "_put", full)
    with pytest.raises(OSError, match="No space"):
        import_source(lab, tmp_path / "out", force=True)
    assert (tmp_path / "out/modules/lab/module.md").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "s"]


def test_the_account_has_file_and_line_of_the_source(tmp_path: Path) -> None:
    write_tree(tmp_path / "s", scenario({"one.md": "a\n\nb\n\n`ls`{{exec}}\n\n<!-- no -->\n"}))
    account = import_source(tmp_path / "s", tmp_path / "out")
    told = {(entry.path, entry.line, entry.fate) for entry in account.entries}
    assert ("one.md", 5, "became") in told and ("one.md", 7, "left out") in told
    report = (tmp_path / "out/IMPORT.md").read_text()
    assert "| one.md:7 | comment | it was not shown |" in report
    data = account.as_json(tmp_path / "out")
    assert data["modules"] == ["s"] and data["counts"] == account.counts()


def test_the_account_cannot_be_broken_by_what_it_tells(tmp_path: Path) -> None:
    tree = scenario({"one.md": "x"}, **{"a|b`<script>\n# c": 1})
    write_tree(tmp_path / "s", tree)
    import_source(tmp_path / "s", tmp_path / "out")
    rows = [line for line in (tmp_path / "out/IMPORT.md").read_text().split("\n") if "index.json" in line]
    assert rows and all(line.count("|") - line.count("\\|") == 4 for line in rows)
