"""Which function fills in the defaults of which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from labrunner.sim.defaults import apps, batch, core, definitions, extension, pod, policies
from labrunner.sim.defaults.canonical import always_written, drop_empty
from labrunner.sim.defaults.zero_values import drop_zero
from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"

DEFAULTERS: Final[dict[tuple[str, str], Callable[[Obj], None]]] = {
    ("", "Pod"): pod.pod,
    ("", "PodTemplate"): pod.template,
    ("", "ReplicationController"): apps.replication_controller,
    ("", "Secret"): core.secret,
    ("", "Namespace"): core.namespace,
    ("", "PersistentVolume"): core.persistent_volume,
    ("", "PersistentVolumeClaim"): core.claim,
    ("", "Service"): core.service,
    ("", "Endpoints"): core.endpoints,
    ("", "LimitRange"): core.limit_range,
    ("", "Node"): core.node,
    ("apps", "Deployment"): apps.deployment,
    ("apps", "ReplicaSet"): apps.replica_set,
    ("apps", "StatefulSet"): apps.stateful_set,
    ("apps", "DaemonSet"): apps.daemon_set,
    ("batch", "Job"): batch.job,
    ("batch", "CronJob"): batch.cron_job,
    ("apiregistration.k8s.io", "APIService"): extension.api_service,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): extension.flow_schema,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): extension.priority_level,
    ("resource.k8s.io", "ResourceClaim"): extension.resource_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): extension.resource_claim_template,
    ("storage.k8s.io", "StorageClass"): core.storage_class,
    ("storage.k8s.io", "CSIDriver"): core.csi_driver,
    ("networking.k8s.io", "NetworkPolicy"): policies.network_policy,
    ("networking.k8s.io", "Ingress"): policies.ingress,
    ("networking.k8s.io", "IngressClass"): policies.ingress_class,
    ("discovery.k8s.io", "EndpointSlice"): policies.endpoint_slice,
    ("autoscaling", "HorizontalPodAutoscaler"): policies.autoscaler,
    ("policy", "PodDisruptionBudget"): policies.disruption_budget,
    ("scheduling.k8s.io", "PriorityClass"): policies.priority_class,
    (_RBAC, "RoleBinding"): policies.role_binding,
    (_RBAC, "ClusterRoleBinding"): policies.role_binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions.custom_resource_definition,
    (_ADMISSION, "ValidatingWebhookConfiguration"): policies.webhook_configuration,
    (_ADMISSION, "MutatingWebhookConfiguration"): policies.webhook_configuration,
    (_ADMISSION, "ValidatingAdmissionPolicy"): policies.admission_policy,
    (_ADMISSION, "MutatingAdmissionPolicy"): policies.admission_policy,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): policies.admission_policy_binding,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): policies.admission_policy_binding,
}


# Kinds that carry free-form JSON, in which an empty list or a null means something.
_RAW_CONTENT: Final = frozenset(("CustomResourceDefinition", "ControllerRevision"))


def apply(obj: Obj, rt: ResourceType) -> None:
    """Fill in, in place, the fields of *obj* that its author left out. Idempotent.

    Also brings the object into the shape a typed server keeps: no nulls, no empty maps where Go omits them.
    Custom resources are left alone.
    """
    if rt.custom:
        return
    if rt.kind not in _RAW_CONTENT:
        drop_empty(obj)
        drop_zero(rt.group, obj)
    fill = DEFAULTERS.get((rt.group, obj.get("kind") or rt.kind))
    if fill is not None:
        fill(obj)
    always_written(rt.group, obj)
