"""`labrunner import` and `labrunner trust` as programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labrunner.content.pack import open_pack
from labrunner.lab.trust import TrustStore, is_trusted, pack_digest, what_runs
from labrunner.paths import Home

from .program import Program


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A scenario that prepares itself and verifies."""
    folder = tmp_path / "tour"
    folder.mkdir()
    step = {"title": "One", "text": "one.md", "verify": "verify.sh", "background": "setup.sh"}
    (folder / "index.json").write_text(json.dumps({"title": "Tour", "details": {"steps": [step]}}))
    (folder / "one.md").write_text("Do it.\n\n`kubectl get pods`{{exec}}\n")
    (folder / "verify.sh").write_text("#!/bin/bash\necho 'FAIL: not yet'\nexit 1\n")
    (folder / "setup.sh").write_text("echo prepared\x1b[2J\n")
    return folder


@pytest.fixture
def pack(program: Program, scenario: Path, tmp_path: Path) -> Path:
    program.run("import", scenario, "--output", tmp_path / "pack")
    return tmp_path / "pack"


def test_import_says_what_it_did(program: Program, scenario: Path, tmp_path: Path) -> None:
    done = program.run("import", scenario, "--output", tmp_path / "pack")
    assert "imported 1 module" in done.stdout and "labrunner trust" in done.stdout
    assert program.run("lint", tmp_path / "pack").returncode == 0
    again = program.run("import", scenario, "--output", tmp_path / "pack", code=2)
    assert "is not empty" in again.stderr and "--force" in again.stderr
    data = json.loads(
        program.run("import", scenario, "--output", tmp_path / "pack", "--force", "--json").stdout
    )
    assert data["modules"] == ["tour"] and data["counts"]["became"] >= 4


def test_import_refuses_with_a_reason(program: Program, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/index.json").write_text("{")
    assert (
        "this is no JSON"
        in program.run("import", tmp_path / "bad", "--output", tmp_path / "p", code=1).stderr
    )
    assert (
        "there is no" in program.run("import", tmp_path / "gone", "--output", tmp_path / "p", code=2).stderr
    )
    assert not (tmp_path / "p").exists()


def test_trust_shows_what_runs_and_remembers_it(program: Program, pack: Path, home: Home) -> None:
    assert not is_trusted(pack, home.data)
    refused = program.run("trust", pack, code=2)
    assert "no terminal" in refused.stderr and not is_trusted(pack, home.data)
    done = program.run("trust", pack, "--yes")
    for shown in ("setup cell", "check one-verified", "echo 'FAIL: not yet'", "echo prepared", "sha256"):
        assert shown in done.stdout, shown
    assert "\x1b" not in done.stdout
    assert is_trusted(pack, home.data)
    assert str(pack) in program.run("trust", "--list").stdout


def test_a_changed_pack_is_asked_about_again(program: Program, pack: Path, home: Home) -> None:
    program.run("trust", pack, "--yes")
    script = next((pack / "modules").rglob("*.sh"))
    before = script.read_bytes()
    script.write_bytes(before + b"\nrm -rf /\n")
    assert not is_trusted(pack, home.data)
    assert "has changed" in program.run("trust", "--list").stdout
    script.write_bytes(before)
    assert is_trusted(pack, home.data)
    script.chmod(0o600)
    assert not is_trusted(pack, home.data)


def test_trust_is_revoked(program: Program, pack: Path, home: Home) -> None:
    program.run("trust", pack, "--yes")
    program.run("trust", pack, "--revoke")
    assert not is_trusted(pack, home.data)
    assert "was not trusted" in program.run("trust", pack, "--revoke", code=1).stderr
    assert "No pack is trusted" in program.run("trust", "--list").stdout
    assert json.loads(program.run("trust", "--list", "--json").stdout)["packs"] == []


def test_trust_wants_a_pack(program: Program, tmp_path: Path) -> None:
    assert "is not a pack" in program.run("trust", tmp_path, "--yes", code=2).stderr


def test_a_damaged_record_trusts_nobody(pack: Path, tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "data")
    store.add(open_pack(pack))
    assert store.trusts(pack)
    for text in ("", "{", "[]", '{"packs": [1]}', '{"packs": [{"digest": 1}]}'):
        (tmp_path / "data/trust.json").write_text(text)
        assert not store.trusts(pack)


def test_the_digest_sees_names_links_and_contents(pack: Path) -> None:
    seen = {pack_digest(pack)}
    (pack / "new").write_text("")
    seen.add(pack_digest(pack))
    (pack / "new").rename(pack / "newer")
    seen.add(pack_digest(pack))
    (pack / "link").symlink_to("newer")
    seen.add(pack_digest(pack))
    (pack / "newer").write_text("x")
    seen.add(pack_digest(pack))
    assert len(seen) == 5


def test_what_runs_lists_cells_checks_and_programs(pack: Path) -> None:
    kinds = sorted(item.what.split()[0] for item in what_runs(open_pack(pack)))
    assert kinds == ["check", "program", "program", "setup"]
