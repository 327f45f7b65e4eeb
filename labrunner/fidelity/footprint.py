"""What a cluster holds outside the namespaces that a session makes and removes, so that leftovers are named."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from labrunner.fidelity.replay import Target

_COME_AND_GO = frozenset(
    {
        "certificatesigningrequests.certificates.k8s.io",
        "componentstatuses",
        "csinodes.storage.k8s.io",
        "ipaddresses.networking.k8s.io",
        "nodes",
        "nodes.metrics.k8s.io",
        "volumeattachments.storage.k8s.io",
    }
)
"""Kinds whose objects the cluster itself makes at any time."""


def footprint(target: Target) -> frozenset[str]:
    """``resource/name`` of every cluster-scoped object, and of every object in the namespace ``default``."""
    cluster_scoped = [kind for kind in _kinds(target, namespaced=False) if kind not in _COME_AND_GO]
    in_default = [kind for kind in _kinds(target, namespaced=True) if not kind.startswith("events")]
    return frozenset(_names(target, cluster_scoped)) | {
        f"{name} (in default)" for name in _names(target, in_default, "--namespace=default")
    }


def _kinds(target: Target, *, namespaced: bool) -> list[str]:
    return _ask(
        target,
        ["api-resources", f"--namespaced={str(namespaced).lower()}", "--verbs=list,delete", "-o", "name"],
    )


def _names(target: Target, kinds: Sequence[str], *options: str) -> list[str]:
    return (
        _ask(target, ["get", ",".join(kinds), "-o", "name", "--ignore-not-found", *options]) if kinds else []
    )


def _ask(target: Target, arguments: Sequence[str]) -> list[str]:
    done = subprocess.run(
        [str(target.kubectl), *arguments],
        env=target.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()
