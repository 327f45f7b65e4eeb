"""A kind cluster, through kind's own command line. Progress and errors come on stderr, every failure exits with 1."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from labrunner.cluster import process
from labrunner.cluster.driver import ClusterError, ClusterStatus, DriverKind, OnStage, RealCluster, Stage
from labrunner.cluster.kubectl import find_kubectl
from labrunner.content.requirements import REAL, Capabilities

PREFIX = "labrunner-"
"""Only clusters of this prefix, with their kubeconfig in our folder, are ours to delete."""
WAIT = "180s"

STAGES = (
    ("Ensuring node image", "Getting the node image (about 1 GB the first time)"),
    ("Preparing nodes", "Preparing the node containers"),
    ("Writing configuration", "Writing the configuration"),
    ("Starting control-plane", "Starting the control plane"),
    ("Installing CNI", "Installing the pod network"),
    ("Installing StorageClass", "Installing the storage class"),
    ("Joining worker nodes", "Joining the worker nodes"),
    ("Waiting", "Waiting until the nodes are ready"),
)
"""How kind's progress lines begin, and what a learner reads."""

TROUBLES = (
    (
        r"executable file not found|not found in \$PATH",
        "there is no container engine here",
        "Install Docker or Podman",
    ),
    (
        r"[Cc]annot connect to the Docker daemon|Is the docker daemon running",
        "Docker does not run",
        "Start Docker",
    ),
    (r"permission denied", "you may not use Docker", "Add yourself to the docker group and log in again"),
    (
        r"failed to pull image",
        "the node image cannot be pulled",
        "Check the network, or load the image beforehand",
    ),
    (
        r"port is already allocated|address already in use",
        "a port the profile maps is taken",
        "Stop its holder",
    ),
    (
        r"already exist",
        "a cluster of this name exists and is not this lab's",
        "Delete it with `kind delete cluster`",
    ),
)
"""What kind says (a pattern), in plain words, and the way out."""


class KindCluster(RealCluster):
    """`directory` holds its private kubeconfig, which is also the mark that the cluster is ours."""

    kind: DriverKind = "kind"
    simulated = False

    def __init__(
        self, name: str, directory: Path, profile: Path | None = None, source: Mapping[str, str] | None = None
    ) -> None:
        self.name = PREFIX + name
        self._directory = directory
        self._profile = profile
        # kind must not see the learner's KUBECONFIG: it would write its context there.
        self._environment = {**(os.environ if source is None else source), "KUBECONFIG": str(self.kubeconfig)}

    @property
    def choice(self) -> str:
        return "kind"

    @property
    def label(self) -> str:
        return f"kind-{self.name}"

    @property
    def capabilities(self) -> Capabilities:
        return REAL

    @property
    def kubeconfig(self) -> Path:
        return self._directory / "kubeconfig"

    async def up(self, on_stage: OnStage) -> None:
        kind = self._binary()
        if (await self.status()).running:
            return
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [
            kind,
            "create",
            "cluster",
            "--name",
            self.name,
            "--kubeconfig",
            str(self.kubeconfig),
            "--wait",
            WAIT,
        ]
        if self._profile is not None:
            command += ["--config", str(self._profile)]

        def tell(line: str) -> None:
            for number, (begins, title) in enumerate(STAGES, 1):
                if begins in line and "•" in line:
                    on_stage(Stage(number, len(STAGES), title))

        existed = await self._exists()
        code, said = await process.follow(command, self._environment, tell)
        if code != 0:
            if not existed:
                await process.run([kind, "delete", "cluster", "--name", self.name], self._environment)
            raise explained(said)

    async def status(self) -> ClusterStatus:
        if not self.kubeconfig.exists() or not await self._exists():
            return ClusterStatus(False, "this lab's kind cluster has not been created")
        kubectl = find_kubectl(self._environment.get("PATH")).path
        command = [str(kubectl), "get", "--raw", "/readyz", "--request-timeout=2s"]
        code, _, err = await process.run(command, self._environment)
        if code != 0:
            return ClusterStatus(False, f"{self.name} does not answer: {err.strip()[-200:]}")
        return ClusterStatus(True, f"kind cluster {self.name}")

    async def suspend(self) -> None:
        """Leave it running: starting a kind cluster takes a minute."""

    async def down(self) -> None:
        if self.kubeconfig.exists():
            code, _, err = await process.run(
                [
                    self._binary(),
                    "delete",
                    "cluster",
                    "--name",
                    self.name,
                    "--kubeconfig",
                    str(self.kubeconfig),
                ],
                self._environment,
            )
            if code != 0:
                raise explained(err)
            self.kubeconfig.unlink(missing_ok=True)

    async def _exists(self) -> bool:
        code, out, err = await process.run([self._binary(), "get", "clusters"], self._environment)
        if code != 0:
            raise explained(err)
        return self.name in out.split()

    def _binary(self) -> str:
        kind = shutil.which("kind", path=self._environment.get("PATH"))
        if kind is None:
            raise ClusterError(
                "kind is not installed",
                "Install kind and Docker, or use the simulated cluster: --cluster sim.",
            )
        return kind


def explained(said: str) -> ClusterError:
    """Kind's error in plain words, with the way out; its own last line where we know no better."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")] or said.splitlines()[-1:]
    text = errors[0].removeprefix("ERROR: ") if errors else "kind failed without a word"
    for pattern, plain, remedy in TROUBLES:
        if re.search(pattern, said):
            return ClusterError(f"{plain} (kind says: {text[:200]})", f"{remedy}, or use --cluster sim.")
    return ClusterError(
        f"kind failed: {text[:300]}", "See `kind create cluster` by hand, or use --cluster sim."
    )
