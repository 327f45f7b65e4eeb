"""CEL rules of a definition: whether they compile, and whether their fields exist in the schema."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.crd import cel, internal
from labrunner.sim.crd.cel.errors import UnsupportedError
from labrunner.sim.crd.cel.fields import unknown_fields
from labrunner.sim.errors import FieldError, forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj

Errors = list[FieldError]
RULES: Final = "x-kubernetes-validations"
_REASONS: Final = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


def check_rules(schema: Obj, path: str, *, correlatable: bool = True, root: bool = True) -> Errors:
    """Everything wrong with the rules in *schema*. Lists that are no maps cannot be compared with their old self."""
    out: Errors = []
    for index, rule in enumerate(schema.get(RULES) or ()):
        out += _rule(rule, schema, f"{path}.{RULES}[{index}]", correlatable=correlatable, root=root)
    for key, below in sorted((schema.get("properties") or {}).items()):
        out += check_rules(below, f"{path}.properties[{key}]", correlatable=correlatable, root=False)
    if isinstance(schema.get("additionalProperties"), dict):
        below = schema["additionalProperties"]
        out += check_rules(below, f"{path}.additionalProperties", correlatable=correlatable, root=False)
    if isinstance(schema.get("items"), dict):
        kept = correlatable and schema.get("x-kubernetes-list-type") == "map"
        out += check_rules(schema["items"], f"{path}.items", correlatable=kept, root=False)
    return out


def _rule(rule: Obj, schema: Obj, path: str, *, correlatable: bool, root: bool) -> Errors:
    out: Errors = []
    source = str(rule.get("rule") or "")
    if not source.strip():
        return [required(f"{path}.rule", "rule is not specified")]
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        out.append(not_supported(f"{path}.reason", reason, _REASONS))
    message = rule.get("message")
    if message is not None and message and not message.strip():
        out.append(invalid_value(f"{path}.message", message, "message must be non-empty if specified"))
    elif message and "\n" in message.strip():
        out.append(invalid_value(f"{path}.message", message, "message must not contain line breaks"))
    program, wrong = _compiled(source, schema, root=root)
    if wrong:
        shown = internal.rule(rule)
        out.append(invalid_value(f"{path}.rule", shown, f"compilation failed: {wrong}"))
    if program is not None and "oldSelf" in program.variables and not correlatable:
        detail = "oldSelf cannot be used on the uncorrelatable portion of the schema within "
        out.append(forbidden_field(f"{path}.rule", detail + path.partition(".items")[0]))
    return out


def _compiled(source: str, schema: Obj, *, root: bool) -> tuple[cel.Program | None, str]:
    try:
        program = cel.compile_rule(source)
    except UnsupportedError:
        return None, ""
    except cel.CompileError as error:
        return None, error.shown(source)
    problems = unknown_fields(program.tree, {"self": _typed(schema, root), "oldSelf": _typed(schema, root)})
    return program, "\n".join(problem.shown(source) for problem in problems)


def _typed(schema: Obj, root: bool) -> Any:
    """*schema* as rules see it: at the root, with the parts of metadata that rules may use."""
    if not root:
        return schema
    text = {"type": "string"}
    system = {"apiVersion": text, "kind": text}
    named = {"type": "object", "properties": {"name": text, "generateName": text}}
    return {**schema, "properties": {**(schema.get("properties") or {}), **system, "metadata": named}}
