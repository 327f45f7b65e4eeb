"""The order in which admission plugins run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from labrunner.sim.admission import (
    defaulting,
    limit_ranger,
    namespaces,
    pod_security,
    pods,
    quota,
    service_accounts,
)
from labrunner.sim.admission.request import Request
from labrunner.sim.auth.node_authorizer import node_of

_CERTIFICATE_REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
_VALIDATING_BINDINGS: Final = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
_MUTATING_BINDINGS: Final = "mutatingadmissionpolicybindings.admissionregistration.k8s.io"
_VALIDATING_WEBHOOKS: Final = "validatingwebhookconfigurations.admissionregistration.k8s.io"
_MUTATING_WEBHOOKS: Final = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
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


# Plugins that few requests concern are loaded when the first of these comes.


def restrict_node(request: Request) -> None:
    """NodeRestriction, for requests of nodes. Raises ApiError 403."""
    if request.user is not None and node_of(request.user) is not None:
        from labrunner.sim.admission import node_restriction

        node_restriction.guard(request)


def _check_certificates(request: Request) -> None:
    if request.gr == _CERTIFICATE_REQUESTS:
        from labrunner.sim.admission import certificates

        certificates.check(request)


def mutate(request: Request) -> list[str]:
    """Run the plugins that change ``request.object``; returns warnings, raises ApiError to refuse."""
    restrict_node(request)
    _fill(request)
    if request.object is not None and _any_of(request, _MUTATING_BINDINGS):
        from labrunner.sim.admission.policies import mutating

        if mutating.mutate(request):
            _fill(request)  # what a policy added gets what the other plugins give
    _webhooks(request, _MUTATING_WEBHOOKS)
    return []


def _fill(request: Request) -> None:
    if request.subresource != "status":
        for plugin in _MUTATING:
            plugin(request)


def _any_of(request: Request, gr: str) -> bool:
    return bool(request.api.store.list(gr))


def _webhooks(request: Request, gr: str) -> None:
    if _any_of(request, gr):
        from labrunner.sim.admission.policies import webhooks

        webhooks.call(request, gr)


def _policies(request: Request) -> list[str]:
    """What users of the cluster wrote: policies, then webhooks."""
    warnings: list[str] = []
    if _any_of(request, _VALIDATING_BINDINGS):
        from labrunner.sim.admission.policies import validating

        warnings = validating.validate(request)
    _webhooks(request, _VALIDATING_WEBHOOKS)
    return warnings


def validate(request: Request) -> list[str]:
    """Run the plugins that only judge (and charge quota); returns warnings, raises ApiError to refuse."""
    _check_certificates(request)
    if request.subresource == "status":
        return _policies(request)
    limit_ranger.check(request)
    warnings = pod_security.check(request)
    defaulting.claim_resize(request)
    pods.overhead(request)
    warnings += _policies(request)
    quota.charge(request)
    return warnings


def admit(request: Request) -> list[str]:
    """Both phases at once, for requests without validation in between (DELETE, CONNECT)."""
    return [*mutate(request), *validate(request)]
