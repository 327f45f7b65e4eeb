"""Any existing cluster, through a private copy of one context of the learner's kubeconfig."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from labrunner.cluster import process
from labrunner.cluster.driver import ClusterError, ClusterStatus, DriverKind, OnStage, RealCluster, Stage
from labrunner.content.requirements import REAL, Capabilities


class ContextCluster(RealCluster):
    """A cluster the learner already has. Their kubeconfig is read once, never written.

    `kubectl` is the binary to ask with; `source` the learner's environment (its KUBECONFIG is what is read).
    """

    kind: DriverKind = "context"
    simulated = False

    def __init__(
        self, context: str, directory: Path, kubectl: Path, source: Mapping[str, str] | None = None
    ) -> None:
        self.name = context
        self._directory = directory
        self._kubectl = kubectl
        self._source = dict(os.environ if source is None else source)

    @property
    def choice(self) -> str:
        return f"context:{self.name}"

    @property
    def label(self) -> str:
        return self.name

    @property
    def capabilities(self) -> Capabilities:
        return REAL

    @property
    def kubeconfig(self) -> Path:
        return self._directory / "kubeconfig"

    async def up(self, on_stage: OnStage) -> None:
        on_stage(Stage(1, 2, f"Copying context {self.name}"))
        code, out, err = await process.run(
            [
                str(self._kubectl),
                "config",
                "view",
                "--raw",
                "--minify",
                "--flatten",
                "--context",
                self.name,
                "-o",
                "json",
            ],
            self._source,
        )
        if code != 0:
            raise ClusterError(
                f"your kubeconfig has no usable context {self.name!r}: {err.strip()}",
                "See the names with `kubectl config get-contexts`, then use --cluster context:NAME.",
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # An earlier copy keeps its own mode through O_CREAT.
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(out)
        on_stage(Stage(2, 2, "Asking the cluster for its version"))
        status = await self.status()
        if not status.running:
            raise ClusterError(
                f"the cluster of context {self.name!r} does not answer: {status.detail}",
                "Start it, check your network or VPN, or use the simulated cluster: --cluster sim.",
            )

    async def status(self) -> ClusterStatus:
        if not self.kubeconfig.exists():
            return ClusterStatus(False, "not connected yet")
        code, out, err = await process.run(
            [
                str(self._kubectl),
                "--kubeconfig",
                str(self.kubeconfig),
                "version",
                "-o",
                "json",
                "--request-timeout=2s",
            ],
            self._source,
        )
        if code != 0:
            return ClusterStatus(
                False, err.strip().splitlines()[-1] if err.strip() else f"kubectl exited with {code}"
            )
        version = json.loads(out).get("serverVersion", {}).get("gitVersion", "unknown version")
        return ClusterStatus(True, f"Kubernetes {version}")

    async def suspend(self) -> None:
        """Nothing to do: the cluster is not ours to stop."""

    async def down(self) -> None:
        """Forget the private copy. The cluster is not ours: nothing of it is removed."""
        self.kubeconfig.unlink(missing_ok=True)
