"""What the API server says of invalid new objects, in its words and order."""

from __future__ import annotations

from typing import Any

import pytest

from labrunner.sim import validation
from labrunner.sim.objects import Obj
from tests.sim.manifests import made, messages, pod, type_of, workload

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def said(gr: str, obj: Obj) -> list[str]:
    return messages(validation.create(obj, type_of(gr)))


def test_a_valid_pod_is_fine() -> None:
    assert said("pods", pod()) == []


def test_errors_come_in_the_servers_order() -> None:
    resources = {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}
    found = pod(name="Bad_Name")
    found["spec"]["containers"] = [
        {**found["spec"]["containers"][0], "resources": resources},
        found["spec"]["containers"][0],
    ]
    assert said("pods", found) == [
        f'metadata.name: Invalid value: "Bad_Name": {SUBDOMAIN}',
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        'spec.containers[1].name: Duplicate value: "c"',
    ]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"name": ""}, "name: Required value"),
        ({"image": ""}, "image: Required value"),
        ({"ports": [{"protocol": "TCP"}]}, "ports[0].containerPort: Required value"),
        (
            {"ports": [{"containerPort": 99999}]},
            "ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
        ),
        (
            {"imagePullPolicy": "Maybe"},
            'imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
        ),
        ({"volumeMounts": [{"name": "v", "mountPath": "/d"}]}, 'volumeMounts[0].name: Not found: "v"'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "m"}}}]},
            "env[0].valueFrom.configMapKeyRef.key: Required value",
        ),
        (
            {"resources": {"limits": {"gpu": "1"}}},
            'resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        ),
        (
            {"resources": {"requests": {"nvidia.com/gpu": "1"}}},
            "resources.limits: Required value: Limit must be set for non overcommitable resources",
        ),
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
            "livenessProbe.successThreshold: Invalid value: 2: must be 1",
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            "securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
        ),
    ],
)
def test_containers(container: Obj, message: str) -> None:
    assert f"spec.containers[0].{message}" in said("pods", pod(container=container))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        (
            {"restartPolicy": "Sometimes"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        (
            {"volumes": [{"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}]},
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        ),
        ({"volumes": [{"name": "a", "secret": {}}]}, "spec.volumes[0].secret.secretName: Required value"),
        (
            {"tolerations": [{"operator": "Equal", "value": "x"}]},
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, '
            'which means "match all values and all keys"',
        ),
        (
            {
                "topologySpreadConstraints": [
                    {"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}
                ]
            },
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
            "Required value: must have at least one node selector term",
        ),
        (
            {"initContainers": [{"name": "i", "image": "b", "readinessProbe": {"exec": {"command": ["a"]}}}]},
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without "
            "restartPolicy=Always",
        ),
        (
            {"dnsPolicy": "None"},
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
    ],
)
def test_pod_specs(spec: Obj, message: str) -> None:
    assert message in said("pods", pod(spec))


def test_deployment_selector_must_match() -> None:
    found = workload("deployments.apps", {"selector": {"matchLabels": {"app": "b"}}})
    assert said("deployments.apps", found) == [
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'
    ]
    del found["spec"]["selector"]
    assert said("deployments.apps", found) == [
        "spec.selector: Required value",
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]


@pytest.mark.parametrize(
    ("gr", "spec", "message"),
    [
        (
            "deployments.apps",
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            "deployments.apps",
            {"replicas": -1},
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "statefulsets.apps",
            {"podManagementPolicy": "Chaos"},
            "spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            "daemonsets.apps",
            {"updateStrategy": {"type": "Recreate"}},
            'spec.updateStrategy: Unsupported value: {"Type":"Recreate","RollingUpdate":null}: '
            'supported values: "RollingUpdate", "OnDelete"',
        ),
    ],
)
def test_workloads(gr: str, spec: Obj, message: str) -> None:
    assert message in said(gr, workload(gr, spec))


def test_a_stateful_set_may_mount_its_claims() -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    found = workload(
        "statefulsets.apps", {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}]}
    )
    found["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/d"}]
    assert said("statefulsets.apps", found) == []


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@often", "unrecognized descriptor: @often"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
    ],
)
def test_schedules(schedule: str, complaint: str) -> None:
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    found = made("cronjobs.batch", {"schedule": schedule, "jobTemplate": {"spec": job}})
    assert said("cronjobs.batch", found) == [f'spec.schedule: Invalid value: "{schedule}": {complaint}']


@pytest.mark.parametrize(
    "schedule", ["*/5 * * * *", "0 3 * JAN-MAR mon,fri", "@hourly", "@every 1h30m", "? 1 2 3 4"]
)
def test_good_schedules(schedule: str) -> None:
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    found = made("cronjobs.batch", {"schedule": schedule, "timeZone": "UTC", "jobTemplate": {"spec": job}})
    assert said("cronjobs.batch", found) == []


def test_network_policy_as_recorded() -> None:
    spec = {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}], "policyTypes": ["Inbound"]}
    assert said("networkpolicies.networking.k8s.io", made("networkpolicies.networking.k8s.io", spec)) == [
        'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, '
        "(e.g. 10.9.8.0/24 or 2001:db8::/64)",
        'spec.policyTypes[0]: Unsupported value: "Inbound": supported values: "Ingress", "Egress"',
    ]


@pytest.mark.parametrize(
    ("gr", "body", "message"),
    [
        ("services", {"spec": {"ports": []}}, "spec.ports: Required value"),
        (
            "services",
            {"spec": {"ports": [{"port": 80}, {"port": 80, "name": "b"}]}},
            "spec.ports[0].name: Required value",
        ),
        ("services", {"spec": {"type": "ExternalName"}}, "spec.externalName: Required value"),
        (
            "configmaps",
            {"data": {"a b": "c"}},
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', "
            "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
            "'[-._a-zA-Z0-9]+')",
        ),
        ("secrets", {"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}, "data[tls.key]: Required value"),
        (
            "secrets",
            {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}},
            "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking "
            "for beginning of value",
        ),
        (
            "persistentvolumeclaims",
            {"spec": {"accessModes": ["ReadWriteOnce"]}},
            "spec.resources[storage]: Required value",
        ),
        (
            "persistentvolumes",
            {"spec": {"accessModes": ["ReadWriteOnce"]}},
            "spec: Required value: must specify a volume type",
        ),
        (
            "ingresses.networking.k8s.io",
            {"spec": {}},
            "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
        ),
        (
            "roles.rbac.authorization.k8s.io",
            {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
            "rules[0].verbs: Required value: verbs must contain at least one value",
        ),
        (
            "resourcequotas",
            {"spec": {"hard": {"pods": "-1"}}},
            'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            "limitranges",
            {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}}]}},
            'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        ),
        (
            "poddisruptionbudgets.policy",
            {"spec": {"minAvailable": "150%"}},
            'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
        ),
        (
            "priorityclasses.scheduling.k8s.io",
            {"value": 2000000000},
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ),
        (
            "horizontalpodautoscalers.autoscaling",
            {
                "spec": {
                    "minReplicas": 3,
                    "maxReplicas": 2,
                    "scaleTargetRef": {"kind": "Deployment", "name": "d"},
                }
            },
            "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
        ),
    ],
)
def test_other_kinds(gr: str, body: dict[str, Any], message: str) -> None:
    spec = body.pop("spec", None)
    assert message in said(gr, made(gr, spec, **body))


def test_generated_names_may_end_in_a_dash() -> None:
    assert said("pods", pod(metadata={"generateName": "web-"})) == []
    assert said("pods", pod(metadata={"generateName": "web_"}))[0].startswith(
        "metadata.generateName: Invalid value"
    )


def test_unknown_kinds_still_have_their_metadata_checked() -> None:
    gr = "flowschemas.flowcontrol.apiserver.k8s.io"
    assert said(gr, made(gr, {}, metadata={"labels": {"a": "b c"}}))[0].startswith(
        'metadata.labels: Invalid value: "b c"'
    )
