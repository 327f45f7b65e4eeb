"""Where pods may go: affinity, tolerations, spreading, taints."""

from __future__ import annotations

from typing import Final

from labrunner.sim import names
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

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def affinity(found: Obj | None, path: str) -> Errors:
    """``affinity``."""
    out: Errors = []
    node = (found or {}).get("nodeAffinity")
    if node is not None:
        here = f"{path}.nodeAffinity"
        if node.get(_REQUIRED) is not None:
            out += node_selector(node[_REQUIRED], f"{here}.{_REQUIRED}")
        for i, term in enumerate(node.get(_PREFERRED) or []):
            at = f"{here}.{_PREFERRED}[{i}]"
            out += _weight(term, at)
            out += _node_term(term.get("preference") or {}, f"{at}.preference", check_values=False)
    for key in ("podAffinity", "podAntiAffinity"):
        pods = (found or {}).get(key)
        if pods is None:
            continue
        for i, term in enumerate(pods.get(_REQUIRED) or []):
            out += _pod_term(term, f"{path}.{key}.{_REQUIRED}[{i}]")
        for i, weighted in enumerate(pods.get(_PREFERRED) or []):
            at = f"{path}.{key}.{_PREFERRED}[{i}]"
            out += _weight(weighted, at)
            out += _pod_term(weighted.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")
    return out


def _weight(term: Obj, path: str) -> Errors:
    weight = term.get("weight") or 0
    if 0 < weight <= 100:
        return []
    return [invalid_value(f"{path}.weight", weight, "must be in the range 1-100")]


def node_selector(selector: Obj, path: str) -> Errors:
    """A NodeSelector: at least one term."""
    terms = selector.get("nodeSelectorTerms") or []
    here = f"{path}.nodeSelectorTerms"
    if not terms:
        return [required(here, "must have at least one node selector term")]
    return [error for i, term in enumerate(terms) for error in _node_term(term, f"{here}[{i}]")]


def _node_term(term: Obj, path: str, *, check_values: bool = True) -> Errors:
    out: Errors = []
    for i, expression in enumerate(term.get("matchExpressions") or []):
        out += _node_expression(expression, f"{path}.matchExpressions[{i}]", check_values)
    for i, expression in enumerate(term.get("matchFields") or []):
        out += _node_field(expression, f"{path}.matchFields[{i}]")
    return out


def _node_expression(expression: Obj, path: str, check_values: bool) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    out: Errors = []
    if operator in ("In", "NotIn"):
        if not values:
            out.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            out.append(forbidden_field(f"{path}.values", text))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            out.append(required(f"{path}.values", text))
    else:
        out.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    out += check(f"{path}.key", expression.get("key") or "", names.qualified_name)
    if check_values:
        for i, value in enumerate(values):
            out += check(f"{path}.values[{i}]", value, names.label_value)
    return out


def _node_field(expression: Obj, path: str) -> Errors:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    out: Errors = []
    if operator in ("In", "NotIn"):
        if len(values) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            out.append(required(f"{path}.values", text))
    else:
        out.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    key = expression.get("key") or ""
    if key != "metadata.name":
        out.append(invalid_value(f"{path}.key", key, "not a valid field selector key"))
    else:
        for i, value in enumerate(values):
            out += check(f"{path}.values[{i}]", value, names.dns_subdomain)
    return out


def _pod_term(term: Obj, path: str) -> Errors:
    out = meta.label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    out += meta.label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or []:
        out += check(f"{path}.namespace", name, names.dns_label)
    out += _label_keys(term, path)
    topology = term.get("topologyKey") or ""
    if not topology:
        out.append(required(f"{path}.topologyKey", "can not be empty"))
    return out + check(f"{path}.topologyKey", topology, names.qualified_name)


def tolerations(found: list[Obj], path: str) -> Errors:
    """``tolerations``."""
    out: Errors = []
    for i, toleration in enumerate(found):
        here = f"{path}[{i}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        if key:
            out += check(f"{here}.key", key, names.qualified_name)
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            out.append(invalid_value(f"{here}.operator", operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            out.append(invalid_value(f"{here}.effect", effect, text))
        if operator in ("", "Equal"):
            problems = names.label_value(value)
            if problems:
                out.append(invalid_value(f"{here}.operator", value, ";".join(problems)))
        elif operator == "Exists":
            if value:
                text = "value must be empty when `operator` is 'Exists'"
                out.append(invalid_value(f"{here}.operator", value, text))
        else:
            out.append(not_supported(f"{here}.operator", operator, ("Equal", "Exists")))
        if effect and effect not in EFFECTS:
            out.append(not_supported(f"{here}.effect", effect, EFFECTS))
    return out


def taints(found: list[Obj], path: str) -> Errors:
    """Taints of a node."""
    out: Errors = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(found):
        here = f"{path}[{i}]"
        key, effect = taint.get("key") or "", taint.get("effect") or ""
        out += check(f"{here}.key", key, names.qualified_name)
        problems = names.label_value(taint.get("value") or "")
        if problems:
            out.append(invalid_value(f"{here}.value", taint["value"], ";".join(problems)))
        if not effect:
            out.append(required(f"{here}.effect"))
        elif effect not in EFFECTS:
            out.append(not_supported(f"{here}.effect", effect, EFFECTS))
        if (key, effect) in seen:
            shown = {"Key": key, "Value": taint.get("value") or "", "Effect": effect, "TimeAdded": None}
            text = "taints must be unique by key and effect pair"
            out.append(FieldError("FieldValueDuplicate", here, text, shown))
        seen.add((key, effect))
    return out


def spread(constraints: list[Obj], path: str) -> Errors:
    """``topologySpreadConstraints``."""
    out: Errors = []
    for i, constraint in enumerate(constraints):
        here = f"{path}[{i}]"
        skew, key = constraint.get("maxSkew") or 0, constraint.get("topologyKey") or ""
        action = constraint.get("whenUnsatisfiable") or ""
        if skew <= 0:
            out.append(invalid_value(f"{here}.maxSkew", skew, "must be greater than zero"))
        if not key:
            out.append(required(f"{here}.topologyKey", "can not be empty"))
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            allowed = ("DoNotSchedule", "ScheduleAnyway")
            out.append(not_supported(f"{here}.whenUnsatisfiable", action, allowed))
        rest = constraints[i + 1 :]
        if any(c.get("topologyKey") == key and c.get("whenUnsatisfiable") == action for c in rest):
            out.append(duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        out += _min_domains(constraint, here, action)
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            value = constraint.get(policy)
            if value is not None and value not in ("Honor", "Ignore"):
                out.append(not_supported(f"{here}.{policy}", value, ("Honor", "Ignore")))
        out += _label_keys(constraint, here)
        out += meta.label_selector(constraint.get("labelSelector"), f"{here}.labelSelector")
    return out


def _min_domains(constraint: Obj, path: str, action: str) -> Errors:
    domains = constraint.get("minDomains")
    if domains is None:
        return []
    here = f"{path}.minDomains"
    out = [invalid_value(here, domains, "must be greater than zero")] if domains <= 0 else []
    if action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        out.append(invalid_value(here, domains, text))
    return out


def _label_keys(term: Obj, path: str) -> Errors:
    """``matchLabelKeys`` and ``mismatchLabelKeys``.

    On a pod the server has merged the keys into the selector before it checks them: a key that was there
    already stands in it twice by then. In a template it has not, and nothing is amiss yet.
    """
    selector: Obj | None = term.get("labelSelector")
    matching, mismatching = term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or []
    out: Errors = []
    for key, listed in (("matchLabelKeys", matching), ("mismatchLabelKeys", mismatching)):
        if listed and selector is None:
            text = "must not be specified when labelSelector is not set"
            out.append(forbidden_field(f"{path}.{key}", text))
        else:
            for i, name in enumerate(listed):
                out += check(f"{path}.{key}[{i}]", name, names.qualified_name)
    seen = set((selector or {}).get("matchLabels") or {})
    for expression in (selector or {}).get("matchExpressions") or []:
        name = expression.get("key") or ""
        if name in matching and name in seen:
            text = "exists in both matchLabelKeys and labelSelector"
            out.append(invalid_value(f"{path}[{matching.index(name)}]", name, text))
        seen.add(name)
    for i, name in enumerate(matching):
        if name in mismatching:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            out.append(invalid_value(f"{path}.matchLabelKeys[{i}]", name, text))
    return out
