"""The private environment of a lab: what its shells, checks and background cells see, and nothing of the learner's cluster.

`LabEnvironment` is a description; `LabEnvironment.process_environment()` is the mapping to start a process with, and
`LabEnvironment.exported()` the part that must be set again after the learner's own rc file has run (rc files often
export KUBECONFIG or rebuild PATH).

KUBECONFIG is always set: without it kubectl would fall back to ~/.kube/config, which may be a production cluster.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

KUBECONFIG = "KUBECONFIG"

# Variables that would lead a tool to the learner's cluster, or that describe the terminal labrunner itself runs in.
_NOT_INHERITED = frozenset(
    {
        "BASH_ENV",
        "COLUMNS",
        "ENV",
        "HISTCMD",
        "HISTFILE",
        "KUBECACHEDIR",
        "KUBECONFIG",
        "KUBERNETES_MASTER",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
        "LINES",
        "PROMPT_COMMAND",
        "PS0",
        "PS1",
        "PS2",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "TMUX",
        "STY",
        "WINDOWID",
    }
)
_NOT_INHERITED_PREFIXES = ("HELM_KUBE", "TEXTUAL", "VSCODE_", "BASH_FUNC___labrunner")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")


def _no_variables() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class LabEnvironment:
    """Where a lab lives on this machine and what its processes see.

    `workspace`: the directory the learner works in. `state_dir`: private to the lab (history, rc files, logs), 0700.
    `kubeconfig`: the lab's own; None means a path that does not exist yet, so that kubectl finds no cluster at all.
    `variables`: the module's `env`, its variants and captured values. `path_prefix`: directories put first on PATH.
    `inherited`: the environment to start from, the learner's by default.
    """

    workspace: Path
    state_dir: Path
    kubeconfig: Path | None = None
    variables: Mapping[str, str] = field(default_factory=_no_variables)
    path_prefix: tuple[Path, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def history_file(self) -> Path:
        """The lab's own shell history; the learner's is never read or written."""
        return self.state_dir / "history"

    def exported(self) -> dict[str, str]:
        """Variables the lab insists on, in every shell, after the learner's rc file."""
        return {
            **self.variables,
            "KUBECONFIG": str(self.kubeconfig or self.state_dir / "kubeconfig"),
            "KUBECACHEDIR": str(self.state_dir / "kubecache"),
            "HISTFILE": str(self.history_file),
            "LABRUNNER": "1",
            "LABRUNNER_WORKSPACE": str(self.workspace),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            # The workspace lies deep: bash shows the last two folders in its prompt instead of half a line of path.
            "PROMPT_DIRTRIM": "2",
        }

    def search_path(self, current: str) -> str:
        """`current` (a PATH) with the lab's directories first and nowhere else."""
        first = [str(directory) for directory in self.path_prefix]
        rest = [entry for entry in current.split(os.pathsep) if entry and entry not in first]
        return os.pathsep.join([*first, *rest])

    def process_environment(self) -> dict[str, str]:
        """A complete environment for a process of the lab."""
        environment = {name: value for name, value in self.inherited.items() if _is_inherited(name)}
        environment["PATH"] = self.search_path(environment.get("PATH", os.defpath))
        if sys.platform == "linux" and not any(environment.get(name) for name in _LOCALE_VARIABLES):
            # In a bare container the C locale would make the line editor count bytes instead of characters.
            environment["LC_CTYPE"] = "C.UTF-8"
        return environment | self.exported()

    def prepare(self) -> None:
        """Create the workspace and the private directory. Raises OSError."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)


def _is_inherited(name: str) -> bool:
    return name not in _NOT_INHERITED and not name.startswith(_NOT_INHERITED_PREFIXES)
