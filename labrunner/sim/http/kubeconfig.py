"""The kubeconfig of the simulated cluster's administrator."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

from labrunner.sim.http.files import write_private
from labrunner.sim.http.tls import Pki

CONTEXT: Final = "labrunner-simulated"
USER: Final = "labrunner-simulated-admin"


def write(path: Path, server: str, pki: Pki | None) -> None:
    """Write it, mode 0600. *server* is the API's URL; *pki* is None when that is plain HTTP (benchmarks)."""
    cluster, user = f"    server: {server}\n", "  user: {}\n"
    if pki is not None:
        cluster = f"    certificate-authority-data: {_encoded(pki.ca)}\n{cluster}"
        user = (
            f"  user:\n    client-certificate-data: {_encoded(pki.admin)}\n"
            f"    client-key-data: {_encoded(pki.admin_key)}\n"
        )
    text = (
        "# A simulated Kubernetes cluster of labrunner: no container runs here.\n"
        "apiVersion: v1\nkind: Config\n"
        f"current-context: {CONTEXT}\n"
        f"clusters:\n- name: {CONTEXT}\n  cluster:\n{cluster}"
        f"contexts:\n- name: {CONTEXT}\n  context:\n    cluster: {CONTEXT}\n    user: {USER}\n"
        f"users:\n- name: {USER}\n{user}"
        "preferences: {}\n"
    )
    write_private(path, text.encode())


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
