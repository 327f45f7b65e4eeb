"""Endpoints that were made by hand, for Services without a selector, mirrored into EndpointSlices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.endpoints import HEADLESS, MANAGED_BY, SERVICE_NAME, SLICES
from labrunner.sim.controllers.ownership import controlled_by, controller_reference
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.objects import (
    Obj,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    owner_controller,
)

if TYPE_CHECKING:
    from labrunner.sim.store import Change

MANAGER: Final = "endpointslicemirroring-controller.k8s.io"
SKIP: Final = "endpointslice.kubernetes.io/skip-mirror"
_PASSED: Final = ("hostname", "nodeName", "targetRef")


class MirroringController(Controller):
    """Keeps one slice per subset of each mirrored Endpoints object."""

    name = "endpoint-slice-mirroring-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {"endpoints": itself, "services": itself, SLICES: self._of_slice}

    def _of_slice(self, change: Change) -> Iterable[Key]:
        reference = owner_controller(change.new or change.old or {})
        if change.type == "DELETED" and reference is not None and reference.get("kind") == "Endpoints":
            yield namespace_of(change.old or {}), reference["name"]

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get("endpoints", *key)
        service = self.api.store.get("services", *key)
        if found is None or is_terminating(found):
            return None
        mine = [s for s in self.api.store.list(SLICES, key[0]) if controlled_by(s, found)]
        wanted = found.get("subsets") or [] if self._mirrored(found, service) else []
        for index, subset in enumerate(wanted):
            made = self._slice(found, service or {}, subset)
            if index >= len(mine):
                self.api.create(SLICES, made)
            elif any((mine[index].get(f) or []) != made[f] for f in ("endpoints", "ports")):
                changed = clone(mine[index])
                changed.update(endpoints=made["endpoints"], ports=made["ports"])
                self.api.update(SLICES, changed)
        for surplus in mine[len(wanted) :]:
            self.api.delete(SLICES, name_of(surplus), key[0])
        return None

    @staticmethod
    def _mirrored(found: Obj, service: Obj | None) -> bool:
        skipped = labels_of(found).get(SKIP) == "true"
        return service is not None and not skipped and not get_path(service, "spec", "selector")

    @staticmethod
    def _slice(found: Obj, service: Obj, subset: Obj) -> Obj:
        endpoints: list[Obj] = []
        for field, ready in (("addresses", True), ("notReadyAddresses", False)):
            for address in subset.get(field) or []:
                extra = {k: address[k] for k in _PASSED if address.get(k)}
                endpoints.append({"addresses": [address["ip"]], "conditions": {"ready": ready}, **extra})
        ports = [
            {"name": p.get("name") or "", "port": p.get("port"), "protocol": p.get("protocol") or "TCP"}
            for p in subset.get("ports") or []
        ]
        labels = {**labels_of(found), MANAGED_BY: MANAGER, SERVICE_NAME: name_of(found)}
        if get_path(service, "spec", "clusterIP") == "None":
            labels[HEADLESS] = ""
        made: Obj = {
            "addressType": "IPv6" if endpoints and ":" in endpoints[0]["addresses"][0] else "IPv4",
            "endpoints": endpoints,
            "ports": ports,
        }
        meta(made).update(
            generateName=f"{name_of(found)}-",
            namespace=namespace_of(found),
            labels=labels,
            ownerReferences=[controller_reference(found)],
        )
        return made
