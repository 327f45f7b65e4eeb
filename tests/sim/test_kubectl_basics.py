"""Real kubectl on the server, in the versions that are at hand."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from labrunner.sim import process

from .conftest import Kubectl, kubectl_binary

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
"""


def _binaries() -> list[str]:
    on_path = shutil.which("kubectl", path="/usr/local/bin:/usr/bin:/bin")
    return ["bundled", *([on_path] if on_path else [])]


@pytest.fixture(params=_binaries())
def k(request: pytest.FixtureRequest, sim_server: process.Running, tmp_path: Path) -> Iterator[Kubectl]:
    binary = kubectl_binary() if request.param == "bundled" else request.param
    kubectl = Kubectl(binary, sim_server.kubeconfig, tmp_path)
    namespace = f"t-{uuid4().hex[:8]}"
    kubectl.ok("create", "namespace", namespace)
    mine = tmp_path / "kubeconfig"
    mine.write_bytes(sim_server.kubeconfig.read_bytes())
    kubectl = Kubectl(binary, mine, tmp_path)
    kubectl.ok("config", "set-context", "--current", f"--namespace={namespace}")
    yield kubectl
    kubectl.ok("delete", "namespace", namespace, "--wait=false")


def test_a_workload_from_apply_to_delete(k: Kubectl) -> None:
    assert k.ok("apply", "-f", "-", stdin=DEPLOYMENT) == "deployment.apps/web created\n"
    assert "successfully rolled out" in k.ok("rollout", "status", "deploy/web", "--timeout=30s")
    k.ok("wait", "pod", "-l", "app=web", "--for=condition=Ready", "--timeout=30s")
    k.ok("scale", "deploy/web", "--replicas=1")
    k.ok("wait", "deploy/web", "--for=jsonpath={.status.replicas}=1", "--timeout=30s")
    k.ok("set", "image", "deploy/web", "nginx=nginx:1.28")
    k.ok("rollout", "undo", "deploy/web")
    assert k.ok("get", "deploy", "web", "-o", "jsonpath={..image}") == "nginx:1.27"
    assert k.ok("apply", "-f", "-", stdin=DEPLOYMENT) == "deployment.apps/web configured\n"
    assert k.ok("delete", "deploy", "web").startswith('deployment.apps "web" deleted')


def test_patches_of_every_type(k: Kubectl) -> None:
    k.ok("create", "configmap", "c", "--from-literal=a=b")
    k.ok("patch", "cm", "c", "--type=strategic", "-p", '{"data":{"s":"1"}}')
    k.ok("patch", "cm", "c", "--type=merge", "-p", '{"data":{"m":"1","a":null}}')
    k.ok("patch", "cm", "c", "--type=json", "-p", '[{"op":"add","path":"/data/j","value":"1"}]')
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"x":"1"}}'
    k.ok("apply", "--server-side", "-f", "-", stdin=text)
    assert json.loads(k.ok("get", "cm", "c", "-o", "json"))["data"] == {
        "s": "1",
        "m": "1",
        "j": "1",
        "x": "1",
    }


def test_explain_and_field_validation(k: Kubectl) -> None:
    assert "nodeName" in k.ok("explain", "pod.spec")
    bad = k("apply", "-f", "-", stdin=DEPLOYMENT.replace("replicas", "replicsa"))
    assert bad.returncode == 1
    assert 'unknown field "spec.replicsa"' in bad.stderr


def test_a_watch_shows_changes(k: Kubectl) -> None:
    k.ok("create", "configmap", "c", "--from-literal=a=b")
    assert "condition met" in k.ok("wait", "cm/c", "--for=jsonpath={.data.a}=b", "--timeout=10s")
    shown = k("get", "cm", "c", "-w", "--request-timeout=1s").stdout
    assert shown.splitlines()[0].split() == ["NAME", "DATA", "AGE"]


def test_what_a_simulated_cluster_cannot_do_names_the_remedy(k: Kubectl) -> None:
    k.ok("create", "deployment", "web", "--image=nginx")
    k.ok("rollout", "status", "deploy/web", "--timeout=30s")
    done = k("exec", "deploy/web", "--", "ls")
    assert done.returncode == 1
    assert "this cluster is simulated" in done.stderr
    assert "--cluster kind" in done.stderr
    assert "simulated" in k.ok("logs", "deploy/web")


def test_raw_discovery_and_cluster_info(k: Kubectl) -> None:
    assert json.loads(k.ok("get", "--raw", "/version"))["gitVersion"] == "v1.36.2+simulated"
    assert "is running at https://127.0.0.1:" in k.ok("cluster-info")
    assert "deployments" in k.ok("api-resources", "--api-group=apps", "-o", "name")
    assert "autoscaling/v1" in k.ok("api-versions").split()
    missing = k("get", "--raw", "/nonsense")
    assert (
        missing.stderr.strip()
        == "Error from server (NotFound): the server could not find the requested resource"
    )


def test_kubectl_proxy_works(sim_server: process.Running, tmp_path: Path) -> None:
    import os
    import urllib.request

    command = [kubectl_binary(), "proxy", "--port=0"]
    env = {**os.environ, "KUBECONFIG": str(sim_server.kubeconfig), "HOME": str(tmp_path)}
    proxy = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    watchdog = threading.Timer(20, proxy.kill)
    watchdog.start()
    try:
        assert proxy.stdout is not None
        address = proxy.stdout.readline().rsplit(" ", 1)[1].strip()
        with urllib.request.urlopen(f"http://{address}/api/v1/namespaces/default", timeout=10) as answer:
            assert json.load(answer)["metadata"]["name"] == "default"
    finally:
        watchdog.cancel()
        proxy.terminate()
        proxy.wait()


def test_only_loopback_is_listened_on(sim_server: process.Running) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("no /proc/net/tcp on this system")
    port = int(sim_server.server.rsplit(":", 1)[1])
    lines = (
        Path("/proc/net/tcp").read_text().splitlines()[1:]
        + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    )
    fields = [line.split() for line in lines]
    listening = {f[1].split(":")[0] for f in fields if f[3] == "0A" and int(f[1].split(":")[1], 16) == port}
    assert listening == {"0100007F"}  # 127.0.0.1 in the kernel's byte order
