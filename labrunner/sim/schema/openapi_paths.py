"""The ``paths`` of an OpenAPI v3 document: which verbs a resource takes, with which parameters and bodies."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.objects import Obj
from labrunner.sim.resources import ResourceType, Subresource

REF: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
Names = dict[tuple[str, str, str], str]

_WRITING: Final = (
    ("dryRun", "string", "When present, nothing is stored: All processes every stage of the request."),
    ("fieldManager", "string", "The name of the actor or entity that is making these changes."),
    ("fieldValidation", "string", "What to do about unknown and duplicate fields: Ignore, Warn or Strict."),
)
_FORCE: Final = ("force", "boolean", "Take over fields that other managers have; for apply patches only.")
_DELETING: Final = (
    ("dryRun", "string", "When present, nothing is stored: All processes every stage of the request."),
    ("gracePeriodSeconds", "integer", "Seconds before the object is deleted; zero deletes at once."),
    ("propagationPolicy", "string", "What happens to dependents: Orphan, Background or Foreground."),
)
_LISTING: Final = (
    ("allowWatchBookmarks", "boolean", "Send bookmark events while watching."),
    ("continue", "string", "Where to go on with a list that came in parts."),
    ("fieldSelector", "string", "Restrict the list by fields."),
    ("labelSelector", "string", "Restrict the list by labels."),
    ("limit", "integer", "How many items to return at most."),
    ("resourceVersion", "string", "How fresh the answer has to be."),
    ("resourceVersionMatch", "string", "How resourceVersion is meant."),
    ("sendInitialEvents", "boolean", "Begin a watch with the present objects."),
    ("timeoutSeconds", "integer", "How long the list or watch may take."),
    ("watch", "boolean", "Watch for changes instead of listing."),
)
_PATCHES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_BODIES: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_METHODS: Final = {"get": "get", "update": "put", "patch": "patch", "delete": "delete"}


def paths_of(rt: ResourceType, names: Names) -> dict[str, Obj]:
    """The path items of a resource. *names* has the definition names of kinds by (group, version, kind)."""
    base = f"/apis/{rt.group}/{rt.version}" if rt.group else f"/api/{rt.version}"
    collection = f"{base}/namespaces/{{namespace}}/{rt.plural}" if rt.namespaced else f"{base}/{rt.plural}"
    maker = _Operations(rt, names)
    out: dict[str, Obj] = {}
    whole: Obj = {}
    if "list" in rt.verbs:
        whole["get"] = maker.operation("list", rt.gvk, (rt.group, rt.version, rt.list_kind))
    if "create" in rt.verbs:
        whole["post"] = maker.operation("create", rt.gvk, rt.gvk)
    if "deletecollection" in rt.verbs:
        whole["delete"] = maker.operation("deletecollection", rt.gvk, None)
    if whole:
        out[collection] = {**whole, "parameters": _path_parameters(rt.namespaced, named=False)}
    single = {_METHODS[verb]: maker.operation(verb, rt.gvk, rt.gvk) for verb in rt.verbs if verb in _METHODS}
    if single:
        out[collection + "/{name}"] = {**single, "parameters": _path_parameters(rt.namespaced, named=True)}
    for sub in rt.subresources:
        out[f"{collection}/{{name}}/{sub.name}"] = _subresource(rt, sub, maker)
    if rt.namespaced and "list" in rt.verbs:
        everywhere = maker.operation("list", rt.gvk, (rt.group, rt.version, rt.list_kind))
        out[f"{base}/{rt.plural}"] = {"get": everywhere}
    return out


def _subresource(rt: ResourceType, sub: Subresource, maker: _Operations) -> Obj:
    gvk = sub.group, sub.version, sub.kind
    item = {_METHODS[verb]: maker.operation(verb, gvk, gvk) for verb in sub.verbs if verb in _METHODS}
    if "create" in sub.verbs:
        item["post"] = maker.operation("create", gvk, gvk)
    return {**item, "parameters": _path_parameters(rt.namespaced, named=True)}


class _Operations:
    def __init__(self, rt: ResourceType, names: Names) -> None:
        self._custom = rt.custom
        self._names = names

    def operation(self, verb: str, gvk: tuple[str, str, str], answer: tuple[str, str, str] | None) -> Obj:
        group, version, kind = gvk
        out: Obj = {
            "responses": {"200": self._response(answer)},
            "x-kubernetes-action": {"create": "post", "update": "put"}.get(verb, verb),
            "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": version},
        }
        if verb in ("create", "update", "patch"):
            out["parameters"] = _parameters((*_WRITING, _FORCE) if verb == "patch" else _WRITING)
            out["requestBody"] = self._body(verb, gvk)
        elif verb in ("list", "deletecollection"):
            out["parameters"] = _parameters(_LISTING)
        elif verb == "delete":
            out["parameters"] = _parameters(_DELETING)
            out["requestBody"] = _content(_BODIES[:1], _META + "DeleteOptions")
        return out

    def _body(self, verb: str, gvk: tuple[str, str, str]) -> Obj:
        if verb == "patch":
            return _content(_PATCHES if self._custom else (*_PATCHES, _STRATEGIC), _META + "Patch")
        return {**_content(_BODIES[:2] if self._custom else _BODIES, self._names.get(gvk)), "required": True}

    def _response(self, gvk: tuple[str, str, str] | None) -> Obj:
        name = self._names.get(gvk) if gvk is not None else _META + "Status"
        return {"description": "OK", **_content(_BODIES[:1], name)}


def _content(media_types: tuple[str, ...], name: str | None) -> Obj:
    schema: Obj = {"$ref": REF + name} if name is not None else {"type": "object"}
    return {"content": {media: {"schema": schema} for media in media_types}}


def _parameters(table: tuple[tuple[str, str, str], ...]) -> list[Any]:
    return [
        {"name": name, "in": "query", "description": text, "schema": {"type": kind, "uniqueItems": True}}
        for name, kind, text in table
    ]


def _path_parameters(namespaced: bool, *, named: bool) -> list[Any]:
    wanted = [("namespace", namespaced), ("name", named)]
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
        for name, present in wanted
        if present
    ]
