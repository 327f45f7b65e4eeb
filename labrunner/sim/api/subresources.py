"""Subresources that are not simply another way to write the object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from labrunner.sim import admission, errors, patch
from labrunner.sim.api import binding, bodies, eviction, podlogs, scale
from labrunner.sim.api.call import Call
from labrunner.sim.api.deletion import DeleteOptions
from labrunner.sim.api.negotiation import content_type
from labrunner.sim.api.writer import APPLY_PATCH
from labrunner.sim.http import Request, Response, Stream
from labrunner.sim.http.message import TEXT
from labrunner.sim.objects import Obj, clone, meta, name_of
from labrunner.sim.resources import Subresource

if TYPE_CHECKING:
    from labrunner.sim.api.resource_handler import ResourceHandler

NEEDS_CONTAINERS: Final = {
    "exec": "exec", "attach": "attach", "portforward": "port-forward", "proxy": "the proxy subresource",
}  # fmt: skip
SUCCESS: Final[Obj] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def answer(
    handler: ResourceHandler, request: Request, call: Call, name: str, verb: str, sub: Subresource
) -> Response | Stream | None:
    """The answer of a special subresource; None for one that is written like the object itself."""
    api = handler.api
    if sub.name in NEEDS_CONTAINERS:
        if verb == "get" and sub.name != "proxy":
            # A websocket opens with GET, but running something in a container takes the right to create.
            handler.security.authorize(call.user, replace(request.head.memo, verb="create"))
        if sub.name != "proxy" and api.stored(call.rt, call.namespace, name) is None:
            raise errors.not_found(call.rt, name)
        raise errors.needs_real_cluster(NEEDS_CONTAINERS[sub.name])
    if sub.name == "log":
        return _log(handler, request, call, name)
    if sub.name == "scale":
        return _scale(handler, request, call, name, verb, sub)
    if sub.name not in ("eviction", "binding", "token"):
        return None
    body, warnings = bodies.read(request, sub, validation=call.field_validation)
    call.warn(warnings)
    admission.restrict_node(api.writer.request(call, "CREATE", name, body, None))
    if sub.name == "token":
        account = api.stored(call.rt, call.namespace, name)
        if account is None:
            raise errors.not_found(call.rt, name)
        return handler.document(request, call, handler.security.issuer.request(account, body), 201)
    if sub.name == "binding":
        binding.bind(api, call, name, body)
    else:
        eviction.evict(api, call, name, body, DeleteOptions.parse({}, body.get("deleteOptions") or {}))
    return handler.document(request, call, SUCCESS, 201)


def _log(handler: ResourceHandler, request: Request, call: Call, name: str) -> Response | Stream:
    api = handler.api
    pod = api.stored(call.rt, call.namespace, name)
    if pod is None:
        raise errors.not_found(call.rt, name)
    options = podlogs.parse(request.query)
    container = podlogs.container_of(pod, options)
    podlogs.check_node(api, pod, container)
    podlogs.check_started(pod, container, options)
    if options.follow:
        return podlogs.Follow(api, pod, container, options)
    lines = podlogs.selected(api, pod, container, options)
    return Response(200, podlogs.rendered(lines, options), TEXT.partition(";")[0])


def _scale(
    handler: ResourceHandler, request: Request, call: Call, name: str, verb: str, sub: Subresource
) -> Response:
    api = handler.api
    paths = handler.definitions.scale_paths(call.rt) if call.rt.custom else scale.BUILTIN
    current = api.stored(call.rt, call.namespace, name)
    if current is None:
        raise errors.not_found(call.rt, name)
    shown = scale.scale_of(current, paths)
    if verb == "get":
        return handler.scale(request, call, shown)
    if verb == "patch":
        media = content_type(request.headers.get("content-type", ""))
        if media == APPLY_PATCH:
            body = scale.applied(request.body, name, call.rt.gv, call.rt.kind, paths)
            changed, _ = api.writer.patch(call, name, media, body)
            return handler.scale(request, call, scale.scale_of(changed, paths))
        wanted = patch.apply(media, shown, request.body, sub).obj
    else:
        wanted, warnings = bodies.read(request, sub, validation=call.field_validation)
        call.warn(warnings)
    replicas = _replicas(wanted, name)

    def change(obj: Obj) -> Obj:
        for key in ("uid", "resourceVersion"):
            if meta(wanted).get(key):
                meta(obj)[key] = meta(wanted)[key]
        return scale.scaled(obj, paths, replicas)

    changed = api.writer.modify(call, name, change)
    return handler.scale(request, call, scale.scale_of(changed, paths))


def _replicas(wanted: Obj, name: str) -> int:
    if name_of(wanted) not in ("", name):
        raise errors.bad_request(
            f"the name of the object ({name_of(wanted)}) does not match the name on the URL ({name})"
        )
    replicas = (clone(wanted.get("spec")) or {}).get("replicas") or 0
    if replicas < 0:
        detail = "must be greater than or equal to 0"
        problem = errors.invalid_value("spec.replicas", replicas, detail)
        raise errors.invalid("Scale.autoscaling", name, [problem])
    return int(replicas)
