"""The format as JSON Schema (draft 2020-12), made from the tables that the loader reads by: editors complete and check.

A schema never refuses what the loader takes: what a table cannot say (a parsed form, a matcher) is left open there, and
`labrunner lint` has the last word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from labrunner.content.check_kinds import GROUP_KINDS, KINDS
from labrunner.content.checks import COMMON_FIELDS, DEFAULTS
from labrunner.content.fields import (
    Boolean,
    Choice,
    Field,
    ListOf,
    MapOf,
    Measure,
    Number,
    Parsed,
    Record,
    Text,
    Type,
)
from labrunner.content.front_matter import MODULE, PROFILE
from labrunner.content.pack_file import PACK, PROGRAMME
from labrunner.content.questions import KINDS as QUESTION_KINDS
from labrunner.content.questions import QUESTION_FIELDS
from labrunner.content.requirement_fields import MODULE_REQUIRES, STEP_REQUIRES, read_needs, read_requires

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR = ["string", "number", "boolean"]
"""YAML's unquoted 3 or true is a text where a text belongs."""
_OWN_KEYS: Schema = {"^x-": {}}


def _text(type_: Text) -> Schema:
    schema: Schema = {"type": _SCALAR}
    if type_.pattern is not None:
        schema["pattern"] = f"^(?:{type_.pattern.pattern})$"
    return schema


def _number(type_: Number) -> Schema:
    schema: Schema = {"type": "integer" if type_.whole else "number"}
    if type_.minimum != -math.inf:
        schema["minimum"] = type_.minimum
    if type_.maximum != math.inf:
        schema["maximum"] = type_.maximum
    return schema


def _list(type_: ListOf) -> Schema:
    several: Schema = {"type": "array", "items": of_type(type_.item)}
    if type_.minimum:
        several["minItems"] = type_.minimum
    return {"anyOf": [several, of_type(type_.item)]} if type_.single else several


def _parsed(type_: Parsed) -> Schema:
    record = _PARSED_RECORDS.get(type_.reader)
    if record is not None:
        return of_record(record)
    return {"description": type_.name}


_PARSED_RECORDS: Mapping[Callable[..., Any], Record] = MappingProxyType(
    {read_requires: MODULE_REQUIRES, read_needs: STEP_REQUIRES}
)
_TYPES: Mapping[type, Callable[[Any], Schema]] = MappingProxyType(
    {
        Text: _text,
        Boolean: lambda _: {"type": "boolean"},
        Number: _number,
        Choice: lambda type_: {"enum": list(type_.options)},
        Measure: lambda type_: {"type": ["string", "number"], "description": type_.name},
        ListOf: _list,
        MapOf: lambda type_: {"type": "object", "additionalProperties": of_type(type_.value)},
        Parsed: _parsed,
    }
)


def of_type(type_: Type) -> Schema:
    """The schema of one type of the tables; open for what has none."""
    if isinstance(type_, Record):
        return of_record(type_)
    make = _TYPES.get(type(type_))
    return make(type_) if make else {}


def of_record(record: Record) -> Schema:
    """A map with known keys; `x-*` keys are the author's own."""
    required = [key for key, field in record.fields.items() if field.required]
    schema: Schema = {
        "type": "object",
        "properties": {key: _field(field) for key, field in record.fields.items()},
        "patternProperties": _OWN_KEYS,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return schema


def _field(field: Field) -> Schema:
    return {**of_type(field.type), "description": field.doc} if field.doc else of_type(field.type)


def _module() -> Schema:
    schema = of_record(MODULE)
    profile = {"anyOf": [{"type": "string"}, of_record(PROFILE)]}
    schema["properties"]["lab"] = {"const": 1}
    schema["properties"]["cluster"] = {"anyOf": [profile, {"type": "array", "items": profile}]}
    return schema


def _checks() -> Schema:
    check = {"$ref": "#/$defs/check"}
    kinds: Schema = {}
    for name, kind in KINDS.items():
        record = {**of_record(kind.record), "additionalProperties": {}}
        kinds[name] = {
            "description": kind.doc,
            "anyOf": [{"type": _SCALAR}, record] if kind.plain else [record],
        }
    groups = {name: {"type": "array", "items": check, "minItems": 1} for name in GROUP_KINDS}
    common = {name: _field(field) for name, field in COMMON_FIELDS.items()}
    common["not"] = {
        "anyOf": [{"type": "boolean"}, {"type": "object"}],
        "description": "the opposite must hold",
    }
    case = {
        "type": "object",
        "properties": {"if": check, "hint": {"type": "string"}},
        "required": ["if", "hint"],
    }
    common["when-failed"] = {"anyOf": [case, {"type": "array", "items": case}]}
    return {
        "type": "object",
        "properties": {
            "lab": {"const": 1},
            "defaults": of_record(DEFAULTS),
            "checks": {"type": "object", "additionalProperties": check},
        },
        "required": ["lab", "checks"],
        "patternProperties": _OWN_KEYS,
        "additionalProperties": False,
        "$defs": {
            "check": {
                "type": "object",
                "properties": {**kinds, **groups, **common},
                "patternProperties": _OWN_KEYS,
                "additionalProperties": False,
            }
        },
    }


def _quiz() -> Schema:
    question = {
        "type": "object",
        "properties": {
            **{name: _field(field) for name, field in QUESTION_FIELDS.items()},
            "kind": {"enum": list(QUESTION_KINDS)},
        },
        "required": ["id", "kind", "prompt"],
        "patternProperties": _OWN_KEYS,
        "additionalProperties": False,
    }
    several = {"type": "array", "items": {"$ref": "#/$defs/question"}}
    file = {
        "type": "object",
        "properties": {"lab": {"const": 1}, "questions": several},
        "required": ["lab", "questions"],
    }
    return {"anyOf": [several, file], "$defs": {"question": question}}


def _pack() -> Schema:
    schema = of_record(PACK)
    programme = {"anyOf": [of_record(PROGRAMME), {"type": "array", "items": {"type": "string"}}]}
    several = [
        {"type": "object", "additionalProperties": programme},
        {"type": "array", "items": programme},
    ]
    schema["properties"]["programmes"] = {"anyOf": several, "description": PACK.fields["programmes"].doc}
    return schema


def _kind() -> Schema:
    """What labs use of kind's own configuration (v1alpha4); the rest of it is left open."""
    port = {
        "type": "object",
        "properties": {
            "containerPort": {"type": "integer", "minimum": 1, "maximum": 65535},
            "hostPort": {"type": "integer", "minimum": 0, "maximum": 65535},
            "listenAddress": {"type": "string"},
            "protocol": {"enum": ["TCP", "UDP", "SCTP"]},
        },
        "required": ["containerPort"],
    }
    node = {
        "type": "object",
        "properties": {
            "role": {"enum": ["control-plane", "worker"]},
            "image": {"type": "string"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "extraPortMappings": {"type": "array", "items": port},
            "extraMounts": {"type": "array", "items": {"type": "object"}},
            "kubeadmConfigPatches": {"type": "array", "items": {"type": "string"}},
        },
    }
    networking = {
        "type": "object",
        "properties": {
            "podSubnet": {"type": "string"},
            "serviceSubnet": {"type": "string"},
            "disableDefaultCNI": {"type": "boolean"},
            "kubeProxyMode": {"enum": ["iptables", "ipvs", "nftables", "none"]},
            "ipFamily": {"enum": ["ipv4", "ipv6", "dual"]},
        },
    }
    return {
        "type": "object",
        "properties": {
            "kind": {"const": "Cluster"},
            "apiVersion": {"const": "kind.x-k8s.io/v1alpha4"},
            "name": False,
            "nodes": {"type": "array", "items": node, "minItems": 1},
            "networking": networking,
            "featureGates": {"type": "object", "additionalProperties": {"type": "boolean"}},
        },
        "required": ["kind", "apiVersion"],
    }


_SCHEMAS: Mapping[str, tuple[str, Callable[[], Schema]]] = MappingProxyType(
    {
        "module": ("Front matter of a labrunner module", _module),
        "checks": ("Checks of a labrunner module", _checks),
        "quiz": ("Questions of a labrunner module", _quiz),
        "pack": ("pack.yaml of a labrunner pack", _pack),
        "kind": ("kind cluster profile of a labrunner pack", _kind),
    }
)
NAMES = tuple(_SCHEMAS)


def schema(name: str) -> Schema:
    """The schema of one kind of file, by its name in NAMES."""
    title, make = _SCHEMAS[name]
    return {"$schema": DRAFT, "title": title, **make()}
