"""What a new simulated cluster holds before anyone has asked for anything: namespaces, nodes, a storage class.

Nothing is invented that does not exist: there are no kube-system pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from labrunner.sim.clock import micro_timestamp, timestamp
from labrunner.sim.objects import Obj, name_of, uid_of

VERSION: Final = "v1.36.2"
CONTROL_PLANE: Final = "simulated-control-plane"
WORKERS: Final = ("simulated-node-1",)
OS_IMAGE: Final = "Simulated by labrunner (no operating system)"
RUNTIME: Final = f"simulated://{VERSION.removeprefix('v')}+simulated"
CPUS: Final = "4"
MEMORY: Final = "8Gi"
DISK: Final = "100Gi"
PODS: Final = "110"
NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
PROVISIONER: Final = "simulated.labrunner.dev/no-storage"
_HOSTS: Final = "192.0.2."


def bootstrap_objects(now: datetime, new_uid: Callable[[], str]) -> Iterator[tuple[str, Obj]]:
    """Pairs of resource and object, in the order they are to be stored. *now* becomes their creation time.

    Nodes get their uid here, since their leases name it; all else is still without one.
    """
    for name in NAMESPACES:
        yield "namespaces", _namespace(name, now)
    for name, value in (("system-cluster-critical", 2000000000), ("system-node-critical", 2000001000)):
        yield "priorityclasses.scheduling.k8s.io", _priority_class(name, value, now)
    yield "storageclasses.storage.k8s.io", _storage_class(now)
    for index, name in enumerate((CONTROL_PLANE, *WORKERS)):
        node = _node(name, index, now)
        node["metadata"]["uid"] = new_uid()
        yield "nodes", node
        yield "leases.coordination.k8s.io", _lease(node, now)
    yield from kubernetes_service(now)


def kubernetes_service(now: datetime) -> Iterator[tuple[str, Obj]]:
    """The service through which pods reach the API server, and where it is."""
    yield "services", _kubernetes_service(now)
    yield "endpoints", _kubernetes_endpoints(now)
    yield "endpointslices.discovery.k8s.io", _kubernetes_slice(now)


def node_address(index: int) -> str:
    """The documentation-range address of the node with this number."""
    return f"{_HOSTS}{index + 8}"


def _meta(name: str, now: datetime, **extra: object) -> Obj:
    return {"name": name, "creationTimestamp": timestamp(now), **extra}


def _namespace(name: str, now: datetime) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": _meta(name, now, labels={"kubernetes.io/metadata.name": name}),
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _priority_class(name: str, value: int, now: datetime) -> Obj:
    cluster = name == "system-cluster-critical"
    must = "run in the cluster" if cluster else "not be moved from their current node"
    text = f"Used for system critical pods that must {must}."
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": _meta(name, now, generation=1),
        "value": value,
        "description": text,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _storage_class(now: datetime) -> Obj:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": _meta(
            "standard",
            now,
            annotations={
                "storageclass.kubernetes.io/is-default-class": "true",
                "simulated.labrunner.dev/note": "volumes of this class are simulated: they hold no data",
            },
        ),
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _node(name: str, index: int, now: datetime) -> Obj:
    control = name == CONTROL_PLANE
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    spec: Obj = {"podCIDR": f"10.244.{index}.0/24", "podCIDRs": [f"10.244.{index}.0/24"]}
    if control:
        labels["node-role.kubernetes.io/control-plane"] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
        spec["taints"] = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    room = {"cpu": CPUS, "ephemeral-storage": DISK, "hugepages-2Mi": "0", "memory": MEMORY, "pods": PODS}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": _meta(name, now, labels=labels, annotations={"node.alpha.kubernetes.io/ttl": "0"}),
        "spec": spec,
        "status": {
            "capacity": dict(room),
            "allocatable": dict(room),
            "conditions": node_conditions(now),
            "addresses": [
                {"type": "InternalIP", "address": node_address(index)},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": "simulated",
                "systemUUID": "simulated",
                "bootID": "simulated",
                "kernelVersion": "simulated",
                "osImage": OS_IMAGE,
                "containerRuntimeVersion": RUNTIME,
                "kubeletVersion": VERSION,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def node_conditions(now: datetime) -> list[Obj]:
    """The conditions of a node that is well."""
    told = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    moment = timestamp(now)
    return [
        {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": moment,
            "lastTransitionTime": moment,
            "reason": reason,
            "message": message,
        }
        for kind, status, reason, message in told
    ]


def _lease(node: Obj, now: datetime) -> Obj:
    name = name_of(node)
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid_of(node)}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": _meta(name, now, namespace="kube-node-lease", ownerReferences=[owner]),
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro_timestamp(now)},
    }


def _kubernetes_service(now: datetime) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(
            "kubernetes",
            now,
            namespace="default",
            labels={"component": "apiserver", "provider": "kubernetes"},
        ),
        "spec": {
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }


def _kubernetes_endpoints(now: datetime) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": _meta(
            "kubernetes", now, namespace="default", labels={"endpointslice.kubernetes.io/skip-mirror": "true"}
        ),
        "subsets": [
            {
                "addresses": [{"ip": node_address(0)}],
                "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
            }
        ],
    }


def _kubernetes_slice(now: datetime) -> Obj:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": _meta(
            "kubernetes",
            now,
            namespace="default",
            generation=1,
            labels={"kubernetes.io/service-name": "kubernetes"},
        ),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [node_address(0)], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
    }
