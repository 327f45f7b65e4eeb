"""What every cluster driver can do. A lab session talks to a cluster through this and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from labrunner.content.requirements import Capabilities

DriverKind = Literal["sim", "kind", "context"]


class ClusterError(Exception):
    """A cluster could not be reached or changed. `remedy` is a sentence saying the way out."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of bringing a cluster up: `number` of `total`, counted from 1."""

    number: int
    total: int
    title: str


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """`detail` is a sentence for a person: where it listens, or why it does not run."""

    running: bool
    detail: str
    server: str = ""


OnStage = Callable[[Stage], None]


class ClusterDriver(Protocol):
    """One cluster. `label` is what a screen shows; `kubeconfig` is private to the lab and exists once `up` returned."""

    kind: DriverKind
    name: str
    simulated: bool

    @property
    def choice(self) -> str:
        """What a person types after --cluster to get it: sim, kind, context:NAME."""

    @property
    def label(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def kubeconfig(self) -> Path: ...

    async def up(self, on_stage: OnStage) -> None:
        """Create or reuse it. Raises ClusterError; what was begun is then cleaned up."""

    async def status(self) -> ClusterStatus:
        """Ask whether it answers, within two seconds."""

    async def suspend(self) -> None:
        """Give back what need not run while nobody is in the lab; `up` continues from the same state."""

    async def down(self) -> None:
        """Stop and remove it; only ever clusters labrunner made."""

    async def snapshot(self, name: str) -> bool:
        """Keep the cluster's whole state under `name`; False where this kind of cluster cannot."""

    async def restore(self, name: str) -> bool:
        """Return to a snapshot; False where there is none."""

    async def inventory(self) -> frozenset[str] | None:
        """Every object as `resource/namespace/name`, without events and leases; None where that cannot be listed."""


class RealCluster:
    """What no cluster of real nodes can do: go back, or tell what in it is the lab's alone."""

    async def snapshot(self, name: str) -> bool:  # noqa: ARG002 - the protocol's shape
        """Never kept."""
        return False

    async def restore(self, name: str) -> bool:  # noqa: ARG002
        """Never possible."""
        return False

    async def inventory(self) -> frozenset[str] | None:
        """Unknown: such a cluster makes objects of its own all the time, and others may work on it too."""
        return None
