"""Checks as authors write them, from YAML through the loader to verdicts on a served cluster."""

from __future__ import annotations

import json
from pathlib import Path

from labrunner.content.loading import load_module
from labrunner.content.models import Module
from labrunner.verify.context import CellOutcome
from labrunner.verify.verdict import CheckState

from .test_live import Server, Watcher, run, server, watcher

__all__ = ["server", "watcher"]

MODULE = """\
---
lab: 1
id: shop
title: Shop
summary: A shop.
level: beginner
duration: 5m
objectives: [anything]
---
# Build
## Do it
<!-- step: {id: do, checks: [%s]} -->
Do it.

```bash {id=apply}
echo
```
"""

CHECKS = """\
lab: 1
defaults: {eventually: 30s, every: 200ms}
checks:
  resource:
    resource:
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: {between: [2, 3]}
        template:
          spec:
            containers:
              - {name: web, image: {matches: "^nginx"}, resources: {limits: {cpu: 0.5, memory: 1024Mi}}}
    message: "replicas is {{actual.spec.replicas}}"
  by-labels:
    resource: {kind: Deployment, metadata: {labels: {app: web}}, spec: {replicas: 2}, quantifier: all}
    message: no
  ready:
    ready: deploy/web
    message: no
  available:
    wait: {on: deploy/web, for: condition=Available}
    message: no
  phase:
    wait: {on: deploy/web, for: "jsonpath={.status.readyReplicas}=2"}
    message: no
  path:
    jsonpath: {on: deploy/web, path: '{.status.conditions[?(@.type=="Available")].status}', equals: "True"}
    message: no
  names:
    jsonpath: {kind: Pod, labels: {app: web}, path: "{.items[*].metadata.name}", len: 2}
    message: no
  count:
    count: {kind: Pod, labels: "app in (web)", where: {status.phase: Running}, equals: 2}
    message: no
  can:
    can: {as: "system:serviceaccount:default:ci", verb: list, resource: pods}
    message: no
  cannot:
    can: {as: "system:serviceaccount:default:ci", verb: delete, resource: pods, allowed: false}
    message: no
  command:
    command: {run: kubectl get deploy web -o json, json: {spec: {replicas: 2}}}
    message: no
  event:
    event: {on: deploy/web, reason: ScalingReplicaSet, contains: "Scaled up", since: step}
    message: no
  event-of-pods:
    event: {kind: Pod, labels: {app: web}, reason: Scheduled, count: {ge: 2}}
    message: no
  script:
    script: {path: files/verify.sh, args: ["2"]}
    message: no
  file:
    file: {path: web.json, json: {kind: Deployment}}
    message: no
  cell:
    cell: {id: apply, exit: 0, output: {contains: created}}
    message: no
  group:
    all:
      - ready: deploy/web
      - not: {resource: {kind: Deployment, metadata: {name: web}, spec: {replicas: 7}}}
    message: no
  answer:
    answer: {prompt: How many?, command: "kubectl get deploy web -o jsonpath='{.spec.replicas}'"}
    message: no
"""

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {"name": "side", "image": "busybox", "command": ["sleep", "infinity"]},
                    {
                        "name": "web",
                        "image": "nginx:1",
                        "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
                    },
                ]
            },
        },
    },
}


def authored(folder: Path) -> Module:
    """The module above, loaded without a single problem that is an error."""
    (folder / "modules" / "shop").mkdir(parents=True)
    (folder / "checks").mkdir()
    (folder / "modules" / "shop" / "files").mkdir()
    (folder / "modules" / "shop" / "files" / "verify.sh").write_text(
        '[ "$(kubectl get deploy web -o jsonpath=\'{.spec.replicas}\')" = "$1" ] || { echo FAIL: too few; exit 1; }\n'
    )
    (folder / "checks" / "shop.yaml").write_text(CHECKS)
    ids = [line.strip()[:-1] for line in CHECKS.splitlines() if line.startswith("  ") and line[2] != " "]
    (folder / "modules" / "shop" / "module.md").write_text(MODULE % ", ".join(ids))
    loaded = load_module(folder / "modules" / "shop")
    assert loaded.module is not None, [str(one) for one in loaded.problems]
    assert [str(one) for one in loaded.problems if one.severity == "error"] == []
    assert set(loaded.module.checks) == set(ids)
    return loaded.module


async def test_every_kind_is_red_before_and_green_after(
    server: Server, watcher: Watcher, tmp_path: Path
) -> None:
    module = authored(tmp_path / "pack")
    checks = list(module.checks.values())
    watcher.session.kubeconfig_file = server.kubeconfig
    watcher.activate(*checks)
    before = await watcher.verifier.verify(module.checks, wait=False)
    passing = {one for one, status in before.items() if status.state is CheckState.PASS}
    assert passing == {"cannot"}
    assert not [status for status in before.values() if status.state is CheckState.ERROR]

    (watcher.session.workspace / "web.json").write_text(json.dumps(WEB))
    await run(server, "apply", "-f", str(watcher.session.workspace / "web.json"))
    await run(server, "create", "role", "reader", "--verb=list", "--resource=pods")
    await run(server, "create", "rolebinding", "ci", "--role=reader", "--serviceaccount=default:ci")
    watcher.session.cells["apply"] = CellOutcome(ran=True, exit_code=0, output="deployment created")
    watcher.session.answers["answer"] = "2"
    watcher.verifier.notify("cell")
    after = await watcher.verifier.verify(module.checks, wait=True)
    red = {one: status.verdict for one, status in after.items() if status.state is not CheckState.PASS}
    assert red == {}
