"""Plugins that fill in cluster-wide choices: storage class, ingress class, finalizers in use, requesters."""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.request import UPDATE, Request
from labrunner.sim.objects import Obj, annotations_of, get_path, meta, name_of
from labrunner.sim.quantity import Quantity, QuantityError

_IN_USE: Final = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}
_STORAGE_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_OLD_STORAGE_CLASS: Final = "storageclass.beta.kubernetes.io/is-default-class"
_INGRESS_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"
_ONLY_DYNAMIC: Final = "only dynamically provisioned pvc can be resized"
_ONLY_RESIZABLE: Final = "the storageclass that provisions the pvc must support resize"


def storage_class(request: Request) -> None:
    """DefaultStorageClass: claims that name no class get the default one, the newest if there are several."""
    claim = request.object
    if claim is None or not request.creates("persistentvolumeclaims"):
        return
    spec: Obj = claim.setdefault("spec", {})
    if spec.get("storageClassName") is not None:
        return
    if "volume.beta.kubernetes.io/storage-class" in annotations_of(claim):
        return
    found = [
        c
        for c in request.api.store.list("storageclasses.storage.k8s.io")
        if "true" in (annotations_of(c).get(_STORAGE_CLASS), annotations_of(c).get(_OLD_STORAGE_CLASS))
    ]
    if found:
        found.sort(key=name_of)
        newest = max(found, key=lambda c: str(get_path(c, "metadata", "creationTimestamp", default="")))
        spec["storageClassName"] = name_of(newest)


def ingress_class(request: Request) -> None:
    """DefaultIngressClass: ingresses that name no class get the default one. Raises ApiError 403."""
    ingress = request.object
    if ingress is None or not request.creates("ingresses.networking.k8s.io"):
        return
    if get_path(ingress, "spec", "ingressClassName") is not None:
        return
    if "kubernetes.io/ingress.class" in annotations_of(ingress):
        return
    classes = request.api.store.list("ingressclasses.networking.k8s.io")
    found = [c for c in classes if annotations_of(c).get(_INGRESS_CLASS) == "true"]
    if found:
        newest = max(
            found, key=lambda c: (str(get_path(c, "metadata", "creationTimestamp", default="")), name_of(c))
        )
        ingress.setdefault("spec", {})["ingressClassName"] = name_of(newest)


def storage_in_use(request: Request) -> None:
    """StorageObjectInUseProtection: volumes and claims are not removed under the feet of their users."""
    obj = request.object
    finalizer = _IN_USE.get(request.gr)
    if obj is None or finalizer is None or not request.creates(request.gr):
        return
    finalizers = meta(obj).setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def claim_resize(request: Request) -> None:
    """PersistentVolumeClaimResize: only bound claims of an expandable class grow. Raises ApiError 403."""
    new, old = request.object, request.old
    if request.gr != "persistentvolumeclaims" or request.operation != UPDATE or request.subresource:
        return
    if new is None or old is None:
        return
    try:
        before = Quantity.parse(get_path(old, "spec", "resources", "requests", "storage", default="0"))
        after = Quantity.parse(get_path(new, "spec", "resources", "requests", "storage", default="0"))
    except QuantityError:
        return
    if after <= before:
        return
    if get_path(old, "status", "phase") != "Bound":
        raise request.forbid("Only bound persistent volume claims can be expanded")
    name = get_path(new, "spec", "storageClassName", default="")
    found = request.api.store.get("storageclasses.storage.k8s.io", "", name) if name else None
    if found is None or not found.get("allowVolumeExpansion"):
        raise request.forbid(f"{_ONLY_DYNAMIC} and {_ONLY_RESIZABLE}")


def certificate_requester(request: Request) -> None:
    """A certificate request records who made it; nobody asks in another's name."""
    obj = request.object
    if obj is None or not request.creates("certificatesigningrequests.certificates.k8s.io"):
        return
    spec: Obj = obj.setdefault("spec", {})
    for key in ("username", "uid", "groups", "extra"):
        spec.pop(key, None)
    if request.user is None:
        return
    spec["username"] = request.user.name
    if request.user.uid:
        spec["uid"] = request.user.uid
    if request.user.groups:
        spec["groups"] = list(request.user.groups)
    if request.user.extra:
        spec["extra"] = {key: list(values) for key, values in request.user.extra.items()}
