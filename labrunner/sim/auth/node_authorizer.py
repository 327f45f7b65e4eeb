"""The Node authorizer: a kubelet reaches what the pods on its node need, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Protocol

from labrunner.sim.auth import rules
from labrunner.sim.auth.attributes import Attributes, Decision
from labrunner.sim.auth.identity import User
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, annotations_of, get_path, name_of, namespace_of

NODES: Final = "system:nodes"
PREFIX: Final = "system:node:"
NO_RULES: Final = "node authorizer does not support user rule resolution"
_LEASES: Final = "kube-node-lease"
_MIRROR: Final = "kubernetes.io/config.mirror"
_CHANGES: Final = ("get", "create", "update", "patch", "delete")
_ALLOWED: Final = Decision(True)
_REFUSED: Final = Decision(False)


class Lookup(Protocol):
    """What this authorizer needs of ``store.Store``."""

    def get(self, gr: str, namespace: str, name: str) -> Obj | None: ...
    def list(self, gr: str, namespace: str | None = None) -> list[Obj]: ...


def node_of(user: User) -> str | None:
    """The node that *user* is: "" for one of the group whose name tells no node, None for everybody else."""
    if NODES not in user.groups:
        return None
    return user.name.removeprefix(PREFIX) if user.name.startswith(PREFIX) else None


def decide(node: str, wanted: Attributes, store: Lookup) -> Decision:
    """Whether the kubelet of *node* may do what is *wanted*; a refusal leaves the last word to RBAC."""
    if not node:
        return Decision(False, f"unknown node for user {quote(PREFIX)}")
    judge = _JUDGES.get((wanted.group, wanted.resource)) if wanted.is_resource else None
    if judge is not None:
        return judge(node, wanted, store)
    return _ALLOWED if any(rules.allows(rule, wanted) for rule in _static_rules()) else _REFUSED


@lru_cache(maxsize=1)
def _static_rules() -> list[Obj]:
    from labrunner.sim.auth.bootstrap import bootstrap_objects

    roles = (obj for _, obj in bootstrap_objects() if obj["kind"] == "ClusterRole")
    return next(role["rules"] for role in roles if name_of(role) == "system:node")


def _related(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if not wanted.name:
        return Decision(False, "No Object name found")
    if store.get("nodes", "", node) is not None and _reaches(node, wanted, store):
        return _ALLOWED
    return Decision(False, f"no relationship found between node '{node}' and this object")


def _reaches(node: str, wanted: Attributes, store: Lookup) -> bool:
    if wanted.resource == "volumeattachments":
        found = store.get("volumeattachments.storage.k8s.io", "", wanted.name)
        return bool(get_path(found or {}, "spec", "nodeName") == node)
    if wanted.resource == "pods":
        pod = store.get("pods", wanted.namespace, wanted.name)
        return bool(get_path(pod or {}, "spec", "nodeName") == node)
    key: tuple[str, str, str] = wanted.resource, wanted.namespace, wanted.name
    if wanted.resource == "persistentvolumes":
        claim = get_path(
            store.get("persistentvolumes", "", wanted.name) or {}, "spec", "claimRef", default={}
        )
        key = "persistentvolumeclaims", claim.get("namespace", ""), claim.get("name", "")
    pods = (pod for pod in store.list("pods", key[1]) if get_path(pod, "spec", "nodeName") == node)
    return any(
        (kind, namespace_of(pod), name) == key
        for pod in pods
        if _MIRROR not in annotations_of(pod)
        for kind, name in _references(pod)
    )


def _references(pod: Obj) -> Iterator[tuple[str, str]]:
    """(Resource, name) of what *pod* needs from its namespace."""
    spec: Obj = pod.get("spec") or {}
    yield "serviceaccounts", spec.get("serviceAccountName") or ""
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", secret.get("name", "")
    for volume in spec.get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim:
            yield "persistentvolumeclaims", claim.get("claimName", "")
        if volume.get("ephemeral"):
            yield "persistentvolumeclaims", f"{name_of(pod)}-{volume.get('name', '')}"
    yield from _named(spec)


_REFERENCE_KEYS: Final = {
    "secretKeyRef": "secrets", "secretRef": "secrets", "secret": "secrets", "nodePublishSecretRef": "secrets",
    "configMapKeyRef": "configmaps", "configMapRef": "configmaps", "configMap": "configmaps",
}  # fmt: skip


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            kind = _REFERENCE_KEYS.get(key)
            if kind is not None and isinstance(inner, dict):
                yield kind, inner.get("name") or inner.get("secretName") or ""
            else:
                yield from _named(inner)


def _readable(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if wanted.verb not in ("get", "list", "watch"):
        return Decision(False, "can only read resources of this type")
    if wanted.subresource:
        return Decision(False, "cannot read subresource")
    if not wanted.namespace:
        return Decision(False, "can only read namespaced object of this type")
    return _related(node, wanted, store)


def _gettable(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if wanted.verb != "get":
        return Decision(False, "can only get individual resources of this type")
    if wanted.subresource:
        return Decision(False, "cannot get subresource")
    return _related(node, wanted, store)


def _claims(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if wanted.subresource != "status":
        return _gettable(node, wanted, store)
    if wanted.verb not in ("update", "patch"):
        return Decision(False, "can only get/update/patch this type")
    return _related(node, wanted, store)


def _accounts(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if wanted.verb == "get" and not wanted.subresource:
        return _gettable(node, wanted, store)
    if wanted.verb != "create" or not wanted.name:
        return Decision(False, "can only create tokens for individual service accounts")
    if wanted.subresource != "token":
        return Decision(False, "can only create token subresource of serviceaccount")
    return _related(node, wanted, store)


def _leases(node: str, wanted: Attributes, _: Lookup) -> Decision:
    if wanted.verb not in _CHANGES:
        return Decision(False, "can only get, create, update, patch, or delete a node lease")
    if wanted.namespace != _LEASES:
        return Decision(False, f"can only access leases in the {quote(_LEASES)} system namespace")
    if wanted.verb != "create" and wanted.name != node:
        return Decision(False, "can only access node lease with the same name as the requesting node")
    return _ALLOWED


def _csi_nodes(node: str, wanted: Attributes, _: Lookup) -> Decision:
    if wanted.verb not in _CHANGES:
        return Decision(False, "can only get, create, update, patch, or delete a CSINode")
    if wanted.subresource:
        return Decision(False, "cannot authorize CSINode subresources")
    if wanted.verb != "create" and wanted.name != node:
        return Decision(False, "can only access CSINode with the same name as the requesting node")
    return _ALLOWED


def _nodes(node: str, wanted: Attributes, _: Lookup) -> Decision:
    if wanted.subresource in ("", "status") and wanted.verb in ("update", "patch"):
        return _ALLOWED
    if wanted.subresource == "" and wanted.verb == "create":
        return _ALLOWED
    if wanted.subresource == "" and wanted.verb in ("get", "list", "watch"):
        if wanted.name == node:
            return _ALLOWED
        what = f"'{wanted.name}'" if wanted.name else "all nodes"
        return Decision(False, f"node '{node}' cannot read {what}, only its own Node object")
    return _REFUSED


def _pods(node: str, wanted: Attributes, store: Lookup) -> Decision:
    if wanted.subresource == "status" and wanted.verb in ("update", "patch"):
        return _ALLOWED
    if wanted.subresource == "eviction" and wanted.verb == "create":
        return _ALLOWED
    if wanted.subresource:
        return _REFUSED
    if wanted.verb in ("create", "delete"):
        return _ALLOWED
    if wanted.verb == "get":
        return _gettable(node, wanted, store)
    if wanted.verb not in ("list", "watch"):
        return _REFUSED
    if f"spec.nodeName={node}" in wanted.field_selector.replace("==", "=").split(","):
        return _ALLOWED
    if wanted.name:
        return _related(node, wanted, store)
    return Decision(False, "can only list/watch pods with spec.nodeName field selector")


_JUDGES: Final[dict[tuple[str, str], Callable[[str, Attributes, Lookup], Decision]]] = {
    ("", "secrets"): _readable,
    ("", "configmaps"): _readable,
    ("", "persistentvolumeclaims"): _claims,
    ("", "persistentvolumes"): _gettable,
    ("", "serviceaccounts"): _accounts,
    ("", "nodes"): _nodes,
    ("", "pods"): _pods,
    ("storage.k8s.io", "volumeattachments"): _gettable,
    ("storage.k8s.io", "csinodes"): _csi_nodes,
    ("coordination.k8s.io", "leases"): _leases,
}
