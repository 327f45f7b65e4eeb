"""ConfigMaps, Secrets, ServiceAccounts, Namespaces, Nodes, quotas, limit ranges and events."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    required,
    too_long,
)
from labrunner.sim.objects import Obj, annotations_of, get_path, namespace_of
from labrunner.sim.quantity import Quantity
from labrunner.sim.validation import meta, quantities, scheduling
from labrunner.sim.validation.addresses import check_cidr
from labrunner.sim.validation.syntax import Errors, check, config_key

_LIMIT: Final = 1024 * 1024
_LOCKED: Final = "field is immutable when `immutable` is set"
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_SCOPES: Final = frozenset(
    (
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    )
)
_LIMIT_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")


def create_config_map(obj: Obj) -> Errors:
    """A ConfigMap."""
    return meta.create(obj, True) + _config_map(obj)


def update_config_map(new: Obj, old: Obj) -> Errors:
    """A ConfigMap replaced."""
    return meta.update(new, old) + _locked(new, old, ("data", "binaryData")) + _config_map(new)


def _locked(new: Obj, old: Obj, keys: tuple[str, ...]) -> Errors:
    if not old.get("immutable"):
        return []
    out: Errors = [] if new.get("immutable") else [forbidden_field("immutable", _LOCKED)]
    changed = [key for key in keys if (new.get(key) or {}) != (old.get(key) or {})]
    return out + [forbidden_field(key, _LOCKED) for key in changed]


def _config_map(obj: Obj) -> Errors:
    out: Errors = []
    size = 0
    binary = obj.get("binaryData") or {}
    for key, value in sorted((obj.get("data") or {}).items()):
        out += check(f"data[{key}]", key, config_key)
        if key in binary:
            out.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(str(value).encode())
    for key, value in sorted(binary.items()):
        out += check(f"binaryData[{key}]", key, config_key)
        size += _decoded_size(value)
    return out + ([too_long("[]", _LIMIT)] if size > _LIMIT else [])


def _decoded_size(value: Any) -> int:
    return len(str(value)) * 3 // 4


def create_secret(obj: Obj) -> Errors:
    """A Secret."""
    return meta.create(obj, True) + _secret(obj)


def update_secret(new: Obj, old: Obj) -> Errors:
    """A Secret keeps its type."""
    out = meta.update(new, old) + meta.immutable("type", new.get("type"), old.get("type"))
    return out + _locked(new, old, ("data",)) + _secret(new)


_NEEDED: Final = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def _secret(obj: Obj) -> Errors:
    data: Obj = obj.get("data") or {}
    out: Errors = []
    for key in sorted(data):
        out += check(f"data[{key}]", key, config_key)
    if sum(_decoded_size(value) for value in data.values()) > _LIMIT:
        out.append(too_long("data", _LIMIT))
    kind = obj.get("type") or ""
    if kind == "kubernetes.io/service-account-token" and not annotations_of(obj).get(_ACCOUNT):
        out.append(required(f"metadata.annotations[{_ACCOUNT}]"))
    out += [required(f"data[{key}]") for key in _NEEDED.get(kind, ()) if key not in data]
    if kind.startswith("kubernetes.io/docker"):
        for key in _NEEDED.get(kind, ()):
            problem = _json_problem(data[key]) if key in data else ""
            if problem:
                out.append(invalid_value(f"data[{key}]", "<secret contents redacted>", problem))
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        out += [required("data[username]"), required("data[password]")]
    if kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        out.append(required("data[ssh-privatekey]"))
    return out


def _json_problem(encoded: Any) -> str:
    try:
        text = base64.b64decode(str(encoded)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "invalid character '\\x00' looking for beginning of value"
    if not text.strip():
        return "unexpected end of JSON input"
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            return "unexpected end of JSON input"
        return f"invalid character '{text[error.pos]}' looking for beginning of value"
    if isinstance(found, dict):
        return ""
    word = {list: "array", str: "string", bool: "bool"}.get(type(found), "number")
    return f"json: cannot unmarshal {word} into Go value of type map[string]interface {{}}"


def create_service_account(obj: Obj) -> Errors:
    """A ServiceAccount."""
    return meta.create(obj, True)


def create_namespace(obj: Obj) -> Errors:
    """A Namespace."""
    return meta.create(obj, False, names.dns_label) + _spec_finalizers(obj)


def _spec_finalizers(obj: Obj) -> Errors:
    found = get_path(obj, "spec", "finalizers", default=[])
    return [error for name in found for error in meta.finalizer(name, "spec.finalizers")]


def finalize_namespace(new: Obj, old: Obj) -> Errors:
    """A Namespace through ``finalize``."""
    return meta.update(new, old) + _spec_finalizers(new)


def create_node(obj: Obj) -> Errors:
    """A Node."""
    out = meta.create(obj, False)
    out += scheduling.taints(get_path(obj, "spec", "taints", default=[]), "metadata.taints")
    for i, cidr in enumerate(get_path(obj, "spec", "podCIDRs", default=[])):
        out += check_cidr(f"spec.podCIDRs[{i}]", cidr)
    return out


def update_node(new: Obj, old: Obj) -> Errors:
    """A Node replaced: taints and labels come and go, addresses stay."""
    out = meta.update(new, old)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    known = before.get("podCIDRs") or []
    moved = known and after.get("podCIDR", known[0]) != known[0]
    if known and (moved or known != (after.get("podCIDRs") or [])):
        text = 'node updates may not change podCIDR except from "" to valid'
        out.append(forbidden_field("spec.podCIDRs", text))
    if before.get("providerID") and before["providerID"] != after.get("providerID"):
        text = 'node updates may not change providerID except from "" to valid'
        out.append(forbidden_field("spec.providerID", text))
    return out + scheduling.taints(after.get("taints") or [], "metadata.taints")


def create_quota(obj: Obj) -> Errors:
    """A ResourceQuota."""
    return meta.create(obj, True) + _quota(obj)


def update_quota(new: Obj, old: Obj) -> Errors:
    """A ResourceQuota keeps its scopes."""
    out = meta.update(new, old) + _quota(new)
    after = get_path(new, "spec", "scopes", default=[])
    if set(after) != set(get_path(old, "spec", "scopes", default=[])):
        out.append(invalid_value("spec.scopes", after, "field is immutable"))
    return out


def _quota(obj: Obj) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out: Errors = []
    for name, value in sorted((spec.get("hard") or {}).items()):
        path = f"spec.hard[{name}]"
        out += quantities.quota_resource_name(name, path) + quantities.quantity_value(name, value, path)
    scopes = spec.get("scopes") or []
    for scope in scopes:
        if scope not in _SCOPES:
            out.append(invalid_value("spec.scopes", scopes, "unsupported scope"))
        elif not all(_scope_fits(scope, name) for name in spec.get("hard") or {}):
            out.append(invalid_value("spec.scopes", scopes, "unsupported scope applied to resource"))
    for pair in ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}):
        if pair <= set(scopes):
            out.append(invalid_value("spec.scopes", scopes, "conflicting scopes"))
    for expression in get_path(spec, "scopeSelector", "matchExpressions", default=[]):
        out += _scope_expression(expression, "spec.scopeSelector.matchExpressions")
    return out


def _scope_fits(scope: str, resource: str) -> bool:
    if "/" in resource:
        return True
    compute = resource == "pods" or resource.split(".")[-1] in ("cpu", "memory", "ephemeral-storage")
    return resource == "pods" if scope == "BestEffort" else compute


def _scope_expression(expression: Obj, path: str) -> Errors:
    out: Errors = []
    scope, operator = expression.get("scopeName") or "", expression.get("operator") or ""
    values = expression.get("values") or []
    if scope not in _SCOPES:
        out.append(invalid_value(f"{path}.scopeName", scope, "unsupported scope"))
    elif scope not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
        text = (
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
            "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort "
            "or ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        out.append(invalid_value(f"{path}.operator", operator, text))
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            out.append(required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            out.append(invalid_value(f"{path}.values", values, text))
    else:
        out.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    return out


def create_limit_range(obj: Obj) -> Errors:
    """A LimitRange."""
    out = meta.create(obj, True)
    seen: set[str] = set()
    for i, item in enumerate(get_path(obj, "spec", "limits", default=[])):
        path, kind = f"spec.limits[{i}]", item.get("type") or ""
        problems = check(f"{path}.type", kind, names.qualified_name)
        if not problems and "/" not in kind and kind not in _LIMIT_TYPES:
            text = "must be a standard limit type or fully qualified"
            problems = [invalid_value(f"{path}.type", kind, text)]
        out += problems
        if kind in seen:
            out.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        out += _limits(item, kind, path)
    return out


def update_limit_range(new: Obj, old: Obj) -> Errors:
    """A LimitRange replaced."""
    return meta.update(new, old) + create_limit_range(new)


def _limits(item: Obj, kind: str, path: str) -> Errors:
    rule = quantities.container_resource_name if kind in ("Pod", "Container") else quantities.resource_name
    out: Errors = []
    found: dict[str, dict[str, Quantity]] = {}
    for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        values: Obj = item.get(key) or {}
        if kind == "Pod" and key.startswith("default"):
            if values:
                text = "may not be specified when `type` is 'Pod'"
                out.append(forbidden_field(f"{path}.{key}", text))
            values = {}
        for name in sorted(values):
            out += rule(name, f"{path}.{key}[{name}]")
        found[key] = {name: q for name, v in values.items() if (q := quantities.amount(v)) is not None}
    if kind == "PersistentVolumeClaim" and not {"storage"} & {*found["max"], *found["min"]}:
        text = "either minimum or maximum storage value is required, but neither was provided"
        out.append(required(f"{path}.limits", text))
    for name in sorted({name for values in found.values() for name in values}):
        out += _consistent(name, {key: values.get(name) for key, values in found.items()}, path)
    return out


# (smaller, larger, field, whose value is shown, words for both)
_ORDER: Final = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    (
        "min",
        "defaultRequest",
        "defaultRequest",
        "defaultRequest",
        "min value {} is greater than default request value {}",
    ),
    (
        "defaultRequest",
        "max",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than max value {}",
    ),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "defaultRequest",
        "default request value {} is greater than default limit value {}",
    ),
    ("min", "default", "default", "min", "min value {} is greater than default value {}"),
    ("default", "max", "default", "max", "default value {} is greater than max value {}"),
)


def _consistent(name: str, of: dict[str, Quantity | None], path: str) -> Errors:
    out: Errors = []
    for small, large, field, shown, text in _ORDER:
        low, high = of[small], of[large]
        if low is not None and high is not None and low > high:
            value = of[shown]
            out.append(invalid_value(f"{path}.{field}[{name}]", str(value), text.format(low, high)))
    ratio, low, high = of["maxLimitRequestRatio"], of["min"], of["max"]
    here = f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is not None and ratio < Quantity.of(1):
        out.append(invalid_value(here, str(ratio), f"ratio {ratio} is less than 1"))
    if ratio is not None and low and high is not None and ratio.nanos / 10**9 > high.nanos / low.nanos:
        text = f"ratio {ratio} is greater than max/min = {high.nanos / low.nanos:f}"
        out.append(invalid_value(here, str(ratio), text))
    return out


def create_event(obj: Obj) -> Errors:
    """An Event, in either of its groups."""
    out = meta.create(obj, True)
    about: Obj = obj.get("involvedObject") or obj.get("regarding") or {}
    namespace, target = namespace_of(obj), about.get("namespace") or ""
    if target != namespace and not (not target and namespace in ("", "default")):
        out.append(
            FieldError(
                "FieldValueInvalid", "involvedObject.namespace", "does not match event.namespace", target
            )
        )
    return out
