"""`labrunner sim compare`: on a second cluster, with its name typed, and never without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labrunner.sim import process

CONTEXT = "labrunner-simulated"


@pytest.fixture
def someones_cluster(tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of a cluster that stands for a real one."""
    yield process.start(tmp_path / "theirs").kubeconfig
    process.stop(tmp_path / "theirs")


def _compare(kubeconfig: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "labrunner", "sim", "compare", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(home), "COLUMNS": "100"},
    )


def test_nothing_is_changed_on_a_cluster_whose_name_was_not_typed(
    someones_cluster: Path, tmp_path: Path
) -> None:
    done = _compare(someones_cluster, tmp_path, "custom-kinds", "--context", CONTEXT)
    assert done.returncode == 2
    assert "not confirmed; nothing was changed" in done.stderr
    assert f"--confirm {CONTEXT}" in done.stderr


@pytest.mark.slow
def test_both_clusters_are_replayed_and_what_is_left_behind_is_named(
    someones_cluster: Path, tmp_path: Path
) -> None:
    session = tmp_path / "sessions" / "mine"
    session.mkdir(parents=True)
    (session / "commands.txt").write_text(
        "kubectl create namespace labrunner-mine\nkubectl get namespace labrunner-mine\nkubectl get nosuch\n"
    )
    before = someones_cluster.read_bytes()
    done = _compare(
        someones_cluster,
        tmp_path,
        "--sessions",
        str(session),
        "--context",
        CONTEXT,
        "--confirm",
        CONTEXT,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    assert result["truth"] == CONTEXT
    assert result["scores"]["simulated"]["codes"] == result["commands"] == 3
    assert f"Left behind on {CONTEXT}" in done.stderr
    assert "namespace/labrunner-mine" in done.stderr
    assert someones_cluster.read_bytes() == before


def test_sessions_nobody_recorded_need_a_cluster(tmp_path: Path) -> None:
    done = _compare(tmp_path / "none", tmp_path)
    assert done.returncode == 2
    assert "nothing to compare the simulated cluster with" in done.stderr
    assert "--context NAME" in done.stderr


def test_an_unknown_session_names_the_known_ones(tmp_path: Path) -> None:
    done = _compare(tmp_path / "none", tmp_path, "nosuch", "--context", "x")
    assert done.returncode == 2
    assert "custom-kinds" in done.stderr


def test_an_unknown_context_says_how_to_see_the_names(someones_cluster: Path, tmp_path: Path) -> None:
    done = _compare(someones_cluster, tmp_path, "--context", "nosuch")
    assert done.returncode == 3
    assert "no usable context 'nosuch'" in done.stderr
    assert "get-contexts" in done.stderr
