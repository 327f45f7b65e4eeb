"""The simulated provisioner: volumes for claims of its classes, as a provisioner of node-local volumes makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.node.bootstrap import PROVISIONER
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    get_path,
    name_of,
    namespace_of,
    resource_version_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
VOLUME_FINALIZER: Final = "kubernetes.io/pv-protection"
_VOLUMES: Final = "persistentvolumes"
_CLASSES: Final = "storageclasses.storage.k8s.io"
_IS_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"
_MIGRATED: Final = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/azure-file": "file.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
    "kubernetes.io/portworx-volume": "pxd.portworx.com",
}


def waiting_for(provisioner: str) -> str:
    """What the volume controller says of a claim whose provisioner is not part of it."""
    return (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
        "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
        "correctly registered."
    )


def provisioner_of(chosen: Obj) -> str:
    """The provisioner of a class; for one that moved out of Kubernetes, the driver that serves it now."""
    named = str(chosen.get("provisioner", ""))
    return _MIGRATED.get(named, named)


def default_class(api: Api) -> str:
    """The newest class that is marked as default; empty for none."""
    marked = [c for c in api.store.list(_CLASSES) if annotations_of(c).get(_IS_DEFAULT) == "true"]
    marked.sort(key=lambda c: (c["metadata"].get("creationTimestamp", ""), name_of(c)))
    return name_of(marked[-1]) if marked else ""


def expand(api: Api, claim: Obj, volume: Obj) -> Obj:
    """A bound claim asks for more: volumes that are simulated grow, others wait for whoever can make them grow."""
    wanted = get_path(claim, "spec", "resources", "requests", "storage", default="0")
    if annotations_of(volume).get("pv.kubernetes.io/provisioned-by") != PROVISIONER:
        text = (
            "didn't find a plugin capable of expanding the volume; waiting for an external controller to process "
            "this PVC"
        )
        api.event(claim, "Normal", "ExternalExpanding", text, component="volume_expand")
        return volume
    text = f"External resizer is resizing volume {name_of(volume)}"
    api.event(claim, "Normal", "Resizing", text, component=PROVISIONER)
    changed = clone(volume)
    changed["spec"]["capacity"]["storage"] = wanted
    grown = api.update(_VOLUMES, changed)
    api.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded", component=PROVISIONER)
    return grown


def provision(api: Api, claim: Obj, chosen: Obj) -> Obj | None:
    """Make a volume of class *chosen* for *claim* and tell of it."""
    where = f"{namespace_of(claim)}/{name_of(claim)}"
    text = f'External provisioner is provisioning volume for claim "{where}"'
    api.event(claim, "Normal", "Provisioning", text, component=PROVISIONER)
    volume = api.create(_VOLUMES, simulated_volume(claim, chosen))
    text = f"Successfully provisioned volume {name_of(volume)}"
    api.event(claim, "Normal", "ProvisioningSucceeded", text, component=PROVISIONER)
    return volume


def simulated_volume(claim: Obj, chosen: Obj) -> Obj:
    """The volume for *claim*: on the node its first consumer is on, when the class waits for one."""
    name = f"pvc-{uid_of(claim)}"
    spec = claim["spec"]
    out: Obj = {
        "accessModes": list(spec.get("accessModes") or []),
        "capacity": {"storage": get_path(spec, "resources", "requests", "storage", default="0")},
        "claimRef": claim_reference(claim),
        "hostPath": {
            "path": f"/simulated/{name}_{namespace_of(claim)}_{name_of(claim)}",
            "type": "DirectoryOrCreate",
        },
        "persistentVolumeReclaimPolicy": chosen.get("reclaimPolicy") or "Delete",
        "storageClassName": name_of(chosen),
        "volumeMode": spec.get("volumeMode") or "Filesystem",
    }
    notes = {"pv.kubernetes.io/provisioned-by": PROVISIONER}
    node = annotations_of(claim).get(SELECTED_NODE)
    if node:
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        out["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    if chosen.get("mountOptions"):
        out["mountOptions"] = list(chosen["mountOptions"])
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": notes, "finalizers": [VOLUME_FINALIZER]},
        "spec": out,
    }


def claim_reference(claim: Obj) -> Obj:
    """What a volume's ``claimRef`` says of the claim it is bound to."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": name_of(claim),
        "namespace": namespace_of(claim),
        "resourceVersion": resource_version_of(claim),
        "uid": uid_of(claim),
    }
