"""Steering a simulated cluster: snapshots and inventory, over its control endpoints with the administrator's certificate."""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from labrunner.cluster.driver import ClusterError

PREFIX = "/simulated/v1"
SECONDS = 10.0


class NotThereError(Exception):
    """There is no snapshot, or no set of kinds, of that name; the message is the cluster's."""


def save_snapshot(kubeconfig: Path, name: str) -> None:
    """Keep the cluster's present state. Raises ClusterError."""
    _ask(kubeconfig, "PUT", f"/snapshots/{quote(name)}")


def restore_snapshot(kubeconfig: Path, name: str) -> None:
    """Go back to a snapshot; watchers see the differences as changes. Raises ClusterError, NotThereError."""
    _ask(kubeconfig, "POST", f"/snapshots/{quote(name)}/restore")


def object_keys(kubeconfig: Path) -> frozenset[str]:
    """`resource/namespace/name` of everything in the cluster. Raises ClusterError."""
    return frozenset(_ask(kubeconfig, "GET", "/objects")["objects"])


def install_kinds(kubeconfig: Path, name: str) -> str:
    """Serve a ready set of custom kinds, such as `istio`; its version. Raises ClusterError, NotThereError."""
    return str(_ask(kubeconfig, "PUT", f"/kinds/{quote(name)}")["version"])


def _ask(kubeconfig: Path, method: str, path: str) -> Any:
    try:
        server, context = _administrator(kubeconfig)
        address = urlsplit(server)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=SECONDS, context=context
        )
        try:
            connection.request(method, PREFIX + path)
            response = connection.getresponse()
            body = json.loads(response.read())
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        raise ClusterError(
            f"the simulated cluster does not answer: {error}",
            "Restart it: press R in the lab, or run the lab again.",
        ) from error
    if response.status == http.client.NOT_FOUND:
        raise NotThereError(body.get("message", path))
    if response.status >= http.client.BAD_REQUEST:
        raise ClusterError(
            f"the simulated cluster refused: {body.get('message', response.status)}",
            f"See server.log in {kubeconfig.parent}.",
        )
    return body


def _administrator(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    """The server's address and a TLS context that is its administrator, from its own kubeconfig."""
    config = yaml.load(kubeconfig.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    # The ssl module reads a client's certificate and key from files only.
    with tempfile.NamedTemporaryFile(suffix=".pem") as pair:
        pair.write(b64decode(user["client-certificate-data"]) + b"\n" + b64decode(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return cluster["server"], context
