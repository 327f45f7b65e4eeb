"""The simulated cluster as a driver: its state outlives its process, and its snapshots are whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from lab.rig import await_end

from labrunner.cluster.driver import ClusterError, Stage
from labrunner.cluster.kubectl import bundled_kubectl
from labrunner.cluster.sim import SimulatedCluster
from labrunner.paths import Home


@pytest.fixture
def cluster(home: Home) -> SimulatedCluster:
    return SimulatedCluster("one", home.cluster("one"))


def kubectl(cluster: SimulatedCluster, *arguments: str) -> str:
    done = subprocess.run(
        [str(bundled_kubectl()), "--kubeconfig", str(cluster.kubeconfig), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


async def test_state_outlives_suspend_and_kill(cluster: SimulatedCluster) -> None:
    stages: list[Stage] = []
    await cluster.up(stages.append)
    assert [(stage.number, stage.total) for stage in stages] == [(1, 1)]
    assert (await cluster.status()).running
    kubectl(cluster, "create", "configmap", "kept")
    await cluster.suspend()
    assert not (await cluster.status()).running
    await cluster.up(stages.append)
    assert kubectl(cluster, "get", "configmap", "kept", "-o", "name") == "configmap/kept"
    server = cluster.kubeconfig.read_text()
    pid = json.loads((cluster.directory / "server.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    assert await_end(pid)
    await cluster.up(stages.append)
    assert kubectl(cluster, "get", "configmap", "kept", "-o", "name") == "configmap/kept"
    assert cluster.kubeconfig.read_text() == server, "shells that stand open keep working"


async def test_a_snapshot_brings_everything_back(cluster: SimulatedCluster) -> None:
    await cluster.up(lambda _: None)
    kubectl(cluster, "create", "configmap", "before")
    assert await cluster.snapshot("here")
    before = await cluster.inventory()
    kubectl(cluster, "delete", "configmap", "before")
    kubectl(cluster, "create", "configmap", "after")
    assert await cluster.restore("here")
    assert await cluster.inventory() == before
    assert "configmaps/default/before" in (before or ())
    assert not await cluster.restore("never-made")


async def test_what_only_passes_is_nobodys_leftover(cluster: SimulatedCluster) -> None:
    await cluster.up(lambda _: None)
    kubectl(cluster, "run", "pod", "--image=nginx")
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/pod", "--timeout=10s")
    assert "pods/default/pod" in (keys := await cluster.inventory() or frozenset())
    assert not [key for key in keys if key.startswith(("events", "leases"))]


async def test_a_cluster_that_is_down_is_said_not_waited_for(cluster: SimulatedCluster) -> None:
    await cluster.up(lambda _: None)
    await cluster.suspend()
    with pytest.raises(ClusterError) as caught:
        await cluster.snapshot("x")
    assert caught.value.remedy


async def test_a_cluster_that_cannot_start_says_why(home: Home, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")
    cluster = SimulatedCluster("one", tmp_path / "in-the-way" / "one")
    with pytest.raises(ClusterError) as caught:
        await cluster.up(lambda _: None)
    assert caught.value.remedy


async def test_a_start_that_is_called_off_leaves_nothing_unseen(cluster: SimulatedCluster) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(cluster.up(lambda _: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await cluster.suspend()
    assert not (await cluster.status()).running


async def test_kinds_are_served_from_the_start_and_a_second_start_changes_nothing(home: Home) -> None:
    cluster = SimulatedCluster("meshed", home.cluster("meshed"), kinds=["istio>=1.24"])
    stages: list[Stage] = []
    await cluster.up(stages.append)
    assert [stage.title for stage in stages][1:] == ["Serving the kinds of istio>=1.24"]
    assert kubectl(cluster, "get", "peerauthentications").startswith("No resources found")
    before = await cluster.inventory()
    await cluster.up(stages.append)
    assert await cluster.inventory() == before
    await cluster.down()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("isto", "there are no kinds called 'isto'"), ("istio>=99", "asks for istio>=99")],
)
async def test_kinds_that_are_not_there_are_refused_with_a_way_out(
    home: Home, wanted: str, said: str
) -> None:
    cluster = SimulatedCluster("meshed", home.cluster("meshed"), kinds=[wanted])
    with pytest.raises(ClusterError, match=said) as caught:
        await cluster.up(lambda _: None)
    assert "--cluster kind" in caught.value.remedy
    await cluster.down()
