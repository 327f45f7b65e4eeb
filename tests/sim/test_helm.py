"""The life of a chart, with real helm: what it waits for, reads back, upgrades, refuses and leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import process
from tests.sim import helm as helms
from tests.sim.conftest import Kubectl

Names = set[str]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=sorted(helms.LAYERS, reverse=True))
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return helms.binary(request.param, tmp_path_factory.mktemp("helm"))


@pytest.fixture
def helm(program: Path, sim_server: process.Running, tmp_path: Path) -> helms.Helm:
    return helms.Helm(program, sim_server.kubeconfig, tmp_path)


@pytest.fixture
def space(kubectl: Kubectl, program: Path, request: pytest.FixtureRequest) -> str:
    """A namespace for one test with one helm."""
    name = f"{program.name}-{request.node.originalname.replace('_', '-').removeprefix('test-')}"[:50].strip(
        "-"
    )
    kubectl.ok("create", "namespace", name)
    return name


@pytest.fixture
def group(space: str) -> str:
    return f"{space}.example.org"


@pytest.fixture
def chart(tmp_path: Path, group: str) -> str:
    return str(helms.chart(tmp_path, group))


@pytest.fixture
def look(kubectl: Kubectl, space: str) -> Callable[..., Any]:
    """Objects of the test's namespace, as JSON."""
    return lambda *what: json.loads(kubectl.ok("get", "-n", space, *what, "-o", "json"))


def names(found: Any) -> Names:
    return {item["metadata"]["name"] for item in found["items"]} - {"kube-root-ca.crt", "default"}


def revisions(helm: helms.Helm, space: str) -> list[tuple[int, str]]:
    history = json.loads(helm.ok("history", "shop", "-n", space, "-o", "json"))
    return [(entry["revision"], entry["status"]) for entry in history]


def test_a_release_from_install_to_uninstall(
    helm: helms.Helm, kubectl: Kubectl, chart: str, space: str, group: str, look: Callable[..., Any]
) -> None:
    here = ("-n", space)
    said = helm.ok("install", "shop", chart, *here, "--wait", "--timeout", "60s")
    assert "STATUS: deployed" in said
    assert "shop greets with hello" in said
    assert look("deployment", "shop-web")["status"]["readyReplicas"] == 2  # --wait has waited
    assert look("job", "shop-migrate")["status"]["succeeded"] == 1  # and for the hook
    assert look(f"shops.{group}", "shop")["spec"] == {"size": 2}  # the crds folder came first
    first = names(look("secret"))
    assert first == {"shop-first", "sh.helm.release.v1.shop.v1"}

    assert '"greeting": "hello"' in json.dumps(
        json.loads(helm.ok("get", "values", "shop", *here, "--all", "-o", "json"))
    )
    assert "kind: Deployment" in helm.ok("get", "manifest", "shop", *here)
    assert [r["name"] for r in json.loads(helm.ok("list", *here, "-o", "json"))] == ["shop"]
    assert "Phase:          Succeeded" in helm.ok("test", "shop", *here)

    changed = ("--set", "replicas=3,second=true,greeting=bye")
    said = helm.ok("upgrade", "shop", chart, *here, *changed, "--wait", "--timeout", "60s")
    assert "REVISION: 2" in said
    assert look("deployment", "shop-web")["status"]["readyReplicas"] == 3
    assert look("configmap", "shop-settings")["data"] == {"greeting": "bye"}
    assert names(look("configmap")) == {"shop-settings", "shop-second"}
    assert "shop-first" not in names(look("secret"))
    assert json.loads(helm.ok("get", "values", "shop", *here, "-o", "json"))["replicas"] == 3

    helm.ok("rollback", "shop", "1", *here, "--wait", "--timeout", "60s")
    assert revisions(helm, space) == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    assert look("deployment", "shop-web")["spec"]["replicas"] == 2
    assert look("configmap", "shop-settings")["data"] == {"greeting": "hello"}
    assert names(look("configmap")) == {"shop-settings"}
    assert "shop-first" in names(look("secret"))
    assert json.loads(helm.ok("status", "shop", *here, "-o", "json"))["info"]["status"] == "deployed"

    assert 'release "shop" uninstalled' in helm.ok("uninstall", "shop", *here, "--wait")
    for what in ("deployment", "service", "secret", "configmap", "role", "rolebinding", f"shops.{group}"):
        assert names(look(what)) == set(), what
    assert names(look("job")) == {"shop-migrate"}  # a hook without that policy stays; the farewell went
    assert kubectl("get", "crd", f"shops.{group}").returncode == 0  # helm never removes these
    done = helm("status", "shop", *here)
    assert done.returncode == 1
    assert "release: not found" in done.stderr


def test_what_fails_is_kept_in_the_history_and_can_be_rolled_back(
    helm: helms.Helm, chart: str, space: str, look: Callable[..., Any]
) -> None:
    here = ("-n", space)
    helm.ok("install", "shop", chart, *here, "--wait", "--timeout", "60s")
    done = helm("upgrade", "shop", chart, *here, "--set", "port=70000")
    assert done.returncode == 1
    assert "UPGRADE FAILED" in done.stderr
    assert 'Service "shop-web" is invalid: spec.ports[0].port: Invalid value: 70000: ' in done.stderr
    assert "must be between 1 and 65535, inclusive" in done.stderr
    assert revisions(helm, space) == [(1, "deployed"), (2, "failed")]

    done = helm("upgrade", "shop", chart, *here, "--set", "image=Not_An_Image", "--wait", "--timeout", "2s")
    assert done.returncode == 1
    assert "deadline exceeded" in done.stderr
    pods = look("pods", "-l", "app=shop")["items"]
    assert sum(pod["status"]["phase"] == "Running" for pod in pods) == 2  # the old ones carry on

    done = helm("upgrade", "shop", chart, *here, "--set", "replicas=30")  # the custom resource allows 9
    assert done.returncode == 1
    assert "spec.size: Invalid value: 30: spec.size in body should be less than or equal to 9" in done.stderr

    helm.ok("rollback", "shop", "1", *here, "--wait", "--timeout", "60s")
    assert revisions(helm, space)[-1] == (5, "deployed")
    web = look("deployment", "shop-web")
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.27"
    assert web["status"]["updatedReplicas"] == web["status"]["readyReplicas"] == 2


def test_a_failing_test_pod_and_a_taken_name_are_errors(
    helm: helms.Helm, chart: str, space: str, look: Callable[..., Any]
) -> None:
    here = ("-n", space)
    helm.ok("install", "shop", chart, *here, "--set", "probeExit=3")
    done = helm("test", "shop", *here, "--timeout", "30s")
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert look("pod", "shop-probe")["status"]["phase"] == "Failed"
    done = helm("install", "shop", chart, *here)
    assert done.returncode == 1
    assert "name that is still in use" in done.stderr


def test_a_dry_run_on_the_server_changes_nothing(
    helm: helms.Helm, kubectl: Kubectl, chart: str, space: str, look: Callable[..., Any]
) -> None:
    here = ("-n", space)
    done = helm("install", "shop", chart, *here, "--dry-run=server")
    assert "ensure CRDs are installed first" in done.stderr  # it asks the server what it knows
    kubectl.ok("apply", "-f", f"{chart}/crds")
    assert "kind: Deployment" in helm.ok("install", "shop", chart, *here, "--dry-run=server")
    said = helm.ok("template", "shop", chart, *here, "--validate", "--show-only", "templates/service.yaml")
    assert "name: shop-web" in said
    for what in ("deployment", "service", "configmap", "secret", "job", "role"):
        assert names(look(what)) == set(), what
