"""Warnings that come back with accepted objects, and what a new pod's strategy makes of its old annotations and keys."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from labrunner.sim import strategy, validation
from labrunner.sim.api.local import Api
from labrunner.sim.objects import Obj, clone, get_path
from labrunner.sim.strategy import app_armor, label_keys
from tests.sim.manifests import made, messages, pod, type_of, workload

LABEL = "which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"
ARMOR = f"{app_armor.PREFIX}c"
SECCOMP = "container.seccomp.security.alpha.kubernetes.io/c"


def tls(certificate: str, key: str) -> Obj:
    data = {k: base64.b64encode(v.encode()).decode() for k, v in (("tls.crt", certificate), ("tls.key", key))}
    return made("secrets", type="kubernetes.io/tls", data=data)


def block(kind: str) -> str:
    return f"-----BEGIN {kind}-----\naGVsbG8=\n-----END {kind}-----\n"


def claims(amount: str) -> list[Obj]:
    return [{"metadata": {"name": "d"}, "spec": {"resources": {"requests": {"storage": amount}}}}]


@pytest.mark.parametrize(
    ("obj", "gr", "expected"),
    [
        (
            pod(container={"ports": [{"name": "web", "containerPort": 80, "hostIP": "10.0.0.1"}]}),
            "pods",
            [
                "spec.containers[0].ports[0]: hostIP set without hostPort: "
                "{Name:web HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}"
            ],
        ),
        (pod(name="a.b"), "pods", [f"metadata.name: this is used in the Pod's hostname, {LABEL}"]),
        (
            workload("deployments.apps", name="a.b"),
            "deployments.apps",
            [f"metadata.name: this is used in Pod names and hostnames, {LABEL}"],
        ),
        (workload("daemonsets.apps", name="a.b"), "daemonsets.apps", []),
        (workload("statefulsets.apps", name="a.b"), "statefulsets.apps", []),
        (
            pod(metadata={"annotations": {"security.alpha.kubernetes.io/sysctls": "a=b"}}),
            "pods",
            [
                "metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; "
                'use the "sysctls" field instead'
            ],
        ),
        (
            pod(metadata={"annotations": {SECCOMP: "unconfined"}}),
            "pods",
            [
                f"metadata.annotations[{SECCOMP}]: non-functional in v1.27+; "
                'use the "seccompProfile" field instead'
            ],
        ),
        (
            pod(
                container={"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
                metadata={
                    "annotations": {SECCOMP: "unconfined", "seccomp.security.alpha.kubernetes.io/other": ""}
                },
            ),
            "pods",
            [],
        ),
        (
            workload(
                "jobs.batch", {"completionMode": "Indexed", "completions": 100001, "parallelism": 10001}
            ),
            "jobs.batch",
            [
                "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than "
                "10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
            ],
        ),
        (
            workload(
                "statefulsets.apps", {"revisionHistoryLimit": -1, "volumeClaimTemplates": claims("1500m")}
            ),
            "statefulsets.apps",
            [
                'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, '
                "must be an integer",
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
                "a value >= 0 is recommended",
            ],
        ),
        (tls("no", "no"), "secrets", ["tls: failed to find any PEM data in certificate input"]),
        (
            tls(block("RSA PRIVATE KEY"), block("CERTIFICATE")),
            "secrets",
            [
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
                "PEM inputs may have been switched"
            ],
        ),
        (
            tls(block("CERTIFICATE"), block("CERTIFICATE")),
            "secrets",
            ["tls: found a certificate rather than a key in the PEM for the private key"],
        ),
        (tls(block("CERTIFICATE"), block("PRIVATE KEY")), "secrets", ["x509: malformed certificate"]),
        (made("secrets", data={"a": "YQ=="}), "secrets", []),
    ],
)
def test_on_creation(obj: Obj, gr: str, expected: list[str]) -> None:
    assert strategy.warnings(obj, None, type_of(gr)) == expected


def test_on_update() -> None:
    job = workload("jobs.batch")["spec"]
    del job["selector"]
    old = made("cronjobs.batch", {"schedule": "TZ=UTC * * * * *", "jobTemplate": {"spec": job}})
    assert strategy.warnings(clone(old), old, type_of("cronjobs.batch")) == [
        "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
        "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
    ]
    fractional = {"resources": {"requests": {"memory": "100m"}}}
    assert strategy.warnings(pod(container=fractional), pod(), type_of("pods")) == []
    new = workload("deployments.apps", metadata={"generation": 2})
    new["spec"]["template"]["spec"]["containers"][0].update(fractional)
    before = workload("deployments.apps", metadata={"generation": 1})
    found = strategy.warnings(new, before, type_of("deployments.apps"))
    assert found == [
        'spec.template.spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, '
        "must be an integer"
    ]
    assert strategy.warnings(new, new, type_of("deployments.apps")) == []


@pytest.mark.parametrize(
    ("annotation", "field"),
    [
        ("unconfined", {"type": "Unconfined"}),
        ("runtime/default", {"type": "RuntimeDefault"}),
        ("localhost/mine", {"type": "Localhost", "localhostProfile": "mine"}),
        ("localhost/", None),
    ],
)
def test_app_armor_annotations_become_fields(api: Api, annotation: str, field: Obj | None) -> None:
    found = pod(metadata={"annotations": {ARMOR: annotation}})
    warned = strategy.prepare_create(found, type_of("pods"), api)
    assert get_path(found["spec"]["containers"][0], "securityContext", "appArmorProfile") == field
    text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
    assert warned == [f"metadata.annotations[{ARMOR}]: {text}"]


def test_an_app_armor_annotation_that_says_what_the_pod_says_is_left_alone(api: Api) -> None:
    found = pod(
        {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
        metadata={"annotations": {ARMOR: "runtime/default"}},
    )
    assert strategy.prepare_create(found, type_of("pods"), api) == []
    assert "securityContext" not in found["spec"]["containers"][0]


def keyed(selector: Obj | None, **keys: Any) -> Obj:
    term = {"topologyKey": "zone", "labelSelector": selector, **keys}
    constraint = {k: v for k, v in term.items() if k != "mismatchLabelKeys"}
    return pod(
        {
            "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
            "topologySpreadConstraints": [{**constraint, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
        },
        metadata={"labels": {"app": "a", "hash": "1"}},
    )


def test_label_keys_are_merged_into_selectors() -> None:
    found = keyed({"matchLabels": {"app": "a"}}, matchLabelKeys=["hash", "absent"], mismatchLabelKeys=["app"])
    label_keys.merge(found)
    (term,) = found["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    same = {"key": "hash", "operator": "In", "values": ["1"]}
    assert term["labelSelector"]["matchExpressions"] == [
        same,
        {"key": "app", "operator": "NotIn", "values": ["a"]},
    ]
    assert found["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"][0] == same


def test_a_key_that_the_selector_already_has_is_refused_once_merged() -> None:
    found = keyed({"matchLabels": {"hash": "1"}}, matchLabelKeys=["hash"])
    assert validation.create(found, type_of("pods")) == []  # as in a template, where nothing is merged
    label_keys.merge(found)
    text = 'Invalid value: "hash": exists in both matchLabelKeys and labelSelector'
    assert messages(validation.create(found, type_of("pods"))) == [
        f"spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: {text}",
        f"spec.topologySpreadConstraints[0][0]: {text}",
    ]


def test_requests_of_a_pod_regard_those_of_its_containers() -> None:
    found = pod(
        {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}},
        {"resources": {"requests": {"cpu": "500m", "nvidia.com/gpu": "1"}}},
    )
    assert found["spec"]["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}
