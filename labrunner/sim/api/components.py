"""The control plane's own leases and config maps, and the (deprecated) statuses of its components."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import micro_timestamp
from labrunner.sim.objects import Obj, name_of
from labrunner.sim.store import Record
from labrunner.sim.store.change import encode

if TYPE_CHECKING:
    from labrunner.sim.api.listing import Page

STATUSES: Final = "componentstatuses"
LEASES: Final = "leases.coordination.k8s.io"
_SYSTEM: Final = "kube-system"


def bootstrap_objects(now: datetime, host: str, ca: str, unique: str) -> Iterator[tuple[str, Obj]]:
    """(Resource, object). *host* is the control plane's node, *ca* the PEM of who signs client certificates.

    *unique* makes the holders' identities.
    """
    digest = hashlib.sha256(unique.encode()).digest()
    server = "apiserver-" + base64.b32encode(digest)[:26].decode().lower()
    labels = {"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": host}
    yield LEASES, _lease(server, f"{server}_{unique}", 3600, now, labels)
    for name in ("kube-controller-manager", "kube-scheduler"):
        yield LEASES, _lease(name, f"{host}_{unique}", 15, now, None)
    yield "configmaps", _config_map("extension-apiserver-authentication", _authentication(ca))
    since = {"since": now.strftime("%Y-%m-%d")}
    yield "configmaps", _config_map("kube-apiserver-legacy-service-account-token-tracking", since)


def _lease(name: str, holder: str, seconds: int, now: datetime, labels: dict[str, str] | None) -> Obj:
    metadata: Obj = {"name": name, "namespace": _SYSTEM}
    if labels:
        metadata["labels"] = labels
    moment = micro_timestamp(now)
    spec: Obj = {"holderIdentity": holder, "leaseDurationSeconds": seconds}
    spec |= {"renewTime": moment} if labels else {"acquireTime": moment, "renewTime": moment}
    if not labels:
        spec["leaseTransitions"] = 0
    return {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata, "spec": spec}


def _config_map(name: str, data: dict[str, str]) -> Obj:
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": _SYSTEM},
        "data": data,
    }


def _authentication(ca: str) -> dict[str, str]:
    return {"client-ca-file": ca}


def statuses() -> list[Obj]:
    """The ComponentStatuses. There is no other server to ask: all parts run inside this one."""
    return [
        {
            "kind": "ComponentStatus",
            "apiVersion": "v1",
            "metadata": {"name": name},
            "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
        }
        for name in ("controller-manager", "scheduler", "etcd-0")
    ]


def page(accepts: Callable[[Obj], bool]) -> Page:
    """Those statuses that are wanted, as a list's page."""
    from labrunner.sim.api.listing import Page

    kept = [obj for obj in statuses() if accepts(obj)]
    return Page([Record(f"/{name_of(obj)}", obj, 0, encode(obj)) for obj in kept], {})
