"""Defaults of apps/v1 workloads and ReplicationControllers."""

from __future__ import annotations

from labrunner.sim.defaults.core import claim
from labrunner.sim.defaults.fill import default, default_text, items, section
from labrunner.sim.defaults.pod import template
from labrunner.sim.objects import Obj


def deployment(obj: Obj) -> None:
    """A Deployment."""
    spec = section(obj, "spec")
    template(spec)
    default(spec, "replicas", 1)
    strategy = section(spec, "strategy")
    default_text(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = section(strategy, "rollingUpdate")
        default(rolling, "maxUnavailable", "25%")
        default(rolling, "maxSurge", "25%")
    default(spec, "revisionHistoryLimit", 10)
    default(spec, "progressDeadlineSeconds", 600)


def replica_set(obj: Obj) -> None:
    """A ReplicaSet."""
    spec = section(obj, "spec")
    if spec.get("template") is not None:
        template(spec)
    default(spec, "replicas", 1)


def stateful_set(obj: Obj) -> None:
    """A StatefulSet, its claim templates included."""
    spec = section(obj, "spec")
    template(spec)
    default_text(spec, "podManagementPolicy", "OrderedReady")
    strategy = section(spec, "updateStrategy")
    default_text(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        default(section(strategy, "rollingUpdate"), "partition", 0)
    policy = section(spec, "persistentVolumeClaimRetentionPolicy")
    default_text(policy, "whenDeleted", "Retain")
    default_text(policy, "whenScaled", "Retain")
    default(spec, "replicas", 1)
    default(spec, "revisionHistoryLimit", 10)
    for found in items(spec, "volumeClaimTemplates"):
        default_text(found, "apiVersion", "v1")
        default_text(found, "kind", "PersistentVolumeClaim")
        section(found, "metadata")
        claim(found)


def daemon_set(obj: Obj) -> None:
    """A DaemonSet."""
    spec = section(obj, "spec")
    template(spec)
    strategy = section(spec, "updateStrategy")
    default_text(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = section(strategy, "rollingUpdate")
        default(rolling, "maxUnavailable", 1)
        default(rolling, "maxSurge", 0)
    default(spec, "revisionHistoryLimit", 10)


def replication_controller(obj: Obj) -> None:
    """A ReplicationController: its template's labels stand in for a selector and for labels."""
    spec = section(obj, "spec")
    if spec.get("template") is not None:
        template(spec)
        found = spec["template"]["metadata"].get("labels")
        if found:
            if not spec.get("selector"):
                spec["selector"] = dict(found)
            meta = section(obj, "metadata")
            if not meta.get("labels"):
                meta["labels"] = dict(found)
    default(spec, "replicas", 1)
