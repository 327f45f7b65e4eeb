"""What a lab needs of a cluster and what a cluster gives: one vocabulary of ordered levels.

See CONTENT.md, *Clusters*. A missing level means "none asked".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "identity": ("none", "impersonation", "enforced"),
        "scheduling": ("none", "basic", "real"),
        "containers": ("none", "lifecycle", "run"),
        "network": ("none", "endpoints", "traffic"),
        "storage": ("none", "binding", "real"),
        "metrics": ("none", "real"),
        "mesh": ("none", "crds", "dataplane"),
    }
)
"""Each capability with its levels, weakest first."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One capability that is asked at `wanted` and given at `given`."""

    capability: str
    wanted: str
    given: str


@dataclass(frozen=True, slots=True)
class Requirements:
    """What is asked: capability levels, CRD sets (`istio>=1.24`), tools (`istioctl>=1.28`), modules, memory in bytes.

    `api` is a minimum such as ">=1.29"; `groups` are API groups and `controllers` names that must be there.
    """

    cluster: tuple[tuple[str, str], ...] = ()
    api: str | None = None
    crds: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    memory: int | None = None
    groups: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()

    def shortfalls(self, given: Capabilities) -> tuple[Shortfall, ...]:
        """The capabilities that `given` does not reach, in the order they were asked."""
        missing = []
        for capability, wanted in self.cluster:
            has = given.level(capability)
            levels = LEVELS[capability]
            if levels.index(has) < levels.index(wanted):
                missing.append(Shortfall(capability, wanted, has))
        return tuple(missing)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a cluster gives, capability by capability."""

    levels: tuple[tuple[str, str], ...] = ()

    def level(self, capability: str) -> str:
        """The level given; the weakest when nothing is said."""
        return dict(self.levels).get(capability, LEVELS[capability][0])


SIMULATED = Capabilities(
    (
        ("identity", "enforced"),
        ("scheduling", "basic"),
        ("containers", "lifecycle"),
        ("network", "endpoints"),
        ("storage", "binding"),
        ("metrics", "none"),
        ("mesh", "crds"),
    )
)
REAL = Capabilities(
    (
        ("identity", "enforced"),
        ("scheduling", "real"),
        ("containers", "run"),
        ("network", "traffic"),
        ("storage", "real"),
        ("metrics", "none"),
        ("mesh", "crds"),
    )
)
"""A plain kind cluster: no metrics server and no mesh until a lab installs them."""
