"""Which rules check which kind."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

from labrunner.sim.errors import FieldError
from labrunner.sim.names import path_segment
from labrunner.sim.objects import Obj
from labrunner.sim.validation import (
    access,
    autoscaling,
    batch,
    config,
    endpoints,
    events,
    extension,
    job_status,
    limit_ranges,
    meta,
    networking,
    nodes,
    pod,
    pod_subresources,
    pod_update,
    policies,
    quotas,
    service_networks,
    services,
    storage,
    storage_classes,
    workloads,
)

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

Create = Callable[[Obj], list[FieldError]]
Update = Callable[[Obj, Obj], list[FieldError]]

_RBAC: Final = "rbac.authorization.k8s.io"
_STORAGE: Final = "storage.k8s.io"
_FLOW: Final = "flowcontrol.apiserver.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"


def _create_definition(obj: Obj) -> list[FieldError]:
    from labrunner.sim.crd import definition  # not needed before the first one

    return definition.create(obj)


def _create_request(obj: Obj) -> list[FieldError]:
    from labrunner.sim.validation import certificates

    return certificates.create_request(obj)


def _update_request(rule: Literal["update_request", "approve_request", "sign_request"]) -> Update:
    def check(new: Obj, old: Obj) -> list[FieldError]:
        from labrunner.sim.validation import certificates

        found: Update = getattr(certificates, rule)
        return found(new, old)

    return check


def _update_definition(new: Obj, old: Obj) -> list[FieldError]:
    from labrunner.sim.crd import definition

    return definition.update(new, old)


def _registration(module: Literal["admission", "webhooks"]) -> tuple[Create, Update]:
    def create(obj: Obj) -> list[FieldError]:
        found: Create = import_module(f"labrunner.sim.validation.{module}").create
        return found(obj)

    def update(new: Obj, old: Obj) -> list[FieldError]:
        found: Update = import_module(f"labrunner.sim.validation.{module}").update
        return found(new, old)

    return create, update


def _devices(kind: Literal["class", "claim", "template"]) -> tuple[Create, Update]:
    def create(obj: Obj) -> list[FieldError]:
        found: Create = getattr(import_module("labrunner.sim.validation.devices"), f"create_{kind}")
        return found(obj)

    def update(new: Obj, old: Obj) -> list[FieldError]:
        found: Update = getattr(import_module("labrunner.sim.validation.devices"), f"update_{kind}")
        return found(new, old)

    return create, update


RULES: Final[dict[str, tuple[Create, Update]]] = {
    "pods": (pod.create, pod_update.update),
    "podtemplates": (workloads.create_template, workloads.update_template),
    "replicationcontrollers": (
        workloads.create_replication_controller,
        workloads.update_replication_controller,
    ),
    "services": (services.create, services.update),
    "endpoints": (endpoints.create_endpoints, endpoints.update_endpoints),
    "configmaps": (config.create_config_map, config.update_config_map),
    "secrets": (config.create_secret, config.update_secret),
    "serviceaccounts": (config.create_service_account, meta.update),
    "namespaces": (config.create_namespace, meta.update),
    "customresourcedefinitions.apiextensions.k8s.io": (_create_definition, _update_definition),
    "nodes": (nodes.create, nodes.update),
    "resourcequotas": (quotas.create, quotas.update),
    "limitranges": (limit_ranges.create, limit_ranges.update),
    "events": (events.create, events.update),
    "persistentvolumes": (storage.create_volume, storage.update_volume),
    "persistentvolumeclaims": (storage.create_claim, storage.update_claim),
    "deployments.apps": (workloads.create_deployment, workloads.update_deployment),
    "replicasets.apps": (workloads.create_replica_set, workloads.update_replica_set),
    "statefulsets.apps": (workloads.create_stateful_set, workloads.update_stateful_set),
    "daemonsets.apps": (workloads.create_daemon_set, workloads.update_daemon_set),
    "controllerrevisions.apps": (workloads.create_revision, workloads.update_revision),
    "jobs.batch": (batch.create_job, batch.update_job),
    "cronjobs.batch": (batch.create_cron_job, batch.update_cron_job),
    "networkpolicies.networking.k8s.io": (networking.create_policy, networking.update_policy),
    "ingresses.networking.k8s.io": (networking.create_ingress, networking.update_ingress),
    "ingressclasses.networking.k8s.io": (networking.create_class, networking.update_class),
    "endpointslices.discovery.k8s.io": (endpoints.create_slice, endpoints.update_slice),
    "servicecidrs.networking.k8s.io": (
        service_networks.create_service_cidr,
        service_networks.update_service_cidr,
    ),
    "ipaddresses.networking.k8s.io": (
        service_networks.create_ip_address,
        service_networks.update_ip_address,
    ),
    "apiservices.apiregistration.k8s.io": (extension.create_api_service, extension.update_api_service),
    f"flowschemas.{_FLOW}": (extension.create_flow_schema, extension.update_flow_schema),
    f"prioritylevelconfigurations.{_FLOW}": (
        extension.create_priority_level,
        extension.update_priority_level,
    ),
    "deviceclasses.resource.k8s.io": _devices("class"),
    "resourceclaims.resource.k8s.io": _devices("claim"),
    "resourceclaimtemplates.resource.k8s.io": _devices("template"),
    f"storageclasses.{_STORAGE}": (storage_classes.create_class, storage_classes.update_class),
    f"volumeattributesclasses.{_STORAGE}": (
        storage_classes.create_attributes_class,
        storage_classes.update_attributes_class,
    ),
    f"csidrivers.{_STORAGE}": (storage_classes.create_driver, storage_classes.update_driver),
    f"csinodes.{_STORAGE}": (storage_classes.create_node, storage_classes.update_node),
    f"csistoragecapacities.{_STORAGE}": (storage_classes.create_capacity, storage_classes.update_capacity),
    f"volumeattachments.{_STORAGE}": (storage_classes.create_attachment, storage_classes.update_attachment),
    f"roles.{_RBAC}": (access.create_role, access.update_role),
    f"clusterroles.{_RBAC}": (access.create_cluster_role, access.update_cluster_role),
    f"rolebindings.{_RBAC}": (access.create_binding, access.update_binding),
    f"clusterrolebindings.{_RBAC}": (access.create_cluster_binding, access.update_cluster_binding),
    "leases.coordination.k8s.io": (access.create_lease, access.update_lease),
    _REQUESTS: (_create_request, _update_request("update_request")),
    "poddisruptionbudgets.policy": (policies.create_budget, policies.update_budget),
    "horizontalpodautoscalers.autoscaling": (
        autoscaling.create_autoscaler,
        autoscaling.update_autoscaler,
    ),
    "priorityclasses.scheduling.k8s.io": (policies.create_priority_class, policies.update_priority_class),
    "runtimeclasses.node.k8s.io": (policies.create_runtime_class, policies.update_runtime_class),
    f"validatingwebhookconfigurations.{_ADMISSION}": _registration("webhooks"),
    f"mutatingwebhookconfigurations.{_ADMISSION}": _registration("webhooks"),
    f"validatingadmissionpolicies.{_ADMISSION}": _registration("admission"),
    f"validatingadmissionpolicybindings.{_ADMISSION}": _registration("admission"),
    f"mutatingadmissionpolicies.{_ADMISSION}": _registration("admission"),
    f"mutatingadmissionpolicybindings.{_ADMISSION}": _registration("admission"),
}

# Subresources with rules of their own; the others only have their metadata checked.
SUBRESOURCES: Final[dict[tuple[str, str], Update]] = {
    ("pods", "ephemeralcontainers"): pod_subresources.ephemeral_containers,
    ("pods", "resize"): pod_subresources.resize,
    ("pods", "status"): pod_subresources.status,
    ("nodes", "status"): nodes.status,
    ("jobs.batch", "status"): job_status.update,
    ("namespaces", "finalize"): config.finalize_namespace,
    (_REQUESTS, "approval"): _update_request("approve_request"),
    (_REQUESTS, "status"): _update_request("sign_request"),
}
# Subresources whose body is the object's whole new spec.
_WHOLE: Final = frozenset(("", "scale"))


def create(obj: Obj, rt: ResourceType, asked: ResourceType | None = None) -> list[FieldError]:
    """Everything wrong with a new object, in the server's order; empty when it is valid.

    *rt* is the stored version that *obj* is in, *asked* the one that the request was for.
    """
    if _strict_events(rt, asked):
        return events.create_strictly(obj)
    rules = RULES.get(rt.storage_gr)
    if rules is not None and not rt.custom:
        return rules[0](obj)
    return meta.create(obj, rt.namespaced) if rt.custom else meta.create(obj, rt.namespaced, path_segment)


def update(
    new: Obj, old: Obj, rt: ResourceType, subresource: str = "", asked: ResourceType | None = None
) -> list[FieldError]:
    """Everything wrong with replacing ``old`` by ``new`` through ``subresource`` ("": the object itself)."""
    if _strict_events(rt, asked):
        return events.update_strictly(new, old)
    own = SUBRESOURCES.get((rt.storage_gr, subresource))
    if own is not None:
        return own(new, old)
    rules = RULES.get(rt.storage_gr)
    if rules is None or rt.custom or subresource not in _WHOLE:
        return meta.update(new, old)
    return rules[1](new, old)


def _strict_events(rt: ResourceType, asked: ResourceType | None) -> bool:
    return rt.storage_gr == "events" and asked is not None and asked.group == "events.k8s.io"
