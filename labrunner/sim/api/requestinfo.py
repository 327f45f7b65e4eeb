"""What a request path and method mean: verb, resource, namespace, name, subresource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from labrunner.sim.http import Head

_VERBS: Final = {
    "GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
}  # fmt: skip
_NAMESPACE_SUBRESOURCES: Final = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A resource request when ``resource`` is set, otherwise a plain path."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def is_resource(self) -> bool:
        return bool(self.resource)


def flag(query: Mapping[str, str], key: str) -> bool:
    """A boolean parameter as the server reads it: whatever is there and not ``false`` or ``0`` is true."""
    return key in query and query[key].lower() not in ("false", "0")


def resolve(head: Head) -> RequestInfo:
    """The meaning of *head*. Unknown shapes are plain paths."""
    verb = _VERBS.get(head.method, head.method.lower())
    parts = head.path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        return _resource(head, verb, "", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) >= 4:
        return _resource(head, verb, parts[1], parts[2], parts[3:])
    return RequestInfo(head.method.lower() if verb != "get" else "get", head.path)


def _resource(head: Head, verb: str, group: str, version: str, rest: list[str]) -> RequestInfo:
    watching = False
    if rest[0] == "watch" and len(rest) > 1:
        rest, watching = rest[1:], True
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and not (len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES):
            rest = rest[2:]
    resource = rest[0]
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    if verb == "get":
        # On the path of one object, ``?watch`` means nothing.
        if watching or (not name and flag(head.query, "watch")):
            verb = "watch"
        elif not name:
            verb = "list"
        if verb == "watch" and subresource:
            verb = "get"
    elif verb == "delete" and not name:
        verb = "deletecollection"
    return RequestInfo(verb, head.path, group, version, resource, namespace, name, subresource)
