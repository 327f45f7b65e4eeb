"""Admission: what is added on the way in, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone

Make = Callable[..., Obj]


@pytest.fixture
def lab(api: Api) -> Api:
    """A namespace ``lab`` with the service account that a controller would have made."""
    api.create("namespaces", {"metadata": {"name": "lab"}})
    api.create("serviceaccounts", named("default"))
    return api


def named(name: str, **top: object) -> Obj:
    return {"metadata": {"name": name, "namespace": "lab"}, **top}


def pod(name: str = "p", container: Obj | None = None, **spec: object) -> Obj:
    return named(name, spec={"containers": [{"name": "c", "image": "nginx:1", **(container or {})}], **spec})


def refusal(api: Api, gr: str, obj: Obj) -> str:
    with pytest.raises(ApiError) as caught:
        api.create(gr, obj)
    return caught.value.message


def test_token_volume(lab: Api) -> None:
    spec = lab.create("pods", pod())["spec"]
    (mount,) = spec["containers"][0]["volumeMounts"]
    (volume,) = spec["volumes"]
    assert mount["name"] == volume["name"]
    assert volume["name"].startswith("kube-api-access-")
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    kinds = [next(iter(source)) for source in volume["projected"]["sources"]]
    assert kinds == ["serviceAccountToken", "configMap", "downwardAPI"]
    assert spec["serviceAccount"] == spec["serviceAccountName"] == "default"


def test_no_token_where_it_is_not_wanted(lab: Api) -> None:
    assert "volumes" not in lab.create("pods", pod(automountServiceAccountToken=False))["spec"]
    lab.create("serviceaccounts", named("shy", automountServiceAccountToken=False))
    assert "volumes" not in lab.create("pods", pod("q", serviceAccountName="shy"))["spec"]


def test_missing_service_account(lab: Api) -> None:
    message = refusal(lab, "pods", pod(serviceAccountName="nobody"))
    assert message == (
        'pods "p" is forbidden: error looking up service account lab/nobody: serviceaccount "nobody" not found'
    )


def test_pull_secrets_of_the_account(lab: Api) -> None:
    lab.create("serviceaccounts", named("puller", imagePullSecrets=[{"name": "reg"}]))
    assert lab.create("pods", pod(serviceAccountName="puller"))["spec"]["imagePullSecrets"] == [
        {"name": "reg"}
    ]


def test_priority_and_tolerations(lab: Api) -> None:
    lab.create("priorityclasses.scheduling.k8s.io", {"metadata": {"name": "high"}, "value": 100})
    spec = lab.create("pods", pod(priorityClassName="high"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (100, "PreemptLowerPriority")
    assert [t["key"] for t in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    message = refusal(lab, "pods", pod("q", priorityClassName="none"))
    assert message == 'pods "q" is forbidden: no PriorityClass with name none was found'


def test_namespaces_that_are_missing_or_going(lab: Api) -> None:
    with pytest.raises(ApiError) as caught:
        lab.create("configmaps", {"metadata": {"name": "c", "namespace": "nowhere"}})
    assert (caught.value.code, caught.value.message) == (404, 'namespaces "nowhere" not found')
    lab.delete("namespaces", "lab")
    with pytest.raises(ApiError) as caught:
        lab.create("configmaps", named("c"))
    assert caught.value.message == (
        'configmaps "c" is forbidden: unable to create new content in namespace lab because it is being terminated'
    )
    assert (caught.value.details or {})["causes"][0]["reason"] == "NamespaceTerminating"


def test_namespaces_that_stay(lab: Api) -> None:
    with pytest.raises(ApiError) as caught:
        lab.delete("namespaces", "default")
    assert caught.value.message == 'namespaces "default" is forbidden: this namespace may not be deleted'


LIMITS = {
    "type": "Container",
    "max": {"cpu": "1", "memory": "512Mi"},
    "min": {"cpu": "10m"},
    "default": {"cpu": "200m", "memory": "128Mi"},
    "defaultRequest": {"cpu": "100m", "memory": "64Mi"},
}


def test_limit_range_fills_in(lab: Api) -> None:
    lab.create("limitranges", named("lim", spec={"limits": [LIMITS]}))
    found = lab.create("pods", pod("small"))
    assert found["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "200m", "memory": "128Mi"},
        "requests": {"cpu": "100m", "memory": "64Mi"},
    }
    assert found["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c"
    )


@pytest.mark.parametrize(
    ("resources", "problems"),
    [
        (
            {"limits": {"cpu": "2", "memory": "1Gi"}},
            "[maximum cpu usage per Container is 1, but limit is 2, "
            "maximum memory usage per Container is 512Mi, but limit is 1Gi]",
        ),
        ({"requests": {"cpu": "5m"}}, "minimum cpu usage per Container is 10m, but request is 5m"),
    ],
)
def test_limit_range_refuses(lab: Api, resources: Obj, problems: str) -> None:
    lab.create("limitranges", named("lim", spec={"limits": [LIMITS]}))
    assert (
        refusal(lab, "pods", pod(container={"resources": resources})) == f'pods "p" is forbidden: {problems}'
    )


def test_pod_limits_and_ratio(lab: Api) -> None:
    items = [
        {"type": "Pod", "max": {"cpu": "1"}},
        {"type": "Container", "maxLimitRequestRatio": {"memory": "2"}},
    ]
    lab.create("limitranges", named("lim", spec={"limits": items}))
    resources = {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"memory": "256Mi"}}
    assert refusal(lab, "pods", pod(container={"resources": resources})) == (
        'pods "p" is forbidden: [maximum cpu usage per Pod is 1, but limit is 2, '
        "memory max limit to request ratio per Container is 2, but provided ratio is 4.000000]"
    )


def test_quota_charges_and_refuses(lab: Api) -> None:
    lab.create("resourcequotas", named("rq", spec={"hard": {"pods": "2", "requests.cpu": "300m"}}))
    asked = {"resources": {"requests": {"cpu": "100m"}}}
    lab.create("pods", pod("a", asked))
    lab.create("pods", pod("b", asked))
    quota = lab.get("resourcequotas", "rq", "lab")
    assert quota is not None
    assert quota["status"] == {
        "hard": {"pods": "2", "requests.cpu": "300m"},
        "used": {"pods": "2", "requests.cpu": "200m"},
    }
    assert refusal(lab, "pods", pod("c", asked)) == (
        'pods "c" is forbidden: exceeded quota: rq, requested: pods=1, used: pods=2, limited: pods=2'
    )


def test_quota_wants_to_know_what_pods_need(lab: Api) -> None:
    lab.create("resourcequotas", named("small", spec={"hard": {"limits.memory": "1Gi", "requests.cpu": "1"}}))
    assert refusal(lab, "pods", pod("extra")) == (
        'pods "extra" is forbidden: failed quota: small: must specify limits.memory for: c; requests.cpu for: c'
    )


def test_dry_run_is_not_charged(lab: Api) -> None:
    lab.create("resourcequotas", named("rq", spec={"hard": {"configmaps": "1"}}))
    lab.create("configmaps", named("a"), dry_run=True)
    lab.create("configmaps", named("b"))
    assert "exceeded quota: rq, requested: configmaps=1" in refusal(lab, "configmaps", named("c"))


def test_quota_of_node_ports_and_counts(lab: Api) -> None:
    hard = {"services.nodeports": "0", "count/deployments.apps": "0"}
    lab.create("resourcequotas", named("rq", spec={"hard": hard}))
    lab.create("services", named("plain", spec={"ports": [{"port": 80}]}))
    assert refusal(lab, "services", named("np", spec={"type": "NodePort", "ports": [{"port": 80}]})) == (
        'services "np" is forbidden: exceeded quota: rq, requested: services.nodeports=1, '
        "used: services.nodeports=0, limited: services.nodeports=0"
    )
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    workload = named("d", spec={"selector": {"matchLabels": {"a": "b"}}, "template": template})
    assert "requested: count/deployments.apps=1" in refusal(lab, "deployments.apps", workload)


def test_scoped_quota_looks_at_its_pods_only(lab: Api) -> None:
    lab.create("resourcequotas", named("be", spec={"hard": {"pods": "0"}, "scopes": ["BestEffort"]}))
    lab.create("pods", pod("burstable", {"resources": {"requests": {"cpu": "1m"}}}))
    assert "exceeded quota: be" in refusal(lab, "pods", pod("besteffort"))


def test_default_storage_class_and_finalizers(lab: Api) -> None:
    marked = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    for found in lab.list("storageclasses.storage.k8s.io"):
        lab.delete("storageclasses.storage.k8s.io", found["metadata"]["name"])
    lab.create(
        "storageclasses.storage.k8s.io", {"metadata": {"name": "fast", **marked}, "provisioner": "a/b"}
    )
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = lab.create("persistentvolumeclaims", named("c", spec=spec))
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    plain = lab.create("persistentvolumeclaims", named("d", spec={**spec, "storageClassName": ""}))
    assert plain["spec"]["storageClassName"] == ""


def test_claims_grow_only_when_their_class_allows(lab: Api) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "x",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claim = lab.create("persistentvolumeclaims", named("c", spec=spec))
    bound = clone(claim)
    bound["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    bigger = clone(lab.update_status("persistentvolumeclaims", bound))
    bigger["spec"]["resources"]["requests"]["storage"] = "2Gi"
    with pytest.raises(ApiError) as caught:
        lab.update("persistentvolumeclaims", bigger)
    assert caught.value.message == (
        'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and '
        "the storageclass that provisions the pvc must support resize"
    )
    lab.create(
        "storageclasses.storage.k8s.io",
        {"metadata": {"name": "x"}, "provisioner": "a/b", "allowVolumeExpansion": True},
    )
    assert lab.update("persistentvolumeclaims", bigger)["spec"]["resources"]["requests"]["storage"] == "2Gi"


def test_runtime_class_adds_overhead(lab: Api) -> None:
    lab.create(
        "runtimeclasses.node.k8s.io",
        {"metadata": {"name": "gvisor"}, "handler": "runsc", "overhead": {"podFixed": {"cpu": "10m"}}},
    )
    assert lab.create("pods", pod(runtimeClassName="gvisor"))["spec"]["overhead"] == {"cpu": "10m"}
    message = refusal(lab, "pods", pod("q", runtimeClassName="none"))
    assert message == 'pods "q" is forbidden: pod rejected: RuntimeClass "none" not found'


def test_new_nodes_wait_until_ready(api: Api) -> None:
    node = api.create("nodes", {"metadata": {"name": "n"}})
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


def test_overhead_needs_a_runtime_class(lab: Api) -> None:
    text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
    assert refusal(lab, "pods", pod(overhead={"cpu": "1"})) == f'pods "p" is forbidden: {text}'


def test_a_name_is_taken_until_its_deletion_ends(lab: Api) -> None:
    kept = named("c")
    kept["metadata"]["finalizers"] = ["example.com/hold"]
    lab.create("configmaps", kept)
    assert refusal(lab, "configmaps", named("c")) == 'configmaps "c" already exists'
    lab.delete("configmaps", "c", "lab")
    assert refusal(lab, "configmaps", named("c")) == 'object is being deleted: configmaps "c" already exists'


def test_quotas_ask_what_pods_need_before_any_counts(lab: Api) -> None:
    lab.create("resourcequotas", named("a", spec={"hard": {"pods": "0"}}))
    lab.create("resourcequotas", named("b", spec={"hard": {"limits.cpu": "1"}}))
    assert (
        refusal(lab, "pods", pod())
        == 'pods "p" is forbidden: failed quota: b: must specify limits.cpu for: c'
    )


def test_quota_scoped_to_volume_attributes(lab: Api) -> None:
    wanted = {"scopeName": "VolumeAttributesClass", "operator": "In", "values": ["gold"]}
    spec = {"hard": {"persistentvolumeclaims": "0"}, "scopeSelector": {"matchExpressions": [wanted]}}
    lab.create("resourcequotas", named("q", spec=spec))
    plain = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    lab.create("persistentvolumeclaims", named("plain", spec=plain))
    message = refusal(
        lab, "persistentvolumeclaims", named("gilt", spec={**plain, "volumeAttributesClassName": "gold"})
    )
    assert message.endswith(
        "exceeded quota: q, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, "
        "limited: persistentvolumeclaims=0"
    )
