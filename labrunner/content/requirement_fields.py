"""Reading `requires:` of a module or step and `needs:` of a check."""

from __future__ import annotations

from typing import Any

from labrunner.content import nodes
from labrunner.content.fields import (
    INVALID,
    MEMORY,
    TEXT,
    TEXTS,
    Choice,
    Field,
    ListOf,
    Record,
    Text,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.nodes import Node
from labrunner.content.requirements import LEVELS, Requirements
from labrunner.content.versions import NAME_WITH_RANGE

_VERSIONED_NAMES = ListOf(
    Text("a name, maybe with a version", NAME_WITH_RANGE, "write it like istioctl>=1.28"), single=True
)

CLUSTER_FIELDS = {
    "api": Field(TEXT, "the lowest API version, such as >=1.29"),
    "groups": Field(TEXTS, "API groups that must be served"),
    "controllers": Field(TEXTS, "controllers that must be running"),
    "crds": Field(_VERSIONED_NAMES, "sets of CRDs, such as istio>=1.24"),
    **{name: Field(Choice(levels), f"one of {', '.join(levels)}") for name, levels in LEVELS.items()},
}
CLUSTER = Record("the cluster needs", CLUSTER_FIELDS)

REQUIRES_FIELDS = {
    "tools": Field(_VERSIONED_NAMES, "programs on PATH, such as istioctl>=1.28"),
    "modules": Field(TEXTS, "modules to do first"),
    "memory": Field(MEMORY, "free memory, such as 6Gi"),
}
MODULE_REQUIRES = Record(
    "requires",
    {"cluster": Field(CLUSTER, "what the cluster must give"), **REQUIRES_FIELDS},
    aliases={name: f"cluster: {{{name}: …}}" for name in CLUSTER_FIELDS},
)
STEP_REQUIRES = Record("the needs of this step", {**MODULE_REQUIRES.fields, **CLUSTER_FIELDS})


def read_requires(node: Node, findings: Findings) -> Any:
    """The `requires:` of a module's front matter."""
    return _requirements(MODULE_REQUIRES.read(node, findings))


def read_needs(node: Node, findings: Findings) -> Any:
    """The `requires:` of a step or `needs:` of a check, where the levels may stand without `cluster:` around them."""
    if not isinstance(node, nodes.Mapping):
        return wrong_type(node, "a map of needs", findings, "write it like {containers: run}")
    return _requirements(STEP_REQUIRES.read(node, findings))


def _requirements(values: Any) -> Any:
    if values is INVALID:
        return INVALID
    cluster = {**values.get("cluster", {}), **{key: values[key] for key in CLUSTER_FIELDS if key in values}}
    return Requirements(
        cluster=tuple((name, level) for name, level in cluster.items() if name in LEVELS),
        api=cluster.get("api"),
        crds=cluster.get("crds", ()),
        tools=values.get("tools", ()),
        modules=values.get("modules", ()),
        memory=values.get("memory"),
        groups=cluster.get("groups", ()),
        controllers=cluster.get("controllers", ()),
    )
