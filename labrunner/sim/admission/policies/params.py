"""The parameters that a binding gives to its policy."""

from __future__ import annotations

from labrunner.sim.admission.request import Request
from labrunner.sim.objects import Obj, labels_of
from labrunner.sim.resources import ResourceType
from labrunner.sim.selectors import from_label_selector


class ConfigurationError(Exception):
    """A policy or a binding that cannot be applied as it is."""


def kind_of_params(request: Request, policy: Obj) -> ResourceType | None:
    """The resource type of ``paramKind``, None when the policy has none. Raises ConfigurationError."""
    wanted = (policy.get("spec") or {}).get("paramKind")
    if not wanted:
        return None
    version, kind = str(wanted.get("apiVersion") or ""), str(wanted.get("kind") or "")
    found = request.api.registry.by_api_version(version, kind)
    if found is None:
        shown = f"{version if '/' in version else '/' + version}, Kind={kind}"
        raise ConfigurationError(f"failed to find resource referenced by paramKind: '{shown}'")
    return found


def params_for(request: Request, rt: ResourceType | None, binding: Obj) -> list[Obj | None]:
    """The objects to evaluate the policy with, one after the other. Raises ConfigurationError."""
    reference: Obj | None = (binding.get("spec") or {}).get("paramRef")
    if rt is None or reference is None:
        return [None]
    namespace = reference.get("namespace") or ""
    if rt.namespaced:
        namespace = namespace or request.namespace
        if not namespace:
            text = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            raise ConfigurationError(text)
    elif namespace:
        raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    found = _found(request, rt, reference, namespace)
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        text = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise ConfigurationError(text)
    return found


def _found(request: Request, rt: ResourceType, reference: Obj, namespace: str) -> list[Obj | None]:
    store = request.api.store
    if reference.get("name"):
        one = store.get(rt.storage_gr, namespace, reference["name"])
        stored = [one] if one is not None else []
    else:
        selector = from_label_selector(reference.get("selector") or {})
        stored = [o for o in store.list(rt.storage_gr, namespace or None) if selector.matches(labels_of(o))]
    return [request.api.registry.convert(obj, rt) for obj in stored]
