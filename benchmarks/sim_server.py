"""The simulated cluster's server, measured from outside: every figure beside its limit, as a ratio (1.00 is the limit).

    python benchmarks/sim_server.py [--seconds N]

A ratio above 1 means that the limit is kept, for times and memory (limit / measured) as for rates (measured / limit).
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import selectors
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 0.3
MEMORY_MB = 60.0
GETS = 7000.0
CREATES = 2500.0
FAN_OUT_SECONDS = 0.010
WATCHERS = 50
OBJECTS = 500
CONNECTIONS = 8


@dataclass
class Served:
    """A running server."""

    pid: int
    address: tuple[str, int]
    context: ssl.SSLContext | None
    ready: float
    token: str


@contextmanager
def serve(directory: Path, *, plain: bool) -> Iterator[Served]:
    """A server process; ``ready`` is the time from spawn to its line of JSON."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "labrunner.sim", "serve", "--dir", str(directory)]
    child = subprocess.Popen([*command, *(["--plain"] if plain else [])], stdout=subprocess.PIPE)
    assert child.stdout is not None
    line = json.loads(child.stdout.readline())
    ready = time.perf_counter() - began
    host, port = re.match(r"https?://(.*):(\d+)", line["server"]).groups()  # type: ignore[union-attr]
    try:
        token = (directory / "admin.token").read_text() if plain else ""
        yield Served(child.pid, (host, int(port)), None if plain else _context(directory), ready, token)
    finally:
        child.terminate()
        child.wait()


def _context(directory: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(directory / "pki" / "ca.crt"))
    context.load_cert_chain(directory / "pki" / "admin.crt", directory / "pki" / "admin.key")
    return context


class Client:
    """A keep-alive connection that knows as much HTTP as is needed here."""

    def __init__(self, served: Served) -> None:
        self.socket: socket.socket = socket.create_connection(served.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if served.context is not None:
            self.socket = served.context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.credentials = f"Authorization: Bearer {served.token}\r\n" if served.token else ""

    def send(self, method: str, path: str, body: bytes = b"", accept: str = "application/json") -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n{self.credentials}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)

    def receive(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.socket.recv(262144)
            if not piece:
                raise ConnectionError(data)
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
        while len(rest) < length:
            rest += self.socket.recv(262144)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(head + rest)
        return rest

    def ask(self, method: str, path: str, body: bytes = b"", accept: str = "application/json") -> bytes:
        self.send(method, path, body, accept)
        return self.receive()


def config_map(name: str) -> bytes:
    """A body to create."""
    data = {"motd": "x" * 200, "mode": "bench"}
    return json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    ).encode()


MAPS = "/api/v1/namespaces/default/configmaps"


def rate(served: Served, seconds: float, method: str, prefix: str) -> float:
    """Requests a second over a few keep-alive connections with one request under way on each."""
    clients = [Client(served) for _ in range(CONNECTIONS)]
    chooser = selectors.DefaultSelector()
    count = 0

    def next_request(client: Client) -> None:
        nonlocal count
        count += 1
        if method == "GET":
            client.send("GET", f"{MAPS}/{prefix}")
        else:
            client.send("POST", MAPS, config_map(f"{prefix}-{count}"))

    for client in clients:
        chooser.register(client.socket, selectors.EVENT_READ, client)
        next_request(client)
    began = time.perf_counter()
    answered = 0
    while (elapsed := time.perf_counter() - began) < seconds:
        for key, _ in chooser.select(1):
            key.data.receive()
            answered += 1
            next_request(key.data)
    for client in clients:
        client.receive()
        client.socket.close()
    return answered / elapsed


def fan_out(served: Served, rounds: int = 60) -> float:
    """Median seconds from sending a change until each of the watchers has been told, over all of them."""
    watchers = [Client(served) for _ in range(WATCHERS)]
    writer = Client(served)
    version = json.loads(writer.ask("GET", MAPS + "?limit=1"))["metadata"]["resourceVersion"]
    for watcher in watchers:
        watcher.send("GET", f"{MAPS}?watch=true&resourceVersion={version}")
        assert b"200 OK" in watcher.socket.recv(65536)
    chooser = selectors.DefaultSelector()
    for watcher in watchers:
        chooser.register(watcher.socket, selectors.EVENT_READ, watcher)
    told: list[float] = []
    for number in range(rounds):
        began = time.perf_counter()
        writer.send("POST", MAPS, config_map(f"fan-{version}-{number}"))
        waiting = set(watchers)
        while waiting:
            ready = chooser.select(5)
            if not ready:
                raise TimeoutError(f"{len(waiting)} watchers were not told")
            for key, _ in ready:
                key.data.socket.recv(262144)
                told.append(time.perf_counter() - began)
                waiting.discard(key.data)
        writer.receive()
    for client in (*watchers, writer):
        client.socket.close()
    return statistics.median(told)


def memory(pid: int) -> float:
    """Resident memory in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else float("nan")


def show(name: str, measured: str, ratio: float | None) -> None:
    """One line of the report."""
    print(f"{name:<44} {measured:>14}   {'' if ratio is None else f'{ratio:5.2f}'}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each rate is measured")
    seconds = parser.parse_args().seconds
    print(f"{'simulated cluster':<44} {'measured':>14}   ratio to the limit (≥ 1 keeps it)")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with serve(directory, plain=False) as served:
            show(
                "ready, first start (makes certificates)",
                f"{served.ready * 1000:.0f} ms",
                READY_SECONDS / served.ready,
            )
        starts = []
        for _ in range(5):
            with serve(directory, plain=False) as served:
                starts.append(served.ready)
        ready = statistics.median(starts)
        show("ready, later starts (median of 5)", f"{ready * 1000:.0f} ms", READY_SECONDS / ready)
    for plain in (True, False):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            kind = "without TLS" if plain else "with TLS"
            with serve(directory, plain=plain) as served:
                client = Client(served)
                for number in range(OBJECTS):
                    client.ask("POST", MAPS, config_map(f"m-{number}"))
                used = memory(served.pid)
                show(f"memory with {OBJECTS} more objects, {kind}", f"{used:.1f} MB", MEMORY_MB / used)
                gets = rate(served, seconds, "GET", "m-0")
                show(f"GET, {kind}", f"{gets:.0f} /s", gets / GETS if plain else None)
                told = fan_out(served)
                show(
                    f"fan-out to {WATCHERS} watchers (p50), {kind}",
                    f"{told * 1000:.2f} ms",
                    FAN_OUT_SECONDS / told,
                )
                prefix = base64.b32encode(str(time.time()).encode()).decode().lower().strip("=")
                creates = rate(served, seconds, "POST", prefix)
                show(f"create, {kind}", f"{creates:.0f} /s", creates / CREATES if plain else None)
                show(f"memory after that, {kind}", f"{memory(served.pid):.1f} MB", None)


if __name__ == "__main__":
    main()
