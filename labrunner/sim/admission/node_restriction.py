"""NodeRestriction: a kubelet changes its own node and the pods on it, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from labrunner.sim import errors
from labrunner.sim.admission.request import Request
from labrunner.sim.auth import signing_requests
from labrunner.sim.auth.node_authorizer import PREFIX, node_of
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, annotations_of, get_path, labels_of, meta, name_of, uid_of

_MIRROR: Final = "kubernetes.io/config.mirror"
_LEASES: Final = "kube-node-lease"
_KUBELET_LABELS: Final = frozenset(
    (
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    )
)  # fmt: skip
_KUBELET_DOMAINS: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
_RESTRICTED: Final = "node-restriction.kubernetes.io"
_RESERVED: Final = ("kubernetes.io", "k8s.io")


def guard(request: Request) -> None:
    """Refuse (ApiError 403) what a node may not do; everybody else passes."""
    node = node_of(request.user) if request.user is not None else None
    if node is None or request.user is None:
        return
    if not node:
        raise request.forbid(f"could not determine node from user {quote(request.user.name)}")
    judge = _JUDGES.get(request.gr)
    why = judge(request, node) if judge is not None else ""
    if why:
        raise request.forbid(why)


def _pods(request: Request, node: str) -> str:
    if request.subresource == "status":
        return _pod_status(request, node)
    if request.subresource == "eviction":
        found = request.api.store.get("pods", request.namespace, request.name)
        if found is None:
            raise errors.not_found(request.rt, request.name)
        mine = get_path(found, "spec", "nodeName") == node
        return "" if mine else f"node {node} can only evict pods with spec.nodeName set to itself"
    if request.subresource:
        return f"unexpected pod subresource {quote(request.subresource)}, only 'status' and 'eviction' are allowed"
    if request.operation == "CREATE":
        return _new_pod(request, node)
    if request.operation == "DELETE":
        mine = get_path(request.old or {}, "spec", "nodeName") == node
        return "" if mine else f"node {quote(node)} can only delete pods with spec.nodeName set to itself"
    what = f"unexpected operation {quote(request.operation)}"
    return f"{what}, node {quote(node)} can only create and delete mirror pods"


def _pod_status(request: Request, node: str) -> str:
    old, new = request.old or {}, request.object or {}
    if get_path(old, "spec", "nodeName") != node:
        return f"node {quote(node)} can only update pod status for pods with spec.nodeName set to itself"  # noqa: S608
    if labels_of(old) != labels_of(new):
        return f"node {quote(node)} cannot update labels through pod status"
    return ""


def _new_pod(request: Request, node: str) -> str:
    pod: Obj = request.object or {}
    shown, spec = quote(node), pod.get("spec") or {}
    if _MIRROR not in annotations_of(pod):
        return f"pod does not have {quote(_MIRROR)} annotation, node {shown} can only create mirror pods"
    if spec.get("nodeName") != node:
        return f"node {shown} can only create pods with spec.nodeName set to itself"
    owners = meta(pod).get("ownerReferences") or []
    if len(owners) > 1:
        return f"node {shown} can only create pods with a single owner reference set to itself"
    own = {"apiVersion": "v1", "kind": "Node", "name": node}
    if not owners or any(owners[0].get(key) != value for key, value in own.items()):
        return f"node {shown} can only create pods with an owner reference set to itself"
    if not owners[0].get("controller"):
        return f"node {shown} can only create pods with a controller owner reference set to itself"
    if owners[0].get("blockOwnerDeletion"):
        return f"node {shown} must not set blockOwnerDeletion on an owner reference"
    found = request.api.store.get("nodes", "", node)
    if found is not None and owners[0].get("uid") != uid_of(found):
        return f"node {node} UID mismatch: expected {owners[0].get('uid', '')} got {uid_of(found)}"
    if spec.get("serviceAccountName"):
        return f"node {shown} can not create pods that reference a service account"
    return ""


def _nodes(request: Request, node: str) -> str:
    if request.name != node:
        return f"node {quote(node)} is not allowed to modify node {quote(request.name)}"
    new, old = request.object or {}, request.old or {}
    if request.operation == "CREATE":
        found = _forbidden_labels(labels_of(new), {})
        shown = ", ".join(found)
        return f"node {quote(node)} is not allowed to set the following labels: {shown}" if found else ""
    if request.operation != "UPDATE":
        return ""
    if (get_path(new, "spec", "taints") or []) != (get_path(old, "spec", "taints") or []):
        return f"node {quote(node)} is not allowed to modify taints"
    found = _forbidden_labels(labels_of(new), labels_of(old))
    return f"is not allowed to modify labels: {', '.join(found)}" if found else ""


def _forbidden_labels(new: Mapping[str, str], old: Mapping[str, str]) -> list[str]:
    changed = {key for key in {*new, *old} if new.get(key) != old.get(key)}
    return sorted(key for key in changed if _is_forbidden(key))


def _is_forbidden(key: str) -> bool:
    domain = key.rpartition("/")[0]
    if _within(domain, _RESTRICTED):
        return True
    if not any(_within(domain, reserved) for reserved in _RESERVED):
        return False
    return key not in _KUBELET_LABELS and not any(_within(domain, own) for own in _KUBELET_DOMAINS)


def _within(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def _claims(request: Request, _: str) -> str:
    return "" if request.subresource == "status" else "may only update PVC status"


def _accounts(request: Request, node: str) -> str:
    if request.operation != "CREATE" or request.subresource != "token":
        return ""
    reference: Obj = get_path(request.object or {}, "spec", "boundObjectRef") or {}
    if reference.get("apiVersion") != "v1" or reference.get("kind") != "Pod" or not reference.get("name"):
        return "node requested token not bound to a pod"
    uid = reference.get("uid")
    if not uid:
        return "node requested token with a pod binding without a uid"
    pod = request.api.store.get("pods", request.namespace, reference["name"])
    if pod is None:
        raise errors.not_found(request.api.type_of("pods"), reference["name"])
    if uid != uid_of(pod):
        return (
            f"the UID in the bound object reference ({uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if get_path(pod, "spec", "nodeName") != node:
        return "node requested token bound to a pod scheduled on a different node"
    return ""


def _leases(request: Request, node: str) -> str:
    if request.namespace != _LEASES:
        return f"can only access leases in the {quote(_LEASES)} system namespace"
    if _named(request) != node:
        return "can only access node lease with the same name as the requesting node"
    return ""


def _csi_nodes(request: Request, node: str) -> str:
    mine = _named(request) == node
    return "" if mine else "can only access CSINode with the same name as the requesting node"


def _named(request: Request) -> str:
    return name_of(request.object) if request.operation == "CREATE" and request.object else request.name


def _certificates(request: Request, node: str) -> str:
    kubelets = (signing_requests.KUBELET_CLIENT, signing_requests.KUBELET_SERVING)
    obj = request.object or {}
    if request.operation != "CREATE" or get_path(obj, "spec", "signerName") not in kubelets:
        return ""
    try:
        asked = signing_requests.parse(signing_requests.request_of(obj))
    except signing_requests.BadRequestError as error:
        return f"unable to parse csr: {error}"
    if asked.common_name != f"{PREFIX}{node}":
        return f"can only create a node CSR with CN={PREFIX}{node}"
    return ""


_JUDGES: Final[dict[str, Callable[[Request, str], str]]] = {
    "pods": _pods,
    "nodes": _nodes,
    "persistentvolumeclaims": _claims,
    "serviceaccounts": _accounts,
    "leases.coordination.k8s.io": _leases,
    "csinodes.storage.k8s.io": _csi_nodes,
    "certificatesigningrequests.certificates.k8s.io": _certificates,
}
