"""What tests of custom resources share: definitions around a schema, and objects of them."""

from __future__ import annotations

from typing import Any

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
THINGS = "things.example.com"


def definition(spec: dict[str, Any] | None = None, **version: Any) -> dict[str, Any]:
    """A definition of Thing whose ``spec`` has that schema; more fields of its only version."""
    schema = {"type": "object", "properties": {"spec": spec or {"type": "object"}}}
    entry = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": THINGS},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [entry],
        },
    }


def properties(**fields: Any) -> dict[str, Any]:
    """The schema of an object with those fields."""
    return {"type": "object", "properties": fields}


def ruled(rule: str, field: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A spec with the field ``x``, on which the rule is."""
    return properties(x={**field, "x-kubernetes-validations": [{"rule": rule, **more}]})


def thing(spec: dict[str, Any], name: str = "one") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, "spec": spec}


def refusal(api: Api, gr: str, obj: dict[str, Any]) -> list[str]:
    """The causes for which the server refuses to create *obj*, as ``field: message``; empty when it accepts."""
    try:
        api.create(gr, obj)
    except ApiError as error:
        assert error.code == 422, error.message
        causes = (error.details or {}).get("causes", [])
        return [f"{cause['field']}: {cause['message']}" for cause in causes]
    return []
