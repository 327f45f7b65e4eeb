"""APIServices, FlowSchemas and PriorityLevelConfigurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import Errors, check, check_port_number

_MOST_PRECEDENCE: Final = 10000


def create_api_service(obj: Obj) -> Errors:
    """An APIService, which is named after what it serves."""
    spec: Obj = obj.get("spec") or {}
    return meta.create(obj, False, _service_name(spec)) + _api_service(spec)


def update_api_service(new: Obj, old: Obj) -> Errors:
    """An APIService replaced."""
    return meta.update(new, old) + create_api_service(new)


def _service_name(spec: Obj) -> Callable[[str], list[str]]:
    wanted = f"{spec.get('version') or ''}.{spec.get('group') or ''}"

    def rule(name: str) -> list[str]:
        wrong = [] if name == wanted else [f'must be `spec.version+"."+spec.group`: "{wanted}"']
        return names.path_segment(name) or wrong

    return rule


def _api_service(spec: Obj) -> Errors:
    group, version = spec.get("group") or "", spec.get("version") or ""
    out: Errors = []
    if not group and version != "v1":
        out.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    if group:
        out += check("spec.group", group, names.dns_subdomain)
    out += check("spec.version", version, names.dns_1035_label)
    for key, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(key) or 0
        if not 0 < value <= most:
            out.append(invalid_value(f"spec.{key}", value, f"must be positive and less than {most}"))
    service, skip, bundle = spec.get("service"), spec.get("insecureSkipTLSVerify"), spec.get("caBundle")
    path = "spec.insecureSkipTLSVerify"
    if service is None:
        if bundle:
            size = f"{len(bundle) * 3 // 4} bytes"
            out.append(invalid_value("spec.caBundle", size, "local APIServices may not have a caBundle"))
        if skip:
            text = "local APIServices may not have insecureSkipTLSVerify"
            out.append(invalid_value(path, True, text))
        return out
    out += [required(f"spec.service.{key}") for key in ("namespace", "name") if not service.get(key)]
    if service.get("port") is not None:
        out += check_port_number("spec.service.port", service["port"])
    if skip and bundle:
        out.append(invalid_value(path, True, "may not be true if caBundle is present"))
    return out


def create_flow_schema(obj: Obj) -> Errors:
    """A FlowSchema."""
    spec: Obj = obj.get("spec") or {}
    name = (obj.get("metadata") or {}).get("name")
    path = "spec.matchingPrecedence"
    precedence = spec.get("matchingPrecedence") or 0
    out = meta.create(obj, False)
    if precedence <= 0:
        out.append(invalid_value(path, precedence, "must be a positive value"))
    if precedence > _MOST_PRECEDENCE:
        out.append(invalid_value(path, precedence, f"must not be greater than {_MOST_PRECEDENCE}"))
    if precedence == 1 and name != "exempt":
        text = "only the schema named 'exempt' may have matchingPrecedence 1"
        out.append(invalid_value(path, precedence, text))
    method = spec.get("distinguisherMethod")
    methods = ("ByNamespace", "ByUser")
    if method is not None and method.get("type") not in methods:
        out.append(not_supported("spec.distinguisherMethod.type", method.get("type") or "", methods))
    level = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
    here = "spec.priorityLevelConfiguration.name"
    missing = [required(here, "must reference a priority level")]
    out += check(here, level, names.dns_subdomain) if level else missing
    for i, rule in enumerate(spec.get("rules") or []):
        out += _flow_rule(rule, f"spec.rules[{i}]")
    return out


def update_flow_schema(new: Obj, old: Obj) -> Errors:
    """A FlowSchema replaced."""
    return meta.update(new, old) + create_flow_schema(new)


def _flow_rule(rule: Obj, path: str) -> Errors:
    out: Errors = []
    if not rule.get("subjects"):
        out.append(required(f"{path}.subjects", "subjects must contain at least one value"))
    for i, subject in enumerate(rule.get("subjects") or []):
        kind = subject.get("kind") or ""
        if kind not in ("Group", "ServiceAccount", "User"):
            kinds = ("Group", "ServiceAccount", "User")
            out.append(not_supported(f"{path}.subjects[{i}].kind", kind, kinds))
    if not rule.get("resourceRules") and not rule.get("nonResourceRules"):
        text = "at least one of resourceRules and nonResourceRules has to be non-empty"
        out.append(required(path, text))
    return out


def create_priority_level(obj: Obj) -> Errors:
    """A PriorityLevelConfiguration."""
    spec: Obj = obj.get("spec") or {}
    out = meta.create(obj, False)
    kind, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    if kind == "Exempt":
        if limited is not None:
            out.append(forbidden_field("spec.limited", "must be nil if the type is not Limited"))
    elif kind == "Limited":
        if exempt is not None:
            out.append(forbidden_field("spec.exempt", "must be nil if the type is Limited"))
        missing = [required("spec.limited", "must not be empty when type is Limited")]
        out += missing if limited is None else _limited(limited)
    else:
        out.append(not_supported("spec.type", kind, ("Exempt", "Limited")))
    return out


def update_priority_level(new: Obj, old: Obj) -> Errors:
    """A PriorityLevelConfiguration replaced."""
    return meta.update(new, old) + create_priority_level(new)


def _limited(limited: Obj) -> Errors:
    shares = limited.get("nominalConcurrencyShares")
    out: Errors = []
    if shares is not None and shares < 0:
        text = "must be a non-negative integer"
        out.append(invalid_value("spec.limited.nominalConcurrencyShares", shares, text))
    response: Obj = limited.get("limitResponse") or {}
    path, kind, queuing = "spec.limited.limitResponse", response.get("type") or "", response.get("queuing")
    if kind == "Reject" and queuing is not None:
        text = "must be nil if limited.limitResponse.type is not Limited"
        out.append(forbidden_field(f"{path}.queuing", text))
    elif kind == "Queue" and queuing is None:
        text = "must not be empty if limited.limitResponse.type is Limited"
        out.append(required(f"{path}.queuing", text))
    elif kind not in ("Reject", "Queue"):
        out.append(not_supported(f"{path}.type", kind, ("Queue", "Reject")))
    return out
