"""Validation rules in CEL (``x-kubernetes-validations``) on custom objects.

A rule that does not compile refuses every object, as on the server.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from labrunner.sim.crd import cel
from labrunner.sim.crd.cel.kinds import Optional
from labrunner.sim.crd.correlation import ABSENT, item_of, of_key, same
from labrunner.sim.crd.typed import typed
from labrunner.sim.errors import OMIT, FieldError, duplicate, forbidden_field, invalid_value, required
from labrunner.sim.objects import Obj

RULES: Final = "x-kubernetes-validations"
_UNCHECKED: Final = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_BLOCKING: Final = frozenset(
    (
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    )
)


def check(obj: Obj, schema: Obj, problems: list[FieldError], old: Obj | None = None) -> list[FieldError]:
    """What the rules of *schema* say about *obj*, which has *problems* already; *old* is what it replaces."""
    if not _any_rules(schema):
        return []
    if any(problem.kind in _BLOCKING for problem in problems):
        return [invalid_value("<nil>", None, _UNCHECKED)]
    return _walk(obj, schema, "", ABSENT if old is None else old)


def _any_rules(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    if schema.get(RULES):
        return True
    inner = [
        *(schema.get("properties") or {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    junctors = [part for name in ("allOf", "anyOf", "oneOf") for part in schema.get(name) or ()]
    return any(map(_any_rules, [*inner, *junctors, schema.get("not")]))


def _walk(value: Any, schema: Obj, path: str, old: Any) -> list[FieldError]:
    if value is None:
        return []
    out: list[FieldError] = []
    for rule in _rules_of(schema):
        problem = _judge(rule, value, schema, path, old)
        if problem is not None:
            out.append(problem)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            out += _walk(item, schema["items"], f"{path}[{index}]", item_of(old, item, schema))
    elif isinstance(value, dict):
        properties: Obj = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        for key, item in value.items():
            below = properties.get(key, extra)
            if isinstance(below, dict):
                mark = f".{key}" if key in properties else f"[{key}]"
                out += _walk(item, below, f"{path}{mark}".lstrip("."), of_key(old, key))
    return out


def _rules_of(schema: Obj) -> list[Obj]:
    """The rules of a schema, with those of its ``allOf`` parts."""
    found = list(schema.get(RULES) or ())
    for part in schema.get("allOf") or ():
        found += part.get(RULES) or ()
    return found


@lru_cache(maxsize=2048)
def _program(source: str) -> cel.Program | str:
    """The program of *source*, or what is wrong with it."""
    try:
        return cel.compile_rule(source)
    except cel.CompileError as error:
        return f"compilation failed: {error.shown(source)}"


def _judge(rule: Obj, value: Any, schema: Obj, path: str, old: Any) -> FieldError | None:
    program = _program(rule.get("rule") or "")
    if isinstance(program, str):
        return invalid_value(path or "<nil>", OMIT, f"rule compile error: {program}")
    transition = "oldSelf" in program.names
    variables: dict[str, Any] = {"self": typed(value, schema)}
    if transition and rule.get("optionalOldSelf"):
        variables["oldSelf"] = Optional() if old is ABSENT else Optional(typed(old, schema), True)
    elif transition and old is ABSENT:
        return None
    elif transition:
        variables["oldSelf"] = typed(old, schema)
    elif old is not ABSENT and same(value, old):
        return None  # ratcheting: what an update leaves as it was is not held against it
    where = path or "<nil>"
    shown = OMIT if isinstance(value, dict | list) else value
    try:
        if program.run(**variables) is True:
            return None
    except cel.CelError as error:
        return invalid_value(where, shown, _failure(str(error), rule))
    return _error(rule, _place(where, rule), shown, _message(rule, variables))


def _failure(error: str, rule: Obj) -> str:
    about = (rule.get("message") or rule.get("rule") or "").strip()
    if error.startswith("no such overload"):
        what = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {what}: {about}"
    return f"{error} evaluating rule: {about}"


def _message(rule: Obj, variables: dict[str, Any]) -> str:
    program = _program(rule["messageExpression"]) if rule.get("messageExpression") else None
    if isinstance(program, cel.Program):
        try:
            made = program.run(**{"oldSelf": None, **variables})
        except cel.CelError:
            made = None
        if isinstance(made, str) and made.strip() and "\n" not in made:
            return made.strip()
    if rule.get("message"):
        return str(rule["message"]).strip()
    return f"failed rule: {str(rule.get('rule') or '').strip()}"


def _place(path: str, rule: Obj) -> str:
    below = (rule.get("fieldPath") or "").strip()
    if not below:
        return path
    return below.lstrip(".") if path == "<nil>" else f"{path}{below}"


def _error(rule: Obj, path: str, value: Any, detail: str) -> FieldError:
    reason = rule.get("reason")
    if reason == "FieldValueForbidden":
        return forbidden_field(path, detail)
    if reason == "FieldValueRequired":
        return required(path, detail)
    if reason == "FieldValueDuplicate":
        return duplicate(path, value)
    return invalid_value(path, value, detail)
