"""Validation of CustomResourceDefinitions, in the API server's words and order."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.crd import conversion, internal, naming, schema_rules
from labrunner.sim.crd.naming import APPROVAL
from labrunner.sim.errors import FieldError, invalid_value, not_supported, required
from labrunner.sim.names import dns_1035_label, dns_subdomain
from labrunner.sim.objects import Obj, annotations_of
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import IMMUTABLE

Errors = list[FieldError]
_SCOPES: Final = ("Cluster", "Namespaced")
_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_FORMATS: Final = (
    "int32", "int64", "float", "double", "byte", "date", "date-time", "password", "binary",
)  # fmt: skip
_SHARED: Final = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_INSIDE: Final = {"schema": "validation"}
_LONGEST_WARNING: Final = 256  # bytes


def create(obj: Obj) -> Errors:
    """Everything wrong with a new definition."""
    spec: Obj = obj.get("spec") or {}
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"

    def named(name: str) -> list[str]:
        more = ['must be spec.names.plural+"."+spec.group'] if name != wanted else []
        return [*dns_subdomain(name), *more]

    out = meta.create(obj, False, named)
    out += _spec(spec)
    out += _stored(obj)
    return out + _approval(obj, spec)


def update(new: Obj, old: Obj) -> Errors:
    """Everything wrong with replacing the definition *old* by *new*."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    out = meta.update(new, old)
    out += _spec(spec)
    names, named = spec.get("names") or {}, before.get("names") or {}
    pairs = [
        ("spec.group", spec.get("group"), before.get("group")),
        ("spec.names.plural", names.get("plural"), named.get("plural")),
    ]
    if _established(old):
        pairs = [
            ("spec.scope", spec.get("scope"), before.get("scope")),
            ("spec.names.kind", names.get("kind"), named.get("kind")),
            *pairs,
        ]
    out += [invalid_value(path, value, IMMUTABLE) for path, value, was in pairs if value != was]
    return out + _stored(new)


def _established(obj: Obj) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)


def shared(spec: Obj) -> frozenset[str]:
    """What all versions declare alike, which the server keeps in one place."""
    versions: list[Obj] = spec.get("versions") or []
    return frozenset(
        key for key in _SHARED if versions and all(v.get(key) == versions[0].get(key) for v in versions)
    )


def _spec(spec: Obj) -> Errors:
    out = _group(spec.get("group") or "")
    scope = spec.get("scope") or ""
    if not scope:
        out.append(required("spec.scope"))
    elif scope not in _SCOPES:
        out.append(not_supported("spec.scope", scope, _SCOPES))
    versions: list[Obj] = spec.get("versions") or []
    for index, version in enumerate(versions):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            out.append(required(f"spec.versions[{index}].schema.openAPIV3Schema"))
    hoisted = shared(spec)
    for index, version in enumerate(versions):
        where = f"spec.versions[{index}]"
        out += _label(f"{where}.name", version.get("name") or "")
        out += _deprecation(version, f"{where}.deprecationWarning")
        for key in _SHARED:
            if key not in hoisted:
                out += _part(key, version, f"{where}.{key}")
    out += _versions(versions, hoisted)
    out += _names(spec.get("names") or {})
    for key in _SHARED:
        if key in hoisted:
            out += _part(key, versions[0], f"spec.{_INSIDE.get(key, key)}")
    out += conversion.check(spec.get("conversion") or {})
    if spec.get("preserveUnknownFields"):
        detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        out.append(invalid_value("spec.preserveUnknownFields", True, detail))
    return out


def _group(group: str) -> Errors:
    if not group:
        return [required("spec.group")]
    problems = dns_subdomain(group)
    if problems:
        return [invalid_value("spec.group", group, ",".join(problems))]
    return (
        []
        if "." in group
        else [invalid_value("spec.group", group, "should be a domain with at least one dot")]
    )


def _label(path: str, value: str, rule: str = "") -> Errors:
    problems = dns_1035_label(value)
    return [invalid_value(path, value, rule + ",".join(problems))] if problems else []


def _deprecation(version: Obj, path: str) -> Errors:
    text: str | None = version.get("deprecationWarning")
    if text is None:
        return []
    if not version.get("deprecated"):
        return [invalid_value(path, text, "can only be set for deprecated versions")]
    problems: list[str] = []
    if len(text.encode()) > _LONGEST_WARNING:
        problems.append(f"must be <= {_LONGEST_WARNING} characters long")
    if not text:
        problems.append("must not be an empty string")
    odd = next((i for i, char in enumerate(text) if not char.isprintable()), None)
    if odd is not None:
        where = f"non-printable character found at index {len(text[:odd].encode())}"
        problems.append(f"must only contain printable UTF-8 characters; {where}")
    return [invalid_value(path, text, problem) for problem in problems]


def _versions(versions: list[Obj], hoisted: frozenset[str]) -> Errors:
    shown = [internal.version(version, hoisted) for version in versions] or None
    out: Errors = []
    names = [version.get("name") for version in versions]
    if len(set(names)) != len(names):
        out.append(invalid_value("spec.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        out.append(invalid_value("spec.versions", shown, detail))
    return out


def _names(names: Obj) -> Errors:
    out = [
        required(f"spec.names.{key}")
        for key in ("plural", "singular", "kind", "listKind")
        if not names.get(key)
    ]
    mixed = "may have mixed case, but should otherwise match: "
    for key in ("plural", "singular"):
        out += _label(f"spec.names.{key}", names.get(key) or "")
    for key in ("kind", "listKind"):
        problems = dns_1035_label(str(names.get(key) or "").lower()) if names.get(key) else []
        if problems:
            out.append(invalid_value(f"spec.names.{key}", names[key], mixed + ",".join(problems)))
    for index, short in enumerate(names.get("shortNames") or ()):
        out += _label(f"spec.names.shortNames[{index}]", short)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        detail = "kind and listKind may not be the same"
        out.append(invalid_value("spec.names.listKind", names["listKind"], detail))
    for index, category in enumerate(names.get("categories") or ()):
        out += _label(f"spec.names.categories[{index}]", category)
    return out


def _part(key: str, version: Obj, path: str) -> Errors:
    value: Any = version.get(key)
    if not value:
        return []
    if key == "schema":
        schema = value.get("openAPIV3Schema")
        return schema_rules.check(schema, f"{path}.openAPIV3Schema") if schema else []
    if key == "subresources":
        return _subresources(value, path)
    if key == "additionalPrinterColumns":
        return [e for i, column in enumerate(value) for e in _column(column, f"{path}[{i}]")]
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        inside = path.startswith("spec.versions")
        why = "version.schema.openAPIV3Schema is not included" if inside else "validations.schema is included"
        return [invalid_value(path, "", f"selectableFields may only be set when {why}")]
    return _selectable(value, path, schema)


def _subresources(value: Obj, path: str) -> Errors:
    scale = value.get("scale")
    if scale is None:
        return []
    out: Errors = []
    for key, root, needed in (
        ("specReplicasPath", ".spec", True),
        ("statusReplicasPath", ".status", True),
        ("labelSelectorPath", "", False),
    ):
        given, where = scale.get(key) or "", f"{path}.scale.{key}"
        if not given:
            out += [required(where)] if needed else []
        elif root and not given.startswith(f"{root}."):
            out.append(invalid_value(where, given, f"should be a json path under {root}"))
        elif not root and not given.startswith((".spec.", ".status.")):
            detail = "should be a json path under either .spec or .status"
            out.append(invalid_value(where, given, detail))
    return out


def _column(column: Obj, path: str) -> Errors:
    out: Errors = []
    if not column.get("name"):
        out.append(required(f"{path}.name"))
    kind, form = column.get("type") or "", column.get("format") or ""
    if not kind:
        allowed = ",".join(_TYPES)
        out.append(required(f"{path}.type", f"must be one of {allowed}"))
    elif kind not in _TYPES:
        out.append(invalid_value(f"{path}.type", kind, f"must be one of {','.join(_TYPES)}"))
    if form and form not in _FORMATS:
        out.append(invalid_value(f"{path}.format", form, f"must be one of {','.join(sorted(_FORMATS))}"))
    if not column.get("jsonPath"):
        out.append(required(f"{path}.JSONPath"))
    return out


def _selectable(fields: list[Obj], path: str, schema: Obj) -> Errors:
    out: Errors = []
    seen: set[str] = set()
    for index, field in enumerate(fields):
        given = field.get("jsonPath") or ""
        where = f"{path}[{index}].jsonPath"
        if not given:
            out.append(required(where))
            continue
        here: Any = schema
        for step in given.lstrip(".").split("."):
            here = (here.get("properties") or {}).get(step) if isinstance(here, dict) else None
        if here is None:
            out.append(invalid_value(where, given, "is an invalid path: does not refer to a valid field"))
        elif here.get("type") not in ("string", "integer", "boolean"):
            detail = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            out.append(invalid_value(where, given, detail))
        if given in seen:
            out.append(FieldError("FieldValueDuplicate", where, "", given))
        seen.add(given)
    return out


def _stored(obj: Obj) -> Errors:
    path = "status.storedVersions"
    stored = (obj.get("status") or {}).get("storedVersions") or None
    if not stored:
        return [invalid_value(path, None, "must have at least one stored version")]
    known = {version.get("name") for version in (obj.get("spec") or {}).get("versions") or ()}
    return [
        invalid_value(f"{path}[{i}]", name, "must appear in spec.versions")
        for i, name in enumerate(stored)
        if name not in known
    ]


def _approval(obj: Obj, spec: Obj) -> Errors:
    """Groups of the Kubernetes community are not for everyone."""
    if not naming.protected(spec.get("group") or ""):
        return []
    given = annotations_of(obj).get(APPROVAL, "")
    path, see = (
        f"metadata.annotations[{APPROVAL}]",
        "see https://github.com/kubernetes/enhancements/pull/1111",
    )
    if not given:
        return [required(path, f'protected groups must have approval annotation "{APPROVAL}", {see}')]
    if given.startswith("unapproved") or "://" in given:
        return []
    detail = (
        f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting with '
        f'"unapproved", {see}'
    )
    return [invalid_value(path, given, detail)]
