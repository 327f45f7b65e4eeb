"""What a probe would find, as far as the container's image, command and files foretell it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from labrunner.sim.node import images, programs
from labrunner.sim.node.outcomes import Outcome, Outcomes
from labrunner.sim.node.process import Process
from labrunner.sim.node.steps import Context
from labrunner.sim.objects import Obj

TITLES: Final = {"readinessProbe": "Readiness", "livenessProbe": "Liveness", "startupProbe": "Startup"}
_VERBS: Final = {
    "readinessProbe": ("ready", "not-ready"),
    "livenessProbe": ("live", "not-live"),
    "startupProbe": ("started", "not-started"),
}
_HTML: Final = ("/usr/share/nginx", "/etc/nginx", "/usr/local/apache2")


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a probe passed, its words when not, and whether it will find the same forever.

    ``unknown``: it could not be run at all, which counts neither as passed nor as failed.
    """

    passed: bool
    message: str = ""
    steady: bool = False
    unknown: bool = False


def _port(container: Obj, port: object) -> int:
    if isinstance(port, int):
        return port
    for known in container.get("ports") or []:
        if known.get("name") == port:
            return int(known["containerPort"])
    return int(port) if isinstance(port, str) and port.isdigit() else 0


def listening(container: Obj, process: Process) -> tuple[int, ...] | None:
    """The ports something listens on; None when that is not known."""
    argv = process.argv or [*(container.get("command") or []), *(container.get("args") or [])]
    line = " ".join(argv)
    if "http.server" in line or "SimpleHTTPServer" in line:
        numbers = [int(w) for w in line.split() if w.isdigit()]
        return (numbers[-1] if numbers else 8000,)
    if any(w in line for w in ("nc ", "httpd", "serve", "listen", "socat", "nginx", "server")):
        return None
    if process.argv is not None:
        interpreted = process.argv[0].rsplit("/", 1)[-1] in (
            *programs.SHELLS,
            "sleep",
            "tail",
            "echo",
            "date",
        )
        return () if interpreted else None
    try:
        return images.listens_on(images.parse(container.get("image") or ""))
    except images.BadReferenceError:
        return None


def _scripted(outcome: Outcome, elapsed: float, title: str) -> Finding:
    good = not outcome.verb.startswith("not-")
    changed = outcome.after is None or elapsed >= outcome.after
    passed = good == changed
    text = "" if passed else outcome.argument or f"simulated {title.lower()} failure"
    return Finding(passed, text, steady=changed)


def evaluate(
    kind: str, probe: Obj, container: Obj, process: Process, elapsed: float, address: str, rules: Outcomes
) -> Finding:
    """The finding of one probe, *elapsed* seconds after the container's start."""
    scripted = rules.find(container, *_VERBS[kind])
    if scripted is not None:
        return _scripted(scripted, elapsed, TITLES[kind])
    problem = _cannot_run(probe, container, process, elapsed)
    if problem:
        return Finding(False, problem, unknown=True)
    if probe.get("exec"):
        return _exec(probe, process, elapsed)
    if probe.get("grpc"):
        return _grpc(probe, container, process, address)
    if probe.get("httpGet"):
        return _http(probe["httpGet"], container, process, address)
    if probe.get("tcpSocket"):
        port = _port(container, probe["tcpSocket"].get("port"))
        ports = listening(container, process)
        if ports is None or port in ports:
            return Finding(True, steady=True)
        host = probe["tcpSocket"].get("host") or address
        return Finding(False, f"dial tcp {host}:{port}: connect: connection refused", steady=True)
    return Finding(True, steady=True)


def _cannot_run(probe: Obj, container: Obj, process: Process, elapsed: float) -> str:
    """Why a probe cannot be run: its program or the port it names does not exist."""
    argv = list((probe.get("exec") or {}).get("command") or [])
    if programs.executable_missing(argv):
        number = hashlib.sha256(f"{process.started}/{elapsed}".encode()).hexdigest()
        return (
            f'rpc error: code = Unknown desc = failed to exec in container: failed to start exec "{number}": '
            "OCI runtime exec failed: exec failed: unable to start container process: "
            f'exec: "{argv[0]}": {programs.absence(argv[0])}'
        )
    for kind in ("httpGet", "tcpSocket"):
        port = (probe.get(kind) or {}).get("port")
        if isinstance(port, str) and not _port(container, port):
            return f'strconv.Atoi: parsing "{port}": invalid syntax'
    return ""


def _grpc(probe: Obj, container: Obj, process: Process, address: str) -> Finding:
    port = int(probe["grpc"].get("port") or 0)
    ports = listening(container, process)
    if ports is None:
        return Finding(True, steady=True)
    # A server of another protocol never gets as far as a connection, just as no server does.
    seconds = int(probe.get("timeoutSeconds") or 1)
    text = (
        f'timeout: failed to connect service "{address}:{port}" within {seconds}s: context deadline exceeded'
    )
    return Finding(False, text, steady=True)


def _http(get: Obj, container: Obj, process: Process, address: str) -> Finding:
    port = _port(container, get.get("port"))
    host = get.get("host") or address
    path = get.get("path") or "/"
    scheme = str(get.get("scheme") or "HTTP").lower()
    ports = listening(container, process)
    if ports is not None and port not in ports:
        text = f'Get "{scheme}://{host}:{port}{path}": dial tcp {host}:{port}: connect: connection refused'
        return Finding(False, text, steady=True)
    if ports == (80,) and path.partition("?")[0] not in ("/", "/index.html") and not _has_content(container):
        return Finding(False, "HTTP probe failed with statuscode: 404", steady=True)
    return Finding(True, steady=True)


def _has_content(container: Obj) -> bool:
    return any((m.get("mountPath") or "").startswith(_HTML) for m in container.get("volumeMounts") or [])


def run_hook(action: Obj, process: Process, elapsed: float) -> tuple[int, float, str]:
    """Exit code, seconds and output of an ``exec`` action; an action of another sort passes at once."""
    argv = list((action.get("exec") or {}).get("command") or [])
    if not argv:
        return 0, float((action.get("sleep") or {}).get("seconds") or 0), ""
    context = Context(files=process.files(elapsed))
    output: list[str] = []
    for step in programs.run(argv, context):
        if step.kind == "out":
            output.append(step.text)
        elif step.kind == "exit":
            return int(step.number), context.now, "\n".join(output)
        elif step.kind == "forever":
            break
        if context.now > 3600 or len(output) > 200:
            break
    return 0, context.now, "\n".join(output)


def _exec(probe: Obj, process: Process, elapsed: float) -> Finding:
    argv = list(probe["exec"].get("command") or [])
    timeout = int(probe.get("timeoutSeconds") or 1)
    code, took, output = run_hook(probe, process, elapsed)
    steady = process.finished_looking and not process.files(float("inf") if process.argv is None else elapsed)
    if took > timeout:
        return Finding(
            False, f'command timed out: "{" ".join(argv)}" timed out after {timeout}s', steady=True
        )
    return Finding(code == 0, output, steady=steady and code == 0)
