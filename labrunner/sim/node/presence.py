"""Which nodes are lived here, and whether anybody is at home."""

from __future__ import annotations

from typing import Final

from labrunner.sim.objects import Obj, annotations_of, get_path

KUBELET: Final = "simulated.labrunner.dev/kubelet"
"""Annotation of a node: with the value ``stopped`` its kubelet does nothing, as if it had been stopped."""


def is_simulated(node: Obj) -> bool:
    """Whether *node* is one of those lived here, rather than one a learner has made up."""
    runtime = get_path(node, "status", "nodeInfo", "containerRuntimeVersion", default="")
    return str(runtime).startswith("simulated://")


def is_stopped(node: Obj) -> bool:
    """Whether a lab has stopped the kubelet of a simulated node."""
    return is_simulated(node) and annotations_of(node).get(KUBELET) == "stopped"
