"""Webhook configurations."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from labrunner.sim import names
from labrunner.sim.errors import duplicate, invalid_value, not_supported, required
from labrunner.sim.objects import Obj
from labrunner.sim.validation import meta
from labrunner.sim.validation.admission_parts import MATCH_POLICIES, match_conditions, rule_with_operations
from labrunner.sim.validation.syntax import Errors

_EFFECTS: Final = ("None", "NoneOnDryRun")
_VERSIONS: Final = ("v1", "v1beta1")
_MISSING: Final = f"must specify one of {', '.join(_VERSIONS)}"


def create(obj: Obj) -> Errors:
    """A Validating- or MutatingWebhookConfiguration."""
    return meta.create(obj, False) + _webhooks(obj)


def update(new: Obj, old: Obj) -> Errors:
    """A webhook configuration replaced."""
    return meta.update(new, old) + _webhooks(new)


def _webhooks(obj: Obj) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for i, hook in enumerate(obj.get("webhooks") or []):
        path, name = f"webhooks[{i}]", hook.get("name") or ""
        out += _webhook(hook, path)
        reviews = f"{path}.admissionReviewVersions"
        out += review_versions(hook.get("admissionReviewVersions") or [], reviews, _MISSING)
        if name and name in seen:
            out.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return out


def _webhook(hook: Obj, path: str) -> Errors:
    out = _qualified(hook.get("name") or "", f"{path}.name")
    for i, rule in enumerate(hook.get("rules") or []):
        out += rule_with_operations(rule, f"{path}.rules[{i}]")
    for key, allowed in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", MATCH_POLICIES)):
        if hook.get(key) is not None and hook[key] not in allowed:
            out.append(not_supported(f"{path}.{key}", hook[key], allowed))
    effects = hook.get("sideEffects")
    if effects is None:
        out.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(_EFFECTS)}"))
    elif effects not in _EFFECTS:
        out.append(not_supported(f"{path}.sideEffects", effects, _EFFECTS))
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        out.append(invalid_value(f"{path}.timeoutSeconds", seconds, text))
    for key in ("namespaceSelector", "objectSelector"):
        out += meta.label_selector(hook.get(key), f"{path}.{key}")
    again = hook.get("reinvocationPolicy")
    if again is not None and again not in ("IfNeeded", "Never"):
        out.append(not_supported(f"{path}.reinvocationPolicy", again, ("IfNeeded", "Never")))
    out += client_config(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    return out + match_conditions(hook.get("matchConditions"), f"{path}.matchConditions", None)


def _qualified(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    wrong = names.dns_subdomain(name)
    if wrong:
        return [invalid_value(path, name, ",".join(wrong))]
    if len(name.split(".")) < 3:
        text = "should be a domain with at least three segments separated by dots"
        return [invalid_value(path, name, text)]
    return []


def review_versions(versions: list[str], path: str, missing: str) -> Errors:
    """The versions of reviews that a webhook reads; *missing* is said of an empty list."""
    if not versions:
        return [required(path, missing)]
    out: Errors = []
    for i, version in enumerate(versions):
        if version in versions[:i]:
            out.append(invalid_value(f"{path}[{i}]", version, "duplicate version"))
            continue
        out += [invalid_value(f"{path}[{i}]", version, text) for text in names.dns_1035_label(version)]
    if not set(versions) & set(_VERSIONS):
        text = f"must include at least one of {', '.join(_VERSIONS)}"
        out.append(invalid_value(path, versions, text))
    return out


def client_config(client: Obj, path: str) -> Errors:
    """How to reach a webhook: by URL or by Service."""
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    return _url(url, f"{path}.url") if url is not None else _service(service or {}, f"{path}.service")


def _url(url: str, path: str) -> Errors:
    out: Errors = []
    try:
        found = urlsplit(url)
    except ValueError as error:
        return [required(path, f"url must be a valid URL: {error}; desired format: https://host[:port]/path")]
    if found.scheme != "https":
        text = "'https' is the only allowed URL scheme; desired format: https://host[:port]/path"
        out.append(invalid_value(path, found.scheme, text))
    if not found.netloc.rpartition("@")[2]:
        text = "host must be specified; desired format: https://host[:port]/path"
        out.append(invalid_value(path, found.netloc, text))
    if found.username is not None:
        out.append(invalid_value(path, found.username, "user information is not permitted in the URL"))
    if found.fragment:
        out.append(invalid_value(path, found.fragment, "fragments are not permitted in the URL"))
    if found.query:
        out.append(invalid_value(path, found.query, "query parameters are not permitted in the URL"))
    return out


def _service(service: Obj, path: str) -> Errors:
    out: Errors = []
    for key, noun in (("name", "service name"), ("namespace", "service namespace")):
        if not service.get(key):
            out.append(required(f"{path}.{key}", f"{noun} is required"))
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        text = "port is not valid: must be between 1 and 65535, inclusive"
        out.append(invalid_value(f"{path}.port", port, text))
    given = service.get("path")
    if given is None or given == "/":
        return out
    where = f"{path}.path"
    if not given.startswith("/"):
        return [*out, invalid_value(where, given, "must start with a '/'")]
    steps = given[1:].rstrip("/").split("/")
    for i, step in enumerate(steps):
        if not step:
            out.append(invalid_value(where, given, f"segment[{i}] may not be empty"))
        for wrong in names.dns_subdomain(step) if step else ():
            out.append(invalid_value(where, given, f"segment[{i}]: {wrong}"))
    return out
