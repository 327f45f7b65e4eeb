"""Admission policies and their bindings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from labrunner.sim import names
from labrunner.sim.admission.policies import expressions
from labrunner.sim.crd.cel.types import BOOL, DYN, STRING, Type, list_of
from labrunner.sim.errors import (
    duplicate,
    invalid_value,
    not_supported,
    required,
)
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.validation import meta
from labrunner.sim.validation.admission_parts import (
    choice,
    expression,
    match_conditions,
    match_resources,
    param_kind,
    param_ref,
)
from labrunner.sim.validation.syntax import Errors, check

FAILURE_POLICIES: Final = ("Fail", "Ignore")
REINVOCATION: Final = ("IfNeeded", "Never")
_MUTABLE: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS: Final = ("Audit", "Deny", "Warn")
_PATCHES: Final = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_PATCH_TYPES: Final = {"ApplyConfiguration": (Type("Object"),), "JSONPatch": (list_of(Type("JSONPatch")),)}
_IDENTIFIER: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED: Final = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
     "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip
_BOTH: Final = "validations or auditAnnotations must contain at least one item"
_DENY_AND_WARN: Final = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response "
    "and headers serves no purpose)"
)


def create(obj: Obj) -> Errors:
    """A ValidatingAdmissionPolicy, a MutatingAdmissionPolicy, or a binding of either."""
    return meta.create(obj, False) + _judged(obj)


def update(new: Obj, old: Obj) -> Errors:
    """A policy or a binding replaced."""
    return meta.update(new, old) + _judged(new)


def _judged(obj: Obj) -> Errors:
    kind = str(obj.get("kind") or "")
    if kind.endswith("Binding"):
        return _binding(obj)
    return _mutating_policy(obj.get("spec") or {}) if kind.startswith("Mutating") else _validating_policy(obj)


def _policy_head(spec: Obj) -> Errors:
    out = choice("spec.failurePolicy", spec.get("failurePolicy"), FAILURE_POLICIES)
    if spec.get("paramKind") is not None:
        out += param_kind(spec["paramKind"], "spec.paramKind")
    constraints = spec.get("matchConstraints")
    if constraints is None:
        return [*out, required("spec.matchConstraints")]
    out += match_resources(constraints, "spec.matchConstraints")
    if not constraints.get("resourceRules"):
        out.append(required("spec.matchConstraints.resourceRules"))
    return out


def _conditions_and_variables(spec: Obj, scope: dict[str, Type]) -> tuple[Errors, dict[str, Type]]:
    """What is wrong with both, and the types of the variables."""
    params = DYN if spec.get("paramKind") is not None else None
    out = match_conditions(spec.get("matchConditions"), "spec.matchConditions", params)
    types: dict[str, Type] = {}
    for i, variable in enumerate(spec.get("variables") or []):
        path, name = f"spec.variables[{i}]", str(variable.get("name") or "")
        source = str(variable.get("expression") or "")
        if not name.strip():
            out.append(required(f"{path}.name", "name is not specified"))
        elif not _IDENTIFIER.fullmatch(name) or name in _RESERVED:
            out.append(invalid_value(f"{path}.name", name, "name is not a valid CEL identifier"))
        if not source.strip():
            out.append(required(f"{path}.expression", "expression is not specified"))
            continue
        seen = {**scope, "variables": Type("kubernetes.variables", (), dict(types))}
        found, wrong = expressions.examine(source, seen, mutation="mutations" in spec)
        if wrong:
            out.append(invalid_value(f"{path}.expression", source, f"compilation failed: {wrong}"))
        types[name] = DYN if wrong else found
    return out, types


def _validating_policy(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out = _policy_head(spec)
    params = DYN if spec.get("paramKind") is not None else None
    more, variables = _conditions_and_variables(spec, expressions.scope(params=params))
    out += more
    known = variables if spec.get("variables") else None
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        return [*out, required("spec.validations", _BOTH), required("spec.auditAnnotations", _BOTH)]
    scope = expressions.scope(params=params, variables=known)
    quiet = expressions.scope(params=params, variables=known, authorizer=False)
    for i, validation in enumerate(validations):
        out += _validation(validation, f"spec.validations[{i}]", scope, quiet)
    keys: set[str] = set()
    for i, annotation in enumerate(annotations):
        path, key = f"spec.auditAnnotations[{i}]", str(annotation.get("key") or "")
        out += check(f"{path}.key", f"{name_of(obj)}/{key}", names.qualified_name)
        source = str(annotation.get("valueExpression") or "").strip()
        if not source:
            out.append(required(f"{path}.valueExpression", "valueExpression is not specified"))
        else:
            out += expression(f"{path}.valueExpression", source, scope, expressions.TEXT_OR_NULL)
        if key in keys:
            out.append(duplicate(f"{path}.key", key))
        keys.add(key)
    return out


def _validation(validation: Obj, path: str, scope: dict[str, Type], quiet: dict[str, Type]) -> Errors:
    out: Errors = []
    source = str(validation.get("expression") or "")
    if not source.strip():
        out.append(required(f"{path}.expression", "expression is not specified"))
    else:
        out += expression(f"{path}.expression", source, scope, (BOOL,))
    made = str(validation.get("messageExpression") or "")
    if made and not made.strip():
        out.append(invalid_value(f"{path}.messageExpression", made, "must be non-empty if specified"))
    elif made:
        out += expression(f"{path}.messageExpression", made, quiet, (STRING,))
    message = str(validation.get("message") or "")
    if message and not message.strip():
        out.append(invalid_value(f"{path}.message", message, "message must be non-empty if specified"))
    elif re.search(r"[\n\r]", message.strip()):
        out.append(invalid_value(f"{path}.message", message, "message must not contain line breaks"))
    reason = validation.get("reason")
    if reason is not None and reason not in _REASONS:
        out.append(not_supported(f"{path}.reason", reason, _REASONS))
    return out


def _mutating_policy(spec: Obj) -> Errors:
    out = _policy_head(spec)
    rules = (spec.get("matchConstraints") or {}).get("resourceRules") or []
    out += _only_mutable(rules, "spec.matchConstraints.resourceRules.operations")
    params = DYN if spec.get("paramKind") is not None else None
    more, variables = _conditions_and_variables(spec, expressions.scope(params=params))
    out += more
    scope = expressions.scope(params=params, variables=variables if spec.get("variables") else None)
    if not spec.get("mutations"):
        out.append(required("spec.mutations", "mutations must contain at least one item"))
    for i, mutation in enumerate(spec.get("mutations") or []):
        out += _mutation(mutation, f"spec.mutations[{i}]", scope)
    return out + choice("spec.reinvocationPolicy", spec.get("reinvocationPolicy"), REINVOCATION)


def _mutation(mutation: Obj, path: str, scope: dict[str, Type]) -> Errors:
    kind = mutation.get("patchType")
    out = choice(f"{path}.patchType", kind, tuple(_PATCHES))
    if out:
        return out
    for other, key in _PATCHES.items():
        given = mutation.get(key)
        if other != kind:
            if given is not None:
                detail = f"must not be specified when patchType is {kind}"
                out.append(invalid_value(f"{path}.{key}", f"{{{key}}}", detail))
        elif given is None:
            out.append(required(f"{path}.{key}", f"must be specified when patchType is {kind}"))
        elif not str(given.get("expression") or "").strip():
            out.append(required(f"{path}.{key}.expression", "expression is not specified"))
        else:
            wanted = _PATCH_TYPES[other]
            out += expression(f"{path}.{key}.expression", given["expression"], scope, wanted, mutation=True)
    return out


def _only_mutable(rules: Iterable[Obj], path: str) -> Errors:
    given = [op for rule in rules for op in rule.get("operations") or ()]
    return [not_supported(path, op, _MUTABLE) for op in given if op not in _MUTABLE]


def _binding(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    name = spec.get("policyName") or ""
    out = check("spec.policyName", name, names.dns_subdomain) if name else [required("spec.policyName")]
    if spec.get("paramRef") is not None:
        out += param_ref(spec["paramRef"], "spec.paramRef")
    validating = obj.get("kind") == "ValidatingAdmissionPolicyBinding"
    if spec.get("matchResources") is not None:
        # The server's own misspelling, in the one kind.
        path = "spec.matchResouces" if validating else "spec.matchResources"
        out += match_resources(spec["matchResources"], path)
        if not validating:
            rules = spec["matchResources"].get("resourceRules") or []
            out += _only_mutable(rules, f"{path}.resourceRules.operations")
    return out + (_actions(spec.get("validationActions") or []) if validating else [])


def _actions(actions: list[str]) -> Errors:
    path, out, seen = "spec.validationActions", [], set()
    for i, action in enumerate(actions):
        if action not in _ACTIONS:
            out.append(not_supported(f"{path}[{i}]", action, _ACTIONS))
        if action in seen:
            out.append(duplicate(f"{path}[{i}]", action))
        seen.add(action)
    if {"Deny", "Warn"} <= seen:
        out.append(invalid_value(path, actions, _DENY_AND_WARN))
    if not seen:
        out.append(required(path, "at least one validation action is required"))
    return out
