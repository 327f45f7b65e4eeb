"""What the API server says of pods: one mutation of a valid pod, and every error in order."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj
from labrunner.sim.validation import pod_subresources, pod_update
from tests.sim.manifests import messages, pod, type_of, workload

C = "spec.containers[0]"
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def said(obj: Obj, gr: str = "pods") -> list[str]:
    return messages(validation.create(obj, type_of(gr)))


def rule(**fields: Any) -> Obj:
    return {"restartPolicy": "Never", "restartPolicyRules": [fields]}


@pytest.mark.parametrize(
    ("container", "errors"),
    [
        ({"restartPolicy": "Always"}, []),
        (
            {"restartPolicy": "Sometimes"},
            [
                f'{C}.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'
            ],
        ),
        (
            {"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [3]}}]},
            [f"{C}.restartPolicy: Required value: must specify restartPolicy when restart rules are used"],
        ),
        (rule(action="Restart"), [f"{C}.restartPolicyRules[0].exitCodes: Required value: must be specified"]),
        (
            rule(action="Stop", exitCodes={"values": [1]}),
            [
                f'{C}.restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", '
                '"RestartAllContainers"',
                f'{C}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "": supported values: "In", "NotIn"',
            ],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName['x']"}}}]},
            [
                f"{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nodeName['x']\": error converting "
                "fieldPath: field label does not support subscript: spec.nodeName['x']"
            ],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]},
            [
                f'{C}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: '
                '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", '
                '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'
            ],
        ),
        (
            {
                "env": [
                    {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "/a", "key": "K"}}}
                ]
            },
            [
                f'{C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"',
                f'{C}.env[0].valueFrom.fileKeyRef.path: Invalid value: "/a": must be a relative path',
            ],
        ),
        (
            {
                "livenessProbe": {
                    "exec": {"command": ["a"]},
                    "successThreshold": 2,
                    "terminationGracePeriodSeconds": 0,
                }
            },
            [
                f"{C}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
                f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1",
            ],
        ),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 40}}}},
            [
                f"{C}.lifecycle.preStop.sleep: Invalid value: 40: must be non-negative and less than "
                "terminationGracePeriodSeconds (30)"
            ],
        ),
        (
            {"securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": " a"}}},
            [
                f'{C}.securityContext.appArmorProfile.localhostProfile: Invalid value: " a": '
                "must not be padded with whitespace"
            ],
        ),
        (
            {"securityContext": {"windowsOptions": {"runAsUserName": "a\\b\\c"}}},
            [
                f'{C}.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": '
                "runAsUserName cannot contain more than one backslash"
            ],
        ),
    ],
)
def test_a_container(container: Obj, errors: list[str]) -> None:
    assert said(pod(container=container)) == errors


def volume(**source: Any) -> Obj:
    return {"volumes": [{"name": "v", **source}]}


V = "spec.volumes[0]"


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        (volume(gcePersistentDisk={"partition": 300}), [
            f"{V}.persistentDisk.pdName: Required value",
            f"{V}.persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive",
        ]),
        (volume(iscsi={"targetPortal": "p", "iqn": "iqn.x"}), [
            f'{V}.iscsi.iqn: Invalid value: "iqn.x": must be valid format',
        ]),
        (volume(fc={}), [
            f"{V}.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both",
        ]),
        (volume(gitRepo={"repository": "r", "directory": "../x"}), [
            f'{V}.gitRepo.directory: Invalid value: "../x": must not contain \'..\'',
        ]),
        (volume(configMap={"name": "m", "items": [{"key": "k", "path": ".."}]}), [
            f'{V}.configMap.items[0].path: Invalid value: "..": must not contain \'..\'',
            f'{V}.configMap.items[0].path: Invalid value: "..": must not start with \'..\'',
        ]),
        (volume(image={"pullPolicy": "Sometimes"}), [
            f"{V}.image.reference: Required value",
            f'{V}.image.pullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ]),
        ({"os": {"name": "beos"}}, ['spec.os: Unsupported value: "beos": supported values: "linux", "windows"']),
        ({"os": {"name": "linux"}, "securityContext": {"windowsOptions": {"runAsUserName": "u"}}}, [
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod",
        ]),
        ({"os": {"name": "windows"}, "hostPID": True, "securityContext": {"runAsUser": 5, "fsGroup": 3}}, [
            "spec.hostPID: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        ]),
        ({"securityContext": {"windowsOptions": {"hostProcess": True}}}, [
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
        ]),
        ({"hostUsers": False, "hostNetwork": True, "hostIPC": True}, [
            "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false",
            "spec.HostIPC: Forbidden: when `pod.Spec.HostUsers` is false",
        ]),
        ({"resourceClaims": [{"name": "c"}]}, [
            'spec.resourceClaims[0]: Invalid value: {"Name":"c","ResourceClaimName":null,"ResourceClaimTemplateName":null}'
            ": must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        ]),
        ({"dnsConfig": {"searches": ["a" * 250] * 9}}, [
            'spec.dnsConfig.searches: Invalid value: [' + ",".join(['"' + "a" * 250 + '"'] * 9) + "]: must not have more "
            "than 2048 characters (including spaces) in the search list",
        ]),
        ({"hostnameOverride": "My.Host"}, [
            'spec.hostnameOverride: Invalid value: "My.Host": a lowercase RFC 1123 subdomain must consist of lower case '
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
            "'example.com', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
    ],
)  # fmt: skip
def test_a_pod_spec(spec: Obj, errors: list[str]) -> None:
    assert said(pod(spec)) == errors


def test_pod_level_resources_cover_those_of_containers() -> None:
    spec = {
        "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}},
        "initContainers": [
            {"name": "s", "image": "i", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}}
        ],
    }
    container = {"resources": {"requests": {"cpu": "700m"}, "limits": {"cpu": "2"}}}
    assert said(pod(spec, container)) == [
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container '
        "requests of 1200m",
        'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ]


@pytest.mark.parametrize(
    ("annotations", "errors"),
    [
        (
            {"container.apparmor.security.beta.kubernetes.io/other": "localhost/p"},
            [
                '{}[container.apparmor.security.beta.kubernetes.io/other]: Invalid value: "other": container not found'
            ],
        ),
        (
            {"container.apparmor.security.beta.kubernetes.io/c": "my-profile"},
            [
                '{}[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: "my-profile": '
                'invalid AppArmor profile name: "my-profile"'
            ],
        ),
        (
            {"seccomp.security.alpha.kubernetes.io/pod": "best"},
            [
                '{}.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "best": must be a valid seccomp profile'
            ],
        ),
    ],
)
def test_annotations(annotations: dict[str, str], errors: list[str]) -> None:
    expected = [error.format("metadata.annotations") for error in errors]
    assert said(pod(metadata={"annotations": annotations})) == expected


def test_seccomp_annotation_and_field_must_agree() -> None:
    found = pod(
        {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        metadata={"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}},
    )
    assert said(found) == [
        "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match"
    ]


def test_ephemeral_containers_are_refused_field_by_field() -> None:
    debugger = {
        "name": "d", "image": "busybox", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}},
        "livenessProbe": {"exec": {"command": ["a"]}}, "targetContainerName": "nobody",
    }  # fmt: skip
    old = pod()
    new = pod({"ephemeralContainers": [debugger]})
    found = messages(pod_subresources.ephemeral_containers(new, old))
    path, text = "spec.ephemeralContainers[0]", "Forbidden: cannot be set for an Ephemeral Container"
    assert found == [
        f'{path}.targetContainerName: Not found: "nobody"',
        f"{path}.ports: {text}",
        f"{path}.resources: {text}",
        f"{path}.livenessProbe: {text}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, [
            'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        ]),
        ({"requests": {"cpu": "1", "memory": "1Gi"}}, {"requests": {"cpu": "1"}}, [
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ]),
        ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}}, [
            "spec: Forbidden: only cpu and memory resources are mutable",
        ]),
        ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "2"}}, []),
    ],
)  # fmt: skip
def test_resizing(old: Obj, new: Obj, errors: list[str]) -> None:
    before, after = pod(container={"resources": old}), pod(container={"resources": new})
    before["status"] = {"qosClass": "Burstable"}
    if errors and "QOS" in errors[0]:
        after["spec"]["containers"][0]["resources"] = {"requests": {}, "limits": {}}
        before["spec"]["containers"][0]["resources"] = {}
    assert messages(pod_subresources.resize(after, before)) == errors


def test_a_gated_pod_may_only_narrow_its_node_affinity() -> None:
    def gated(*terms: list[str]) -> Obj:
        listed = [{"matchExpressions": [{"key": k, "operator": "Exists"} for k in keys]} for keys in terms]
        node = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": listed}}
        return pod({"schedulingGates": [{"name": "wait"}], "affinity": {"nodeAffinity": node}})

    path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    assert messages(pod_update.update(gated(["a", "b"]), gated(["a"]))) == []
    assert messages(pod_update.update(gated(["b"]), gated(["a"]))) == [
        f'{path}[0]: Invalid value: {{"MatchExpressions":[{{"Key":"b","Operator":"Exists","Values":null}}],'
        '"MatchFields":null}: only additions are allowed (no mutations or deletions)'
    ]
    assert messages(pod_update.update(gated(["a"], ["b"]), gated(["a"])))[0].endswith(
        "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
    )


def test_a_template_is_checked_like_a_pod() -> None:
    found = workload("deployments.apps")
    found["spec"]["template"]["spec"]["containers"][0]["name"] = "Web"
    assert said(found, "deployments.apps") == [
        f'spec.template.spec.containers[0].name: Invalid value: "Web": {LABEL}'
    ]
