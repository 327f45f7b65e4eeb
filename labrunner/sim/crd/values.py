"""Custom objects against their schema, in the words and the order of the API server's OpenAPI validator.

A change is ratcheted: what an update leaves as it was is not held against it, even if the schema forbids it now.
"""

from __future__ import annotations

import math
from typing import Any, Final

from labrunner.sim.crd import formats
from labrunner.sim.crd.correlation import ABSENT, item_of, of_key, same
from labrunner.sim.crd.findings import Findings
from labrunner.sim.crd.patterns import found_in
from labrunner.sim.errors import FieldError, invalid_value, not_supported, required
from labrunner.sim.gotext import json_text, number
from labrunner.sim.objects import Obj

INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_NOWHERE: Final = "<nil>"


def check(value: Any, schema: Obj, old: Any = ABSENT) -> list[FieldError]:
    """Everything in *value* that does not fit *schema*; *old* is what an update replaces."""
    return _check(value, schema, "", old).errors


def _check(value: Any, schema: Obj, path: str, old: Any) -> Findings:
    found = Findings()
    if old is not ABSENT and same(value, old):
        found.matched += 1
        return found
    _type(value, schema, path, found)
    if value is None:
        return found
    _junctions(value, schema, path, old, found)
    if isinstance(value, str):
        _string(value, schema, path, found)
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int | float):
        _number(value, schema, path, found)
    elif isinstance(value, list):
        _array(value, schema, path, old, found)
    _enum(value, schema, path, found)
    if isinstance(value, dict):
        _object(value, schema, path, old, found)
    found.matched += 1
    return found


def _types(schema: Obj) -> list[str]:
    if schema.get(INT_OR_STRING):
        return ["integer", "string"]
    kind = schema.get("type")
    return [kind] if kind else []


def json_type(value: Any) -> tuple[str, str]:
    """The type of *value* and its format, as Go's decoder would see them."""
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "boolean", ""
    if isinstance(value, int):
        return "integer", "int64"
    if isinstance(value, float):
        return "number", "float64"
    if isinstance(value, str):
        return "string", ""
    return ("array" if isinstance(value, list) else "object"), ""


def _wrong_type(path: str, wanted: str, value: Any) -> FieldError:
    detail = f'{path} in body must be of type {wanted}: "{value}"'
    return FieldError("FieldValueTypeInvalid", path or _NOWHERE, detail, value)


def _type(value: Any, schema: Obj, path: str, found: Findings) -> None:
    wanted = _types(schema)
    form = schema.get("format") or ""
    form = form if formats.known(form) else ""
    if not wanted and not form:
        return
    found.matched += 1
    kind, given = json_type(value)
    if value is None:
        if wanted and not schema.get("nullable"):
            found.add(_wrong_type(path, ",".join(wanted), kind))
        return
    whole = kind == "number" and float(value).is_integer() and "integer" in wanted
    fits = kind in wanted or whole or (kind == "integer" and "number" in wanted)
    if form and not isinstance(value, str | list) and not fits:
        found.add(_wrong_type(path, form, given))
    elif form and isinstance(value, str | list) and not {"number", "integer"} & set(wanted):
        return
    elif not fits:
        found.add(_wrong_type(path, ",".join(wanted), kind))


def _junctions(value: Any, schema: Obj, path: str, old: Any, found: Findings) -> None:
    """``anyOf``, ``oneOf``, ``allOf`` and ``not``."""
    found.matched += 1
    if schema.get("anyOf"):
        results = [_check(value, part, path, old) for part in schema["anyOf"]]
        if all(result.errors for result in results):
            found.add(_plain(f'"{path}" must validate at least one schema (anyOf)'))
            found.merge(max(results, key=lambda result: result.matched))
    if schema.get("oneOf"):
        _one_of([_check(value, part, path, ABSENT) for part in schema["oneOf"]], path, found)
    if schema.get("allOf"):
        results = [_check(value, part, path, old) for part in schema["allOf"]]
        for result in results:
            found.merge(result)
        wrong = sum(bool(result.errors) for result in results)
        if wrong:
            more = ". None validated" if wrong == len(results) else ""
            found.add(_plain(f'"{path}" must validate all the schemas (allOf){more}'))
    if schema.get("not") is not None and not _check(value, schema["not"], path, ABSENT).errors:
        found.add(_plain(f'"{path}" must not validate the schema (not)'))


def _one_of(results: list[Findings], path: str, found: Findings) -> None:
    good = sum(not result.errors for result in results)
    if good == 1:
        return
    more = f"Found {good} valid alternatives" if good else "Found none valid"
    found.add(_plain(f'"{path}" must validate one and only one schema (oneOf). {more}'))
    if not good:
        found.merge(max(results, key=lambda result: result.matched))


def _plain(text: str) -> FieldError:
    return invalid_value(_NOWHERE, "", text)


def _string(value: str, schema: Obj, path: str, found: Findings) -> None:
    found.matched += 1
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if longest is not None and len(value) > longest:
        detail = f"may not be more than {longest} bytes"
        found.add(FieldError("FieldValueTooLong", path or _NOWHERE, detail, value))
    elif shortest is not None and len(value) < shortest:
        found.add(_wrong(path, value, f"should be at least {shortest} chars long"))
    elif pattern and not found_in(pattern, value):
        found.add(_wrong(path, value, f"should match '{pattern}'"))
    form = schema.get("format") or ""
    if formats.known(form):
        found.matched += 1
        if not formats.fits(form, value):
            found.add(_wrong_type(path, form, value))


def _wrong(path: str, value: Any, what: str) -> FieldError:
    return invalid_value(path or _NOWHERE, value, f"{path} in body {what}")


def _number(value: float, schema: Obj, path: str, found: Findings) -> None:
    found.matched += 1
    if (_types(schema) or [""])[0] == "integer" and isinstance(value, float) and not value.is_integer():
        found.add(_plain(f"Checked value must be of type integer (default format) in {path}"))
    multiple = schema.get("multipleOf")
    if multiple and not math.isclose(value / multiple, round(value / multiple), rel_tol=0, abs_tol=1e-12):
        found.add(_wrong(path, value, f"should be a multiple of {number(multiple)}"))
    most = schema.get("maximum")
    if most is not None and (value > most or (value == most and schema.get("exclusiveMaximum"))):
        equal = "" if schema.get("exclusiveMaximum") else " or equal to"
        found.add(_wrong(path, value, f"should be less than{equal} {number(most)}"))
    least = schema.get("minimum")
    if least is not None and (value < least or (value == least and schema.get("exclusiveMinimum"))):
        equal = "" if schema.get("exclusiveMinimum") else " or equal to"
        found.add(_wrong(path, value, f"should be greater than{equal} {number(least)}"))


def _array(value: list[Any], schema: Obj, path: str, old: Any, found: Findings) -> None:
    found.matched += 1
    items = schema.get("items")
    if isinstance(items, dict):
        for index, item in enumerate(value):
            found.merge(_check(item, items, f"{path}[{index}]", item_of(old, item, schema)))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        found.add(_wrong(path, len(value), f"should have at least {least} items"))
    if most is not None and len(value) > most:
        found.add(_too_many(path, len(value), most))


def _too_many(path: str, actual: int, limit: int) -> FieldError:
    return FieldError("FieldValueTooMany", path or _NOWHERE, f"must have at most {limit} items", actual)


def _enum(value: Any, schema: Obj, path: str, found: Findings) -> None:
    allowed = schema.get("enum")
    if not allowed:
        return
    found.matched += 1
    if not any(same(value, choice) for choice in allowed):
        shown = [choice if isinstance(choice, str) else json_text(choice) for choice in allowed]
        found.add(not_supported(path or _NOWHERE, value, shown))


def _object(value: Obj, schema: Obj, path: str, old: Any, found: Findings) -> None:
    found.matched += 1
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        found.add(_wrong(path, len(value), f"should have at least {least} properties"))
        return
    if most is not None and len(value) > most:
        found.add(_too_many(path, len(value), most))
        return
    properties: Obj = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    for key, item in value.items():
        below = properties.get(key, extra)
        if isinstance(below, dict):
            found.merge(_check(item, below, f"{path}.{key}" if path else key, of_key(old, key)))
    for key in schema.get("required") or ():
        if key not in value:
            found.add(required(f"{path}.{key}" if path else key))
