"""The port as strangers meet it: plain HTTP, garbage, silence, refusals, thousands at once, other clusters' users."""

from __future__ import annotations

import json
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labrunner.sim import process
from labrunner.sim.http.parser import MAX_BODY
from tests.sim.conftest import Kubectl, kubectl_binary

ADVICE = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


def address(running: process.Running) -> tuple[str, int]:
    host, _, port = running.server.removeprefix("https://").rpartition(":")
    return host, int(port)


def context(running: process.Running, identity: process.Running | None = None) -> ssl.SSLContext:
    """Trusts *running*; shows the certificate of the administrator of *identity*."""
    found = ssl.create_default_context(cafile=str(running.kubeconfig.parent / "pki" / "ca.crt"))
    if identity is not None:
        pki = identity.kubeconfig.parent / "pki"
        found.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return found


@pytest.fixture
def tls(sim_server: process.Running) -> Iterator[ssl.SSLSocket]:
    """A connection of the administrator."""
    with socket.create_connection(address(sim_server), timeout=10) as raw:
        yield context(sim_server, sim_server).wrap_socket(raw, server_hostname="127.0.0.1")


def everything(peer: socket.socket) -> bytes:
    found = b""
    while piece := peer.recv(65536):
        found += piece
    return found


@pytest.mark.parametrize("pieces", [
    (b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n",),
    (b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",),
    (b"G", b"ET / HTTP/1.1\r\n\r\n"),
])  # fmt: skip
def test_plain_http_is_told_that_this_is_https(
    sim_server: process.Running, pieces: tuple[bytes, ...]
) -> None:
    with socket.create_connection(address(sim_server), timeout=10) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            peer.sendall(piece)
        assert everything(peer) == ADVICE


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02", b"\x16\x03\x01\xff\xff" + b"a" * 500, b"SSH-2.0-x\r\n", b"\x80" * 9000]
)
def test_garbage_instead_of_tls_ends_that_connection_only(sim_server: process.Running, data: bytes) -> None:
    with socket.create_connection(address(sim_server), timeout=15) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        try:
            assert not everything(peer).startswith(b"HTTP")
        except ConnectionResetError:
            pass
    assert process.status(sim_server.kubeconfig.parent).state == "running"


def test_a_body_beyond_the_limit_is_refused_in_words_the_client_gets_to_see(
    tls: ssl.SSLSocket, kubectl: Kubectl, tmp_path: Path
) -> None:
    head = (
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n"
    )
    tls.sendall(head.format(MAX_BODY + 1).encode())
    for _ in range(4):
        tls.sendall(b" " * 1_000_000)  # it has sent much before it reads
    answer = everything(tls)
    assert answer.startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")
    status = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert status["reason"] == "RequestEntityTooLarge"
    assert status["message"] == "Request entity too large: limit is 3145728"
    (tmp_path / "big").write_bytes(b"x" * 4_000_000)
    done = kubectl("create", "configmap", "too-big", f"--from-file={tmp_path / 'big'}")
    assert done.returncode == 1
    assert "Request entity too large: limit is 3145728" in done.stderr


def test_a_thousand_silent_peers_keep_nobody_out(sim_server: process.Running, tls: ssl.SSLSocket) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1500:
        pytest.skip(f"only {soft} open files are allowed here")
    with ExitStack() as peers:
        for number in range(1000):
            peer = peers.enter_context(socket.create_connection(address(sim_server), timeout=10))
            if number % 2:
                peer.sendall(b"\x16\x03\x01")  # half a handshake
        with socket.create_connection(address(sim_server), timeout=10) as raw:
            late = context(sim_server, sim_server).wrap_socket(raw, server_hostname="127.0.0.1")
            late.sendall(b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert b"+simulated" in everything(late)
        tls.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert everything(tls).endswith(b"ok")


def test_the_users_of_one_cluster_are_nobody_in_another(
    sim_server: process.Running, fresh_server: process.Running, kubectl: Kubectl, tmp_path: Path
) -> None:
    token = kubectl.ok("create", "token", "default").strip()
    other = Kubectl(kubectl_binary(), fresh_server.kubeconfig, tmp_path)
    anonymous = ("--kubeconfig", "/dev/null", "--server", fresh_server.server, "--insecure-skip-tls-verify")
    done = other(*anonymous, "--token", token, "get", "pods")
    assert done.returncode == 1
    assert "error: You must be logged in to the server" in done.stderr
    answered = b""
    with socket.create_connection(address(fresh_server), timeout=10) as raw:
        try:
            peer = context(fresh_server, sim_server).wrap_socket(raw, server_hostname="127.0.0.1")
            peer.sendall(b"GET /api/v1/secrets HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answered = everything(peer)
        except (ssl.SSLError, ConnectionError):
            pass
    assert answered == b""


def test_only_loopback_listens(sim_server: process.Running) -> None:
    port = f"{address(sim_server)[1]:04X}"
    listening = [line.split() for table in ("tcp", "tcp6") if Path(f"/proc/net/{table}").exists()
                 for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]  # fmt: skip
    found = {
        line[1].rpartition(":")[0] for line in listening if line[1].endswith(f":{port}") and line[3] == "0A"
    }
    if not listening:
        pytest.skip("this system has no /proc/net/tcp")
    assert found == {"0100007F"}
