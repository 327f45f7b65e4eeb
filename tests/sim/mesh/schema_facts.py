"""Everything a definition says, flat and without its wording, so that two definitions can be compared.

========================================  =====================================================
Left out                                  Because
========================================  =====================================================
labels and annotations                    they tell how a project packs its definitions
descriptions                              ours are sentences of our own, and fewer
a rule's expression                       ours are written anew; what they refuse is compared
apiVersion, kind, metadata of the root    the server adds them to every schema
the usual listKind; no subresources       said or not, they are the same
========================================  =====================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Fact = tuple[str, str, str]
"""Where, what, and its value as text."""
_ADDED_BY_THE_SERVER = ("apiVersion", "kind", "metadata")


def definition_facts(crd: dict[str, Any]) -> set[Fact]:
    """Names, scope, versions, columns, subresources and the schemas' facts; descriptions are left out."""
    spec, names = crd["spec"], crd["spec"]["names"]
    facts = {
        ("", "scope", spec["scope"]),
        ("", "group", spec["group"]),
        ("", "listKind", names.get("listKind", f"{names['kind']}List")),
        *(
            ("", key, repr(names.get(key)))
            for key in ("kind", "plural", "singular", "shortNames", "categories")
        ),
    }
    for version in spec["versions"]:
        where = version["name"]
        facts |= {
            *((where, key, repr(version.get(key))) for key in ("served", "storage", "deprecated")),
            (where, "deprecationWarning", repr(version.get("deprecationWarning"))),
            (where, "columns", repr([_column(each) for each in version.get("additionalPrinterColumns", [])])),
            (where, "subresources", repr(version.get("subresources") or {})),
            *schema_facts(_own(version["schema"]["openAPIV3Schema"]), where),
        }
    return facts


def schema_facts(schema: dict[str, Any], where: str) -> Iterator[Fact]:
    """Of each field: type, format, enum, pattern, limits, default, what must be there, and its rules' messages."""
    for key, value in schema.items():
        match key:
            case "description":
                pass
            case "properties":
                for name, each in value.items():
                    yield from schema_facts(each, f"{where}.{name}")
            case "items":
                yield from schema_facts(value, f"{where}[]")
            case "additionalProperties" if isinstance(value, dict):
                yield from schema_facts(value, f"{where}{{}}")
            case "required":
                yield where, key, repr(value)
            case "x-kubernetes-validations":
                yield where, "rules", repr([_rule(each) for each in value])
            case _:
                yield where, key, repr(_sorted(value))


def _own(root: dict[str, Any]) -> dict[str, Any]:
    fields = {k: v for k, v in root["properties"].items() if k not in _ADDED_BY_THE_SERVER}
    return {**root, "properties": fields}


def _column(column: dict[str, Any]) -> dict[str, Any]:
    return {key: column[key] for key in sorted(column) if key != "description"}


def _rule(rule: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted((key, value) for key, value in rule.items() if key != "rule")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
