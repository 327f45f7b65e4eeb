"""``/healthz``, ``/livez`` and ``/readyz``: the checks that an API server runs, each by its name.

All parts live in this one process, so whoever gets an answer finds every check passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from labrunner.sim.gotext import quote
from labrunner.sim.http import Request, Response

ENDPOINTS: Final = ("healthz", "livez", "readyz")

_START: Final = ("ping", "log", "etcd")
_HOOKS: Final = tuple(
    name if name == "autoregister-completion" else f"poststarthook/{name}"
    for name in (
        "start-apiserver-admission-initializer",
        "generic-apiserver-start-informers",
        "priority-and-fairness-config-consumer",
        "priority-and-fairness-filter",
        "storage-object-count-tracker-hook",
        "start-apiextensions-informers",
        "start-apiextensions-controllers",
        "crd-informer-synced",
        "start-system-namespaces-controller",
        "peer-endpoint-reconciler-controller",
        "start-cluster-authentication-info-controller",
        "start-kube-apiserver-identity-lease-controller",
        "start-kube-apiserver-identity-lease-garbage-collector",
        "storage-readiness",
        "start-legacy-token-tracking-controller",
        "start-service-ip-repair-controllers",
        "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes",
        "priority-and-fairness-config-producer",
        "bootstrap-controller",
        "start-kubernetes-service-cidr-controller",
        "aggregator-reload-proxy-client-cert",
        "start-kube-aggregator-informers",
        "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller",
        "apiservice-registration-controller",
        "apiservice-discovery-controller",
        "kube-apiserver-autoregistration",
        "autoregister-completion",
        "apiservice-openapi-controller",
        "apiservice-openapiv3-controller",
    )
)
CHECKS: Final[dict[str, tuple[str, ...]]] = {
    "healthz": (*_START, *_HOOKS),
    "livez": (*_START, *_HOOKS),
    "readyz": (*_START, "etcd-readiness", "informer-sync", *_HOOKS, "shutdown"),
}


def paths() -> Iterator[str]:
    """Every path below the three endpoints, they themselves included."""
    for name, checks in CHECKS.items():
        yield f"/{name}"
        yield from (f"/{name}/{check}" for check in checks)


def answer(request: Request) -> Response | None:
    """The answer at the request's path, None when there is no such check."""
    name, _, check = request.path.strip("/").partition("/")
    if check:
        return Response.text(200, "ok") if check in CHECKS[name] else None
    excluded = set(request.head.query_values.get("exclude", ()))
    lines = [
        f"[+]{check} excluded: ok\n" if check in excluded else f"[+]{check} ok\n" for check in CHECKS[name]
    ]
    unknown = sorted(excluded - set(CHECKS[name]))
    if unknown:
        shown = ", ".join(quote(text) for text in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {shown}\n")
    if "verbose" not in request.query:
        return Response.text(200, "ok")
    return Response.text(200, "".join(lines) + f"{name} check passed\n")
