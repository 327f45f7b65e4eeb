"""The server's process: coming up, going down, being killed, coming back."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labrunner.sim import process

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    found = tmp_path / "cluster"
    yield found
    process.stop(found)


def ask(directory: Path, server: str, method: str, path: str, body: Any = None) -> Any:
    context = ssl.create_default_context(cafile=str(directory / "pki" / "ca.crt"))
    context.load_cert_chain(directory / "pki" / "admin.crt", directory / "pki" / "admin.key")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(server + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, context=context, timeout=10) as answer:
        return json.load(answer)


def kill(pid: int) -> None:
    """Kill a server and wait until it is gone (its parent is this process)."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_start_is_idempotent_and_stop_is_complete(directory: Path) -> None:
    first = process.start(directory)
    assert process.start(directory) == first
    assert process.status(directory) == process.Status("running", first)
    assert process.stop(directory)
    assert process.status(directory).state == "stopped"
    assert not process.stop(directory)


def test_secrets_are_their_owners_alone(directory: Path) -> None:
    running = process.start(directory)
    for path in (running.kubeconfig, directory / "pki" / "ca.key", directory / "pki" / "admin.key",
                 directory / "journal.jsonl"):  # fmt: skip
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    text = running.kubeconfig.read_text()
    assert "current-context: labrunner-simulated" in text
    assert running.server in text


def test_a_killed_server_comes_back_with_everything_it_acknowledged(directory: Path) -> None:
    running = process.start(directory)
    made = ask(directory, running.server, "POST", MAPS, {"metadata": {"name": "kept"}, "data": {"k": "v"}})
    kill(running.pid)
    assert process.status(directory).state == "died"
    again = process.start(directory)
    assert again.server == running.server  # copies of the kubeconfig stay good
    assert ask(directory, again.server, "GET", f"{MAPS}/kept") == made
    later = ask(directory, again.server, "POST", MAPS, {"metadata": {"name": "later"}})
    assert int(later["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_a_server_killed_while_writing_keeps_every_answered_create(directory: Path) -> None:
    running = process.start(directory)
    answered = 0
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(directory), running.server, MAPS], stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(30):
        answered = int(writer.stdout.readline())
    kill(running.pid)
    rest = writer.stdout.read().split()
    writer.wait()
    answered = int(rest[-1]) if rest else answered
    again = process.start(directory)
    names = {i["metadata"]["name"] for i in ask(directory, again.server, "GET", MAPS)["items"]}
    assert {f"w-{n}" for n in range(answered + 1)} <= names


_WRITER = """
import http.client, json, ssl, sys
directory, server, path = sys.argv[1:]
context = ssl.create_default_context(cafile=directory + "/pki/ca.crt")
context.load_cert_chain(directory + "/pki/admin.crt", directory + "/pki/admin.key")
connection = http.client.HTTPSConnection(server.removeprefix("https://"), context=context)
for number in range(100000):
    try:
        connection.request("POST", path, json.dumps({"metadata": {"name": f"w-{number}"}}))
        answer = connection.getresponse()
        answer.read()
    except OSError:
        break
    except http.client.HTTPException:
        break
    assert answer.status == 201
    print(number, flush=True)
"""


def test_a_taken_port_is_said_clearly(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(process.StartError, match=f"port {port} on 127.0.0.1 is taken by another process"):
            process.start(directory, port=port)


def test_the_port_of_last_time_taken_is_no_obstacle(directory: Path) -> None:
    running = process.start(directory)
    process.stop(directory)
    port = int(running.server.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        again = process.start(directory)
        assert again.server != running.server
        assert ask(directory, again.server, "GET", "/version")["gitVersion"].endswith("+simulated")


def test_two_servers_do_not_share_a_directory(directory: Path) -> None:
    process.start(directory)
    command = [sys.executable, "-m", "labrunner.sim", "serve", "--dir", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "another server is already running" in json.loads(done.stdout)["error"]


def test_a_directory_that_cannot_be_used_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises((process.StartError, OSError)):
        process.start(tmp_path / "file")


def test_only_the_clusters_own_certificates_count(directory: Path, tmp_path: Path) -> None:
    running = process.start(directory)
    host, port = running.server.removeprefix("https://").split(":")
    trusting = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection((host, int(port))) as raw:
        trusting.wrap_socket(raw, server_hostname=host)
    from labrunner.sim.http.authority import Authority

    certificate, key = Authority.create("evil").issue_client("kubernetes-admin", ("system:masters",))
    (tmp_path / "evil.pem").write_bytes(certificate + key)
    context = ssl.create_default_context(cafile=str(directory / "pki" / "ca.crt"))
    context.load_cert_chain(tmp_path / "evil.pem")
    with pytest.raises((ssl.SSLError, ConnectionError, urllib.error.URLError)):
        urllib.request.urlopen(f"{running.server}/api", context=context, timeout=5).read()
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"this is neither TLS nor HTTP")
        assert not raw.recv(100).startswith(b"HTTP")
    assert ask(directory, running.server, "GET", "/version")["major"] == "1"


def test_a_running_watch_ends_when_the_server_stops(directory: Path) -> None:
    running = process.start(directory)
    context = ssl.create_default_context(cafile=str(directory / "pki" / "ca.crt"))
    context.load_cert_chain(directory / "pki" / "admin.crt", directory / "pki" / "admin.key")
    with urllib.request.urlopen(f"{running.server}{MAPS}?watch=true", context=context, timeout=10) as watch:
        assert b'"ADDED"' in watch.readline()
        assert process.stop(directory)
        watch.read()
