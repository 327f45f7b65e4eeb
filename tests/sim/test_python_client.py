"""The official Python client against the server: typed and dynamic APIs, patches, watches, leases, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import process

kubernetes = pytest.importorskip("kubernetes")
pytestmark = pytest.mark.slow

SPACE = "python-client"


@pytest.fixture(scope="module")
def client(sim_server: process.Running) -> Iterator[Any]:
    from kubernetes import client as api
    from kubernetes import config

    configuration = api.Configuration()
    config.load_kube_config(
        str(sim_server.kubeconfig), client_configuration=configuration, persist_config=False
    )
    with api.ApiClient(configuration) as found:
        api.CoreV1Api(found).create_namespace({"metadata": {"name": SPACE}})
        yield found


@pytest.fixture
def core(client: Any) -> Any:
    from kubernetes.client import CoreV1Api

    return CoreV1Api(client)


def deployment(name: str, replicas: int = 2) -> Any:
    from kubernetes import client as api

    return api.V1Deployment(
        metadata=api.V1ObjectMeta(name=name, labels={"app": name}),
        spec=api.V1DeploymentSpec(
            replicas=replicas,
            selector=api.V1LabelSelector(match_labels={"app": name}),
            template=api.V1PodTemplateSpec(
                metadata=api.V1ObjectMeta(labels={"app": name}),
                spec=api.V1PodSpec(containers=[api.V1Container(name="web", image="nginx:1.27")]),
            ),
        ),
    )


def test_a_deployment_is_created_watched_scaled_patched_and_deleted(client: Any, core: Any) -> None:
    from kubernetes.client import AppsV1Api
    from kubernetes.watch import Watch

    apps = AppsV1Api(client)
    made = apps.create_namespaced_deployment(SPACE, deployment("web"))
    assert made.spec.strategy.rolling_update.max_surge == "25%"
    watch = Watch()
    for event in watch.stream(
        apps.list_namespaced_deployment, SPACE, field_selector="metadata.name=web", timeout_seconds=30,
        resource_version=made.metadata.resource_version,
    ):  # fmt: skip
        if event["object"].status.ready_replicas == 2:
            watch.stop()
    scale = apps.read_namespaced_deployment_scale("web", SPACE)
    assert (scale.spec.replicas, scale.status.selector) == (2, "app=web")
    apps.patch_namespaced_deployment_scale("web", SPACE, {"spec": {"replicas": 1}})
    # A dictionary is a strategic merge patch to this client, a list is a JSON patch.
    container = {"name": "web", "env": [{"name": "A", "value": "1"}]}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    patched = apps.patch_namespaced_deployment("web", SPACE, patch)
    assert patched.spec.template.spec.containers[0].image == "nginx:1.27"
    operations = [{"op": "add", "path": "/metadata/labels/tier", "value": "front"}]
    patched = apps.patch_namespaced_deployment("web", SPACE, operations)
    assert patched.metadata.labels == {"app": "web", "tier": "front"}
    patched = apps.patch_namespaced_deployment(
        "web", SPACE, {"metadata": {"labels": {"tier": None}}}, _content_type="application/merge-patch+json"
    )
    assert patched.metadata.labels == {"app": "web"}
    stale = client.sanitize_for_serialization(made)
    with pytest.raises(kubernetes.client.ApiException) as refused:
        apps.replace_namespaced_deployment("web", SPACE, stale)
    assert refused.value.status == 409
    assert (
        "the object has been modified; please apply your changes to the latest version" in refused.value.body
    )
    apps.delete_namespaced_deployment("web", SPACE, propagation_policy="Foreground")
    for _ in Watch().stream(core.list_namespaced_pod, SPACE, label_selector="app=web", timeout_seconds=3):
        pass
    assert core.list_namespaced_pod(SPACE, label_selector="app=web").items == []


def test_lists_come_in_pages_and_collections_go_at_once(core: Any) -> None:
    for number in range(7):
        core.create_namespaced_config_map(
            SPACE,
            {"metadata": {"name": f"page-{number}", "labels": {"of": "pages"}}, "data": {"n": str(number)}},
        )
    seen, token = [], None
    while True:
        page = core.list_namespaced_config_map(SPACE, label_selector="of=pages", limit=3, _continue=token)
        seen.append([item.metadata.name for item in page.items])
        token = page.metadata._continue
        if not token:
            break
    assert [len(names) for names in seen] == [3, 3, 1]
    assert [name for names in seen for name in names] == [f"page-{number}" for number in range(7)]
    core.delete_collection_namespaced_config_map(SPACE, label_selector="of=pages")
    assert core.list_namespaced_config_map(SPACE, label_selector="of=pages").items == []


def test_a_watch_goes_on_after_its_version_is_too_old(client: Any, core: Any) -> None:
    from kubernetes.watch import Watch

    old = core.create_namespaced_config_map(SPACE, {"metadata": {"name": "old"}}).metadata.resource_version
    core.patch_namespaced_config_map("old", SPACE, {"data": {"a": "b"}})
    url = f"{client.configuration.host}/simulated/v1/compact"
    assert client.rest_client.pool_manager.request("POST", url).status == 200
    with pytest.raises(kubernetes.client.ApiException) as refused:
        list(Watch().stream(core.list_namespaced_config_map, SPACE, resource_version=old, timeout_seconds=2))
    assert refused.value.status == 410
    assert "too old resource version" in refused.value.reason
    now = core.list_namespaced_config_map(SPACE).metadata.resource_version
    core.create_namespaced_config_map(SPACE, {"metadata": {"name": "new"}})
    events = Watch().stream(core.list_namespaced_config_map, SPACE, resource_version=now, timeout_seconds=2)
    assert [(e["type"], e["object"].metadata.name) for e in events] == [("ADDED", "new")]


def test_the_dynamic_client_applies_on_the_server(client: Any) -> None:
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

    dynamic = DynamicClient(client)
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}
    maps.server_side_apply(body=body, namespace=SPACE, field_manager="one")
    body["data"] = {"a": "2"}
    with pytest.raises(ConflictError) as refused:
        maps.server_side_apply(body=body, namespace=SPACE, field_manager="two")
    assert 'conflict with \\"one\\": .data.a' in refused.value.body
    found = maps.server_side_apply(body=body, namespace=SPACE, field_manager="two", force_conflicts=True)
    assert found.data.a == "2"
    assert {entry.manager for entry in found.metadata.managedFields} == {"two"}
    maps.delete(name="applied", namespace=SPACE)
    with pytest.raises(NotFoundError):
        maps.get(name="applied", namespace=SPACE)


def test_a_leader_is_elected_by_a_lease(client: Any) -> None:
    from kubernetes.client import CoordinationV1Api

    leases = CoordinationV1Api(client)
    spec = {"holderIdentity": "one", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000001Z"}
    made = leases.create_namespaced_lease(SPACE, {"metadata": {"name": "leader"}, "spec": spec})
    assert made.spec.renew_time.microsecond == 1
    first, second = (leases.read_namespaced_lease("leader", SPACE) for _ in range(2))
    first.spec.holder_identity, second.spec.holder_identity = "two", "three"
    leases.replace_namespaced_lease("leader", SPACE, first)
    with pytest.raises(kubernetes.client.ApiException) as refused:
        leases.replace_namespaced_lease("leader", SPACE, second)
    assert refused.value.status == 409
    assert leases.read_namespaced_lease("leader", SPACE).spec.holder_identity == "two"


def test_yaml_files_are_created_and_what_is_there_is_said(client: Any, core: Any, tmp_path: Path) -> None:
    from kubernetes.utils import FailToCreateError, create_from_yaml

    (tmp_path / "two.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: from-yaml}\nspec: {ports: [{port: 80}]}\n---\n"
        "apiVersion: v1\nkind: Secret\nmetadata: {name: from-yaml}\nstringData: {a: b}\n"
    )
    create_from_yaml(client, str(tmp_path / "two.yaml"), namespace=SPACE)
    assert core.read_namespaced_secret("from-yaml", SPACE).data == {"a": "Yg=="}
    assert core.read_namespaced_service("from-yaml", SPACE).spec.cluster_ip.startswith("10.96.")
    with pytest.raises(FailToCreateError) as refused:
        create_from_yaml(client, str(tmp_path / "two.yaml"), namespace=SPACE)
    assert {error.status for error in refused.value.api_exceptions} == {409}


def test_exec_is_refused_with_the_way_out(core: Any) -> None:
    from kubernetes.stream import stream

    core.create_namespaced_pod(
        SPACE, {"metadata": {"name": "shell"}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}
    )
    with pytest.raises(kubernetes.client.ApiException) as refused:
        stream(core.connect_get_namespaced_pod_exec, "shell", SPACE, command=["ls"], stdout=True, stderr=True)
    assert "Handshake status 501 Not Implemented" in refused.value.reason
    assert "containers do not run here" in refused.value.reason
