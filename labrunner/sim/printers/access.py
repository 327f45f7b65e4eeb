"""Rows of RBAC, scheduling, leases, certificates, admission and API-machinery kinds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labrunner.sim.objects import Obj, get_path, name_of
from labrunner.sim.printers.text import NONE, UNSET, Printer, age, columns, human_duration


def _binding(obj: Obj, now: datetime) -> list[Any]:
    role: Obj = obj.get("roleRef") or {}
    subjects: list[Obj] = obj.get("subjects") or []
    users = [s.get("name", "") for s in subjects if s.get("kind") == "User"]
    groups = [s.get("name", "") for s in subjects if s.get("kind") == "Group"]
    accounts = [
        f"{s.get('namespace', '')}/{s.get('name', '')}" for s in subjects if s.get("kind") == "ServiceAccount"
    ]
    shown = [", ".join(found) for found in (users, groups, accounts)]
    return [name_of(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now), *shown]


def _priority_class(obj: Obj, now: datetime) -> list[Any]:
    policy = obj.get("preemptionPolicy") or ""
    return [name_of(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now), policy]


def _runtime_class(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), obj.get("handler", ""), age(obj, now)]


def _lease(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), get_path(obj, "spec", "holderIdentity", default=""), age(obj, now)]


def _certificate_state(obj: Obj) -> str:
    kinds = {c.get("type") for c in get_path(obj, "status", "conditions", default=[])}
    state = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    if "Failed" in kinds:
        state += ",Failed"
    if get_path(obj, "status", "certificate"):
        state += ",Issued"
    return state


def _certificate_request(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    return [
        name_of(obj),
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else human_duration(seconds),
        _certificate_state(obj),
    ]


def _webhooks(obj: Obj, now: datetime) -> list[Any]:
    return [name_of(obj), len(obj.get("webhooks") or []), age(obj, now)]


def _admission_policy(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    parameter: Obj | None = spec.get("paramKind")
    kind = UNSET
    if parameter:
        kind = f"{parameter.get('apiVersion', '')}/{parameter.get('kind', '')}"
    key = "mutations" if obj.get("kind") == "MutatingAdmissionPolicy" else "validations"
    return [name_of(obj), len(spec.get(key) or []), kind, age(obj, now)]


def _go_selector(selector: Obj) -> str:
    """A LabelSelector as Go's generated ``String()`` writes it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    terms = "".join(
        f"LabelSelectorRequirement{{Key:{e.get('key', '')},Operator:{e.get('operator', '')},"
        f"Values:[{' '.join(e.get('values') or [])}],}},"
        for e in selector.get("matchExpressions") or []
    )
    requirements = f"[]LabelSelectorRequirement{{{terms}}}"
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:{requirements},}}"


def _admission_binding(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    reference: Obj | None = spec.get("paramRef")
    shown = UNSET
    if reference:
        if reference.get("name"):
            # Whether the parameter has a namespace cannot be told from here.
            shown = f"{reference.get('namespace') or '*'}/{reference['name']}"
        elif reference.get("selector") is not None:
            shown = _go_selector(reference["selector"])
    return [name_of(obj), spec.get("policyName", ""), shown, age(obj, now)]


def _api_service(obj: Obj, now: datetime) -> list[Any]:
    service: Obj | None = get_path(obj, "spec", "service")
    shown = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    available = "Unknown"
    for condition in get_path(obj, "status", "conditions", default=[]):
        if condition.get("type") == "Available":
            status, reason = condition.get("status", ""), condition.get("reason", "")
            available = status if status == "True" else f"{status} ({reason})"
    return [name_of(obj), shown, available, age(obj, now)]


def _flow_schema(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    missing = "?"
    for condition in get_path(obj, "status", "conditions", default=[]):
        if condition.get("type") == "Dangling":
            missing = str(condition.get("status"))
    return [
        name_of(obj),
        get_path(spec, "priorityLevelConfiguration", "name", default=""),
        spec.get("matchingPrecedence", 0),
        get_path(spec, "distinguisherMethod", "type", default=NONE),
        age(obj, now),
        missing,
    ]


def _priority_level(obj: Obj, now: datetime) -> list[Any]:
    spec: Obj = obj.get("spec") or {}
    limits: Obj = spec.get("limited") or {}
    queuing: Obj = get_path(limits, "limitResponse", "queuing", default={})
    cells = [queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")]
    shares = limits.get("nominalConcurrencyShares", NONE)
    return [name_of(obj), spec.get("type", ""), shares, *cells, age(obj, now)]


def _component_status(obj: Obj, now: datetime) -> list[Any]:
    del now
    status, message, error = "Unknown", "", ""
    for condition in obj.get("conditions") or []:
        if condition.get("type") == "Healthy":
            status = "Healthy" if condition.get("status") == "True" else "Unhealthy"
            message, error = condition.get("message", ""), condition.get("error", "")
            break
    return [name_of(obj), status, message, error]


BINDING = Printer(columns("Role", "Age", wide=("Users", "Groups", "ServiceAccounts")), _binding)
PRIORITY_CLASS = Printer(
    columns(
        "Value",
        "Global-Default",
        "Age",
        "PreemptionPolicy",
        integers=("Value",),
        booleans=("Global-Default",),
    ),
    _priority_class,
)
RUNTIME_CLASS = Printer(columns("Handler", "Age"), _runtime_class)
LEASE = Printer(columns("Holder", "Age"), _lease)
CERTIFICATE_REQUEST = Printer(
    columns("Age", "SignerName", "Requestor", "RequestedDuration", "Condition"), _certificate_request
)
WEBHOOKS = Printer(columns("Webhooks", "Age", integers=("Webhooks",)), _webhooks)
VALIDATING_POLICY = Printer(
    columns("Validations", "ParamKind", "Age", integers=("Validations",)), _admission_policy
)
MUTATING_POLICY = Printer(
    columns("Mutations", "ParamKind", "Age", integers=("Mutations",)), _admission_policy
)
ADMISSION_BINDING = Printer(columns("PolicyName", "ParamRef", "Age"), _admission_binding)
API_SERVICE = Printer(columns("Service", "Available", "Age"), _api_service)
FLOW_SCHEMA = Printer(
    columns("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"), _flow_schema
)
PRIORITY_LEVEL = Printer(
    columns("Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"),
    _priority_level,
)
COMPONENT_STATUS = Printer(columns("Status", "Message", "Error"), _component_status)
