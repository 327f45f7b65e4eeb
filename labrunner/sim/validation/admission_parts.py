"""Parts that admission policies, their bindings and webhooks share: rules, conditions, parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.admission.policies import expressions
from labrunner.sim.crd.cel.types import BOOL, Type
from labrunner.sim.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import Errors, check

MATCH_POLICIES: Final = ("Equivalent", "Exact")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")


def choice(path: str, value: Any, allowed: Iterable[str]) -> Errors:
    """A value that must be there and one of *allowed*."""
    if not value:
        return [required(path)]
    return [] if value in allowed else [not_supported(path, value, allowed)]


def expression(
    path: str, source: str, scope: dict[str, Type], wanted: tuple[Type, ...] | None, *, mutation: bool = False
) -> Errors:
    """An expression that must be of one of the types *wanted* (None: of any)."""
    wrong = expressions.complaint(source, scope, wanted, mutation=mutation)
    return [invalid_value(path, source, wrong)] if wrong else []


def param_kind(kind: Obj, path: str) -> Errors:
    """``paramKind``."""
    out: Errors = []
    version = str(kind.get("apiVersion") or "")
    group, _, number = version.rpartition("/")
    where = f"{path}.apiVersion"
    if not version:
        out.append(required(where))
    elif version.count("/") > 1:
        out.append(invalid_value(where, version, f"unexpected GroupVersion string: {version}"))
    else:
        if group and (wrong := names.dns_subdomain(group)):
            out.append(invalid_value(where, group, ",".join(wrong)))
        if not number:
            out.append(invalid_value(where, version, "version must be specified"))
        elif wrong := names.dns_1035_label(number):
            out.append(invalid_value(where, number, ",".join(wrong)))
    called = str(kind.get("kind") or "")
    if not called:
        out.append(required(f"{path}.kind"))
    elif wrong := names.dns_1035_label(called.lower()):
        text = "may have mixed case, but should otherwise match: " + ",".join(wrong)
        out.append(invalid_value(f"{path}.kind", called, text))
    return out


def match_resources(found: Obj, path: str) -> Errors:
    """``matchConstraints`` or ``matchResources``."""
    out = choice(f"{path}.matchPolicy", found.get("matchPolicy"), MATCH_POLICIES)
    for key in ("namespaceSelector", "objectSelector"):
        out += meta.label_selector(found.get(key), f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for i, rule in enumerate(found.get(key) or []):
            where, seen = f"{path}.{key}[{i}]", set()
            for k, name in enumerate(rule.get("resourceNames") or []):
                out += check(f"{where}.resourceNames[{k}]", name, names.path_segment)
                if name in seen:
                    out.append(duplicate(f"{where}.resourceNames[{k}]", name))
                seen.add(name)
            out += rule_with_operations(rule, where)
    return out


def rule_with_operations(rule: Obj, path: str) -> Errors:
    """A rule of a policy or of a webhook."""
    out: Errors = []
    operations = rule.get("operations") or []
    if not operations:
        out.append(required(f"{path}.operations"))
    if len(operations) > 1 and "*" in operations:
        detail = "if '*' is present, must not specify other operations"
        out.append(invalid_value(f"{path}.operations", operations, detail))
    for i, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            out.append(not_supported(f"{path}.operations[{i}]", operation, _OPERATIONS))
    for key, noun in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        values = rule.get(key) or []
        if not values:
            out.append(required(f"{path}.{key}"))
        if len(values) > 1 and "*" in values:
            detail = f"if '*' is present, must not specify other {noun}"
            out.append(invalid_value(f"{path}.{key}", values, detail))
        if key == "apiVersions":
            out += [required(f"{path}.{key}[{i}]") for i, value in enumerate(values) if not value]
    out += _resources(rule.get("resources") or [], f"{path}.resources")
    if rule.get("scope") is not None and rule["scope"] not in _SCOPES:
        out.append(not_supported(f"{path}.scope", rule["scope"], _SCOPES))
    return out


def _resources(resources: list[str], path: str) -> Errors:
    out: Errors = [required(path)] if not resources else []
    whole: set[str] = set()  # x for x/*
    everywhere: set[str] = set()  # x for */x
    plain = False
    for i, resource in enumerate(resources):
        where = f"{path}[{i}]"
        if not resource:
            out.append(required(where))
            continue
        name, slash, below = resource.partition("/")
        if not slash:
            plain = resource != "*"
            continue
        if name in whole:
            text = f"if '{name}/*' is present, must not specify {resource}"
            out.append(invalid_value(where, resource, text))
        if below in everywhere:
            text = f"if '*/{below}' is present, must not specify {resource}"
            out.append(invalid_value(where, resource, text))
        if below == "*":
            whole.add(name)
        if name == "*":
            everywhere.add(below)
    if len(resources) > 1 and "*/*" in resources:
        text = "if '*/*' is present, must not specify other resources"
        out.append(invalid_value(path, resources, text))
    if "*" in resources and plain:
        text = "if '*' is present, must not specify other resources without subresources"
        out.append(invalid_value(path, resources, text))
    return out


def match_conditions(conditions: list[Obj] | None, path: str, params: Type | None) -> Errors:
    """The match conditions of a policy or of a webhook; *params* None where there are none."""
    out: Errors = []
    given = conditions or []
    if len(given) > 64:
        out.append(FieldError("FieldValueTooMany", path, "must have at most 64 items", len(given)))
    scope, seen = expressions.scope(params=params), set()
    for i, condition in enumerate(given):
        where, name = f"{path}[{i}]", str(condition.get("name") or "")
        source = str(condition.get("expression") or "").strip()
        out += (
            expression(f"{where}.expression", source, scope, (BOOL,))
            if source
            else [required(f"{where}.expression")]
        )
        out += check(f"{where}.name", name, names.qualified_name) if name else [required(f"{where}.name")]
        if name and name in seen:
            out.append(duplicate(f"{where}.name", name))
        seen.add(name)
    return out


def param_ref(reference: Obj, path: str) -> Errors:
    """``paramRef``."""
    out: Errors = []
    name, selector = reference.get("name") or "", reference.get("selector")
    if name:
        out += check(f"{path}.name", name, names.path_segment)
        if selector is not None:
            out.append(forbidden_field(f"{path}.name", "name and selector are mutually exclusive"))
    if selector is not None:
        out += meta.label_selector(selector, f"{path}.selector")
        if name:
            out.append(forbidden_field(f"{path}.selector", "name and selector are mutually exclusive"))
    if not name and selector is None:
        out.append(required(path, "one of name or selector must be specified"))
    return out + choice(
        f"{path}.parameterNotFoundAction", reference.get("parameterNotFoundAction"), ("Deny", "Allow")
    )
