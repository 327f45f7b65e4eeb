"""The front matter of a module, the metadata comments of phases and steps: their tables of keys."""

from __future__ import annotations

from typing import Any

from labrunner.content import nodes
from labrunner.content.checks import VERSION
from labrunner.content.fields import (
    DURATION,
    IDENTIFIER,
    INVALID,
    NAMESPACE,
    TEXT,
    TEXTS,
    VARIABLE,
    Choice,
    Field,
    ListOf,
    MapOf,
    Parsed,
    Record,
)
from labrunner.content.findings import Findings
from labrunner.content.models import ClusterSpec
from labrunner.content.nodes import Node
from labrunner.content.requirement_fields import read_needs, read_requires

PROFILE = Record(
    "a cluster",
    {
        "name": Field(IDENTIFIER, "the name checks and cells use"),
        "profile": Field(TEXT, "a kind config inside the pack, such as kind/two-node.yaml"),
    },
)


def _cluster(node: Node, findings: Findings) -> Any:
    if isinstance(node, nodes.Scalar):
        profile = TEXT.read(node, findings)
        return INVALID if profile is INVALID else ClusterSpec(profile=profile)
    values = PROFILE.read(node, findings)
    return INVALID if values is INVALID else ClusterSpec(values.get("name", "main"), values.get("profile"))


MODULE = Record(
    "the front matter",
    {
        "lab": VERSION,
        "id": Field(IDENTIFIER, "the module's id, the name of its folder", required=True),
        "title": Field(TEXT, "the title", required=True),
        "summary": Field(TEXT, "one line for the catalogue"),
        "level": Field(
            Choice(("beginner", "intermediate", "advanced")), "beginner, intermediate or advanced"
        ),
        "duration": Field(DURATION, "how long it takes, such as 35m"),
        "objectives": Field(TEXTS, "ids from an exam blueprint, or free text"),
        "requires": Field(Parsed("a map of needs", read_requires), "what machine and cluster must give"),
        "cluster": Field(
            ListOf(Parsed("a kind profile", _cluster), single=True), "kind profiles of the pack"
        ),
        "namespace": Field(NAMESPACE, "created at the start, removed by reset"),
        "env": Field(MapOf(TEXT, VARIABLE), "environment variables"),
        "variants": Field(MapOf(TEXTS), "names of variants with their values"),
    },
    aliases={
        "name": "title",
        "description": "summary",
        "difficulty": "level",
        "time": "duration",
        "version": "lab",
    },
)
STEP = Record(
    "the step's metadata",
    {
        "id": Field(IDENTIFIER, "the step's id; a slug of its title when left out"),
        "checks": Field(TEXTS, "ids of the checks that verify it"),
        "questions": Field(TEXTS, "ids of questions of quiz.yaml"),
        "hints": Field(TEXTS, "hints in order"),
        "requires": Field(Parsed("a map of needs", read_needs), "what this step needs of the cluster"),
        "otherwise": Field(
            Choice(("skip", "explain", "refuse")), "what to do where the cluster cannot give it"
        ),
        "duration": Field(DURATION, "planned time"),
    },
    aliases={"needs": "requires", "check": "checks", "verify": "checks", "time": "duration"},
)
PHASE = Record(
    "the phase's metadata",
    {
        "id": Field(IDENTIFIER, "the phase's id; a slug of its title when left out"),
        "duration": Field(DURATION, "planned time"),
    },
    aliases={"time": "duration"},
)
