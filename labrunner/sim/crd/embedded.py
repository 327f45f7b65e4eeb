"""Objects within custom objects (``x-kubernetes-embedded-resource``): they say what they are, and are named properly."""

from __future__ import annotations

import re
from typing import Any, Final

from labrunner.sim.errors import FieldError, invalid_value, required
from labrunner.sim.names import dns_label, dns_subdomain
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta

_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_VERSION: Final = re.compile(r"^[^/]+(/[^/]+)?$")


def check(value: Any, schema: Any, path: str = "") -> list[FieldError]:
    """What is wrong with apiVersion, kind and metadata of embedded objects."""
    if not isinstance(schema, dict):
        return []
    out: list[FieldError] = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            out += check(item, schema.get("items"), f"{path}[{index}]")
    elif isinstance(value, dict):
        if schema.get(_EMBEDDED):
            out += _resource(value, path)
        properties: Obj = schema.get("properties") or {}
        for key, item in value.items():
            below = properties[key] if key in properties else schema.get("additionalProperties")
            out += check(item, below, f"{path}.{key}" if path else key)
    return out


def _resource(value: Obj, path: str) -> list[FieldError]:
    out: list[FieldError] = []
    version, kind = value.get("apiVersion"), value.get("kind")
    if not version:
        out.append(required(f"{path}.apiVersion", "must not be empty"))
    elif not isinstance(version, str) or not _VERSION.match(version):
        detail = f"unexpected GroupVersion string: {version}"
        out.append(invalid_value(f"{path}.apiVersion", version, detail))
    if not kind:
        out.append(required(f"{path}.kind", "must not be empty"))
    elif isinstance(kind, str):
        problems = dns_label(kind.lower())
        if problems:
            detail = "may have mixed case, but should otherwise match: " + ",".join(problems)
            out.append(invalid_value(f"{path}.kind", kind, detail))
    found = value.get("metadata")
    if isinstance(found, dict):
        where = f"{path}.metadata"
        name = found.get("name")
        if name:
            out += [invalid_value(f"{where}.name", name, text) for text in dns_subdomain(name)]
        out += meta.labels(found.get("labels"), f"{where}.labels")
        out += meta.annotation_map(found.get("annotations"), f"{where}.annotations")
    return out
