"""Running a session's commands on a cluster, in a HOME of their own."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from labrunner.fidelity.sessions import Answer, Session

TIME_LIMIT = 100.0
"""Seconds a command may take: a rollout on a busy real cluster needs most of a minute."""
ENDLESS = {"proxy": 5.0, "port-forward": 5.0, "attach": 5.0}
"""Commands that only end when they fail; their limit in seconds."""


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster to replay on, and the names that stand for themselves in no comparison."""

    title: str
    kubectl: Path
    environment: dict[str, str]
    nodes: tuple[str, ...]
    worker: str
    server: str


def connect(title: str, kubectl: Path, kubeconfig: Path, home: Path) -> Target:
    """The cluster of *kubeconfig*, asked for its nodes and address. *home* takes what kubectl caches."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "HOME": str(home),
        "KUBECACHEDIR": str(home / "cache"),
        "TZ": "UTC",
        "LANG": "C",
        "LC_ALL": "C",
    }

    def ask(*arguments: str) -> str:
        return _kubectl(kubectl, arguments, environment, home).stdout.strip()

    nodes = tuple(ask("get", "nodes", "-o", "name").replace("node/", "").split())
    workers = ask("get", "nodes", "-l", "!node-role.kubernetes.io/control-plane", "-o", "name")
    server = ask("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    worker = next(iter(workers.replace("node/", "").split() or nodes), "no-node")
    return Target(title, kubectl, environment, nodes, worker, server)


def replay(session: Session, target: Target) -> Iterator[Answer]:
    """The answer to each command, in order, as it comes."""
    for command in session.commands:
        words = shlex.split(command.replace("@NODE@", target.worker).replace("@SERVER@", target.server))
        yield _kubectl(target.kubectl, words[1:], target.environment, session.folder)


def _kubectl(kubectl: Path, arguments: Sequence[str], environment: dict[str, str], folder: Path) -> Answer:
    limit = ENDLESS.get(arguments[0], TIME_LIMIT) if arguments else TIME_LIMIT
    try:
        done = subprocess.run(
            [str(kubectl), *arguments],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Answer(None, _text(late.stdout), _text(late.stderr))
    return Answer(done.returncode, _text(done.stdout), _text(done.stderr))


def _text(output: bytes | None) -> str:
    return (output or b"").decode(errors="replace")
