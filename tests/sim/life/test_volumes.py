"""Claims and volumes: who gets which, who waits for what, and what becomes of a volume afterwards."""

from __future__ import annotations

import pytest

from labrunner.sim.objects import Obj, clone, name_of
from tests.sim.life.conftest import Cluster

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
PROVISIONER = "simulated.labrunner.dev/no-storage"


def claim(cluster: Cluster, name: str, size: str = "1Gi", **spec: object) -> None:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    cluster.create(CLAIMS, name, body)
    cluster.clock.advance(0.1)


def volume(cluster: Cluster, name: str, size: str = "1Gi", **spec: object) -> None:
    body: Obj = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "manual",
        "persistentVolumeReclaimPolicy": "Retain",
        **spec,
    }
    if not {"nfs", "local", "csi", "hostPath"} & body.keys():
        body["hostPath"] = {"path": f"/mnt/{name}"}
    cluster.api.create(VOLUMES, {"metadata": {"name": name, **body.pop("metadata", {})}, "spec": body})
    cluster.clock.advance(0.1)


def mounting(*claims: str) -> Obj:
    return {"volumes": [{"name": f"v-{c}", "persistentVolumeClaim": {"claimName": c}} for c in claims]}


def phase_of(cluster: Cluster, name: str) -> str:
    found = cluster.api.get(VOLUMES, name)
    return str(found["status"]["phase"]) if found else ""


def test_the_default_class_waits_for_a_pod_and_makes_a_volume_on_its_node(cluster: Cluster) -> None:
    claim(cluster, "data")
    assert cluster.get(CLAIMS, "data")["spec"]["storageClassName"] == "standard"
    assert cluster.events("data") == ["waiting for first consumer to be created before binding"]
    cluster.pod("p", image="nginx", spec=mounting("data"))
    cluster.clock.advance(1)
    bound = cluster.get(CLAIMS, "data")
    name = f"pvc-{bound['metadata']['uid']}"
    assert bound["status"] == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
    }
    assert bound["spec"]["volumeName"] == name
    assert cluster.events("data")[1:] == [
        f"Waiting for a volume to be created either by the external provisioner '{PROVISIONER}' or manually by the "
        "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
        "correctly registered.",
        'External provisioner is provisioning volume for claim "default/data"',
        f"Successfully provisioned volume {name}",
    ]
    made = cluster.api.get(VOLUMES, name) or {}
    (term,) = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["simulated-node-1"]
    assert cluster.state("p") == "running"
    cluster.delete("pods", "p")
    cluster.delete(CLAIMS, "data")
    cluster.clock.advance(3)
    assert cluster.api.list(VOLUMES) == []


def test_a_waiting_claim_is_told_every_fifteen_seconds(cluster: Cluster) -> None:
    claim(cluster, "data", storageClassName="nosuch")
    for name in "abc":
        volume(cluster, name)
    cluster.clock.advance(1)
    (found,) = [e for e in cluster.api.list("events") if e["reason"] == "ProvisioningFailed"]
    assert found["count"] == 1
    cluster.clock.advance(31)
    (found,) = [e for e in cluster.api.list("events") if e["reason"] == "ProvisioningFailed"]
    assert found["count"] == 3


def test_a_claim_whose_pod_finds_no_node_waits_for_that_pod(cluster: Cluster) -> None:
    cluster.pod("big", image="nginx", spec={**mounting("data"), "nodeSelector": {"disk": "ssd"}})
    claim(cluster, "data")
    assert cluster.events("data", "WaitForPodScheduled") == ["waiting for pod big to be scheduled"]


@pytest.mark.parametrize(
    ("given", "wanted", "text"),
    [
        ({"size": "500Mi"}, {}, "requested PV is too small"),
        ({}, {"storageClassName": "other"}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, {}, "incompatible volumeMode"),
        ({}, {"accessModes": ["ReadWriteMany"]}, "incompatible accessMode"),
    ],
)
def test_a_volume_asked_for_by_name_has_to_fit(cluster: Cluster, given: Obj, wanted: Obj, text: str) -> None:
    volume(cluster, "pv", **given)
    claim(cluster, "data", **{"storageClassName": "manual", "volumeName": "pv", **wanted})
    assert cluster.status(CLAIMS, "data")["phase"] == "Pending"
    assert cluster.events("data", "VolumeMismatch") == [f'Cannot bind to requested volume "pv": {text}']
    assert phase_of(cluster, "pv") == "Available"


def test_a_volume_with_fewer_access_modes_is_taken_before_a_smaller_one(cluster: Cluster) -> None:
    volume(cluster, "shared", "1Gi", accessModes=["ReadWriteOnce", "ReadWriteMany"])
    volume(cluster, "plain", "2Gi")
    claim(cluster, "data", storageClassName="manual")
    assert cluster.get(CLAIMS, "data")["spec"]["volumeName"] == "plain"


def test_a_selector_chooses_by_label_and_a_reserved_volume_waits_for_its_claim(cluster: Cluster) -> None:
    volume(cluster, "slow", metadata={"labels": {"tier": "slow"}})
    volume(cluster, "fast", metadata={"labels": {"tier": "fast"}})
    volume(cluster, "kept", claimRef={"namespace": "default", "name": "mine"})
    claim(cluster, "data", storageClassName="manual", selector={"matchLabels": {"tier": "fast"}})
    assert cluster.get(CLAIMS, "data")["spec"]["volumeName"] == "fast"
    assert phase_of(cluster, "kept") == "Available"
    claim(cluster, "mine", storageClassName="manual")
    assert cluster.get(CLAIMS, "mine")["spec"]["volumeName"] == "kept"


@pytest.mark.parametrize(
    ("policy", "source", "phase", "message"),
    [
        ("Retain", {}, "Released", None),
        (
            "Delete",
            {},
            "Failed",
            "host_path deleter only supports /tmp/.+ but received provided /mnt/pv",
        ),
        (
            "Delete",
            {"nfs": {"server": "192.0.2.1", "path": "/x"}},
            "Failed",
            'error getting deleter volume plugin for volume "pv": no deletable volume plugin matched',
        ),
        ("Delete", {"hostPath": {"path": "/tmp/pv"}}, "", None),
        ("Recycle", {}, "Available", None),
        (
            "Recycle",
            {"csi": {"driver": "example.com", "volumeHandle": "x"}},
            "Failed",
            "No recycler plugin found for the volume!",
        ),
    ],
)
def test_what_becomes_of_a_volume_when_its_claim_is_gone(
    cluster: Cluster, policy: str, source: Obj, phase: str, message: str | None
) -> None:
    volume(cluster, "pv", persistentVolumeReclaimPolicy=policy, **source)
    claim(cluster, "data", storageClassName="manual")
    assert phase_of(cluster, "pv") == "Bound"
    cluster.delete(CLAIMS, "data")
    cluster.clock.advance(1)
    assert phase_of(cluster, "pv") == phase
    if message is not None:
        assert (cluster.api.get(VOLUMES, "pv") or {})["status"]["message"] == message
        assert message in cluster.events("pv")


def test_a_failed_or_released_volume_is_free_again_without_its_reference(cluster: Cluster) -> None:
    volume(cluster, "pv")
    claim(cluster, "data", storageClassName="manual")
    cluster.delete(CLAIMS, "data")
    cluster.clock.advance(1)
    claim(cluster, "again", storageClassName="manual")
    assert cluster.status(CLAIMS, "again")["phase"] == "Pending", "a released volume is nobody's"
    changed = clone(cluster.api.get(VOLUMES, "pv"))
    del changed["spec"]["claimRef"]
    cluster.api.update(VOLUMES, changed)
    cluster.clock.advance(1)
    assert cluster.status(CLAIMS, "again")["phase"] == "Bound"


def test_a_class_that_moved_out_is_served_by_its_driver(cluster: Cluster) -> None:
    cluster.api.create(CLASSES, {"metadata": {"name": "ebs"}, "provisioner": "kubernetes.io/aws-ebs"})
    claim(cluster, "data", storageClassName="ebs")
    (text,) = cluster.events("data", "ExternalProvisioning")
    assert "'ebs.csi.aws.com'" in text
    cluster.api.create(CLASSES, {"metadata": {"name": "none"}, "provisioner": "kubernetes.io/no-provisioner"})
    claim(cluster, "other", storageClassName="none")
    assert cluster.events("other", "ProvisioningFailed") == [
        "no volume plugin matched name: kubernetes.io/no-provisioner"
    ]


def test_only_volumes_that_are_simulated_grow(cluster: Cluster) -> None:
    for name, provisioner in (("grows", PROVISIONER), ("manual", "example.com/none")):
        cluster.api.create(
            CLASSES, {"metadata": {"name": name}, "provisioner": provisioner, "allowVolumeExpansion": True}
        )
    volume(cluster, "pv")
    for name in ("grows", "manual"):
        claim(cluster, name, storageClassName=name)
        cluster.change(CLAIMS, name, spec__resources={"requests": {"storage": "2Gi"}})
        cluster.clock.advance(0.5)
    assert cluster.status(CLAIMS, "grows")["capacity"] == {"storage": "2Gi"}
    assert cluster.events("grows", "VolumeResizeSuccessful")
    assert cluster.status(CLAIMS, "manual")["capacity"] == {"storage": "1Gi"}
    assert cluster.events("manual", "ExternalExpanding") == [
        "didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC"
    ]


def test_a_default_class_that_comes_later_is_given_to_waiting_claims(cluster: Cluster) -> None:
    cluster.api.delete(CLASSES, "standard")
    claim(cluster, "data")
    assert "storageClassName" not in cluster.get(CLAIMS, "data")["spec"]
    notes = {"storageclass.kubernetes.io/is-default-class": "true"}
    cluster.api.create(
        CLASSES, {"metadata": {"name": "new", "annotations": notes}, "provisioner": PROVISIONER}
    )
    cluster.clock.advance(0.5)
    assert cluster.get(CLAIMS, "data")["spec"]["storageClassName"] == "new"
    assert cluster.status(CLAIMS, "data")["phase"] == "Bound"


def local_volume(cluster: Cluster, name: str, node: str) -> None:
    hosts = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [hosts]}]}
    volume(
        cluster,
        name,
        storageClassName="local",
        local={"path": "/mnt/disk"},
        nodeAffinity={"required": required},
    )


def test_a_pod_goes_where_its_local_volume_is(cluster: Cluster) -> None:
    cluster.api.create(
        CLASSES,
        {
            "metadata": {"name": "local"},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    )
    tolerant = {"tolerations": [{"operator": "Exists"}]}
    claim(cluster, "data", storageClassName="local")
    cluster.pod("p", image="nginx", spec={**mounting("data"), **tolerant})
    cluster.clock.advance(1)
    (text,) = cluster.events("p", "FailedScheduling")
    assert "2 node(s) didn't find available persistent volumes to bind" in text
    local_volume(cluster, "there", "simulated-control-plane")
    cluster.clock.advance(15)
    assert cluster.get("pods", "p")["spec"]["nodeName"] == "simulated-control-plane"
    assert cluster.status(CLAIMS, "data")["phase"] == "Bound"
    notes = cluster.get(CLAIMS, "data")["metadata"]["annotations"]
    assert "volume.kubernetes.io/selected-node" not in notes, "nothing is to be made there"
    pinned = {"nodeSelector": {"kubernetes.io/hostname": "simulated-node-1"}}
    cluster.pod("elsewhere", image="nginx", spec={**mounting("data"), **tolerant, **pinned})
    cluster.clock.advance(1)
    (text,) = cluster.events("elsewhere", "FailedScheduling")
    assert "1 node(s) didn't match PersistentVolume's node affinity" in text


def test_a_claim_for_one_pod_alone(cluster: Cluster) -> None:
    claim(cluster, "data", accessModes=["ReadWriteOncePod"])
    for name in ("first", "second"):
        cluster.pod(name, image="nginx", spec=mounting("data"))
        cluster.clock.advance(1)
    assert cluster.state("first") == "running"
    (text,) = cluster.events("second", "FailedScheduling")
    assert (
        "1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
        in text
    )


def test_an_ephemeral_volume_lives_as_long_as_its_pod(cluster: Cluster) -> None:
    template = {
        "metadata": {"labels": {"of": "p"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]}
    cluster.pod("p", image="nginx", spec=spec)
    cluster.clock.advance(2)
    assert cluster.state("p") == "running"
    made = cluster.get(CLAIMS, "p-scratch")
    assert made["metadata"]["labels"] == {"of": "p"}
    assert made["metadata"]["ownerReferences"][0]["name"] == "p"
    cluster.delete("pods", "p")
    cluster.clock.advance(5)
    assert cluster.names(CLAIMS) == []
    assert [name_of(v) for v in cluster.api.list(VOLUMES)] == []
