"""What the API server says of volumes, claims, classes and CSI objects that are wrong: one row, one mistake."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj, clone
from tests.sim.manifests import made, messages, type_of

CLASSES = "storageclasses.storage.k8s.io"
ATTRIBUTES = "volumeattributesclasses.storage.k8s.io"
DRIVERS = "csidrivers.storage.k8s.io"
NODES = "csinodes.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
CAPACITIES = "csistoragecapacities.storage.k8s.io"


def said(gr: str, **top: Any) -> list[str]:
    return messages(validation.create(made(gr, **top), type_of(gr)))


def changed(gr: str, old: Obj, **top: Any) -> list[str]:
    """What is said of replacing fields of *old* (``spec`` is merged)."""
    before = made(gr, **clone(old))
    after = clone(before)
    after["spec"] = {**after.get("spec", {}), **top.pop("spec", {})}
    after.update(top)
    return messages(validation.update(after, before, type_of(gr)))


def volume(**spec: Any) -> Obj:
    found = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/data"},
        **spec,
    }
    return {key: value for key, value in found.items() if value is not None}


def term(value: str) -> Obj:
    return {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [value]}]}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (volume(), []),
        (volume(accessModes=[]), ["spec.accessModes: Required value"]),
        (volume(accessModes=["RWO"]),
         ['spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", '
          '"ReadWriteOncePod"']),
        (volume(accessModes=["ReadWriteOncePod", "ReadWriteOnce"]),
         ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        (volume(capacity=None),
         ["spec.capacity: Required value", 'spec.capacity: Unsupported value: null: supported values: "storage"']),
        (volume(capacity={"storage": "0"}), ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']),
        (volume(capacity={"storage": "-1Gi"}),
         ["spec.capacity[storage]: Invalid value: -1073741824: must be a valid resource quantity",
          'spec.capacity[storage]: Invalid value: "-1Gi": must be greater than zero']),
        (volume(persistentVolumeReclaimPolicy="Keep"),
         ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"']),
        (volume(hostPath=None), ["spec: Required value: must specify a volume type"]),
        (volume(nfs={"server": "s", "path": "/"}), ["spec.nfs: Forbidden: may not specify more than 1 volume type"]),
        (volume(hostPath={"path": "/"}, persistentVolumeReclaimPolicy="Recycle"),
         ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"]),
        (volume(hostPath=None, local={"path": "/d"}),
         ["spec.nodeAffinity: Required value: Local volume requires node affinity"]),
        (volume(nodeAffinity={}), ["spec.nodeAffinity.required: Required value: must specify required node constraints"]),
        (volume(volumeMode="Raw"),
         ['spec.volumeMode: Unsupported value: "Raw": supported values: "Block", "Filesystem"']),
        (volume(volumeAttributesClassName="gold"),
         ["spec.csi: Required value: has to be specified when using volumeAttributesClassName"]),
    ],
)  # fmt: skip
def test_volumes(spec: Obj, wanted: list[str]) -> None:
    assert said("persistentvolumes", spec=spec) == wanted


def test_a_volume_keeps_its_source_mode_and_nodes() -> None:
    old = {"spec": volume(nodeAffinity={"required": {"nodeSelectorTerms": [term("a")]}})}
    found = changed("persistentvolumes", old, spec={"volumeMode": "Block"})
    assert found == ['volumeMode: Invalid value: "Block": field is immutable']
    moved = {"required": {"nodeSelectorTerms": [term("b")]}}
    assert changed("persistentvolumes", old, spec={"nodeAffinity": moved}) == [
        'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":'
        '"kubernetes.io/hostname","Operator":"In","Values":["b"]}],"MatchFields":null}]}}: field is immutable, except '
        "for updating from beta label to GA"
    ]
    [source] = changed("persistentvolumes", old, spec={"hostPath": {"path": "/other", "type": ""}})
    assert source.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
    )
    assert '-  "Path": "/data",' in source
    assert '+  "Path": "/other",' in source


def claim(**spec: Any) -> Obj:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (claim(), []),
        (claim(accessModes=[]), ["spec.accessModes: Required value: at least 1 access mode is required"]),
        (claim(resources={}), ["spec.resources[storage]: Required value"]),
        (claim(resources={"requests": {"storage": "0"}}),
         ['spec.resources[storage]: Invalid value: "0": must be greater than zero']),
        (claim(volumeMode="Raw"),
         ['spec.volumeMode: Unsupported value: "Raw": supported values: "Block", "Filesystem"']),
        (claim(dataSource={"kind": "VolumeSnapshot", "name": "s"}),
         ["spec.dataSource: Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the default "
          "apiGroup",
          "spec.dataSourceRef: Invalid value: \"VolumeSnapshot\": must be 'PersistentVolumeClaim' when referencing the "
          "default apiGroup"]),
    ],
)  # fmt: skip
def test_claims(spec: Obj, wanted: list[str]) -> None:
    assert said("persistentvolumeclaims", spec=spec) == wanted


def test_claims_neither_shrink_nor_lose_their_attributes() -> None:
    bound = {"phase": "Bound", "capacity": {"storage": "2Gi"}}
    spec = claim(volumeName="v", volumeAttributesClassName="gold", resources={"requests": {"storage": "2Gi"}})
    old = {"spec": spec, "status": bound}
    small = {"resources": {"requests": {"storage": "1Gi"}}}
    assert changed("persistentvolumeclaims", old, spec=small) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]
    assert changed("persistentvolumeclaims", old, spec={"volumeAttributesClassName": None}) == [
        "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"
    ]
    assert changed("persistentvolumeclaims", old, spec={"volumeAttributesClassName": "silver"}) == []


@pytest.mark.parametrize(
    ("gr", "top", "wanted"),
    [
        (CLASSES, {"provisioner": "a/b"}, []),
        (CLASSES, {}, ["provisioner: Required value"]),
        (CLASSES, {"provisioner": "a/b", "reclaimPolicy": "Recycle"},
         ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']),
        (CLASSES, {"provisioner": "a/b", "volumeBindingMode": "Late"},
         ['volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"']),
        (CLASSES, {"provisioner": "a/b", "allowedTopologies": [{"matchLabelExpressions": [{"key": "z"}]}]},
         ["allowedTopologies[0].matchLabelExpressions[0].values: Required value"]),
        (ATTRIBUTES, {"driverName": "a/b"}, ["parameters: Required value: must contain at least one key/value pair"]),
        (DRIVERS, {"spec": {"fsGroupPolicy": "Some"}},
         ['spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"']),
        (DRIVERS, {"spec": {"tokenRequests": [{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}]}},
         ["spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
          'spec.tokenRequests[1].audience: Duplicate value: "a"']),
        (NODES, {"spec": {"drivers": [{"name": "d"}]}}, ["spec.drivers[0].nodeID: Required value"]),
        (ATTACHMENTS, {"spec": {"attacher": "d", "nodeName": "n", "source": {}}},
         ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"]),
        (CAPACITIES, {"storageClassName": "s", "capacity": "-1"},
         ['capacity: Invalid value: "-1": must be greater than or equal to 0']),
    ],
)  # fmt: skip
def test_classes_and_drivers(gr: str, top: Obj, wanted: list[str]) -> None:
    assert said(gr, **top) == wanted


def test_classes_do_not_change() -> None:
    old = {"provisioner": "a/b"}
    assert changed(CLASSES, old, provisioner="c/d", parameters={"a": "b"}, reclaimPolicy="Retain") == [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
    ]
    late = changed(CLASSES, old, volumeBindingMode="WaitForFirstConsumer")
    assert late == ['volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable']
