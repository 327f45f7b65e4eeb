"""The verifier on a served Kubernetes API: the simulated cluster, or LABRUNNER_TEST_KUBECONFIG's for one test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from labrunner.content.checks_model import (
    AbsentCheck,
    CanCheck,
    CheckSpec,
    CountCheck,
    JsonPathCheck,
    Matcher,
    ReadyCheck,
    ResourceCheck,
    Target,
)
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckState, CheckStatus

from .fakes import Session, spec

KUBECTL = Path(sys.executable).with_name("kubectl")
PATIENCE = 20.0
"""Seconds that a busy machine gets; tests end as soon as what they wait for happens."""


class Server:
    """A simulated cluster in a folder, that can die and come back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "labrunner.sim", "serve", "--dir", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline())["ready"] is True

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [str(KUBECTL), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "KUBECACHEDIR": str(self.folder / "cache")},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "cluster")
    one.folder.mkdir()
    one.start()
    try:
        yield one
    finally:
        one.kill()


class Watcher:
    """A verifier whose announcements can be awaited."""

    def __init__(self, kubeconfig: Path, workspace: Path) -> None:
        self.session = Session(workspace, namespace="default")
        self.session.kubeconfig = lambda cluster: kubeconfig  # type: ignore[method-assign]
        self.news = asyncio.Event()
        self.changes: list[CheckStatus] = []
        self.verifier = Verifier(self.session, on_change=self._changed)

    def _changed(self, status: CheckStatus) -> None:
        self.changes.append(status)
        self.news.set()

    async def until(self, check_id: str, *states: str) -> CheckStatus:
        return await self.until_it(check_id, lambda status: str(status.state) in states)

    async def until_it(self, check_id: str, holds: Callable[[CheckStatus], bool]) -> CheckStatus:
        deadline = time.monotonic() + PATIENCE
        while not holds(status := self.verifier.status(check_id)):
            self.news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                raise AssertionError(f"{check_id}: {status}")
        return status

    def activate(self, *checks: CheckSpec) -> None:
        self.verifier.activate(checks)


@pytest_asyncio.fixture
async def watcher(server: Server, tmp_path: Path) -> AsyncIterator[Watcher]:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    one = Watcher(server.kubeconfig, workspace)
    yield one
    await one.verifier.close()


async def run(server: Server, *arguments: str, text: str | None = None) -> str:
    return await asyncio.to_thread(server.kubectl, *arguments, text=text)


MAP = Target(kind="ConfigMap", api_version="v1", name="settings")
ON = ResourceCheck(MAP, {"data": {"mode": "on"}})


async def test_checks_turn_as_their_object_changes(server: Server, watcher: Watcher) -> None:
    watcher.activate(
        spec(ON, id="on"),
        spec(AbsentCheck(MAP, baseline="present"), id="gone"),
        spec(CountCheck(Target(kind="ConfigMap", labels="tier=a"), Matcher("equals", 1)), id="count"),
        spec(JsonPathCheck(MAP, "{.data.mode}", Matcher("equals", "on")), id="path"),
    )
    status = await watcher.until_it("on", lambda one: "there is no ConfigMap settings" in one.verdict.summary)
    assert status.state is CheckState.WAITING
    await run(server, "create", "configmap", "settings", "--from-literal=mode=off")
    await watcher.until_it("on", lambda one: "data.mode is off, wanted on" in one.verdict.summary)
    await run(server, "patch", "configmap", "settings", "-p", '{"data": {"mode": "on"}}')
    await watcher.until("on", "pass")
    await watcher.until("path", "pass")
    await run(server, "label", "configmap", "settings", "tier=a")
    await watcher.until("count", "pass")
    assert watcher.verifier.status("gone").state is CheckState.WAITING
    await run(server, "delete", "configmap", "settings")
    await watcher.until("gone", "pass")
    await watcher.until("on", "fail")


async def test_verify_sees_what_was_done_just_before(server: Server, watcher: Watcher) -> None:
    watcher.activate(spec(ON, id="on"))
    for mode, state in (("on", CheckState.PASS), ("off", CheckState.FAIL)) * 3:
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings"},
            "data": {"mode": mode},
        }
        await run(server, "apply", "-f", "-", text=json.dumps(manifest))
        found = await watcher.verifier.verify(["on"], wait=False)
        assert found["on"].state is state


async def test_a_deployment_becomes_ready(server: Server, watcher: Watcher) -> None:
    watcher.activate(spec(ReadyCheck(Target(kind="Deployment", name="web")), id="ready", eventually=60.0))
    await run(server, "create", "deployment", "web", "--image=nginx", "--replicas=2")
    await watcher.until("ready", "pass")
    seen = {one.verdict.summary for one in watcher.changes if one.state is CheckState.WAITING}
    assert any("replica" in summary or "controller" in summary for summary in seen), seen


async def test_permissions_follow_rbac(server: Server, watcher: Watcher) -> None:
    ci = "system:serviceaccount:default:ci"
    watcher.activate(
        spec(CanCheck(ci, "list", "deployments"), id="may", every=30.0, eventually=60.0),
        spec(CanCheck(ci, "delete", "pods", allowed=False), id="may-not", every=30.0),
        spec(CanCheck(ci, "get", "nodes", allowed=False), id="nodes", every=30.0),
        spec(CanCheck("", "create", "pods/exec"), id="me", every=30.0),
    )
    await watcher.until("may-not", "pass")
    await watcher.until("nodes", "pass")
    await watcher.until("me", "pass")
    await watcher.until_it("may", lambda one: "no, wanted yes" in one.verdict.summary)
    await run(server, "create", "role", "reader", "--verb=list", "--resource=deployments")
    await run(server, "create", "rolebinding", "ci", "--role=reader", "--serviceaccount=default:ci")
    await watcher.until("may", "pass")


CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "teapots.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "teapots", "singular": "teapot", "kind": "Teapot"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                        },
                    }
                },
            }
        ],
    },
}


@pytest.mark.parametrize("api_version", ["example.com/v1", ""])
async def test_a_kind_that_is_installed_later_is_noticed(
    server: Server, watcher: Watcher, api_version: str
) -> None:
    teapot = Target(kind="Teapot", api_version=api_version, name="brown")
    watcher.activate(
        spec(ResourceCheck(teapot, {"spec": {"short": True}}), id="teapot"),
        spec(AbsentCheck(teapot), id="absent"),
    )
    status = await watcher.until_it("teapot", lambda one: "knows no kind Teapot" in one.verdict.summary)
    assert status.state is CheckState.WAITING
    await watcher.until("absent", "pass")
    await run(server, "apply", "-f", "-", text=json.dumps(CRD))
    await run(server, "wait", "--for=condition=Established", "crd/teapots.example.com", "--timeout=20s")
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Teapot",
        "metadata": {"name": "brown"},
        "spec": {"short": True, "stout": True},
    }
    await run(server, "apply", "-f", "-", text=json.dumps(body))
    await watcher.until("teapot", "pass")
    await watcher.until("absent", "fail")


async def test_a_killed_cluster_is_an_error_and_its_return_is_noticed(
    server: Server, watcher: Watcher
) -> None:
    await run(server, "create", "configmap", "settings", "--from-literal=mode=on")
    watcher.activate(
        spec(ON, id="on"),
        spec(ResourceCheck(MAP, {"data": {"mode": "off"}}), id="not", negate=True, consistently=0.2),
        spec(CanCheck("eve", "get", "pods", allowed=False), id="can", every=0.2),
    )
    for check_id in ("on", "not", "can"):
        await watcher.until(check_id, "pass")
    server.kill()
    for check_id in ("on", "not", "can"):
        status = await watcher.until(check_id, "error")
        assert "cannot reach the cluster" in status.verdict.summary
    found = await watcher.verifier.verify(["on", "not"], wait=False)
    assert {one.state for one in found.values()} == {CheckState.ERROR}
    server.start()
    for check_id in ("on", "not", "can"):
        await watcher.until(check_id, "pass")


async def test_a_cluster_that_was_away_from_the_start(tmp_path: Path) -> None:
    server = Server(tmp_path / "cluster")
    server.folder.mkdir()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    one = Watcher(server.kubeconfig, workspace)
    try:
        one.activate(spec(AbsentCheck(MAP), id="absent"))
        status = await one.until("absent", "error")
        assert "there is no kubeconfig" in status.verdict.summary
        server.start()
        await one.until("absent", "pass")
    finally:
        await one.verifier.close()
        server.kill()


async def test_closing_and_restarting_are_prompt(server: Server, watcher: Watcher) -> None:
    kinds = ("ConfigMap", "Secret", "Pod", "Service", "Deployment", "Job")
    watcher.activate(*(spec(AbsentCheck(Target(kind=kind, name="x")), id=kind) for kind in kinds))
    for kind in kinds:
        await watcher.until(kind, "pass")
    begun = time.monotonic()
    await watcher.verifier.restart_cluster()
    assert time.monotonic() - begun < 2
    for kind in kinds:
        await watcher.until(kind, "pass")
    begun = time.monotonic()
    await watcher.verifier.close()
    assert time.monotonic() - begun < 2
    left = [
        one.name for one in threading.enumerate() if one.name.startswith("labrunner-watch") and one.is_alive()
    ]
    assert left == []


async def test_a_server_that_answers_nothing_is_unreachable(tmp_path: Path) -> None:
    """It takes connections and says nothing, like a stopped machine behind a load balancer."""
    listener = await asyncio.start_server(lambda _, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
                "users": [{"name": "x", "user": {"token": "t"}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )
    )
    one = Watcher(kubeconfig, tmp_path)
    one.activate(spec(AbsentCheck(MAP), id="absent"))
    status = await one.until("absent", "error")
    assert "does not answer" in status.verdict.summary
    begun = time.monotonic()
    await one.verifier.close()
    assert time.monotonic() - begun < 2
    listener.close()


@pytest.mark.cluster
async def test_on_a_real_api_server(tmp_path: Path) -> None:
    real = os.environ.get("LABRUNNER_TEST_KUBECONFIG")
    if not real:
        pytest.skip("LABRUNNER_TEST_KUBECONFIG names no real API server")
    server = Server(tmp_path)
    server.kubeconfig = Path(shutil.copy(real, tmp_path / "real"))
    one = Watcher(server.kubeconfig, tmp_path)
    name = f"labrunner-test-{os.getpid()}"
    target = Target(kind="ConfigMap", name=name)
    try:
        one.activate(
            spec(ResourceCheck(target, {"data": {"mode": "on"}}), id="on"),
            spec(AbsentCheck(target, baseline="present"), id="gone"),
            spec(CanCheck("system:serviceaccount:default:nobody", "get", "secrets", allowed=False), id="can"),
        )
        await one.until("can", "pass")
        await run(server, "create", "configmap", name, "--from-literal=mode=on")
        await one.until("on", "pass")
        await run(server, "delete", "configmap", name)
        await one.until("gone", "pass")
    finally:
        await one.verifier.close()
