"""From a set's file, which holds the kinds of one API group, to CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

from labrunner.sim.kindsets.schema import expand
from labrunner.sim.objects import Obj

SET_LABEL = "simulated.labrunner.dev/kinds"
"""On each definition: the name of the set it came with."""
VERSION_ANNOTATION = "simulated.labrunner.dev/models"
"""On each definition: the project and version it models."""
AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def definitions(set_name: str, about: Any, group: Any) -> list[Obj]:
    """The CustomResourceDefinitions of a group's file.

    The file has ``group``, ``categories`` and ``versions`` (name → {storage, served, deprecated …}; kinds may have their
    own) and ``kinds``: kind → {plural, short, scope, columns, schema, status, subresources}. ``schema`` is the spec in short
    notation, ``status`` the status; ``whole: true`` says that ``schema`` is the object's own root instead.
    """
    return [_definition(set_name, about, group, kind, its) for kind, its in group["kinds"].items()]


def _definition(set_name: str, about: Any, group: Any, kind: str, its: Any) -> Obj:
    plural = its["plural"]
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": its.get("singular", kind.lower()),
    }
    if "short" in its:
        names["shortNames"] = its["short"]
    if categories := its.get("categories", group.get("categories")):
        names["categories"] = categories
    versions = its.get("versions", group.get("versions"))
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group['group']}",
            "labels": {SET_LABEL: set_name},
            "annotations": {VERSION_ANNOTATION: f"{about['title']} {about['version']}"},
        },
        "spec": {
            "group": group["group"],
            "names": names,
            "scope": its.get("scope", "Namespaced"),
            "versions": [_version(name, facts or {}, its) for name, facts in versions.items()],
        },
    }


def _version(name: str, facts: Any, its: Any) -> Obj:
    version: Obj = {
        "name": name,
        "served": facts.get("served", True),
        "storage": facts.get("storage", False),
        "schema": {"openAPIV3Schema": _root(facts, its)},
    }
    if "deprecated" in facts:
        version["deprecated"] = True
        if isinstance(facts["deprecated"], str):
            version["deprecationWarning"] = facts["deprecated"]
    if columns := facts.get("columns", its.get("columns", [AGE])):
        version["additionalPrinterColumns"] = columns
    if subresources := its.get("subresources", {"status": {}}):
        version["subresources"] = subresources
    return version


def _root(facts: Any, its: Any) -> Obj:
    schema = expand(facts.get("schema", its["schema"]))
    if its.get("whole"):
        return schema
    root: Obj = {
        "type": "object",
        "description": its.get("doc", ""),
        "properties": {"spec": schema},
    }
    if "status" in its:
        root["properties"]["status"] = expand(its["status"])
    if required := its.get("required"):
        root["required"] = required
    return root
