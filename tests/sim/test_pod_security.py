"""Pod Security: levels, texts and warnings."""

from __future__ import annotations

import pytest

from labrunner.sim.admission.pod_security import Policy, violations
from labrunner.sim.api import Api
from labrunner.sim.api.call import Call
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone

PREFIX = "pod-security.kubernetes.io/"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(context: Obj | None = None, **spec: object) -> Obj:
    container: Obj = {"name": "c", "image": "nginx"}
    if context is not None:
        container["securityContext"] = context
    return {"metadata": {"name": "p", "namespace": "secure"}, "spec": {"containers": [container], **spec}}


def texts(level: str, found: Obj) -> list[str]:
    return [violation.text() for violation in violations(Policy(level), found)]


def test_a_plain_pod_against_restricted() -> None:
    assert ", ".join(texts("restricted", pod())) == (
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
        '"Localhost")'
    )
    assert texts("baseline", pod()) == []
    assert texts("restricted", pod(RESTRICTED)) == []


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (pod(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
        (
            pod({"privileged": True}),
            'privileged (container "c" must not set securityContext.privileged=true)',
        ),
        (
            pod({"capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN", "CHOWN"]}}),
            'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_ADMIN" in '
            "securityContext.capabilities.add)",
        ),
        (pod(volumes=[{"name": "h", "hostPath": {"path": "/"}}]), 'hostPath volumes (volume "h")'),
        (
            {"metadata": {}, "spec": {"containers": [{"name": "c", "ports": [{"hostPort": 80}]}]}},
            'hostPort (container "c" uses hostPort 80)',
        ),
        (
            pod(securityContext={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            pod({"seLinuxOptions": {"type": "spc_t", "user": "u"}}),
            'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; '
            "user may not be set)",
        ),
    ],
)
def test_baseline(found: Obj, text: str) -> None:
    assert texts("baseline", found) == [text]


def test_restricted_says_more_where_baseline_also_objects() -> None:
    listed = texts("restricted", pod({**RESTRICTED, "capabilities": {"add": ["NET_ADMIN"]}}))
    assert listed == [
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; '
        'container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)'
    ]
    listed = texts("restricted", pod(RESTRICTED, volumes=[{"name": "h", "hostPath": {"path": "/"}}]))
    assert listed == ['restricted volume types (volume "h" uses restricted volume type "hostPath")']


@pytest.mark.parametrize(
    ("level", "before", "since", "found"),
    [
        ("restricted", "v1.7", "v1.8", pod({**RESTRICTED, "allowPrivilegeEscalation": True})),
        ("restricted", "v1.21", "v1.22", pod({**RESTRICTED, "capabilities": {}})),
        ("restricted", "v1.18", "v1.19", pod({**RESTRICTED, "seccompProfile": None})),
        ("restricted", "v1.22", "v1.23", pod({**RESTRICTED, "runAsUser": 0})),
        ("baseline", "v1.33", "v1.34", {
            "metadata": {},
            "spec": {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"port": 1, "host": "x"}}}]},
        }),
        ("restricted", "v1.34", "v1.35", pod({**RESTRICTED, "procMount": "Unmasked"}, hostUsers=False)),
    ],
)  # fmt: skip
def test_controls_that_newer_versions_added(level: str, before: str, since: str, found: Obj) -> None:
    if "procMount" not in str(found):
        assert not violations(Policy(level, before), found)
    assert len(violations(Policy(level, since), found)) == 1
    assert len(violations(Policy(level), found)) == 1


@pytest.mark.parametrize(
    ("level", "before", "since", "found"),
    [
        ("baseline", "v1.26", "v1.27", pod(securityContext={"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports"}]})),
        ("baseline", "v1.28", "v1.29", pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_fin_timeout"}]})),
        ("baseline", "v1.31", "v1.32", pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]})),
        ("baseline", "v1.30", "v1.31", pod({"seLinuxOptions": {"type": "container_engine_t"}})),
        ("baseline", "v1.34", "v1.35", pod({"procMount": "Unmasked"}, hostUsers=False)),
        ("restricted", "v1.34", "v1.35", pod({**RESTRICTED, "runAsNonRoot": None}, hostUsers=False)),
        ("restricted", "v1.34", "v1.35", pod({**RESTRICTED, "runAsUser": 0}, hostUsers=False)),
        ("restricted", "v1.24", "v1.25", pod({**RESTRICTED, "capabilities": {}}, os={"name": "windows"})),
    ],
)  # fmt: skip
def test_controls_that_newer_versions_relaxed(level: str, before: str, since: str, found: Obj) -> None:
    assert len(violations(Policy(level, before), found)) == 1
    assert not violations(Policy(level, since), found)
    assert not violations(Policy(level, "v1.99"), found)


def test_old_restricted_keeps_the_baseline_of_what_it_does_not_replace_yet() -> None:
    adding = pod({**RESTRICTED, "capabilities": {"add": ["NET_ADMIN"]}})
    found = violations(Policy("restricted", "v1.20"), adding)
    assert [violation.reason for violation in found] == ["non-default capabilities"]


def test_root_by_number() -> None:
    assert texts("restricted", pod({**RESTRICTED, "runAsUser": 0})) == [
        'runAsUser=0 (container "c" must not set runAsUser=0)'
    ]
    assert texts("restricted", pod({**RESTRICTED, "runAsNonRoot": False})) == [
        'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)'
    ]


def namespace(api: Api, **modes: str) -> None:
    labels = {f"{PREFIX}{mode}": level for mode, level in modes.items()}
    api.create("namespaces", {"metadata": {"name": "secure", "labels": labels}})
    api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "secure"}})


def create(api: Api, gr: str, obj: Obj) -> list[str]:
    """Create an object and return the warnings."""
    rt = api.type_of(gr)
    call = Call(rt, "secure", trusted=True)
    api.writer.create(call, {**clone(obj), "apiVersion": rt.gv, "kind": rt.kind})
    return call.warnings


def test_enforced_level_refuses_without_warning(api: Api) -> None:
    namespace(api, enforce="baseline", warn="restricted")
    with pytest.raises(ApiError) as caught:
        create(api, "pods", pod({"privileged": True}))
    assert caught.value.message == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": '
        'privileged (container "c" must not set securityContext.privileged=true)'
    )
    (warning,) = create(api, "pods", pod())
    assert warning.startswith(
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    )
    assert create(api, "pods", {**pod(RESTRICTED), "metadata": {"name": "good", "namespace": "secure"}}) == []


def test_workloads_are_only_warned_about(api: Api) -> None:
    namespace(api, enforce="restricted", warn="baseline")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod(hostNetwork=True)["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    warnings = create(
        api, "deployments.apps", {"metadata": {"name": "d", "namespace": "secure"}, "spec": spec}
    )
    assert warnings == ['would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)']


def relabel(api: Api, **modes: str) -> list[str]:
    rt = api.type_of("namespaces")
    call = Call(rt, trusted=True)
    current = api.get("namespaces", "secure")
    assert current is not None
    new = clone(current)
    new["metadata"].setdefault("labels", {}).update(
        {f"{PREFIX}{mode}": level for mode, level in modes.items()}
    )
    api.writer.update(call, "secure", new)
    return call.warnings


def test_labels_are_checked(api: Api) -> None:
    namespace(api)
    with pytest.raises(ApiError) as caught:
        relabel(api, enforce="strict")
    assert caught.value.message == (
        'Namespace "secure" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: '
        'Invalid value: "strict": must be one of privileged, baseline, restricted'
    )
    with pytest.raises(ApiError) as caught:
        relabel(api, **{"enforce-version": "1.30"})
    assert 'must be "latest" or "v1.x"' in caught.value.message


def test_stricter_label_warns_about_pods_that_are_there(api: Api) -> None:
    namespace(api)
    for name in ("a", "b", "c"):
        create(api, "pods", {**pod(), "metadata": {"name": name, "namespace": "secure"}})
    create(api, "pods", {**pod(hostPID=True), "metadata": {"name": "host", "namespace": "secure"}})
    assert relabel(api, enforce="restricted") == [
        'existing pods in namespace "secure" violate the new PodSecurity enforce level "restricted:latest"',
        "a (and 2 other pods): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, "
        "seccompProfile",
        "host: host namespaces, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, "
        "seccompProfile",
    ]
    assert relabel(api, enforce="baseline") == []
