"""The short notation in which the sets' schemas are written, and its expansion into OpenAPI v3.

============================================  ===================================================================
``string``                                    ``{type: string}``, and so for every other type's name
``[string]``                                  a list of strings; any schema may stand in the brackets
``{fields: {a: …}}``                          an object with these properties
``{map: string}``                             an object with any keys, each value such a schema
``{list: …, maxItems: 3}``                    a list with limits
``{enum: [A, B]}``                            one of these strings
``{anything: true}``                          an object whose fields are nobody's business (kept, not checked)
``{number-or-text: true}``                    an integer or a string, such as a port
``doc: …``                                    the description
``rules: {"message": "CEL"}``                 validation rules; also ``[{rule, message, reason, fieldPath …}]``
everything else                               stands as in OpenAPI
============================================  ===================================================================
"""

from __future__ import annotations

from typing import Any

from labrunner.sim.objects import Obj


def expand(short: Any) -> Obj:
    """The OpenAPI v3 schema that *short* stands for."""
    if isinstance(short, str):
        return {"type": short}
    if isinstance(short, list):
        return {"type": "array", "items": expand(short[0])}
    schema: Obj = {}
    for key, value in short.items():
        schema.update(_keyword(key, value))
    if "enum" in schema:
        schema.setdefault("type", "string")
    return schema


def _keyword(key: str, value: Any) -> Obj:
    match key:
        case "doc":
            return {"description": value}
        case "fields":
            return {"type": "object", "properties": {name: expand(each) for name, each in value.items()}}
        case "map":
            return {"type": "object", "additionalProperties": expand(value)}
        case "list":
            return {"type": "array", "items": expand(value)}
        case "anything":
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        case "number-or-text":
            return {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
        case "rules":
            return {"x-kubernetes-validations": _rules(value)}
        case _:
            return {key: value}


def _rules(value: Any) -> list[Obj]:
    if isinstance(value, dict):
        return [{"message": message, "rule": rule} for message, rule in value.items()]
    return list(value)
