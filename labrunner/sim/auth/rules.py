"""RBAC policy rules: what they match, what they cover, how they are written in messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from labrunner.sim.auth.attributes import Attributes
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj

ALL = "*"


def allows(rule: Obj, wanted: Attributes) -> bool:
    """Whether *rule* permits what is *wanted*."""
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if not wanted.is_resource:
        return path_matches(rule.get("nonResourceURLs"), wanted.path)
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), wanted.group)
        and resource_matches(rule.get("resources"), wanted.combined_resource, wanted.subresource)
        and (not names or wanted.name in names)
    )


def _has(values: list[str] | None, wanted: str) -> bool:
    return values is not None and (wanted in values or ALL in values)


def resource_matches(resources: list[str] | None, combined: str, subresource: str) -> bool:
    """Whether one of *resources* (``pods``, ``pods/log``, ``*``, ``*/scale``) names *combined*."""
    if not resources:
        return False
    if ALL in resources or combined in resources:
        return True
    return bool(subresource) and f"*/{subresource}" in resources


def path_matches(urls: list[str] | None, path: str) -> bool:
    """Whether one of *urls* (with ``*`` at the end as a wildcard) names *path*."""
    return any(
        url in (ALL, path) or (url.endswith("*") and path.startswith(url.rstrip("*"))) for url in urls or ()
    )


def missing(owned: Iterable[Obj], wanted: Iterable[Obj]) -> list[Obj]:
    """The smallest parts of the rules *wanted* that no rule of *owned* covers, compacted."""
    mine = list(owned)
    parts = [part for rule in wanted if rule not in mine for part in _parts(rule)]
    return _compact(part for part in parts if not any(_covers(rule, part) for rule in mine))


def _parts(rule: Obj) -> Iterator[Obj]:
    """*rule* as rules of one verb on one resource each."""
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames")
                if names:
                    yield from ({**part, "resourceNames": [name]} for name in names)
                else:
                    yield part
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(rule: Obj, part: Obj) -> bool:
    if not _has(rule.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        return path_matches(rule.get("nonResourceURLs"), part["nonResourceURLs"][0])
    resource = part["resources"][0]
    _, _, subresource = resource.partition("/")
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), part["apiGroups"][0])
        and resource_matches(rule.get("resources"), resource, subresource)
        and (not names or (bool(part.get("resourceNames")) and set(part["resourceNames"]) <= set(names)))
    )


def _compact(parts: Iterable[Obj]) -> list[Obj]:
    """Join the parts that differ in their verbs only."""
    out: list[Obj] = []
    seen: dict[tuple[str, str, tuple[str, ...]], Obj] = {}
    for part in parts:
        if "nonResourceURLs" in part:
            out.append(part)
            continue
        key = part["apiGroups"][0], part["resources"][0], tuple(part.get("resourceNames", ()))
        known = seen.get(key)
        if known is None:
            seen[key] = part = {**part, "verbs": list(part["verbs"])}
            out.append(part)
        elif part["verbs"][0] not in known["verbs"]:
            known["verbs"].append(part["verbs"][0])
    return out


def compact_text(rule: Obj) -> str:
    """*rule* as messages show it: ``{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}``."""
    shown = (
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("NonResourceURLs", "nonResourceURLs"),
        ("ResourceNames", "resourceNames"),
        ("Verbs", "verbs"),
    )
    parts = [f"{title}:{quoted(rule[key])}" for title, key in shown if rule.get(key)]
    return "{" + ", ".join(parts) + "}"


def quoted(values: Iterable[str]) -> str:
    """A list as Go's ``%q`` prints it: ``["a" "b"]``."""
    return "[" + " ".join(map(quote, values)) + "]"
