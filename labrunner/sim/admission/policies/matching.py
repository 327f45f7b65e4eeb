"""Which requests the rules of policies and webhooks match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from labrunner.sim.admission.request import Request
from labrunner.sim.objects import Obj, get_path, labels_of
from labrunner.sim.selectors import from_label_selector

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

GROUP: Final = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Match:
    """A request seen as the version of its resource that a rule names."""

    request: Request
    rt: ResourceType

    @property
    def object(self) -> Obj | None:
        """The new object in that version."""
        return self._seen(self.request.object)

    @property
    def old(self) -> Obj | None:
        """The stored object in that version."""
        return self._seen(self.request.old)

    @property
    def kind(self) -> Obj:
        """Group, version and kind of the object, which a subresource such as ``scale`` may have of its own."""
        below = self.rt.subresource(self.request.subresource) if self.request.subresource else None
        if below is not None and below.kind == "Scale":
            return {"group": below.group, "version": below.version, "kind": below.kind}
        return {"group": self.rt.group, "version": self.rt.version, "kind": self.rt.kind}

    def _seen(self, obj: Obj | None) -> Obj | None:
        if obj is None:
            return None
        if self.kind["kind"] == "Scale":
            return _scale(obj, self.rt, self.request)
        return self.request.api.registry.convert(obj, self.rt)


def _scale(obj: Obj, rt: ResourceType, request: Request) -> Obj:
    from labrunner.sim.api.scale import BUILTIN, paths_of, scale_of
    from labrunner.sim.crd import schemas

    if not rt.custom:
        return scale_of(obj, BUILTIN)
    declared = get_path(schemas.version_of(rt, request.api.store), "subresources", "scale", default={})
    return scale_of(obj, paths_of(declared))


def exempt(request: Request) -> bool:
    """Policies and webhooks are never applied to policies and webhooks."""
    return request.rt.group == GROUP


def match(request: Request, found: Obj | None, rules: Iterable[Obj] | None = None) -> Match | None:
    """The request as the resources in *found* (``MatchResources``, or a webhook with *rules*) see it, or None."""
    if found is None:
        return Match(request, request.rt)
    if not _namespace_selected(request, found.get("namespaceSelector")):
        return None
    if not _object_selected(request, found.get("objectSelector")):
        return None
    given = list(found.get("resourceRules") or () if rules is None else rules)
    equivalent = found.get("matchPolicy", "Equivalent") != "Exact"
    if _by_rules(request, found.get("excludeResourceRules") or (), equivalent=equivalent) is not None:
        return None
    if not given and rules is None:
        return Match(request, request.rt)
    return _by_rules(request, given, equivalent=equivalent)


def _by_rules(request: Request, rules: Iterable[Obj], *, equivalent: bool) -> Match | None:
    rules = list(rules)
    for rt in _versions(request, equivalent):
        for rule in rules:
            if _rule(rule, request, rt):
                return Match(request, rt)
    return None


def _versions(request: Request, equivalent: bool) -> Iterator[ResourceType]:
    """The requested type first, then others that stand for the same objects."""
    yield request.rt
    if equivalent:
        for rt in request.api.registry.types():
            if rt.storage_gr == request.rt.storage_gr and rt is not request.rt:
                yield rt


def _rule(rule: Obj, request: Request, rt: ResourceType) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("operations"), request.operation)
        and _has(rule.get("apiGroups"), rt.group)
        and _has(rule.get("apiVersions"), rt.version)
        and _in_scope(rule.get("scope") or "*", request)
        and any(
            _resource(str(wanted), rt.plural, request.subresource) for wanted in rule.get("resources") or ()
        )
        and (not names or request.name in names)
    )


def _has(values: Any, wanted: str) -> bool:
    return "*" in (values or ()) or wanted in (values or ())


def _in_scope(scope: str, request: Request) -> bool:
    if scope == "*":
        return True
    namespaced = bool(request.namespace) and request.gr != "namespaces"
    return namespaced == (scope == "Namespaced")


def _resource(wanted: str, plural: str, subresource: str) -> bool:
    name, _, below = wanted.partition("/")
    return name in ("*", plural) and (below in ("*", subresource) if below else not subresource)


def _namespace_selected(request: Request, selector: Obj | None) -> bool:
    if not selector:
        return True
    if request.gr == "namespaces":
        about = request.object if request.operation != "DELETE" else request.old
        return from_label_selector(selector).matches(labels_of(about or {}))
    if not request.namespace:
        return True
    namespace = request.api.store.get("namespaces", "", request.namespace)
    return namespace is not None and from_label_selector(selector).matches(labels_of(namespace))


def _object_selected(request: Request, selector: Obj | None) -> bool:
    if not selector:
        return True
    chosen = from_label_selector(selector)
    return any(chosen.matches(labels_of(obj)) for obj in (request.object, request.old) if obj is not None)
