"""Defaults of the remaining kinds of core/v1 and storage."""

from __future__ import annotations

import base64

from labrunner.sim.defaults.fill import default, default_text, items, section
from labrunner.sim.objects import Obj


def secret(obj: Obj) -> None:
    """A Secret: its type, and plain text turned into data."""
    default_text(obj, "type", "Opaque")
    plain = obj.pop("stringData", None)
    if isinstance(plain, dict) and plain:
        data = section(obj, "data")
        for key, text in plain.items():
            data[key] = base64.b64encode(str(text or "").encode()).decode()


def namespace(obj: Obj) -> None:
    """A Namespace: the label with its own name, its phase."""
    meta = section(obj, "metadata")
    if meta.get("name"):
        section(meta, "labels")["kubernetes.io/metadata.name"] = meta["name"]
    default_text(section(obj, "status"), "phase", "Active")
    section(obj, "spec")


def persistent_volume(obj: Obj) -> None:
    """A PersistentVolume."""
    spec = section(obj, "spec")
    default_text(section(obj, "status"), "phase", "Pending")
    default_text(spec, "persistentVolumeReclaimPolicy", "Retain")
    default(spec, "volumeMode", "Filesystem")
    if isinstance(spec.get("hostPath"), dict):
        default(spec["hostPath"], "type", "")


def claim(obj: Obj) -> None:
    """A PersistentVolumeClaim, or a template for one."""
    spec = section(obj, "spec")
    default(spec, "volumeMode", "Filesystem")
    section(spec, "resources")
    default_text(section(obj, "status"), "phase", "Pending")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = {k: v for k, v in reference.items() if k != "namespace"}


def storage_class(obj: Obj) -> None:
    """A StorageClass."""
    default(obj, "reclaimPolicy", "Delete")
    default(obj, "volumeBindingMode", "Immediate")


def csi_driver(obj: Obj) -> None:
    """A CSIDriver."""
    spec = section(obj, "spec")
    for key, value in (
        ("attachRequired", True),
        ("podInfoOnMount", False),
        ("storageCapacity", False),
        ("fsGroupPolicy", "ReadWriteOnceWithFSType"),
        ("volumeLifecycleModes", ["Persistent"]),
        ("requiresRepublish", False),
        ("seLinuxMount", False),
    ):
        default(spec, key, value)


def service(obj: Obj) -> None:
    """A Service, before addresses are allocated."""
    spec = section(obj, "spec")
    section(section(obj, "status"), "loadBalancer")
    default_text(spec, "sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    if spec["sessionAffinity"] == "ClientIP":
        config = section(section(spec, "sessionAffinityConfig"), "clientIP")
        default(config, "timeoutSeconds", 10800)
    default_text(spec, "type", "ClusterIP")
    for port in items(spec, "ports"):
        default_text(port, "protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    external = spec["type"] in ("NodePort", "LoadBalancer") or (
        spec["type"] == "ClusterIP" and bool(spec.get("externalIPs"))
    )
    if external:
        default_text(spec, "externalTrafficPolicy", "Cluster")
    if spec["type"] in ("ClusterIP", "NodePort", "LoadBalancer"):
        default(spec, "internalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        default(spec, "allocateLoadBalancerNodePorts", True)
        for ingress in items(obj["status"]["loadBalancer"], "ingress"):
            if ingress.get("ip"):
                default(ingress, "ipMode", "VIP")


def endpoints(obj: Obj) -> None:
    """Endpoints: ports speak TCP."""
    for subset in items(obj, "subsets"):
        for port in items(subset, "ports"):
            default_text(port, "protocol", "TCP")


def limit_range(obj: Obj) -> None:
    """A LimitRange: limits of containers stand in for each other."""
    for item in items(section(obj, "spec"), "limits"):
        if item.get("type") != "Container":
            continue
        for name, value in (item.get("max") or {}).items():
            default(section(item, "default"), name, value)
        for name, value in (item.get("default") or {}).items():
            default(section(item, "defaultRequest"), name, value)
        for name, value in (item.get("min") or {}).items():
            default(section(item, "defaultRequest"), name, value)


def node(obj: Obj) -> None:
    """A Node: what it can hand out is what it has."""
    section(obj, "spec")
    status = section(obj, "status")
    if status.get("capacity"):
        allocatable = section(status, "allocatable")
        for name, value in status["capacity"].items():
            default(allocatable, name, value)
    section(section(status, "daemonEndpoints"), "kubeletEndpoint")
    default(status["daemonEndpoints"]["kubeletEndpoint"], "Port", 0)
