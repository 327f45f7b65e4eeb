"""What evaluation looks at: the session, the store of objects, and the latest answers of probes."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from labrunner.content.checks_model import Target
from labrunner.verify.context import CheckContext
from labrunner.verify.finding import Finding, error, pending
from labrunner.verify.jsonpath import JsonPath, compile_path
from labrunner.verify.labels import selects
from labrunner.verify.matching import accepts
from labrunner.verify.phrasing import MISSING, plural
from labrunner.verify.store import EVERY_NAMESPACE, Obj, ObjectStore, Source, SourceKey, SourceState


@dataclass(slots=True)
class World:
    """`probes` holds the latest answer of each asynchronous question by its key; `seen` the ids of absence checks
    whose object has existed; `begun` the unix time at which each check was activated, `now` tells the present one.
    """

    context: CheckContext
    store: ObjectStore
    probes: dict[Hashable, Any] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    begun: dict[str, float] = field(default_factory=dict)
    now: Callable[[], float] = time.time

    def forget(self, check_id: str) -> None:
        """Drop what is remembered for a check."""
        self.begun.pop(check_id, None)
        self.seen = {ident for ident in self.seen if own_id(ident) != check_id}
        self.probes = {key: value for key, value in self.probes.items() if _owner(key) != check_id}


def _owner(key: Hashable) -> str:
    """The check that a probe's answer belongs to: the first part of its key."""
    return str(key[0]) if isinstance(key, tuple) and key else ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects of a target in the API's order, or the finding that takes their place when none can be had.

    `note` says why there can be none (the kind is not served).
    """

    objects: tuple[Obj, ...] = ()
    trouble: Finding | None = None
    note: str = ""


def own_id(ident: str) -> str:
    """The id of the check that an ident belongs to: parts of groups are `id#0#1`, conditions of hints `id#hint0`."""
    return ident.partition("#")[0]


def source_key(target: Target, context: CheckContext) -> SourceKey:
    """The source that holds the target's objects."""
    namespace = target.namespace or context.namespace
    return SourceKey(target.cluster, target.api_version, target.kind, namespace)


def select(target: Target, world: World) -> Selection:
    """The target's objects as they are known now."""
    source = world.store.source(source_key(target, world.context))
    trouble = trouble_of(source)
    if trouble is not None:
        return Selection(trouble=trouble)
    known = source.select(target.name, target.labels)
    note = source.reason if source.state is SourceState.NO_SUCH_KIND else ""
    if target.fields:
        known = tuple(obj for obj in known if chosen(target, obj))
    return Selection(known, note=note)


def trouble_of(source: Source) -> Finding | None:
    """What stands in the way of relying on a source."""
    if source.state is SourceState.CONNECTING:
        return pending("connecting to the cluster")
    if source.state in (SourceState.UNREACHABLE, SourceState.REFUSED):
        return error(source.reason)
    return None


def chosen(target: Target, obj: Obj) -> bool:
    """Whether an object of the right kind is one that the target means."""
    meta = obj.get("metadata") or {}
    if target.name and meta.get("name") != target.name:
        return False
    if target.labels and not selects(target.labels, meta.get("labels")):
        return False
    return all(accepts(matcher, pick(compile_path(path), obj, matcher)) for path, matcher in target.fields)


def pick(path: JsonPath, document: Any, matcher: Any) -> Any:
    """What a path selects, as one value for a matcher: MISSING, a value or a list.

    A path to several places gives a list, unless it found one and the matcher does not speak of lists.
    """
    found = path.select(document)
    if not path.plural:
        return MISSING if not found else found[0] if len(found) == 1 else found
    if speaks_of_lists(matcher) or len(found) > 1:
        return found
    return found[0] if found else MISSING


def speaks_of_lists(matcher: Any) -> bool:
    """Whether a condition is about a whole list rather than about one value."""
    op, operand = getattr(matcher, "op", "equals"), getattr(matcher, "operand", matcher)
    if op in ("len", "contains"):
        return True
    if op in ("equals", "exactly"):
        return isinstance(operand, list)
    if op == "not":
        return speaks_of_lists(operand)
    return op in ("all", "any", "none") and any(speaks_of_lists(part) for part in operand)


def name_target(target: Target, world: World, *, several: bool = False) -> str:
    """The target in words: `Deployment web in namespace shop`, `Pods labelled app=web`."""
    namespace = target.namespace or world.context.namespace
    words = f"{target.kind} {target.name}" if target.name else plural(target.kind) if several else target.kind
    if target.labels:
        words += f" labelled {target.labels}"
    if target.fields:
        words += " that meets the conditions" if not several else " that meet the conditions"
    if namespace and namespace != EVERY_NAMESPACE and _is_namespaced(target, world):
        words += f" in namespace {namespace}"
    return words


def _is_namespaced(target: Target, world: World) -> bool:
    objects = world.store.source(source_key(target, world.context)).objects
    return any(namespace for namespace, _ in objects) or not (objects or target.kind in CLUSTER_SCOPED)


CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "StorageClass",
        "IngressClass",
        "PriorityClass",
        "APIService",
        "GatewayClass",
    }
)
"""Kinds that no sentence should place in a namespace while no object of theirs is there to tell."""


def name_object(obj: Obj) -> str:
    """`Pod web-1 in namespace shop`."""
    meta = obj.get("metadata") or {}
    where = f" in namespace {meta['namespace']}" if meta.get("namespace") else ""
    return f"{obj.get('kind')} {meta.get('name')}{where}"
