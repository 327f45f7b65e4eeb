"""`http`, `tcp` and `dns`: from this machine, through a port-forward, and from a pod with whatever tools it has."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.content.checks_model import (
    DnsCheck,
    Endpoint,
    HttpCheck,
    Matcher,
    Share,
    Split,
    Target,
    TcpCheck,
    TlsOptions,
)
from labrunner.content.requirements import REAL
from labrunner.verify.answers import HttpAnswer, NetworkFailure
from labrunner.verify.api import ClusterError, KubeApi
from labrunner.verify.commands import CommandResult
from labrunner.verify.discovery import Discovery
from labrunner.verify.http_requests import BODY_LIMIT, Request, send
from labrunner.verify.pod_requests import dns_answer, http_answers, tcp_answer
from labrunner.verify.pods import Obstacle, PodTroubleError
from labrunner.verify.port_forward import dialer
from labrunner.verify.store import SourceState

from .fake_api import CLOSE, FakeApi, frame, pod, serving, upgrade
from .fakes import Rig, spec

CLIENT = Target("Deployment", name="client")


class Site:
    """A web server on this machine; every tenth answer of `/split` is v2."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.numbers = itertools.count()
        self.release = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.seen.append((self.command, self.path, dict(self.headers), body))
                site.give(self)

            do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the base class's names

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        path, status, body = handler.path, 200, b"hello\n"
        if path == "/hang":
            self.release.wait(20)
            return
        if path == "/reset":
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()
            return
        if path == "/nonsense":
            handler.wfile.write(b"\xff\x00 nonsense\r\n\r\n")
            return
        if path == "/huge":
            body = b"x" * (BODY_LIMIT * 4)
        if path == "/json":
            body = b'{"version": "v2", "n": 3}'
        if path == "/bytes":
            body = b"\xff\xfe ok"
        if path == "/split":
            body = b"v2" if next(self.numbers) % 10 == 0 else b"v1"
        if path == "/missing":
            status, body = 404, b"no such page"
        if path == "/moved":
            status = 302
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("X-Version", body.decode("latin-1")[:5].strip())
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield one
    one.release.set()
    one.server.shutdown()
    one.server.server_close()
    thread.join()


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def verified(rig: Rig, check: Any, **changes: Any) -> tuple[str, str]:
    rig.session.capabilities = REAL
    rig.verifier.activate([spec(check, **{"eventually": 0.0, **changes})])
    await asyncio.gather(*rig.verifier._polls.values())  # one look: verifying would be a second beside it
    await rig.settle()
    return rig.state(), rig.summary()


def is_(value: Any) -> Matcher:
    return Matcher("equals", value)


# From the learner's machine


@pytest.mark.parametrize(
    ("path", "rest", "state", "words"),
    [
        ("/", {}, "pass", "status 200"),
        ("/missing", {}, "fail", "status 404, wanted between 200 and 299"),
        ("/moved", {}, "fail", "status 302"),
        ("/missing", {"status": is_(404), "text": Matcher("contains", "no such")}, "pass", ""),
        ("/", {"text": Matcher("contains", "tea")}, "fail", "wanted something containing tea"),
        ("/", {"headers": (("X-Version", is_("hello")),)}, "pass", ""),
        ("/", {"headers": (("x-absent", Matcher("exists", True)),)}, "fail", "headers.x-absent is nothing"),
        ("/json", {"json": is_({"n": Matcher("ge", 3)})}, "pass", ""),
        ("/json", {"json": is_({"n": 4})}, "fail", "json.n is 3, wanted 4"),
        ("/", {"json": is_({"n": 4})}, "fail", "json is no JSON"),
        ("/bytes", {"text": Matcher("contains", "ok")}, "pass", ""),
        ("/huge", {"text": Matcher("len", is_(BODY_LIMIT))}, "pass", ""),
        ("/reset", {}, "fail", "the connection is cut off, wanted an answer"),
        ("/reset", {"fails": "reset"}, "pass", "cut off"),
        ("/reset", {"fails": "refused"}, "fail", "wanted a refused connection"),
        ("/nonsense", {}, "fail", "the request fails"),
        ("/", {"fails": "any"}, "fail", "status 200, wanted no answer"),
    ],
)
async def test_answers(rig: Rig, site: Site, path: str, rest: Any, state: str, words: str) -> None:
    found = await verified(rig, HttpCheck(site.url + path, **rest))
    assert found[0] == state, found
    assert words in found[1]


async def test_a_refused_connection_is_the_learners_matter(rig: Rig) -> None:
    url = f"http://127.0.0.1:{closed_port()}/"
    assert await verified(rig, HttpCheck(url)) == (
        "fail",
        f"{url}: the connection is refused, wanted an answer",
    )
    assert (await verified(rig, HttpCheck(url), negate=True))[0] == "pass"
    assert (await verified(rig, HttpCheck(url, fails="refused")))[0] == "pass"


async def test_a_server_that_says_nothing_is_timed_out(rig: Rig, site: Site) -> None:
    found = await verified(rig, HttpCheck(f"{site.url}/hang"), timeout=0.3)
    assert found[0] == "fail"
    assert "there is no answer in time" in found[1]


async def test_what_is_sent(rig: Rig, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(rig.session), "environment", lambda _: {"TOKEN": "t0", "PATH": "x"})
    check = HttpCheck(
        f"{site.url}/json?a=b",
        method="PUT",
        request_headers=(("Host", "shop.example"), ("Authorization", "Bearer ${TOKEN}")),
        request_body="tëa",
    )
    assert (await verified(rig, check))[0] == "pass"
    method, path, headers, body = site.seen[-1]
    assert (method, path, body) == ("PUT", "/json?a=b", "tëa".encode())
    assert (headers["Host"], headers["Authorization"]) == ("shop.example", "Bearer t0")
    found = await verified(rig, HttpCheck("http://${INGRESS}/"), negate=True)
    assert found == ("fail", "the lab has no value for INGRESS yet")


async def test_the_message_is_filled(rig: Rig, site: Site) -> None:
    message = "{{actual.status}} {{actual.json.version}} {{actual.headers.x-version}}"
    await verified(rig, HttpCheck(f"{site.url}/json", status=is_(500)), message=message)
    assert rig.verifier.status("check").verdict.message.startswith("200 v2 ")


async def test_tls_is_looked_at(rig: Rig, site: Site) -> None:
    """A plain server where TLS is wanted; certificates are the standard library's matter."""
    url = f"https://127.0.0.1:{site.port}/"
    found = await verified(rig, HttpCheck(url, tls=TlsOptions(verify=False)), timeout=5.0)
    assert found[0] == "fail"
    assert "no TLS connection comes about" in found[1]
    found = await verified(rig, HttpCheck(url, tls=TlsOptions(ca="ca.pem")))
    assert "authorities to trust cannot be read" in found[1]


def versions(*shares: float, by: str = "body") -> Split:
    return Split(
        by, tuple(Share(f"v{n}", one, Matcher("contains", f"v{n}")) for n, one in enumerate(shares, 1))
    )


@pytest.mark.parametrize("by", ["body", "header:X-Version"])
async def test_a_fair_split_passes_and_a_wrong_one_fails(rig: Rig, site: Site, by: str) -> None:
    check = HttpCheck(f"{site.url}/split", repeat=200, split=versions(0.9, 0.1, by=by))
    state, words = await verified(rig, check, timeout=30.0)
    assert state == "pass", words
    assert "v1 180 of 200 (90 %, 95 % interval 85–93 %), wanted 90 %" in words
    assert len(site.seen) == 200
    even = HttpCheck(f"{site.url}/split", repeat=200, split=versions(0.5, 0.5, by=by))
    state, words = await verified(
        rig, even, timeout=30.0, message="{{actual.shares.v2.count}} of {{actual.requests}}"
    )
    assert state == "fail"
    assert "v2 20 of 200 (10 %, 95 % interval 7–15 %), wanted 50 %" in words
    assert rig.verifier.status("check").verdict.message == "20 of 200"


async def test_answers_that_belong_to_no_share_are_shown(rig: Rig, site: Site) -> None:
    check = HttpCheck(f"{site.url}/missing", repeat=100, split=versions(0.9, 0.1))
    state, words = await verified(rig, check, timeout=30.0)
    assert state == "fail"
    assert "anything else 100 of 100" in words
    assert "status 404, wanted between 200 and 299" in words
    by_json = HttpCheck(f"{site.url}/json", repeat=100, split=versions(0.0, 1.0, by="json:.version"))
    assert (await verified(rig, by_json, timeout=30.0))[0] == "pass"


async def test_every_repeated_request_must_do(rig: Rig, site: Site) -> None:
    check = HttpCheck(f"{site.url}/split", repeat=20, text=is_("v1"))
    assert "2 of 20 requests, the first: body is v2, wanted v1" in (await verified(rig, check))[1]


async def test_tcp_and_dns_from_here(rig: Rig, site: Site) -> None:
    assert (await verified(rig, TcpCheck("127.0.0.1", site.port)))[0] == "pass"
    port = closed_port()
    assert await verified(rig, TcpCheck("127.0.0.1", port)) == (
        "fail", f"127.0.0.1:{port}: the connection is refused, wanted a connection"
    )  # fmt: skip
    assert (await verified(rig, TcpCheck("127.0.0.1", port, fails="refused")))[0] == "pass"
    assert (await verified(rig, TcpCheck("127.0.0.1", site.port, fails="any")))[0] == "fail"
    assert (await verified(rig, DnsCheck("localhost")))[0] == "pass"
    assert (await verified(rig, DnsCheck("127.0.0.1", addresses=is_(["127.0.0.1"]))))[0] == "pass"
    state, words = await verified(rig, DnsCheck("127.0.0.1", addresses=is_(["10.0.0.1"])))
    assert (state, words) == (
        "fail",
        '127.0.0.1 resolves to 127.0.0.1, wanted ["10.0.0.1"]',
    )


@pytest.mark.parametrize(
    ("problem", "state", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "not known"), "fail", "the name is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "error", "name server gives no answer"),
    ],
)
async def test_a_name_server_that_is_away_is_an_error(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, problem: OSError, state: str, words: str
) -> None:
    def resolve(*_: Any) -> Any:
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    found = await verified(rig, DnsCheck("shop.example"))
    assert found[0] == state
    assert words in found[1]
    assert (await verified(rig, DnsCheck("shop.example"), negate=True))[0] == (
        "pass" if state == "fail" else "error"
    )


# Through a port-forward


def forwarding(api: FakeApi, *, refuse: bool = False) -> None:
    """Have the fake API forward to something that answers any request with its path."""

    def serve(handler: BaseHTTPRequestHandler) -> None:
        upgrade(handler)
        handler.wfile.write(frame(0, b"\x90\x1f") + frame(1, b"\x90\x1f"))
        if refuse:
            handler.wfile.write(frame(1, b"error forwarding port 8080: connect: Connection refused") + CLOSE)
            return
        got = b""
        while b"\r\n\r\n" not in got:
            got += _unmasked(handler.rfile)[1:]
        body = got.split(b" ")[1]
        handler.wfile.write(frame(0, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)))
        handler.wfile.write(frame(0, body) + CLOSE)

    api.answers["/api/v1/namespaces/shop/pods/web/portforward"] = serve


def _unmasked(stream: Any) -> bytes:
    size = stream.read(2)[1] & 0x7F
    size = struct.unpack("!H", stream.read(2))[0] if size == 126 else size
    mask, data = stream.read(4), stream.read(size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with serving() as api:
        web = pod("web")
        web["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8080}]
        api.put(web)
        selector = {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "web", "targetPort": "http"}]}
        api.answers["/api/v1"] = {"resources": [{"name": "services", "kind": "Service", "namespaced": True}]}
        api.answers["/api/v1/namespaces/shop/services/web"] = {"spec": selector}
        yield api


def dial(fake: FakeApi, folder: Path, port: str = "80") -> Any:
    target = Target("Service", "v1", name="web")
    return dialer(KubeApi(fake.kubeconfig(folder)), Discovery(), Endpoint(target, port), "shop")


def test_a_request_through_a_port_forward(fake: FakeApi, tmp_path: Path) -> None:
    forwarding(fake)
    for port in ("80", "web"):
        answers = send(Request("http://web.shop.svc/cart"), 3, 5.0, dial(fake, tmp_path, port))
        assert [(one.status, one.body) for one in answers if isinstance(one, HttpAnswer)] == [
            (200, "/cart")
        ] * 3
    assert fake.asked[-1][1] == {"ports": ["8080"]}
    left = [one for one in threading.enumerate() if one.name.startswith("labrunner-forward")]
    for one in left:
        one.join(5)
        assert not one.is_alive()


def test_a_port_nobody_listens_on_is_refused(fake: FakeApi, tmp_path: Path) -> None:
    forwarding(fake, refuse=True)
    (answer,) = send(Request("http://web/"), 1, 5.0, dial(fake, tmp_path))
    assert isinstance(answer, NetworkFailure)
    assert answer.way == "refused"


def test_ports_that_are_not_there(fake: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(PodTroubleError, match="Service web has no port 81") as raised:
        dial(fake, tmp_path, "81")
    assert raised.value.obstacle is Obstacle.MISSING


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (PodTroubleError(Obstacle.BROKEN, "x"), "error"),
        (PodTroubleError(Obstacle.MISSING, "x"), "fail"),
        (ClusterError(SourceState.UNREACHABLE, "x"), "error"),
    ],
)
async def test_a_forward_that_cannot_be_opened(rig: Rig, trouble: Exception, state: str) -> None:
    rig.cluster.in_pods = lambda _: trouble
    check = HttpCheck("/", Endpoint(Target("Service", name="web"), "80"))
    for negate in (False, True):
        assert (await verified(rig, check, negate=negate))[0] == state


# From a pod: its scripts are run by this machine's sh, with the tools a test puts on PATH


def in_pod(rig: Rig, folder: Path, *tools: str, **scripts: str) -> None:
    """Let the pod have `tools` of this machine (skipping without them) and the scripted ones."""
    binaries = folder / "pod-bin"
    binaries.mkdir()
    for tool in ("sh", "cat", "sleep", "true", *tools):
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"this machine has no {tool}")
        (binaries / tool).symlink_to(found)
    for name, text in scripts.items():
        (binaries / name).write_text(f"#!{shutil.which('sh')}\n{text}\n")
        (binaries / name).chmod(0o755)

    def run(command: Any) -> CommandResult:
        done = subprocess.run(
            command.command, env={"PATH": str(binaries)}, capture_output=True, timeout=30, check=False
        )
        out, err = (one.decode("utf-8", "replace") for one in (done.stdout, done.stderr))
        return CommandResult(done.returncode, out, err)

    rig.cluster.in_pods = run


@pytest.mark.parametrize("tool", ["curl", "wget"])
async def test_http_from_a_pod(rig: Rig, site: Site, tmp_path: Path, tool: str) -> None:
    in_pod(rig, tmp_path, tool)
    good = HttpCheck(
        f"{site.url}/json", source=CLIENT, json=is_({"n": 3}), headers=(("x-version", is_('{"ver')),)
    )
    assert (await verified(rig, good))[0] == "pass", rig.summary()
    assert "from Deployment client in namespace shop" in rig.summary()
    assert "status 404" in (await verified(rig, HttpCheck(f"{site.url}/missing", source=CLIENT)))[1]
    refused = HttpCheck(f"http://127.0.0.1:{closed_port()}/", source=CLIENT)
    state, words = await verified(rig, refused)
    assert state == "fail"
    assert "the connection is refused" in words
    assert (await verified(rig, refused, negate=True))[0] == "pass"
    body = HttpCheck(
        f"{site.url}/", source=CLIENT, method="POST", request_headers=(("X-A", "b 'c'"),), request_body="x y"
    )
    assert (await verified(rig, body))[0] == "pass"
    assert site.seen[-1][2]["X-A"] == "b 'c'"
    assert site.seen[-1][3] == b"x y"


async def test_a_split_measured_from_a_pod(rig: Rig, site: Site, tmp_path: Path) -> None:
    in_pod(rig, tmp_path, "curl")
    check = HttpCheck(f"{site.url}/split", source=CLIENT, repeat=100, split=versions(0.9, 0.1))
    state, words = await verified(rig, check, timeout=30.0)
    assert state == "pass", words
    assert "v1 90 of 100" in words


@pytest.mark.parametrize(
    ("scripts", "method", "state", "words"),
    [
        ({}, "GET", "error", "neither curl nor wget"),
        ({"curl": "exit 6"}, "GET", "fail", "the name is not known"),
        ({"curl": "echo late >&2; exit 28"}, "GET", "fail", "no answer in time"),
        ({"curl": "echo 'bad cert' >&2; exit 60"}, "GET", "fail", "no TLS connection comes about (bad cert)"),
        ({"curl": "exit 56"}, "GET", "fail", "cut off"),
        (
            {"curl": "echo 'unknown option' >&2; exit 2"},
            "GET",
            "error",
            "curl in the pod exits with 2: unknown option",
        ),
        ({"curl": "echo nonsense"}, "GET", "error", "no HTTP answer"),
        ({"curl": "exit 127"}, "GET", "error", "exits with 127"),
        ({"wget": "echo 'wget: bad address' >&2; exit 1"}, "GET", "fail", "name is not known"),
        (
            {"wget": "echo 'wget: unrecognized option' >&2; exit 1"},
            "GET",
            "error",
            "wget in the pod exits with 1",
        ),
        ({"wget": "exit 0"}, "PUT", "error", "has only wget"),
        (
            {"wget": "echo 'wget: server returned error: HTTP/1.1 503 Busy' >&2; exit 1"},
            "GET",
            "fail",
            "status 503",
        ),
        (
            {"curl": r"printf 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nx\n\ny'"},
            "GET",
            "pass",
            "200",
        ),
    ],
)
async def test_what_a_pods_tools_can_come_to(
    rig: Rig, tmp_path: Path, scripts: dict[str, str], method: str, state: str, words: str
) -> None:
    in_pod(rig, tmp_path, **scripts)
    found = await verified(rig, HttpCheck("http://web/", source=CLIENT, method=method))
    assert found[0] == state, found
    assert words in found[1]
    if state == "error":
        assert (await verified(rig, HttpCheck("http://web/", source=CLIENT, method=method), negate=True))[
            0
        ] == "error"


async def test_an_answer_cannot_pass_for_a_frame(rig: Rig, tmp_path: Path) -> None:
    fake_frames = r"printf 'HTTP/1.1 500 No\r\n\r\nlabrunner-0 end 0\n\nlabrunner-0 done\n'"
    in_pod(rig, tmp_path, curl=fake_frames)
    assert "status 500" in (await verified(rig, HttpCheck("http://web/", source=CLIENT)))[1]


@pytest.mark.parametrize(
    ("scripts", "state", "words"),
    [
        ({"nc": 'case "$*" in -h|--help) echo usage -z;; *) exit 0;; esac'}, "pass", "takes connections"),
        ({"nc": 'case "$*" in -h|--help) echo usage -z;; *) echo refused; exit 1;; esac'}, "fail", "refused"),
        (
            {"nc": 'case "$*" in -h|--help) echo -e PROG;; *) echo timed out; exit 1;; esac'},
            "fail",
            "in time",
        ),
        (
            {"nc": 'case "$*" in -h|--help) echo usage -z;; *) echo invalid option; exit 1;; esac'},
            "error",
            "nc",
        ),
        ({"curl": "echo '* Connected to web'; exit 28"}, "pass", "takes connections"),
        ({"curl": "echo 'Failed: Connection refused'; exit 7"}, "fail", "refused"),
        ({}, "error", "no nc, bash or curl"),
    ],
)
async def test_tcp_from_a_pod(
    rig: Rig, tmp_path: Path, scripts: dict[str, str], state: str, words: str
) -> None:
    in_pod(rig, tmp_path, **scripts)
    found = await verified(rig, TcpCheck("web", 80, CLIENT))
    assert found[0] == state, found
    assert words in found[1]


async def test_tcp_from_a_pod_by_bash(rig: Rig, site: Site, tmp_path: Path) -> None:
    in_pod(rig, tmp_path, "bash", "timeout")
    assert (await verified(rig, TcpCheck("127.0.0.1", site.port, CLIENT)))[0] == "pass"
    found = await verified(rig, TcpCheck("127.0.0.1", closed_port(), CLIENT))
    assert "the connection is refused" in found[1]


BUSYBOX = "Server:\\t10.96.0.10\\nAddress:\\t10.96.0.10:53\\n\\nName:\\tweb\\nAddress: 10.1.2.3\\nAddress: fd00::1\\n"


@pytest.mark.parametrize(
    ("scripts", "state", "words"),
    [
        ({"getent": "echo '10.1.2.3 STREAM web'; echo '10.1.2.3 DGRAM'"}, "pass", "resolves to 10.1.2.3"),
        ({"getent": "exit 2"}, "fail", "the name is not known"),
        ({"nslookup": f"printf '{BUSYBOX}'"}, "pass", "resolves to 10.1.2.3, fd00::1"),
        ({"nslookup": 'echo "** server can\'t find web: NXDOMAIN"; exit 1'}, "fail", "the name is not known"),
        (
            {"nslookup": "echo ';; connection timed out; no servers could be reached'; exit 1"},
            "fail",
            "no name server",
        ),
        ({}, "error", "neither getent nor nslookup"),
    ],
)
async def test_dns_from_a_pod(
    rig: Rig, tmp_path: Path, scripts: dict[str, str], state: str, words: str
) -> None:
    in_pod(rig, tmp_path, **scripts)
    found = await verified(rig, DnsCheck("web", CLIENT))
    assert found[0] == state, found
    assert words in found[1]


@pytest.mark.parametrize(
    "check", [HttpCheck("http://web/", source=CLIENT), TcpCheck("web", 80, CLIENT), DnsCheck("web", CLIENT)]
)
async def test_a_pod_that_cannot_be_asked_is_an_error_also_under_not(rig: Rig, check: Any) -> None:
    problems: list[Any] = [
        CommandResult(None, problem="the command could not start in the pod: sh: executable file not found"),
        CommandResult(None, problem="the connection to the pod broke"),
        CommandResult(2, stderr="sh: syntax error"),
        PodTroubleError(Obstacle.BROKEN, "no such container"),
    ]
    for problem, negate in itertools.product(problems, (False, True)):
        rig.cluster.in_pods = lambda _, problem=problem: problem  # type: ignore[misc]
        assert (await verified(rig, check, negate=negate))[0] == "error"


@pytest.mark.parametrize(
    "check",
    [
        HttpCheck("http://web/", source=CLIENT),
        HttpCheck("http://web/", method="DELETE"),
        HttpCheck("http://web/", request_body="x", method="POST"),
        HttpCheck("http://web/${SECRET}"),
        HttpCheck("http://web/", request_headers=(("A", "${SECRET}"),)),
        TcpCheck("web", 80, CLIENT),
        DnsCheck("web", CLIENT),
    ],
)
async def test_what_an_untrusted_pack_may_not_send(rig: Rig, check: Any) -> None:
    rig.session.trusted = False
    for negate in (False, True):
        state, words = await verified(rig, check, negate=negate)
        assert state == "error"
        assert "--trust" in words
    assert rig.cluster.pod_questions == []


async def test_an_untrusted_pack_may_look(rig: Rig, site: Site) -> None:
    rig.session.trusted = False
    assert (await verified(rig, HttpCheck(site.url + "/")))[0] == "pass"


@given(st.text(max_size=300) | st.text("labrunner t01 begin end done\nHTTP/1.1 200\r:", max_size=300))
def test_any_output_of_a_pod_is_an_answer_or_trouble(text: str) -> None:
    framed = f"\nt begin curl\n{text}\nt end 0\n{text}\nt done\n"
    for read in (
        lambda r: http_answers(r, 1, "t"),
        lambda r: tcp_answer(r, "t"),
        lambda r: dns_answer(r, "t"),
    ):
        for output in (text, framed, f"t getent 0\n{text}", f"t 1\n{text}"):
            with contextlib.suppress(PodTroubleError):
                assert read(CommandResult(0, output)) is not None


def test_the_scripts_of_this_machine_are_posix(tmp_path: Path) -> None:
    """dash, busybox and bash read them alike; the first that is there has to."""
    from labrunner.verify.pod_requests import dns_script, http_script, tcp_script

    shells = [one for one in ("dash", "bash", "busybox") if shutil.which(one)]
    assert shells
    for script in (
        http_script(Request("http://a/'b'"), 2, 3, "t"),
        tcp_script("a b", 1, 2, "t"),
        dns_script("$x", "t"),
    ):
        for shell in shells:
            words = [shell, "sh", "-n", "-c", script] if shell == "busybox" else [shell, "-n", "-c", script]
            done = subprocess.run(words, capture_output=True, check=False, env=dict(os.environ))
            assert done.returncode == 0, done.stderr
