"""From what a person types after --cluster to a driver."""

from __future__ import annotations

from pathlib import Path

from labrunner.cluster.driver import ClusterDriver, ClusterError
from labrunner.content.models import Module
from labrunner.paths import Home


def choose_cluster(wanted: str | None, module: Module, home: Home) -> ClusterDriver:
    """The cluster of a module's lab: `sim` (or None), `kind`, `context:NAME`; ClusterError for anything else."""
    name = module.id
    kind, _, argument = (wanted or "sim").partition(":")
    if kind == "sim":
        from labrunner.cluster.sim import SimulatedCluster

        return SimulatedCluster(name, home.cluster(name), module.kind_sets)
    if kind == "context" and argument:
        from labrunner.cluster.context import ContextCluster
        from labrunner.cluster.kubectl import find_kubectl

        return ContextCluster(argument, home.data / "contexts" / name, find_kubectl().path)
    if kind == "kind":
        from labrunner.cluster.kind import KindCluster

        return KindCluster(name, home.data / "kind" / name, _profile(module))
    raise ClusterError(
        f"{wanted!r} is not a cluster", "Use sim, kind, or context:NAME (see `kubectl config get-contexts`)."
    )


def _profile(module: Module) -> Path | None:
    """The kind configuration the module names, in its pack; None where it names none."""
    profile = module.clusters[0].profile
    return module.folder.parents[1] / profile if profile else None
