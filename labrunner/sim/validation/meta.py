"""Validation of ``metadata``, labels and label selectors, the same for every kind."""

from __future__ import annotations

from typing import Any

from labrunner.sim.errors import forbidden_field, invalid_value, required, too_long
from labrunner.sim.names import dns_label, dns_subdomain, label_value, qualified_name
from labrunner.sim.objects import Obj
from labrunner.sim.validation.syntax import IMMUTABLE, Errors, Rule, check, non_negative

ANNOTATIONS_LIMIT = 256 * 1024
CORE_GROUPS = frozenset(
    (
        *(
            "",
            "admissionregistration",
            "apps",
            "autoscaling",
            "batch",
            "certificates",
            "coordination",
            "discovery",
        ),
        *(
            "events",
            "flowcontrol.apiserver",
            "networking",
            "node",
            "policy",
            "rbac.authorization",
            "resource",
        ),
        *("scheduling", "storage"),
    )
)
STANDARD_FINALIZERS = frozenset(("kubernetes", "orphan", "foregroundDeletion"))


def labels(value: dict[str, str] | None, path: str) -> Errors:
    """Keys and values of a label map."""
    out: Errors = []
    for key, text in sorted((value or {}).items()):
        out += check(path, key, qualified_name)
        out += check(path, text or "", label_value)
    return out


def annotation_map(value: dict[str, str] | None, path: str) -> Errors:
    """Keys (in any case) and the total size of annotations."""
    out: Errors = []
    size = 0
    for key, text in sorted((value or {}).items()):
        out += [invalid_value(path, key, message) for message in qualified_name(key.lower())]
        size += len(key.encode()) + len((text or "").encode())
    if size > ANNOTATIONS_LIMIT:
        out.append(too_long(path, ANNOTATIONS_LIMIT))
    return out


def _owner_references(references: list[Obj] | None, path: str) -> Errors:
    out: Errors = []
    controller = ""
    for ref in references or []:
        version = str(ref.get("apiVersion") or "").rpartition("/")[2]
        if not version:
            out.append(
                invalid_value(f"{path}.apiVersion", ref.get("apiVersion", ""), "version must not be empty")
            )
        for key in ("kind", "name", "uid"):
            if not ref.get(key):
                out.append(invalid_value(f"{path}.{key}", "", "must not be empty"))
        if ref.get("apiVersion") == "v1" and ref.get("kind") == "Event":
            out.append(invalid_value(path, ref, "/v1, Kind=Event is disallowed from being an owner"))
        if ref.get("controller"):
            current = f"{ref.get('kind')}/{ref.get('name')}"
            if controller:
                text = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {current}"
                )
                out.append(invalid_value(path, references, text))
            else:
                controller = current
    return out


def finalizer(name: str, path: str) -> Errors:
    """One finalizer's name: qualified, and standard when it has no domain."""
    out = check(path, name, qualified_name)
    if "/" not in name and name not in STANDARD_FINALIZERS:
        text = "name is neither a standard finalizer name nor is it fully qualified"
        out.append(invalid_value(path, name, text))
    return out


def _finalizers(names: list[str] | None, path: str, *, core: bool) -> Errors:
    """Names of finalizers; *core* kinds (not definitions, custom resources, API services) want them with a domain."""
    out: Errors = []
    for name in names or []:
        out += check(path, name, qualified_name)
    if names and "orphan" in names and "foregroundDeletion" in names:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        out.append(invalid_value(path, names, text))
    for i, name in enumerate((names or []) if core else []):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            out.append(invalid_value(f"{path}[{i}]", name, text))
    return out


def _is_core(obj: Obj) -> bool:
    group, _, _ = str(obj.get("apiVersion") or "").rpartition("/")
    return group in CORE_GROUPS or group.removesuffix(".k8s.io") in CORE_GROUPS


def _common(obj: Obj, path: str) -> Errors:
    meta: Obj = obj.get("metadata") or {}
    out = labels(meta.get("labels"), f"{path}.labels")
    out += annotation_map(meta.get("annotations"), f"{path}.annotations")
    out += _owner_references(meta.get("ownerReferences"), f"{path}.ownerReferences")
    out += _finalizers(meta.get("finalizers"), f"{path}.finalizers", core=_is_core(obj))
    return out


def create(obj: Obj, namespaced: bool, rule: Rule = dns_subdomain) -> Errors:
    """``metadata`` of a new object whose name follows *rule*."""
    meta: Obj = obj.get("metadata") or {}
    out: Errors = []
    prefix = meta.get("generateName") or ""
    if prefix:
        masked = prefix[:-1] + "a" if prefix.endswith("-") else prefix
        out += [invalid_value("metadata.generateName", prefix, message) for message in rule(masked)]
    name = meta.get("name") or ""
    if not name:
        out.append(required("metadata.name", "name or generateName is required"))
    else:
        out += check("metadata.name", name, rule)
    namespace = meta.get("namespace") or ""
    if namespaced:
        out += (
            check("metadata.namespace", namespace, dns_label)
            if namespace
            else [required("metadata.namespace")]
        )
    elif namespace:
        out.append(forbidden_field("metadata.namespace", "not allowed on this type"))
    out += non_negative("metadata.generation", meta.get("generation"))
    return out + _common(obj, "metadata")


def update(new: Obj, old: Obj) -> Errors:
    """``metadata`` of an object that replaces *old*."""
    after: Obj = new.get("metadata") or {}
    before: Obj = old.get("metadata") or {}
    out: Errors = []
    if before.get("deletionTimestamp") is not None:
        extra = sorted(set(after.get("finalizers") or []) - set(before.get("finalizers") or []))
        if extra:
            shown = ", ".join(f'"{name}"' for name in extra)
            text = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{shown}}}"
            )
            out.append(forbidden_field("metadata.finalizers", text))
    for key in (
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ):
        if (after.get(key) or None) != (before.get(key) or None):
            out.append(invalid_value(f"metadata.{key}", after.get(key), IMMUTABLE))
    return out + _common(new, "metadata")


def label_selector(selector: Obj | None, path: str) -> Errors:
    """A LabelSelector with matchLabels and matchExpressions."""
    if selector is None:
        return []
    out = labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for i, expression in enumerate(selector.get("matchExpressions") or []):
        out += _requirement(expression, f"{path}.matchExpressions[{i}]")
    return out


def _requirement(expression: Obj, path: str) -> Errors:
    out: Errors = []
    operator, values = expression.get("operator") or "", expression.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            out.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            out.append(forbidden_field(f"{path}.values", text))
    else:
        out.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    out += check(f"{path}.key", expression.get("key") or "", qualified_name)
    for i, value in enumerate(values):
        out += check(f"{path}.values[{i}]", value, label_value)
    return out


def readable(selector: Obj | None) -> bool:
    """Whether a LabelSelector can be turned into a selector at all: keys, operators and values are well-formed."""
    return not label_selector(selector, "")


def selects_nothing(selector: Obj | None) -> bool:
    """Whether a LabelSelector has neither labels nor expressions."""
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def template_mismatch(selector: Obj | None, found: dict[str, str] | None) -> bool:
    """Whether a workload's selector leaves out its own pods. A missing selector does, an empty one does not."""
    if selector is None:
        return True
    return not selects_nothing(selector) and not selector_matches(selector, found)


def selector_matches(selector: Obj | None, found: dict[str, str] | None) -> bool:
    """Whether a LabelSelector (not null) matches labels; an unreadable operator matches nothing."""
    have = found or {}
    selector = selector or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if have.get(key) != value:
            return False
    return all(_holds(expression, have) for expression in selector.get("matchExpressions") or [])


def _holds(expression: Obj, have: dict[str, str]) -> bool:
    key, values = expression.get("key"), expression.get("values") or []
    operator = expression.get("operator")
    if operator == "In":
        return key in have and have[key] in values
    if operator == "NotIn":
        return key not in have or have[key] not in values
    if operator == "Exists":
        return key in have
    return operator == "DoesNotExist" and key not in have


def immutable(path: str, new: Any, old: Any) -> Errors:
    """A field that may not change; null and absent and empty are the same."""
    return [] if (new or None) == (old or None) else [invalid_value(path, new, IMMUTABLE)]
