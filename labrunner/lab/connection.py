"""Wiring a session to a cluster that is up: kubectl, the private environment, shells, the verifier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from labrunner.cluster.driver import ClusterDriver, ClusterError
from labrunner.cluster.kubectl import Kubectl, find_kubectl
from labrunner.content.models import Module
from labrunner.lab.cells import CellRunner
from labrunner.lab.facts import LabFacts
from labrunner.lab.progress import LabProgress
from labrunner.lab.updates import Update
from labrunner.paths import Home, LabFolder
from labrunner.shell.environment import LabEnvironment
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckStatus

if TYPE_CHECKING:
    from labrunner.lab.session import LabSession


async def connect(
    session: LabSession, on_update: Callable[[Update], None], on_check: Callable[[CheckStatus], None]
) -> tuple[CellRunner, Verifier]:
    """The cell runner and the verifier of a session whose cluster is up. Raises ClusterError."""
    kubectl = await asyncio.to_thread(find_kubectl)
    environment = lab_environment(session.module, session.folder, session.cluster.kubeconfig, kubectl)
    environment.prepare()
    if session.module.namespace:
        await ensure_namespace(session.module.namespace, kubectl, environment)
    cells = CellRunner(environment, session.workspace, on_update)
    facts = LabFacts(
        session.module,
        session.folder.workspace,
        lambda: session.progress,
        environment.process_environment,
        lambda: session.cluster.kubeconfig,
        session.cluster.capabilities,
        cells.alive,
        trusted=session.trusted,
    )
    cells.adopt_leftovers()
    await cells.shell()
    return cells, Verifier(facts, on_change=on_check)


def facts_from_outside(
    module: Module, cluster: ClusterDriver, progress: LabProgress, home: Home, *, trusted: bool
) -> LabFacts:
    """What checks need of a lab nobody has connected: its folders and its recorded progress. Raises ClusterError."""
    folder = home.lab(module.id)
    environment = lab_environment(module, folder, cluster.kubeconfig, find_kubectl())
    environment.prepare()
    return LabFacts(
        module,
        folder.workspace,
        lambda: progress,
        environment.process_environment,
        lambda: cluster.kubeconfig,
        cluster.capabilities,
        lambda _: False,
        trusted=trusted,
    )


def lab_environment(module: Module, folder: LabFolder, kubeconfig: Path, kubectl: Kubectl) -> LabEnvironment:
    """What the lab's processes see. The chosen kubectl comes first on PATH, whatever the learner's rc files do."""
    binaries = folder.private / "bin"
    binaries.mkdir(parents=True, exist_ok=True)
    _link(binaries / "kubectl", kubectl.path)
    return LabEnvironment(
        workspace=folder.workspace,
        state_dir=folder.private,
        kubeconfig=kubeconfig,
        variables=dict(module.env),
        path_prefix=(binaries,),
    )


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


async def ensure_namespace(namespace: str, kubectl: Kubectl, environment: LabEnvironment) -> None:
    """Create the module's namespace where it is missing, and make it the lab's default."""
    variables = environment.process_environment()
    found, _ = await _kubectl(kubectl, variables, "get", "namespace", namespace, "-o", "name")
    if found != 0:
        code, said = await _kubectl(kubectl, variables, "create", "namespace", namespace)
        if code != 0:
            raise ClusterError(
                f"the module's namespace {namespace} could not be created: {said}",
                "Check that you may create namespaces on this cluster, or use the simulated one: --cluster sim.",
            )
    await _kubectl(kubectl, variables, "config", "set-context", "--current", f"--namespace={namespace}")


async def _kubectl(kubectl: Kubectl, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(kubectl.path),
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace").strip()
