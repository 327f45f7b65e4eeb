"""A cluster the learner already has: read through a private copy, never written, never removed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.program import Program

from labrunner.cluster.choice import choose_cluster
from labrunner.cluster.context import ContextCluster
from labrunner.cluster.driver import ClusterError
from labrunner.cluster.kubectl import find_kubectl
from labrunner.paths import Home
from labrunner.sim import process

WHOLE_LAB = (
    "all\nverify\nnext\nall\nverify\nnext\n$ kubectl -n tiny scale deploy/web --replicas=3\nverify\nnext\n"
)


@pytest.fixture
def served(tmp_path: Path, home: Home) -> Iterator[Path]:
    """A kubeconfig of the learner's whose only context `mine` is a cluster of its own, served elsewhere."""
    folder = tmp_path / "elsewhere"
    running = process.start(folder)
    text = running.kubeconfig.read_text()
    kubeconfig = tmp_path / "user" / ".kube" / "config"
    kubeconfig.parent.mkdir()
    import yaml

    config = yaml.safe_load(text)
    config["contexts"][0]["name"] = "mine"
    config["current-context"] = "mine"
    kubeconfig.write_text(yaml.safe_dump(config))
    kubeconfig.chmod(0o600)
    yield kubeconfig
    process.stop(folder)


def test_a_whole_lab_on_a_context_of_the_learners(served: Path, clean_environment, home: Home) -> None:
    before = served.read_bytes()
    program = Program(clean_environment)
    done = program.run("run", "tiny", "--plain", "--cluster", "context:mine", typed=WHOLE_LAB)
    assert "100% of the checks" in done.stdout
    assert "SIMULATED" not in done.stdout, "labrunner does not know that this one is simulated"
    assert served.read_bytes() == before
    (copy,) = (home.data / "contexts").rglob("kubeconfig")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert process.status(served.parents[2] / "elsewhere").running, "not ours to stop"


def test_a_lab_begun_on_a_context_resumes_there(served: Path, clean_environment) -> None:
    program = Program(clean_environment)
    program.run("run", "tiny", "--plain", "--cluster", "context:mine", typed="all\nverify\nquit\n")
    done = program.run("run", "tiny", "--plain", typed="$ kubectl config current-context\nquit\n")
    assert "resumed" in done.stdout and "cluster: mine" in done.stdout


def test_the_copy_is_private_even_over_an_open_one(served: Path, home: Home) -> None:
    folder = home.data / "contexts" / "tiny"
    folder.mkdir(parents=True)
    (folder / "kubeconfig").write_text("old")
    (folder / "kubeconfig").chmod(0o644)
    cluster = ContextCluster("mine", folder, find_kubectl().path)
    asyncio.run(cluster.up(lambda _: None))
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600
    asyncio.run(cluster.down())
    assert not cluster.kubeconfig.exists()
    assert served.exists()


def test_an_unknown_context_is_refused_with_the_way_out(served: Path, clean_environment) -> None:
    done = Program(clean_environment).run("run", "tiny", "--plain", "--cluster", "context:other", code=3)
    assert "'other'" in done.stderr and "get-contexts" in done.stderr


def test_a_context_that_does_not_answer_is_said(served: Path, clean_environment) -> None:
    process.stop(served.parents[2] / "elsewhere")
    done = Program(clean_environment).run("run", "tiny", "--plain", "--cluster", "context:mine", code=3)
    assert "does not answer" in done.stderr and "--cluster sim" in done.stderr


@pytest.mark.parametrize("wanted", ["moon", "context", "context:", "SIM"])
def test_what_is_no_cluster_is_refused(home: Home, wanted: str) -> None:
    from lab.rig import sample

    with pytest.raises(ClusterError) as caught:
        choose_cluster(wanted, sample("tiny"), home)
    assert "context:NAME" in caught.value.remedy
