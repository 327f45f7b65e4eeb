"""The order in which admission plugins run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from labrunner.sim.admission import (
    certificates,
    defaulting,
    limit_ranger,
    namespaces,
    node_restriction,
    pod_security,
    pods,
    quota,
    service_accounts,
)
from labrunner.sim.admission.request import Request

_MUTATING: Final[tuple[Callable[[Request], None], ...]] = (
    namespaces.guard,
    limit_ranger.fill,
    service_accounts.assign,
    pods.taint_new_node,
    pods.priority,
    pods.default_tolerations,
    defaulting.storage_class,
    defaulting.storage_in_use,
    pods.runtime_class,
    defaulting.ingress_class,
    defaulting.certificate_requester,
)


def mutate(request: Request) -> list[str]:
    """Run the plugins that change ``request.object``; returns warnings, raises ApiError to refuse."""
    node_restriction.guard(request)
    if request.subresource == "status":
        return []
    for plugin in _MUTATING:
        plugin(request)
    return []


def validate(request: Request) -> list[str]:
    """Run the plugins that only judge (and charge quota); returns warnings, raises ApiError to refuse."""
    certificates.check(request)
    if request.subresource == "status":
        return []
    limit_ranger.check(request)
    warnings = pod_security.check(request)
    defaulting.claim_resize(request)
    quota.charge(request)
    return warnings


def admit(request: Request) -> list[str]:
    """Both phases at once, for requests without validation in between (DELETE, CONNECT)."""
    return [*mutate(request), *validate(request)]
