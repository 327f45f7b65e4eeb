"""ConfigMaps, Secrets, ServiceAccounts and Namespaces."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from labrunner.sim import names
from labrunner.sim.errors import forbidden_field, invalid_value, required, too_long
from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import Errors, check, config_key

_LIMIT: Final = 1024 * 1024
_LOCKED: Final = "field is immutable when `immutable` is set"
_ACCOUNT: Final = "kubernetes.io/service-account.name"


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
