"""Real kubectl on nodes, pods that wait and volumes: what a learner reads on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from labrunner.sim import process

from .conftest import Kubectl, kubectl_binary

NODE = "simulated-node-1"
OBJECTS = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: a, image: busybox, command: [sleep, 1d]}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec:
  containers: [{name: c, image: nginx, resources: {requests: {cpu: 100m, memory: 64Mi}}}]
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
"""


@pytest.fixture
def k(fresh_server: process.Running, tmp_path: Path) -> Kubectl:
    return Kubectl(kubectl_binary(), fresh_server.kubeconfig, tmp_path)


def rows(text: str) -> dict[str, list[str]]:
    """Cells by the first of each line."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:]}


def test_nodes_are_read_cordoned_and_drained(k: Kubectl) -> None:
    assert rows(k.ok("get", "nodes"))[NODE][:2] == ["Ready", "<none>"]
    assert rows(k.ok("get", "nodes"))[NODE][3] == "v1.36.2"
    k.ok("apply", "-f", "-", stdin=OBJECTS)
    k.ok("wait", "pod/bare", "--for=condition=Ready", "--timeout=20s")
    k.ok("rollout", "status", "ds/agent", "--timeout=20s")
    told = k.ok("describe", "node", NODE)
    assert "Non-terminated Pods:          (2 in total)" in told
    assert "default                     bare" in told
    assert "cpu                100m (2%)  0 (0%)" in told
    refused = k("drain", NODE, "--ignore-daemonsets")
    assert refused.returncode == 1
    assert (
        "cannot delete Pods that declare no controller (use --force to override): default/bare"
        in refused.stderr
    )
    done = k("drain", NODE, "--ignore-daemonsets", "--force", "--timeout=20s")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"pod/bare evicted\nnode/{NODE} drained\n")
    assert "ignoring DaemonSet-managed Pods: default/agent-" in done.stderr
    assert rows(k.ok("get", "nodes"))[NODE][0] == "Ready,SchedulingDisabled"
    k.ok("run", "waiting", "--image=nginx")
    k.ok("wait", "pod/waiting", "--for=condition=PodScheduled=False", "--timeout=10s")
    assert (
        "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to "
        "deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    ) in k.ok("describe", "pod", "waiting")
    assert k.ok("logs", "waiting") == ""
    assert k.ok("uncordon", NODE) == f"node/{NODE} uncordoned\n"
    k.ok("wait", "pod/waiting", "--for=condition=Ready", "--timeout=20s")


def test_a_claim_waits_for_its_pod_and_shows_the_volume_it_got(k: Kubectl) -> None:
    assert rows(k.ok("get", "sc"))["standard"][3] == "WaitForFirstConsumer"
    claim = OBJECTS.split("---")[1]
    k.ok("apply", "-f", "-", stdin=claim)
    k.ok("wait", "pvc/data", "--for=jsonpath={.status.phase}=Pending", "--timeout=10s")
    assert "waiting for first consumer to be created before binding" in k.ok("describe", "pvc", "data")
    k.ok("apply", "-f", "-", stdin=OBJECTS.split("---")[2])
    k.ok("wait", "pvc/data", "--for=jsonpath={.status.phase}=Bound", "--timeout=10s")
    name = k.ok("get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}")
    assert "Used By:       bare" in k.ok("describe", "pvc", "data")
    assert f"kubernetes.io/hostname in [{NODE}]" in k.ok("describe", "pv", name)


def test_a_pod_that_its_node_rejects(k: Kubectl) -> None:
    override = f'{{"spec":{{"nodeName":"{NODE}","nodeSelector":{{"disk":"ssd"}}}}}}'
    k.ok("run", "p", "--image=nginx", f"--overrides={override}")
    k.ok("wait", "pod/p", "--for=jsonpath={.status.phase}=Failed", "--timeout=10s")
    assert rows(k.ok("get", "pods"))["p"][1] == "NodeAffinity"
    told = k.ok("describe", "pod", "p")
    text = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    assert f"Message:          Pod was rejected: {text}" in told
    assert told.count(text) == 2
