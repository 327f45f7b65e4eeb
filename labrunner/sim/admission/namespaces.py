"""NamespaceLifecycle: nothing new in a namespace that is missing or on its way out; some namespaces stay."""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.request import CREATE, DELETE, UPDATE, Request
from labrunner.sim.errors import not_found
from labrunner.sim.objects import is_terminating

IMMORTAL: Final = frozenset(("default", "kube-system", "kube-public"))


def guard(request: Request) -> None:
    """Refuse what NamespaceLifecycle refuses. Raises ApiError 403 or 404."""
    if request.operation == DELETE:
        if request.gr == "namespaces" and not request.subresource and request.name in IMMORTAL:
            raise request.forbid("this namespace may not be deleted")
        return
    if request.operation not in (CREATE, UPDATE) or not request.namespace or not request.rt.namespaced:
        return
    namespace = request.api.store.get("namespaces", "", request.namespace)
    if namespace is None:
        kind = request.api.registry.storage("namespaces")
        if kind is not None:
            raise not_found(kind, request.namespace)
        return
    if request.operation == CREATE and is_terminating(namespace):
        error = request.forbid(
            f"unable to create new content in namespace {request.namespace} because it is being terminated"
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {request.namespace} is being terminated",
            "field": "metadata.namespace",
        }
        error.details = {**(error.details or {}), "causes": [cause]}
        raise error
