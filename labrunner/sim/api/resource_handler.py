"""HTTP requests for resources: from the parsed path to the verbs and back to a response."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from labrunner.sim import crd, errors
from labrunner.sim.api import binding, bodies, components, listing, rendering, subresources
from labrunner.sim.api.call import Call, manager_of, write_options
from labrunner.sim.api.deletion import DeleteOptions, outcome
from labrunner.sim.api.local import Api
from labrunner.sim.api.negotiation import Rendition, content_type, rendition
from labrunner.sim.api.requestinfo import RequestInfo, flag
from labrunner.sim.api.security import Security
from labrunner.sim.api.watching import Watch
from labrunner.sim.auth import User, escalation
from labrunner.sim.auth.reviews import KINDS as REVIEWS
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Request, Response, Stream
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.printers.table import printer_for
from labrunner.sim.resource_table import VERBS
from labrunner.sim.resources import ResourceType

_DEPRECATED: Final = {
    ("", "v1", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
_VERBS: Final = frozenset(VERBS["*"])
_OPTIONS_KIND: Final = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}


class ResourceHandler:
    """Answers resource requests."""

    def __init__(self, api: Api, security: Security, definitions: Definitions) -> None:
        self.api = api
        self.security = security
        self.definitions = definitions

    def answer(self, request: Request, info: RequestInfo, user: User) -> Response | Stream:
        """The response to an authorized request. Raises ApiError."""
        rt = self._type(info)
        if info.verb == "get" and not info.subresource:
            return self._get(request, rt, info)
        if info.verb == "list":
            return self._list(request, rt, info)
        if info.verb == "watch":
            wanted = listing.parse_filter(rt, info.namespace, info.name, request.query)
            printer = self.definitions.printer(rt) if rt.custom else None
            return Watch(self.api, rt, wanted, request.query, self._accepted(request), printer)
        call = self._call(request, rt, info, user)
        try:
            return self._change(request, call, info)
        except errors.ApiError as error:
            error.warnings = call.warnings
            raise

    def _change(self, request: Request, call: Call, info: RequestInfo) -> Response | Stream:
        """The answer to what is not plain reading."""
        rt = call.rt
        if info.subresource:
            sub = rt.subresource(info.subresource)
            if sub is None:
                raise errors.no_such_path()
            special = subresources.answer(self, request, call, info.name, info.verb, sub)
            if special is not None:
                return special
        if info.verb == "get":
            return self._get(request, rt, info)
        if info.verb == "create":
            return self._create(request, call)
        if info.verb in ("delete", "deletecollection"):
            return self._delete(request, call, info)
        return self._write(request, call, info)

    def document(self, request: Request, call: Call, value: Obj, status: int = 200) -> Response:
        """A body that is no stored object."""
        return rendering.document(request, value, status, headers=_warnings(call))

    def scale(self, request: Request, call: Call, value: Obj) -> Response:
        """A Scale, which has columns of its own."""
        printer = printer_for(call.rt, "Scale")
        wanted = self._accepted(request)
        return rendering.one(self.api, request, value, call.rt, wanted, 200, _warnings(call), printer)

    def _type(self, info: RequestInfo) -> ResourceType:
        rt = self.api.registry.by_path(info.group, info.version, info.resource)
        if rt is None:
            raise errors.no_such_path()
        if info.verb not in _VERBS:
            raise errors.method_not_allowed()
        if rt.namespaced:
            anywhere = info.verb in ("list", "watch") and not info.name
            if not info.namespace and not anywhere:
                raise errors.method_not_allowed() if info.verb == "create" else errors.no_such_path()
        elif info.namespace and rt.gr != "namespaces":
            raise errors.no_such_path()
        verbs = rt.verbs
        if info.subresource:
            sub = rt.subresource(info.subresource)
            if sub is None:
                raise errors.not_found(rt, info.name) if rt.custom else errors.no_such_path()
            verbs = sub.verbs
        elif info.verb == "create" and info.name:
            raise errors.method_not_allowed()
        if info.verb not in verbs or (info.verb in ("update", "patch") and not info.name):
            raise errors.method_not_allowed()
        return rt

    def _call(self, request: Request, rt: ResourceType, info: RequestInfo, user: User) -> Call:
        query = request.query
        kind = _OPTIONS_KIND.get(info.verb, "DeleteOptions")
        dry_run, validation = write_options(kind, query)
        call = Call(
            rt,
            info.namespace if rt.namespaced else "",
            info.subresource,
            user,
            manager_of(kind, query, request.headers.get("user-agent", "")),
            dry_run,
            validation,
            flag(query, "force"),
            dict(query),
        )
        if info.verb in ("update", "patch"):
            call.may_create = lambda: self.security.authorize(user, replace(info, verb="create"))
        if rt.group == escalation.GROUP:
            authorizer = self.security.authorizer
            call.guard = lambda new, old: escalation.check(user, rt, new, old, authorizer)
        call.warn(self._deprecation(rt))
        return call

    def _deprecation(self, rt: ResourceType) -> list[str]:
        text = (
            self.definitions.deprecation(rt)
            if rt.custom
            else _DEPRECATED.get((rt.group, rt.version, rt.plural))
        )
        return [text] if text else []

    def _get(self, request: Request, rt: ResourceType, info: RequestInfo) -> Response:
        api = self.api
        wanted = rendition(request.headers.get("accept", ""))
        version = request.query.get("resourceVersion", "")
        if version not in ("", "0"):
            asked = listing.version_number(version)
            if asked > api.store.resource_version:
                raise listing.too_large(asked, api.store.resource_version)
        obj = api.stored(rt, info.namespace if rt.namespaced else "", info.name)
        if rt.gr == components.STATUSES:
            obj = next((o for o in components.statuses() if name_of(o) == info.name), None)
        if obj is None:
            raise errors.not_found(rt, info.name)
        headers = rendering.warning_headers(self._deprecation(rt))
        return self._one(request, obj, rt, wanted, 200, headers)

    def _list(self, request: Request, rt: ResourceType, info: RequestInfo) -> Response:
        wanted = rendition(request.headers.get("accept", ""))
        filtered = listing.parse_filter(rt, info.namespace, "", request.query)
        if rt.gr == components.STATUSES:
            page = components.page(filtered.accepts)
        else:
            page = listing.page(self.api, rt, filtered, request.query)
        printer = self.definitions.printer(rt) if rt.custom else None
        found = rendering.many(self.api, request, page.records, rt, wanted, page.meta, printer)
        found.headers = (*found.headers, *rendering.warning_headers(self._deprecation(rt)))
        return found

    def _create(self, request: Request, call: Call) -> Response:
        rt = call.rt
        self.definitions.refuse_new(rt)
        obj, warnings = bodies.read(
            request,
            rt,
            validation=call.field_validation,
            custom=rt.custom,
            structure=crd.schema_of(rt, self.api.store),
        )
        call.warn(warnings)
        if rt.kind in REVIEWS and rt.group in ("authentication.k8s.io", "authorization.k8s.io"):
            review = self.security.reviewer.answer(obj, call.user, call.namespace)
            return self.document(request, call, review, 201)
        if rt.gr == "bindings":
            return self._bind(request, call, obj)
        created = self.api.writer.create(call, obj)
        return self._one(request, created, rt, self._accepted(request), 201, _warnings(call))

    def _bind(self, request: Request, call: Call, obj: Obj) -> Response:
        pods = self.api.type_of("pods")
        inner = Call(pods, call.namespace, "binding", call.user, call.manager, call.dry_run)
        binding.bind(self.api, inner, (obj.get("metadata") or {}).get("name") or "", obj)
        return self.document(request, call, subresources.SUCCESS, 201)

    def _write(self, request: Request, call: Call, info: RequestInfo) -> Response:
        writer = self.api.writer
        if info.verb == "patch":
            media = content_type(request.headers.get("content-type", ""))
            obj, created = writer.patch(call, info.name, media, request.body)
        else:
            body, warnings = bodies.read(
                request,
                call.rt,
                validation=call.field_validation,
                custom=call.rt.custom,
                structure=crd.schema_of(call.rt, self.api.store),
            )
            call.warn(warnings)
            obj, created = writer.update(call, info.name, body)
        status = 201 if created else 200
        return self._one(request, obj, call.rt, self._accepted(request), status, _warnings(call))

    def _delete(self, request: Request, call: Call, info: RequestInfo) -> Response:
        options = DeleteOptions.parse(request.query, bodies.delete_options(request))
        call.dry_run = call.dry_run or options.dry_run
        if info.verb == "deletecollection":
            return self._delete_collection(request, call, info, options)
        obj, gone = self.api.deleter.delete(call, info.name, options)
        status = 202 if not gone and options.orphan_dependents is False else 200
        body = outcome(call.rt, obj, gone)
        return self._one(request, body, call.rt, self._accepted(request), status, _warnings(call))

    def _delete_collection(
        self, request: Request, call: Call, info: RequestInfo, options: DeleteOptions
    ) -> Response:
        filtered = listing.parse_filter(call.rt, info.namespace, "", request.query)
        page = listing.page(self.api, call.rt, filtered, request.query)
        found = [self.api.registry.convert(r.obj, call.rt) for r in page.records]
        deleted = self.api.deleter.collection(call, found, options)
        body = {
            "kind": call.rt.list_kind,
            "apiVersion": call.rt.gv,
            "metadata": {"resourceVersion": str(self.api.store.resource_version)},
            "items": deleted,
        }
        return self.document(request, call, body)

    def _accepted(self, request: Request) -> Rendition:
        return rendition(request.headers.get("accept", ""))

    def _one(
        self,
        request: Request,
        obj: Obj,
        rt: ResourceType,
        wanted: Rendition,
        status: int,
        headers: tuple[tuple[str, str], ...],
    ) -> Response:
        printer = self.definitions.printer(rt) if rt.custom else None
        return rendering.one(self.api, request, obj, rt, wanted, status, headers, printer)


def _warnings(call: Call) -> tuple[tuple[str, str], ...]:
    return rendering.warning_headers(call.warnings)
