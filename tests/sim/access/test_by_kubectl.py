"""What real kubectl shows of identity and permission."""

from __future__ import annotations

import json

import pytest

from labrunner.sim import process
from labrunner.sim.api import Api
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj
from tests.sim.conftest import Kubectl, kubectl_binary

BINDING = "rolebindings.rbac.authorization.k8s.io"
GROUP = "rbac.authorization.k8s.io"


@pytest.fixture(scope="module")
def granted(sim_server: process.Running, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """A namespace ``access`` in which jane may read one ConfigMap and get, but not create, ``pods/exec``."""
    kubectl = Kubectl(kubectl_binary(), sim_server.kubeconfig, tmp_path_factory.mktemp("access"))
    kubectl.ok("create", "namespace", "access")
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["get"]},
    ]
    role = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Role",
        "metadata": {"name": "r", "namespace": "access"},
        "rules": rules,
    }
    kubectl.ok("apply", "-f", "-", stdin=json.dumps(role))
    kubectl.ok("create", "rolebinding", "b", "-n", "access", "--role=r", "--user=jane")
    kubectl.ok("create", "configmap", "a", "-n", "access")
    return kubectl


def test_a_collection_narrowed_to_one_name_takes_the_right_to_that_name(granted: Kubectl) -> None:
    narrowed = ("--field-selector", "metadata.name=a", "-o", "name")
    assert granted.ok("get", "cm", "-n", "access", "--as=jane", *narrowed) == "configmap/a\n"
    refused = granted("get", "cm", "-n", "access", "--as=jane")
    assert refused.stderr == (
        'Error from server (Forbidden): configmaps is forbidden: User "jane" cannot list resource "configmaps" in API '
        'group "" in the namespace "access"\n'
    )


def test_a_websocket_takes_the_right_to_create(granted: Kubectl) -> None:
    granted.ok("run", "p", "--image=nginx", "-n", "access")
    refused = granted("exec", "p", "-n", "access", "--as=jane", "--", "ls")
    assert (
        'User "jane" cannot create resource "pods/exec" in API group "" in the namespace "access"'
        in refused.stderr
    )


def test_a_binding_to_a_missing_role_is_told_by_can_i(granted: Kubectl) -> None:
    granted.ok("create", "rolebinding", "gone", "-n", "access", "--role=gone", "--user=kim")
    answer = granted("auth", "can-i", "list", "pods", "-n", "access", "--as=kim")
    assert answer.stdout == f'no - RBAC: role.{GROUP} "gone" not found\n'


def test_a_node_is_told_what_it_may_not_see(granted: Kubectl) -> None:
    node = ("--as=system:node:simulated-node-1", "--as-group=system:nodes")
    assert granted("get", "nodes", *node).stderr.endswith(
        "at the cluster scope: node 'simulated-node-1' cannot read all nodes, only its own Node object\n"
    )
    assert granted("get", "secret", "s", *node).stderr.endswith(
        "no relationship found between node 'simulated-node-1' and this object\n"
    )


def test_a_node_gets_tokens_for_its_pods_only(granted: Kubectl) -> None:
    granted.ok("run", "mine", "--image=nginx", "-n", "access")
    granted.ok("wait", "pod/mine", "-n", "access", "--for=condition=Ready", "--timeout=30s")
    node = ("--as=system:node:simulated-node-1", "--as-group=system:nodes", "-n", "access")
    assert granted("create", "token", "default", *node).stderr == (
        'error: failed to create token: serviceaccounts "default" is forbidden: node requested token not bound to a pod\n'
    )
    uid = granted.ok("get", "pod", "mine", "-n", "access", "-o", "jsonpath={.metadata.uid}")
    bound = ("--bound-object-kind=Pod", "--bound-object-name=mine", f"--bound-object-uid={uid}")
    assert granted("create", "token", "default", *node, *bound).returncode == 0


def test_the_issuer_tells_where_its_keys_are(granted: Kubectl, sim_server: process.Running) -> None:
    told: Obj = json.loads(granted.ok("get", "--raw", "/.well-known/openid-configuration"))
    assert told["jwks_uri"] == f"{sim_server.server}/openid/v1/jwks"
    keys = json.loads(granted.ok("get", "--raw", "/openid/v1/jwks"))["keys"]
    assert [key["use"] for key in keys] == ["sig"]
    account = "--as=system:serviceaccount:access:default"
    assert granted("get", "--raw", "/openid/v1/jwks", account).returncode == 0
    assert granted("get", "--raw", "/openid/v1/jwks", "--as=jane").returncode == 1


def test_a_token_secret_is_labelled_when_it_is_used(granted: Kubectl) -> None:
    notes = {"kubernetes.io/service-account.name": "default"}
    metadata = {"name": "old", "namespace": "access", "annotations": notes}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": metadata,
    }
    granted.ok("apply", "-f", "-", stdin=json.dumps(secret))
    granted.ok("wait", "secret/old", "-n", "access", "--for=jsonpath={.data.token}", "--timeout=20s")
    token = granted.ok(
        "get", "secret", "old", "-n", "access", "-o", "go-template={{.data.token | base64decode}}"
    )
    server = granted.ok("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    bare = ("--kubeconfig=/dev/null", f"--server={server}", "--insecure-skip-tls-verify", f"--token={token}")
    who = granted.ok(*bare, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    assert who == "system:serviceaccount:access:default"
    shown = "jsonpath={.metadata.labels.kubernetes\\.io/legacy-token-last-used}"
    assert len(granted.ok("get", "secret", "old", "-n", "access", "-o", shown)) == len("2026-01-01")


def test_only_a_cluster_wide_binding_needs_its_accounts_namespace(api: Api) -> None:
    reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": "view"}
    subjects = [{"kind": "ServiceAccount", "name": "robot"}]
    bound: Obj = {
        "metadata": {"name": "b", "namespace": "default"},
        "roleRef": reference,
        "subjects": subjects,
    }
    assert api.create(BINDING, bound)
    with pytest.raises(ApiError, match=r"subjects\[0\]\.namespace: Required value"):
        api.create(f"cluster{BINDING}", {**bound, "metadata": {"name": "b"}})
