"""From a set's file, which holds kinds of one API group, to CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

from labrunner.sim.kindsets.schema import Notation
from labrunner.sim.objects import Obj

SET_LABEL = "simulated.labrunner.dev/kinds"
"""On each definition: the name of the set it came with."""
VERSION_ANNOTATION = "simulated.labrunner.dev/models"
"""On each definition: the project and version it models."""
AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def definitions(set_name: str, about: Any, pieces: Any, group: Any) -> list[Obj]:
    """The CustomResourceDefinitions of a file; a group may have several files.

    *about* is ``set.yaml``: ``title``, ``version`` and the definitions' ``annotations``. The file has ``group``,
    ``categories``, ``versions``, ``pieces`` (name → schema, beside *pieces*, those of the set) and ``kinds``, with each
    kind's facts:

    - ``plural``, ``short`` (names), ``scope`` (``Namespaced``), ``categories``, ``labels``, ``doc``;
    - ``versions``: name → {storage, served, deprecated: the warning}; where they differ, any of the following too;
    - ``columns``: name → path, or {path, type, format, priority}, or ``age``;
    - ``schema``: the spec in short notation (see ``schema.py``); ``required: true`` says that there must be one;
    - ``status``: the status; with it comes the subresource, unless ``subresources`` says otherwise.
    """
    notation = Notation({**pieces, **group.get("pieces", {})})
    return [_definition(set_name, about, group, notation, kind, its) for kind, its in group["kinds"].items()]


def _definition(set_name: str, about: Any, group: Any, notation: Notation, kind: str, its: Any) -> Obj:
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
            "labels": {**its.get("labels", {}), SET_LABEL: set_name},
            "annotations": {
                **about.get("annotations", {}),
                VERSION_ANNOTATION: f"{about['title']} {about['version']}",
            },
        },
        "spec": {
            "group": group["group"],
            "names": names,
            "scope": its.get("scope", "Namespaced"),
            "versions": [_version(notation, name, {**its, **facts}) for name, facts in versions.items()],
        },
    }


def _version(notation: Notation, name: str, facts: Any) -> Obj:
    version: Obj = {
        "name": name,
        "served": facts.get("served", True),
        "storage": facts.get("storage", False),
        "schema": {"openAPIV3Schema": _root(notation, facts)},
    }
    if "deprecated" in facts:
        version["deprecated"] = True
        version["deprecationWarning"] = facts["deprecated"]
    if columns := facts.get("columns"):
        version["additionalPrinterColumns"] = [_column(title, each) for title, each in columns.items()]
    if subresources := facts.get("subresources", {"status": {}} if "status" in facts else {}):
        version["subresources"] = subresources
    return version


def _column(title: str, value: Any) -> Obj:
    if value == "age":
        return AGE
    if isinstance(value, str):
        return {"name": title, "type": "string", "jsonPath": value}
    rest = {key: each for key, each in value.items() if key != "path"}
    return {"name": title, "type": "string", "jsonPath": value["path"], **rest}


def _root(notation: Notation, facts: Any) -> Obj:
    properties = {"spec": {"description": "What is wanted.", **notation.expand(facts["schema"])}}
    if "status" in facts:
        properties["status"] = {"description": "What became of it.", **notation.expand(facts["status"])}
    required = {"required": ["spec"]} if facts.get("required") else {}
    return {"type": "object", "description": facts.get("doc", ""), "properties": properties, **required}
