"""Building meta.k8s.io/v1 Tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from labrunner.sim.objects import Obj, clone, name_of
from labrunner.sim.printers import access, cluster, devices, network, pods, storage, workloads
from labrunner.sim.printers.text import Printer

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

PRINTERS: Final[dict[tuple[str, str], Printer]] = {
    ("", "Pod"): pods.POD,
    ("", "PodTemplate"): pods.POD_TEMPLATE,
    ("", "ReplicationController"): workloads.REPLICATION_CONTROLLER,
    ("", "Service"): network.SERVICE,
    ("", "Endpoints"): network.ENDPOINTS,
    ("", "Node"): cluster.NODE,
    ("", "Namespace"): cluster.NAMESPACE,
    ("", "Event"): cluster.EVENT,
    ("", "Secret"): cluster.SECRET,
    ("", "ConfigMap"): cluster.CONFIG_MAP,
    ("", "ServiceAccount"): cluster.SERVICE_ACCOUNT,
    ("", "ResourceQuota"): cluster.QUOTA,
    ("", "LimitRange"): cluster.CREATED,
    ("", "PersistentVolume"): storage.VOLUME,
    ("", "PersistentVolumeClaim"): storage.CLAIM,
    ("", "ComponentStatus"): access.COMPONENT_STATUS,
    ("events.k8s.io", "Event"): cluster.EVENT,
    ("apps", "Deployment"): workloads.DEPLOYMENT,
    ("apps", "ReplicaSet"): workloads.REPLICA_SET,
    ("apps", "StatefulSet"): workloads.STATEFUL_SET,
    ("apps", "DaemonSet"): workloads.DAEMON_SET,
    ("apps", "ControllerRevision"): workloads.REVISION,
    ("batch", "Job"): workloads.JOB,
    ("batch", "CronJob"): workloads.CRON_JOB,
    ("autoscaling", "HorizontalPodAutoscaler"): workloads.AUTOSCALER,
    ("autoscaling", "Scale"): workloads.SCALE,
    ("policy", "PodDisruptionBudget"): workloads.BUDGET,
    ("networking.k8s.io", "Ingress"): network.INGRESS,
    ("networking.k8s.io", "IngressClass"): network.INGRESS_CLASS,
    ("networking.k8s.io", "NetworkPolicy"): network.NETWORK_POLICY,
    ("networking.k8s.io", "ServiceCIDR"): network.SERVICE_CIDR,
    ("networking.k8s.io", "IPAddress"): network.IP_ADDRESS,
    ("discovery.k8s.io", "EndpointSlice"): network.ENDPOINT_SLICE,
    ("storage.k8s.io", "StorageClass"): storage.STORAGE_CLASS,
    ("storage.k8s.io", "VolumeAttachment"): storage.VOLUME_ATTACHMENT,
    ("storage.k8s.io", "CSIDriver"): storage.CSI_DRIVER,
    ("storage.k8s.io", "CSINode"): storage.CSI_NODE,
    ("storage.k8s.io", "CSIStorageCapacity"): storage.STORAGE_CAPACITY,
    ("storage.k8s.io", "VolumeAttributesClass"): storage.ATTRIBUTES_CLASS,
    ("resource.k8s.io", "DeviceClass"): cluster.AGED,
    ("resource.k8s.io", "ResourceClaim"): devices.RESOURCE_CLAIM,
    ("resource.k8s.io", "ResourceClaimTemplate"): cluster.AGED,
    ("resource.k8s.io", "ResourceSlice"): devices.RESOURCE_SLICE,
    ("rbac.authorization.k8s.io", "Role"): cluster.CREATED,
    ("rbac.authorization.k8s.io", "ClusterRole"): cluster.CREATED,
    ("rbac.authorization.k8s.io", "RoleBinding"): access.BINDING,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): access.BINDING,
    ("scheduling.k8s.io", "PriorityClass"): access.PRIORITY_CLASS,
    ("node.k8s.io", "RuntimeClass"): access.RUNTIME_CLASS,
    ("coordination.k8s.io", "Lease"): access.LEASE,
    ("certificates.k8s.io", "CertificateSigningRequest"): access.CERTIFICATE_REQUEST,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): access.WEBHOOKS,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): access.WEBHOOKS,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): access.VALIDATING_POLICY,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): access.MUTATING_POLICY,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): access.ADMISSION_BINDING,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): access.ADMISSION_BINDING,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): cluster.CREATED,
    ("apiregistration.k8s.io", "APIService"): access.API_SERVICE,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): access.FLOW_SCHEMA,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): access.PRIORITY_LEVEL,
}


def printer_for(rt: ResourceType, kind: str = "") -> Printer:
    """The printer of a resource type, or of *kind* where a subresource has its own (Scale)."""
    group = "autoscaling" if kind == "Scale" else rt.group
    found = PRINTERS.get((group, kind or rt.kind))
    return found or (cluster.PLAIN if rt.custom else cluster.CREATED)


def table(
    objs: Iterable[Obj],
    rt: ResourceType,
    *,
    now: datetime,
    include_object: str = "Metadata",
    list_meta: Obj | None = None,
    printer: Printer | None = None,
) -> Obj:
    """A Table of *objs*.

    ``include_object`` is Metadata, None or Object; ``list_meta`` is the list's metadata. ``printer`` overrides the
    columns of the kind (custom resources have their own, see ``custom.printer``).
    """
    rows: list[Obj] = []
    chosen = printer
    if rt.kind == "FlowSchema":
        objs = sorted(objs, key=_precedence)
    for obj in objs:
        if chosen is None:
            chosen = printer_for(rt, obj.get("kind", ""))
        row: Obj = {"cells": chosen.row(obj, now)}
        if rt.kind == "Pod" and not rt.group and (ended := _ENDED.get(_phase(obj))):
            row["conditions"] = [{"type": "Completed", "status": "True", **ended}]
        if include_object == "Object":
            row["object"] = obj
        elif include_object == "Metadata":
            row["object"] = _partial(obj)
        else:
            row["object"] = None
        rows.append(row)
    chosen = chosen or printer_for(rt)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": clone(list_meta) if list_meta else {},
        "columnDefinitions": [column.definition() for column in chosen.columns],
        "rows": rows,
    }


_ENDED: Final = {
    "Succeeded": {"reason": "Succeeded", "message": "The pod has completed successfully."},
    "Failed": {"reason": "Failed", "message": "The pod failed."},
}


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _precedence(schema: Obj) -> tuple[int, str]:
    """Flow schemas are listed in the order in which they are tried."""
    return (schema.get("spec") or {}).get("matchingPrecedence", 0), name_of(schema)


def _partial(obj: Obj) -> Obj:
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj.get("metadata") or {},
    }
