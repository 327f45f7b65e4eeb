"""What may not change, and how the API server says so."""

from __future__ import annotations

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj, clone
from tests.sim.manifests import made, messages, pod, type_of, workload


def said(gr: str, new: Obj, old: Obj, subresource: str = "") -> list[str]:
    return messages(validation.update(new, old, type_of(gr), subresource))


def test_only_a_few_fields_of_a_pod_change() -> None:
    old = pod({"nodeName": "one", "serviceAccountName": "default"})
    new = clone(old)
    new["spec"]["containers"][0]["image"] = "nginx:1.29"
    new["spec"]["tolerations"] = [{"key": "a", "operator": "Exists"}]
    assert said("pods", new, old) == []
    new["spec"]["nodeName"] = "two"
    (message,) = said("pods", new, old)
    first, _, diff = message.partition("\n")
    assert first == (
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    lines = diff.split("\n")
    assert lines[0].startswith("@@ -")
    assert lines[1:-1] == [
        '  "NodeSelector": null,',
        '  "ServiceAccountName": "default",',
        '  "AutomountServiceAccountToken": null,',
        '- "NodeName": "one",',
        '+ "NodeName": "two",',
        '  "SecurityContext": {',
        '   "HostNetwork": false,',
        '   "HostPID": false,',
    ]


def test_containers_are_neither_added_nor_removed() -> None:
    old = pod()
    new = clone(old)
    new["spec"]["containers"].append({**new["spec"]["containers"][0], "name": "d"})
    assert said("pods", new, old) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_tolerations_are_only_added() -> None:
    old = pod({"tolerations": [{"key": "a", "operator": "Exists"}]})
    new = clone(old)
    new["spec"]["tolerations"] = []
    assert said("pods", new, old) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_equal_quantities_are_no_change() -> None:
    old = pod(container={"resources": {"limits": {"cpu": "1"}}})
    new = clone(old)
    new["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "1000m"
    assert said("pods", new, old) == []


def test_deployment_selector_is_immutable() -> None:
    old = workload("deployments.apps")
    new = clone(old)
    new["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    assert said("deployments.apps", new, old) == [
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
        'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
    ]


def test_a_jobs_template_prints_in_internal_form() -> None:
    old = workload("jobs.batch")
    old["spec"]["manualSelector"] = True
    old["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    new = clone(old)
    new["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    (message,) = said("jobs.batch", new, old)
    assert message.startswith(
        'spec.template: Invalid value: {"labels":{"app":"a"},"Spec":{"Volumes":null,"InitContainers":null,'
        '"Containers":[{"Name":"c","Image":"nginx","Command":null,'
    )
    assert message.endswith('"HostnameOverride":null,"SchedulingGroup":null}}: field is immutable')
    assert '"RestartPolicy":"OnFailure","TerminationGracePeriodSeconds":30,' in message


def test_a_suspended_job_may_move() -> None:
    old = workload("jobs.batch", {"suspend": True, "manualSelector": True})
    old["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    new = clone(old)
    new["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    assert said("jobs.batch", new, old) == []
    old["spec"]["suspend"] = False
    assert "field is immutable" in said("jobs.batch", new, old)[0]


def test_service_address_stays() -> None:
    old = made("services", {"ports": [{"port": 80}], "clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"]})
    new = clone(old)
    new["spec"] |= {"clusterIP": "10.96.0.99", "clusterIPs": ["10.96.0.99"]}
    assert said("services", new, old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set'
    ]


def test_immutable_config_map() -> None:
    old = made("configmaps", data={"a": "b"}, immutable=True)
    new = clone(old)
    new["data"] = {"a": "c"}
    assert said("configmaps", new, old) == ["data: Forbidden: field is immutable when `immutable` is set"]


@pytest.mark.parametrize(
    ("gr", "before", "after", "message"),
    [
        ("secrets", {"type": "Opaque"}, {"type": "x/y"}, 'type: Invalid value: "x/y": field is immutable'),
        (
            "storageclasses.storage.k8s.io",
            {"provisioner": "a/b"},
            {"provisioner": "a/c"},
            "provisioner: Forbidden: updates to provisioner are forbidden.",
        ),
        (
            "priorityclasses.scheduling.k8s.io",
            {"value": 1},
            {"value": 2},
            "value: Forbidden: may not be changed in an update.",
        ),
        (
            "rolebindings.rbac.authorization.k8s.io",
            {"roleRef": {"kind": "Role", "name": "a"}},
            {"roleRef": {"kind": "Role", "name": "b"}},
            'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: '
            "cannot change roleRef",
        ),
    ],
)
def test_fixed_fields(gr: str, before: Obj, after: Obj, message: str) -> None:
    assert message in said(gr, made(gr, **after), made(gr, **before))


def test_no_new_finalizers_on_the_way_out() -> None:
    old = made("configmaps", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a.b/c"]})
    new = clone(old)
    new["metadata"]["finalizers"] = ["other.example.com/x"]
    assert said("configmaps", new, old) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"other.example.com/x"}'
    ]


def test_bound_claims_grow_but_do_not_shrink() -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "2Gi"}},
        "volumeName": "v",
    }
    status = {"phase": "Bound", "capacity": {"storage": "2Gi"}}
    old = made("persistentvolumeclaims", spec, status=status)
    new = clone(old)
    new["spec"]["resources"]["requests"]["storage"] = "3Gi"
    assert said("persistentvolumeclaims", new, old) == []
    new["spec"]["resources"]["requests"]["storage"] = "1Gi"
    assert said("persistentvolumeclaims", new, old) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]


def test_stateful_set_spec_is_mostly_fixed() -> None:
    old = workload("statefulsets.apps", {"serviceName": "a"})
    new = clone(old)
    new["spec"]["replicas"] = 3
    assert said("statefulsets.apps", new, old) == []
    new["spec"]["serviceName"] = "b"
    assert said("statefulsets.apps", new, old) == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
        "are forbidden"
    ]


def test_ephemeral_containers_only_come() -> None:
    old = pod({"ephemeralContainers": [{"name": "d", "image": "busybox"}]})
    new = clone(old)
    new["spec"]["ephemeralContainers"] = []
    assert said("pods", new, old, "ephemeralcontainers") == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n'
    ]
