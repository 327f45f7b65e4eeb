"""EndpointSlices and Endpoints: which pods stand behind a Service, on which ports, ready or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.ownership import controller_reference
from labrunner.sim.controllers.podstate import is_finished, is_ready
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself, key_of
from labrunner.sim.controllers.slice_filling import Filling, distribute
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.store import Change

SLICES: Final = "endpointslices.discovery.k8s.io"
SERVICE_NAME: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
HEADLESS: Final = "service.kubernetes.io/headless"
TRIGGER: Final = "endpoints.kubernetes.io/last-change-trigger-time"


def _selects(service: Obj, labels: Mapping[str, str]) -> bool:
    selector: dict[str, str] = get_path(service, "spec", "selector", default={})
    return bool(selector) and selector.items() <= labels.items()


class _OfServices(Controller):
    """Watches Services and the pods behind them."""

    output = ""

    def watches(self) -> Mapping[str, Mapper]:
        return {"services": itself, "pods": self._of_pod, self.output: self._of_output}

    def _of_pod(self, change: Change) -> Iterable[Key]:
        if change.new is not None and change.old is not None and _same_for_services(change.new, change.old):
            return
        pod = change.new or change.old or {}
        for service in self.api.store.list("services", namespace_of(pod)):
            if _selects(service, labels_of(pod)) or _selects(service, labels_of(change.old or {})):
                yield key_of(service)

    def _of_output(self, change: Change) -> Iterable[Key]:
        if change.type == "ADDED":
            return []
        obj = change.new or change.old or {}
        return [(namespace_of(obj), labels_of(obj).get(SERVICE_NAME) or name_of(obj))]

    def pods_behind(self, service: Obj) -> list[Obj]:
        """Pods with an address that the service selects and that are not over."""
        return [
            p
            for p in self.api.store.list("pods", namespace_of(service))
            if _selects(service, labels_of(p)) and get_path(p, "status", "podIP") and not is_finished(p)
        ]


def _same_for_services(new: Obj, old: Obj) -> bool:
    return (
        labels_of(new) == labels_of(old)
        and is_terminating(new) == is_terminating(old)
        and is_ready(new) == is_ready(old)
        and is_finished(new) == is_finished(old)
        and get_path(new, "status", "podIP") == get_path(old, "status", "podIP")
    )


def target_port(service_port: Obj, pod: Obj) -> int | None:
    """The number that ``targetPort`` means on *pod*; None when no container declares the name."""
    target = service_port.get("targetPort", service_port.get("port"))
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol") or "TCP"
    containers = [
        *get_path(pod, "spec", "containers", default=[]),
        *(
            c
            for c in get_path(pod, "spec", "initContainers", default=[])
            if c.get("restartPolicy") == "Always"
        ),
    ]
    for container in containers:
        for port in container.get("ports") or []:
            if port.get("name") == target and (port.get("protocol") or "TCP") == protocol:
                return int(port["containerPort"])
    return int(target) if isinstance(target, str) and target.isdigit() else None


def _ports(service: Obj, pod: Obj) -> list[Obj] | None:
    """Endpoint ports of *pod*; None when it offers none of those the service has."""
    wanted = get_path(service, "spec", "ports", default=[])
    out: list[Obj] = []
    for port in wanted:
        number = target_port(port, pod)
        if number is None:
            continue
        found: Obj = {
            "name": port.get("name") or "",
            "port": number,
            "protocol": port.get("protocol") or "TCP",
        }
        if port.get("appProtocol"):
            found["appProtocol"] = port["appProtocol"]
        out.append(found)
    return out if out or not wanted else None


def _target(pod: Obj) -> Obj:
    return {"kind": "Pod", "name": name_of(pod), "namespace": namespace_of(pod), "uid": uid_of(pod)}


class EndpointSliceController(_OfServices):
    """Mirrors the pods behind each selecting Service into slices of at most 100 endpoints."""

    name = "endpoint-slice-controller"
    output = SLICES

    def reconcile(self, key: Key) -> float | None:
        service = self.api.store.get("services", *key)
        mine = [
            s
            for s in self.api.store.list(SLICES, key[0])
            if labels_of(s).get(SERVICE_NAME) == key[1] and labels_of(s).get(MANAGED_BY) == MANAGER
        ]
        if service is None or is_terminating(service):
            return None
        if not get_path(service, "spec", "selector") or service["spec"].get("type") == "ExternalName":
            return None
        fillings, surplus = distribute([s for s in mine if not is_terminating(s)], self._groups(service))
        for filling in fillings:
            if filling.slice is None:
                self.api.create(SLICES, self._new(service, filling))
            else:
                self._update(service, filling.slice, filling)
        for left in surplus:
            self.api.delete(SLICES, name_of(left), key[0])
        return None

    def _groups(self, service: Obj) -> list[tuple[list[Obj], list[Obj]]]:
        """Endpoints by the ports that they have: a named port may mean another number on each pod."""
        groups: dict[str, tuple[list[Obj], list[Obj]]] = {}
        always = bool(get_path(service, "spec", "publishNotReadyAddresses", default=False))
        for pod in self.pods_behind(service):
            ports = _ports(service, pod) or []
            groups.setdefault(repr(ports), (ports, []))[1].append(self._endpoint(pod, service, always))
        return list(groups.values())

    def _endpoint(self, pod: Obj, service: Obj, always: bool) -> Obj:
        serving = is_ready(pod)
        ending = is_terminating(pod)
        out: Obj = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {
                "ready": always or (serving and not ending),
                "serving": serving,
                "terminating": ending,
            },
            "nodeName": get_path(pod, "spec", "nodeName", default=""),
            "targetRef": _target(pod),
        }
        hostname = get_path(pod, "spec", "hostname")
        if hostname and get_path(pod, "spec", "subdomain") == name_of(service):
            out["hostname"] = hostname
        node = self.api.store.get("nodes", "", out["nodeName"])
        zone = labels_of(node or {}).get("topology.kubernetes.io/zone")
        if zone:
            out["zone"] = zone
        hints = _hints(service, out)
        if hints:
            out["hints"] = hints
        return out

    def _labels(self, service: Obj) -> dict[str, str]:
        own = {k: v for k, v in labels_of(service).items() if k not in (SERVICE_NAME, MANAGED_BY, HEADLESS)}
        labels = {**own, MANAGED_BY: MANAGER, SERVICE_NAME: name_of(service)}
        if get_path(service, "spec", "clusterIP") == "None":
            labels[HEADLESS] = ""
        return labels

    def _new(self, service: Obj, filling: Filling) -> Obj:
        families = get_path(service, "spec", "ipFamilies", default=["IPv4"])
        return {
            "addressType": families[0] if families else "IPv4",
            "metadata": {
                "generateName": f"{name_of(service)}-",
                "namespace": namespace_of(service),
                "labels": self._labels(service),
                "annotations": {TRIGGER: timestamp(self.api.clock.now())},
                "ownerReferences": [controller_reference(service)],
            },
            "endpoints": filling.endpoints,
            "ports": filling.ports,
        }

    def _update(self, service: Obj, found: Obj, filling: Filling) -> None:
        wanted = {"endpoints": filling.endpoints, "ports": filling.ports}
        labels = self._labels(service)
        if labels_of(found) == labels and all((found.get(f) or []) == v for f, v in wanted.items()):
            return
        changed = clone(found)
        changed.update(wanted)
        meta(changed)["labels"] = labels
        meta(changed).setdefault("annotations", {})[TRIGGER] = timestamp(self.api.clock.now())
        self.api.update(SLICES, changed)


def _hints(service: Obj, endpoint: Obj) -> Obj:
    """For whom an endpoint is meant first, when the Service asks for traffic to stay near."""
    preference = get_path(service, "spec", "trafficDistribution")
    hints: Obj = {}
    if not preference or not endpoint["conditions"]["ready"]:
        return hints
    if endpoint.get("zone"):
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if preference == "PreferSameNode" and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return hints


class EndpointsController(_OfServices):
    """The older Endpoints object of the same name as its Service."""

    name = "endpoint-controller"
    output = "endpoints"

    def _of_output(self, change: Change) -> Iterable[Key]:
        """Endpoints that somebody edits stay as they are until something else happens; deleted ones come back."""
        return super()._of_output(change) if change.type == "DELETED" else []

    def reconcile(self, key: Key) -> float | None:
        service = self.api.store.get("services", *key)
        found = self.api.store.get("endpoints", *key)
        if service is None or is_terminating(service):
            if found is not None and service is None and labels_of(found).get(MANAGED_BY_OLD) == self.name:
                self.api.delete("endpoints", key[1], key[0])
            return None
        if not get_path(service, "spec", "selector") or service["spec"].get("type") == "ExternalName":
            return None
        subsets = self._subsets(service)
        labels = {**labels_of(service), MANAGED_BY_OLD: self.name}
        if get_path(service, "spec", "clusterIP") == "None":
            labels[HEADLESS] = ""
        if found is not None and (found.get("subsets") or []) == subsets and labels_of(found) == labels:
            return None
        notes = dict(annotations_of(found or {}))
        notes[TRIGGER] = timestamp(self.api.clock.now())
        if found is None:
            metadata = {"name": key[1], "namespace": key[0], "labels": labels, "annotations": notes}
            self.api.create("endpoints", {"metadata": metadata, **({"subsets": subsets} if subsets else {})})
            return None
        changed = clone(found)
        meta(changed).update(labels=labels, annotations=notes)
        changed["subsets"] = subsets
        if not subsets:
            del changed["subsets"]
        self.api.update("endpoints", changed)
        return None

    def _subsets(self, service: Obj) -> list[Obj]:
        always = bool(get_path(service, "spec", "publishNotReadyAddresses", default=False))
        groups: dict[str, Obj] = {}
        for pod in self.pods_behind(service):
            if is_terminating(pod) and not always:
                continue
            ports = _ports(service, pod)
            if ports is None:
                continue
            shown = [{k: v for k, v in p.items() if k != "name" or v} for p in ports]
            address = {
                "ip": pod["status"]["podIP"],
                "nodeName": get_path(pod, "spec", "nodeName", default=""),
            }
            if get_path(pod, "spec", "hostname") and get_path(pod, "spec", "subdomain") == name_of(service):
                address["hostname"] = pod["spec"]["hostname"]
            address["targetRef"] = _target(pod)
            group = groups.setdefault(repr(shown), {"ports": shown})
            field = "addresses" if always or is_ready(pod) else "notReadyAddresses"
            group.setdefault(field, []).append(address)
        for group in groups.values():
            for field in ("addresses", "notReadyAddresses"):
                if field in group:
                    group[field].sort(key=lambda a: tuple(int(p) for p in a["ip"].split(".")))
            if not group["ports"]:
                del group["ports"]
        return list(groups.values())


MANAGED_BY_OLD: Final = "endpoints.kubernetes.io/managed-by"
