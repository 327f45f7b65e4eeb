"""CEL rules of a definition: whether they compile, are of the right types, and point at fields that exist."""

from __future__ import annotations

import re
from typing import Any, Final

from labrunner.sim.crd import cel, internal
from labrunner.sim.crd.cel.syntax import names_in
from labrunner.sim.crd.cel.types import BOOL, STRING, Type, optional_of
from labrunner.sim.crd.schema_types import type_of
from labrunner.sim.errors import FieldError, invalid_value, not_supported, required
from labrunner.sim.objects import Obj

Errors = list[FieldError]
RULES: Final = "x-kubernetes-validations"
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_LINE_BREAK: Final = re.compile(r"[\n\r]")
_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)*)'\]")


def check_texts(schema: Obj, path: str) -> Errors:
    """What is wrong with the rules of *schema* itself before any is compiled."""
    out: Errors = []
    for index, rule in enumerate(schema.get(RULES) or ()):
        out += _texts(rule, schema, f"{path}.{RULES}[{index}]")
    return out


def check_rules(schema: Obj, path: str, *, within: str = "", root: bool = True) -> Errors:
    """Everything wrong with the expressions in *schema* and below.

    *within* is the path of the list or map whose entries cannot be compared with their old selves, if any.
    """
    out: Errors = []
    if schema.get("x-kubernetes-map-type") == "atomic" and not within:
        inside = path
    else:
        inside = within
    for key, below in sorted((schema.get("properties") or {}).items()):
        embedded = bool(below.get("x-kubernetes-embedded-resource"))
        out += check_rules(below, f"{path}.properties[{key}]", within=inside, root=embedded)
    if isinstance(schema.get("additionalProperties"), dict):
        out += check_rules(
            schema["additionalProperties"], f"{path}.additionalProperties", within=within, root=False
        )
    if isinstance(schema.get("items"), dict):
        listed = within or ("" if schema.get("x-kubernetes-list-type") == "map" else path)
        out += check_rules(schema["items"], f"{path}.items", within=listed, root=False)
    rules = schema.get(RULES) or ()
    if rules:
        seen = type_of(schema, "selfType", root=root)
        for index, rule in enumerate(rules):
            out += _rule(rule, seen, f"{path}.{RULES}[{index}]", within)
    return out


def _texts(rule: Obj, schema: Obj, path: str) -> Errors:
    out: Errors = []
    source, message = str(rule.get("rule") or "").strip(), str(rule.get("message") or "")
    if not source:
        out.append(required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        out.append(invalid_value(f"{path}.message", message, "message must be non-empty if specified"))
    elif len(message) > 2048:
        detail = "message must have a maximum length of 2048 characters"
        out.append(invalid_value(f"{path}.message", f"{message[:10]}...", detail))
    elif _LINE_BREAK.search(message.strip()):
        out.append(invalid_value(f"{path}.message", message, "message must not contain line breaks"))
    elif _LINE_BREAK.search(source) and not message:
        out.append(required(f"{path}.message", "message must be specified if rule contains line breaks"))
    expression = str(rule.get("messageExpression") or "")
    if expression and not expression.strip():
        detail = "messageExpression must be non-empty if specified"
        out.append(required(f"{path}.messageExpression", detail))
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        out.append(not_supported(f"{path}.reason", reason, _REASONS))
    place = str(rule.get("fieldPath") or "")
    if place and not place.strip():
        out.append(invalid_value(f"{path}.fieldPath", place, "fieldPath must be non-empty if specified"))
    if _LINE_BREAK.search(place):
        out.append(invalid_value(f"{path}.fieldPath", place, "fieldPath must not contain line breaks"))
    if place and not _leads_somewhere(place.strip(), schema):
        out.append(invalid_value(f"{path}.fieldPath", place, "fieldPath must be a valid path"))
    return out


def _leads_somewhere(place: str, schema: Any) -> bool:
    at = 0
    while at < len(place):
        step = _STEP.match(place, at)
        if step is None or not isinstance(schema, dict):
            return False
        name = step[1] if step[1] is not None else step[2]
        extra = schema.get("additionalProperties")
        schema = (schema.get("properties") or {}).get(name, extra if isinstance(extra, dict) else None)
        at = step.end()
    return bool(place) and isinstance(schema, dict)


def _rule(rule: Obj, seen: Type | None, path: str, within: str) -> Errors:
    if seen is None:
        return []
    out: Errors = []
    old = optional_of(seen) if rule.get("optionalOldSelf") else seen
    scope = {"self": seen, "oldSelf": old}
    wrong, uses = _compiled(rule["rule"], scope, BOOL)
    if wrong == "type":
        wrong = "cel expression must evaluate to a bool"
    elif wrong:
        wrong = f"compilation failed: {wrong}"
    if wrong:
        out.append(invalid_value(f"{path}.rule", internal.rule(rule), wrong))
    if rule.get("messageExpression"):
        about, more = _compiled(rule["messageExpression"], scope, STRING)
        if about:
            about = (
                "messageExpression must evaluate to a string"
                if about == "type"
                else f"messageExpression compilation failed: {about}"
            )
            out.append(invalid_value(f"{path}.messageExpression", internal.rule(rule), about))
        uses |= more
    if uses and within:
        detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {within}"
        out.append(invalid_value(f"{path}.rule", rule["rule"], detail))
    elif not uses and rule.get("optionalOldSelf") is not None:
        detail = "may not be set if oldSelf is not used in rule"
        out.append(invalid_value(f"{path}.optionalOldSelf", rule["optionalOldSelf"], detail))
    return out


def _compiled(source: str, scope: dict[str, Type], wanted: Type) -> tuple[str, bool]:
    """What is wrong with *source* (``type``: its own type is), and whether it uses oldSelf."""
    try:
        tree = cel.parse(source)
    except cel.CompileError as error:
        return error.shown(source), False
    found, problems = cel.check(tree, scope)
    if problems:
        return "\n".join(problem.shown(source) for problem in problems), False
    return ("" if found == wanted else "type"), "oldSelf" in names_in(tree)
