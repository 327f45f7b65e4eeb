"""Parts of a definition as errors print them: JSON of the server's internal Go types."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.objects import Obj

# Field of JSONSchemaProps in Go: name in JSON, and its empty value.
_SCHEMA: Final[tuple[tuple[str, str, Any], ...]] = (
    ("ID", "id", ""), ("Schema", "$schema", ""), ("Ref", "$ref", None), ("Description", "description", ""),
    ("Type", "type", ""), ("Nullable", "nullable", False), ("Format", "format", ""), ("Title", "title", ""),
    ("Default", "default", None), ("Maximum", "maximum", None), ("ExclusiveMaximum", "exclusiveMaximum", False),
    ("Minimum", "minimum", None), ("ExclusiveMinimum", "exclusiveMinimum", False), ("MaxLength", "maxLength", None),
    ("MinLength", "minLength", None), ("Pattern", "pattern", ""), ("MaxItems", "maxItems", None),
    ("MinItems", "minItems", None), ("UniqueItems", "uniqueItems", False), ("MultipleOf", "multipleOf", None),
    ("Enum", "enum", None), ("MaxProperties", "maxProperties", None), ("MinProperties", "minProperties", None),
    ("Required", "required", None), ("Items", "items", None), ("AllOf", "allOf", None), ("OneOf", "oneOf", None),
    ("AnyOf", "anyOf", None), ("Not", "not", None), ("Properties", "properties", None),
    ("AdditionalProperties", "additionalProperties", None), ("PatternProperties", "patternProperties", None),
    ("Dependencies", "dependencies", None), ("AdditionalItems", "additionalItems", None),
    ("Definitions", "definitions", None), ("ExternalDocs", "externalDocs", None), ("Example", "example", None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", False),
    ("XIntOrString", "x-kubernetes-int-or-string", False), ("XListMapKeys", "x-kubernetes-list-map-keys", None),
    ("XListType", "x-kubernetes-list-type", None), ("XMapType", "x-kubernetes-map-type", None),
    ("XValidations", "x-kubernetes-validations", None),
)  # fmt: skip
_RULE: Final[tuple[tuple[str, str, Any], ...]] = (
    ("Rule", "rule", ""), ("Message", "message", ""), ("MessageExpression", "messageExpression", ""),
    ("Reason", "reason", None), ("FieldPath", "fieldPath", ""), ("OptionalOldSelf", "optionalOldSelf", None),
)  # fmt: skip
_LISTS: Final = frozenset(("allOf", "oneOf", "anyOf"))
_MAPS: Final = frozenset(("properties", "patternProperties", "definitions"))


def version(found: Obj, hoisted: frozenset[str]) -> Obj:
    """An entry of ``spec.versions``; what all versions share (*hoisted*) is kept elsewhere inside."""
    given = {key: value for key, value in found.items() if key not in hoisted}
    schema = given.get("schema")
    return {
        "Name": given.get("name", ""),
        "Served": bool(given.get("served")),
        "Storage": bool(given.get("storage")),
        "Deprecated": bool(given.get("deprecated")),
        "DeprecationWarning": given.get("deprecationWarning"),
        "Schema": None if schema is None else {"OpenAPIV3Schema": _schema(schema.get("openAPIV3Schema"))},
        "Subresources": _titled(given.get("subresources")),
        "AdditionalPrinterColumns": _titled(given.get("additionalPrinterColumns")),
        "SelectableFields": _titled(given.get("selectableFields")),
    }


def rule(found: Obj) -> Obj:
    """A validation rule."""
    return {go: found.get(name, empty) for go, name, empty in _RULE}


def _schema(found: Obj | None) -> Obj | None:
    if found is None:
        return None
    return {go: _field(name, found.get(name), empty) for go, name, empty in _SCHEMA}


def _field(name: str, value: Any, empty: Any) -> Any:
    if value is None:
        return empty
    if name in _LISTS:
        return [_schema(part) for part in value]
    if name in _MAPS:
        return {key: _schema(part) for key, part in sorted(value.items())}
    if name == "not":
        return _schema(value)
    if name == "items":
        return {"Schema": _schema(value), "JSONSchemas": None}
    if name == "additionalProperties":
        allowed = value is not False
        return {"Allows": allowed, "Schema": _schema(value) if isinstance(value, dict) else None}
    if name == "x-kubernetes-validations":
        return [rule(part) for part in value]
    return value


def _titled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _titled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_titled(part) for part in value]
    return value
