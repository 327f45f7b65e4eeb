"""The modules we ship: they lint clean, qualify on the simulated cluster, and teach with questions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labrunner.authoring.lint import lint
from labrunner.cluster.kubectl import find_kubectl
from labrunner.content.models import Module
from labrunner.content.pack import builtin_pack_path, open_pack
from labrunner.sim import process

SHIPPED = ("first-workload", "rbac-least-privilege", "mesh-mtls-config")
MESH_CRDS = Path("/work/shared/crds/istio-1.30.3.yaml")
REFUSED = {"typo-file", "ports-file"}
"""Manifests of mesh-mtls-config that an API server has to refuse: the lesson is the refusal."""


def loaded(module_id: str) -> Module:
    module = open_pack(builtin_pack_path()).load(module_id).module
    assert module is not None
    return module


def test_the_pack_holds_the_shipped_modules() -> None:
    assert {entry.id for entry in open_pack(builtin_pack_path()).catalogue()} >= set(SHIPPED)


def test_lint_has_nothing_to_say() -> None:
    report = lint([builtin_pack_path()])
    assert report.modules >= len(SHIPPED)
    assert list(report.problems) == []


@pytest.mark.parametrize("module_id", SHIPPED)
def test_teaches_by_asking(module_id: str) -> None:
    module = loaded(module_id)
    kinds = [question.kind for question in module.questions.values()]
    predictions = [question for question in module.questions.values() if question.kind == "predict"]
    assert len(predictions) >= 2
    assert all(question.cell for question in predictions), "a prediction belongs before a cell"
    assert len(kinds) - len(predictions) >= 3
    assert len(set(kinds)) >= 5, "kinds of questions should vary"
    for question in module.questions.values():
        assert all(option.why for option in question.options), question.id


@pytest.mark.parametrize("module_id", SHIPPED)
def test_has_a_challenge_with_a_hidden_solution(module_id: str) -> None:
    module = loaded(module_id)
    challenges = [step for step in module.steps if step.kind == "challenge"]
    assert challenges
    for step in challenges:
        assert step.checks
        assert step.hints
        assert module.lifecycle_cells("solve", step.id)
        assert not [cell for cell in step.visible_cells if cell.runnable]


@pytest.mark.parametrize("module_id", SHIPPED)
def test_every_check_helps(module_id: str) -> None:
    for check in loaded(module_id).checks.values():
        assert check.title, check.id
        assert check.message, check.id
        assert check.hints, check.id


@pytest.mark.parametrize("module_id", SHIPPED)
def test_commands_fit_a_narrow_terminal(module_id: str) -> None:
    for cell in loaded(module_id).cells():
        for line in cell.source.splitlines():
            assert len(line) <= 76, f"{cell.id}: {line}"


@pytest.mark.slow
@pytest.mark.parametrize("client", ["on-path", "bundled"])
def test_all_qualify_on_the_simulated_cluster(client: str, tmp_path: Path) -> None:
    search_path = os.environ["PATH"]
    if client == "bundled":
        search_path = os.pathsep.join([str(Path(sys.executable).parent), search_path])
    done = subprocess.run(
        [sys.executable, "-c", "from labrunner.cli import main; raise SystemExit(main())", "test"],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "PATH": search_path, "HOME": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def istio_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment for kubectl on a cluster that has the CRDs of Istio itself."""
    if not MESH_CRDS.exists():
        pytest.skip("the CRDs of Istio are not on this machine")
    folder = tmp_path_factory.mktemp("istio")
    running = process.start(folder)
    environment = {**os.environ, "KUBECONFIG": str(running.kubeconfig), "KUBECACHEDIR": str(folder / "cache")}
    try:
        for arguments in (
            ["create", "-f", str(MESH_CRDS)],
            ["wait", "--for=condition=Established", "--timeout=20s", "crd", "--all"],
            ["create", "namespace", "store"],
            ["create", "namespace", "istio-system"],
        ):
            done = _kubectl(environment, *arguments)
            assert done.returncode == 0, done.stderr
        yield environment
    finally:
        process.stop(folder)


def test_mesh_manifests_are_valid_istio(istio_api: dict[str, str]) -> None:
    written = [
        cell for cell in loaded("mesh-mtls-config").cells() if cell.file and "istio.io/" in cell.source
    ]
    assert len(written) >= 8
    for cell in written:
        done = _kubectl(
            istio_api, "create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=cell.source
        )
        assert (done.returncode != 0) == (cell.id in REFUSED), f"{cell.id}: {done.stdout}{done.stderr}"


def _kubectl(
    environment: dict[str, str], *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(find_kubectl().path), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
