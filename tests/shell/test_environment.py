from __future__ import annotations

import os
from pathlib import Path

from labrunner.shell.environment import LabEnvironment


def lab(tmp_path: Path, inherited: dict[str, str] | None = None, **fields: object) -> LabEnvironment:
    return LabEnvironment(tmp_path / "ws", tmp_path / "st", inherited=inherited or {"PATH": "/bin"}, **fields)  # type: ignore[arg-type]


def test_the_learners_cluster_and_terminal_are_not_inherited(tmp_path: Path) -> None:
    learner = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "KUBECONFIG": "/home/x/.kube/prod",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "HELM_KUBECONTEXT": "prod",
        "HISTFILE": "/home/x/.bash_history",
        "PROMPT_COMMAND": "evil",
        "COLUMNS": "3",
        "EDITOR": "vi",
    }
    environment = lab(tmp_path, learner).process_environment()
    assert (environment["HOME"], environment["EDITOR"]) == ("/home/x", "vi")
    assert environment["KUBECONFIG"] == str(tmp_path / "st/kubeconfig")
    assert environment["HISTFILE"] == str(tmp_path / "st/history")
    assert not {"KUBERNETES_SERVICE_HOST", "HELM_KUBECONTEXT", "PROMPT_COMMAND", "COLUMNS"} & set(environment)


def test_the_labs_own_settings_win(tmp_path: Path) -> None:
    environment = lab(
        tmp_path,
        kubeconfig=Path("/k"),
        variables={"NS": "shop", "KUBECONFIG": "/module"},
        path_prefix=(Path("/a"), Path("/b")),
    ).process_environment()
    assert environment["NS"] == "shop"
    assert environment["KUBECONFIG"] == "/k"
    assert environment["LABRUNNER"] == "1"
    assert environment["TERM"] == "xterm-256color"
    assert environment["PATH"] == os.pathsep.join(("/a", "/b", "/bin"))


def test_a_prefix_is_put_first_once(tmp_path: Path) -> None:
    assert lab(tmp_path, path_prefix=(Path("/a"),)).search_path("/x:/a::/y") == "/a:/x:/y"


def test_the_private_directory_is_private(tmp_path: Path) -> None:
    environment = lab(tmp_path)
    environment.prepare()
    environment.prepare()
    assert environment.state_dir.stat().st_mode & 0o777 == 0o700
    assert environment.workspace.is_dir()
