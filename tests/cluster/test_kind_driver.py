"""The kind driver against a stand-in that says what the real kind 0.33 says (stderr lines, exit codes)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labrunner.cluster.driver import ClusterError, Stage
from labrunner.cluster.kind import KindCluster, explained

CREATES = """#!/bin/sh
echo "$KUBECONFIG $*" >> "{log}"
case "$1 $2" in
"get clusters") [ -e "{up}" ] && echo labrunner-mesh || echo "No kind clusters found." >&2;;
"create cluster")
  echo 'Creating cluster "labrunner-mesh" ...' >&2
  for stage in "Ensuring node image (kindest/node:v1.37.0)" "Preparing nodes" "Writing configuration" \\
    "Starting control-plane" "Installing CNI" "Installing StorageClass"; do
    echo " • $stage  ..." >&2; echo " ✓ $stage" >&2
  done
  {outcome}
  while [ "$1" != --kubeconfig ]; do shift; done; echo "kind: Config" > "$2"; touch "{up}";;
"delete cluster") rm -f "{up}";;
esac
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, Path]:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    return {"bin": binaries, "log": tmp_path / "log", "up": tmp_path / "up", "private": tmp_path / "private"}


def driver(stand_in: dict[str, Path], outcome: str = ":") -> KindCluster:
    kind = stand_in["bin"] / "kind"
    kind.write_text(CREATES.format(log=stand_in["log"], up=stand_in["up"], outcome=outcome))
    kind.chmod(0o755)
    kubectl = stand_in["bin"] / "kubectl"
    kubectl.write_text('#!/bin/sh\necho \'{"clientVersion": {"major": "1", "minor": "37"}}\'\n')
    kubectl.chmod(0o755)
    source = {"PATH": f"{stand_in['bin']}:{os.defpath}", "KUBECONFIG": "/learner/config"}
    return KindCluster("mesh", stand_in["private"], source=source)


async def test_creation_tells_its_stages_and_never_sees_the_learners_kubeconfig(
    stand_in: dict[str, Path],
) -> None:
    cluster, stages = driver(stand_in), list[Stage]()
    await cluster.up(stages.append)
    assert [stage.number for stage in stages] == [1, 2, 3, 4, 5, 6]
    assert cluster.kubeconfig.exists()
    assert "/learner/config" not in stand_in["log"].read_text()
    assert (await cluster.status()).running


async def test_a_cluster_that_runs_is_used_again(stand_in: dict[str, Path]) -> None:
    cluster = driver(stand_in)
    await cluster.up(lambda _: None)
    await cluster.up(lambda _: None)
    assert stand_in["log"].read_text().count("create cluster") == 1


async def test_a_failed_creation_is_cleaned_up_and_explained(stand_in: dict[str, Path]) -> None:
    said = (
        'echo "ERROR: failed to create cluster: failed to pull image \\"kindest/node:v1.37.0\\"" >&2; exit 1'
    )
    with pytest.raises(ClusterError, match="node image cannot be pulled"):
        await driver(stand_in, outcome=said).up(lambda _: None)
    assert "delete cluster --name labrunner-mesh" in stand_in["log"].read_text()


async def test_only_a_cluster_this_lab_made_is_deleted(stand_in: dict[str, Path]) -> None:
    cluster = driver(stand_in)
    stand_in["up"].touch()
    await cluster.down()
    assert stand_in["up"].exists()
    await cluster.up(lambda _: None)
    await cluster.down()
    assert not stand_in["up"].exists()


async def test_without_kind_the_remedy_names_the_simulated_cluster(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="kind is not installed") as caught:
        await KindCluster("mesh", tmp_path, source={"PATH": str(tmp_path)}).up(lambda _: None)
    assert "--cluster sim" in caught.value.remedy


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        (
            'command "docker ps" failed with error: exec: "docker": executable file not found in $PATH',
            "no container engine",
        ),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "Docker does not run"),
        ('node(s) already exist for a cluster with the name "lab"', "not this lab's"),
        ("something nobody has seen", "something nobody has seen"),
    ],
)
def test_kinds_errors_in_plain_words(said: str, plain: str) -> None:
    assert plain in str(explained(f"ERROR: failed to create cluster: {said}"))
