"""logs, exec, http, tcp and dns on a real node (shared/realcluster: images with busybox only)."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from labrunner.content.checks_model import (
    DnsCheck,
    Endpoint,
    EventCheck,
    ExecCheck,
    HttpCheck,
    LogsCheck,
    Matcher,
    Share,
    Split,
    Target,
    TcpCheck,
)
from labrunner.content.requirements import REAL

from .fakes import spec
from .test_live import Server, Watcher, run

pytestmark = pytest.mark.cluster

NAMESPACE = f"labrunner-test-{os.getpid()}"
WEB = Target("Deployment", name="web")
LABELS = {"app": "web"}


def deployment(name: str, image: str, replicas: int) -> str:
    labels = {**LABELS, "version": name}
    container = {"name": "web", "image": f"labrunner.test/web:{image}"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return json.dumps(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}
    )


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[Watcher]:
    kubeconfig = os.environ.get("LABRUNNER_TEST_KUBECONFIG")
    if not kubeconfig:
        pytest.skip("LABRUNNER_TEST_KUBECONFIG names no real API server")
    server = Server(tmp_path)
    server.kubeconfig = Path(kubeconfig)
    one = Watcher(server.kubeconfig, tmp_path)
    one.session.namespace, one.session.capabilities = NAMESPACE, REAL
    await run(server, "create", "namespace", NAMESPACE)
    try:
        for name, image, replicas in (("web", "1", 3), ("web2", "2", 1)):
            await run(server, "-n", NAMESPACE, "apply", "-f", "-", text=deployment(name, image, replicas))
        await run(server, "-n", NAMESPACE, "create", "service", "clusterip", "web", "--tcp=80:80")
        await run(server, "-n", NAMESPACE, "expose", "deployment", "web2", "--name=second", "--port=80")
        for name in ("web", "web2"):
            await run(server, "-n", NAMESPACE, "rollout", "status", f"deploy/{name}", "--timeout=120s")
        yield one
    finally:
        await one.verifier.close()
        await run(server, "delete", "namespace", NAMESPACE, "--wait=false")


def split(*shares: float) -> Split:
    return Split(
        "body", tuple(Share(f"v{n}", one, Matcher("contains", f"v{n}")) for n, one in enumerate(shares, 1))
    )


CHECKS = {
    "exec": (ExecCheck(WEB, ("sh", "-c", "echo hi; exit 3"), exit=Matcher("equals", 3)), "pass"),
    "exec-wrong": (ExecCheck(WEB, ("false",)), "fail"),
    "no-program": (ExecCheck(WEB, ("nosuch",)), "error"),
    "no-program-in-sh": (ExecCheck(WEB, ("sh", "-c", "nosuch")), "error"),
    "no-container": (ExecCheck(WEB, ("true",), container="x"), "error"),
    "no-pod": (ExecCheck(Target("Pod", name="x"), ("true",)), "fail"),
    "logs": (LogsCheck(WEB, Matcher("exists", True)), "pass"),
    "no-earlier-logs": (LogsCheck(WEB, Matcher("exists", True), previous=True), "fail"),
    "forward": (
        HttpCheck("/", Endpoint(Target("Service", name="second"), "80"), text=Matcher("contains", "v2")),
        "pass",
    ),
    "forward-refused": (HttpCheck("/", Endpoint(WEB, "81"), fails="refused"), "pass"),
    "from-pod": (HttpCheck("http://second/", source=WEB, text=Matcher("contains", "v2")), "pass"),
    "missing-page": (HttpCheck("http://second/none", source=WEB, status=Matcher("equals", 404)), "pass"),
    "unknown-name": (HttpCheck("http://none/", source=WEB, fails="name"), "pass"),
    "fair": (HttpCheck("http://web/", source=WEB, repeat=200, split=split(0.75, 0.25)), "pass"),
    "unfair": (HttpCheck("http://web/", source=WEB, repeat=200, split=split(0.25, 0.75)), "fail"),
    "tcp": (TcpCheck("second", 80, WEB), "pass"),
    "tcp-refused": (TcpCheck("127.0.0.1", 81, WEB, fails="refused"), "pass"),
    "dns": (DnsCheck("second", WEB), "pass"),
    "dns-unknown": (DnsCheck("none", WEB), "fail"),
    "event": (EventCheck(Target("Pod", labels="app=web"), reason=Matcher("equals", "Started")), "pass"),
}


async def test_every_verdict_on_a_real_node(real: Watcher) -> None:
    server = Server(real.session.workspace)
    server.kubeconfig = Path(os.environ["LABRUNNER_TEST_KUBECONFIG"])
    patch = '{"spec": {"selector": {"app": "web", "version": null}}}'
    await run(server, "-n", NAMESPACE, "patch", "service", "web", "-p", patch)
    real.activate(
        *(spec(check, id=name, eventually=0.0, timeout=60.0) for name, (check, _) in CHECKS.items())
    )
    found = await real.verifier.verify(CHECKS, wait=True)
    verdicts = {name: (str(status.state), status.verdict.summary) for name, status in found.items()}
    assert {name: state for name, (state, _) in verdicts.items()} == {
        name: state for name, (_, state) in CHECKS.items()
    }, verdicts
