"""From what a person types after --cluster to a driver."""

from __future__ import annotations

from labrunner.cluster.driver import ClusterDriver, ClusterError
from labrunner.paths import Home


def choose_cluster(wanted: str | None, name: str, home: Home) -> ClusterDriver:
    """`sim` (or None), `kind`, `context:NAME`. `name` names the cluster: a module's id. Raises ClusterError."""
    kind, _, argument = (wanted or "sim").partition(":")
    if kind == "sim":
        from labrunner.cluster.sim import SimulatedCluster

        return SimulatedCluster(name, home.cluster(name))
    if kind == "context" and argument:
        from labrunner.cluster.context import ContextCluster
        from labrunner.cluster.kubectl import find_kubectl

        return ContextCluster(argument, home.data / "contexts" / name, find_kubectl().path)
    if kind == "kind":
        from labrunner.cluster.kind import KindCluster

        return KindCluster(name, home.data / "kind" / name)
    raise ClusterError(
        f"{wanted!r} is not a cluster", "Use sim, kind, or context:NAME (see `kubectl config get-contexts`)."
    )
