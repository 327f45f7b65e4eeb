from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from labrunner.sim.node import images, outcomes, shell
from labrunner.sim.node.logs import log_lines
from labrunner.sim.node.process import Process
from tests.sim.life.conftest import Cluster

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def process(*command: str, image: str = "busybox:1.36", **container: object) -> Process:
    spec = {"name": "app", "image": image, **container}
    if command:
        spec["command"] = list(command)
    found = Process(spec, {"NAME": "world"}, START)
    found.look_ahead(1000)
    return found


@pytest.mark.parametrize(
    ("script", "at", "code"),
    [
        ("exit 3", 0, 3),
        ("echo a && sleep 2 && false", 2, 1),
        ("false || sleep 5", 5, 0),
        ("sleep 1m; exit 7", 60, 7),
        ("for i in 1 2 3; do sleep 2; done", 6, 0),
        ("for i in $(seq 5); do echo $i; sleep 1; done; exit 9", 5, 9),
        ("if [ -f /tmp/x ]; then exit 1; else exit 2; fi", 0, 2),
        ("touch /tmp/x; if [ -f /tmp/x ]; then exit 1; fi", 0, 1),
        ("N=0; until [ -f /tmp/go ]; do sleep 1; touch /tmp/go; done", 1, 0),
        ("(sleep 3; exit 4)", 3, 4),
        ("nosuchprogram", 0, 127),
        ("date; true", 0, 0),
        ("exec sleep 4", 4, 0),
        ("sleep 1 & sleep 2", 2, 0),
        ("! true", 0, 1),
    ],
)
def test_scripts_end_when_and_as_they_say(script: str, at: float, code: int) -> None:
    found = process("sh", "-c", script)
    assert (found.exit_at, found.exit_code) == (at, code)


@pytest.mark.parametrize(
    "script",
    [
        "while true; do sleep 1; done",
        "while :; do date; sleep 5; done",
        "tail -f /dev/null",
        "sleep infinity",
        "npm install && npm start",
        "python3 -m http.server 8080",
        "echo 'unterminated",
        "while true; do :; done",
    ],
)
def test_some_programs_never_end(script: str) -> None:
    assert process("sh", "-c", script).exit_at is None


@pytest.mark.parametrize(
    ("container", "ends"),
    [
        ({"image": "nginx"}, False),
        ({"image": "busybox"}, True),
        ({"image": "busybox", "tty": True, "stdin": True}, False),
        ({"image": "ubuntu:22.04"}, True),
        ({"image": "hello-world"}, True),
        ({"image": "example.com/team/app:v1"}, False),
        ({"image": "busybox", "args": ["sleep", "5"]}, True),
        ({"image": "perl", "command": ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]}, True),
    ],
)
def test_images_without_a_command(container: dict, ends: bool) -> None:
    found = Process({"name": "app", **container}, {}, START)
    found.look_ahead(1000)
    assert (found.exit_at is not None) == ends


def test_output_and_files_over_time() -> None:
    found = process("sh", "-c", "echo hello $NAME; sleep 5; echo '$NAME'; touch /tmp/a; sleep 5; rm /tmp/a")
    assert [text for _, text, _ in found.lines(1)] == ["hello world"]
    assert [text for _, text, _ in found.lines(6)] == ["hello world", "$NAME"]
    assert (found.files(1), found.files(6), found.files(11)) == (set(), {"/tmp/a"}, set())


def test_endless_output_is_bounded() -> None:
    command = ["sh", "-c", "while true; do echo x; sleep 1; done"]
    found = Process({"name": "app", "image": "busybox", "command": command}, {}, START)
    assert len(found.lines(10)) == 11
    assert len(found.lines(100_000)) <= 1000


def test_memory_beyond_the_limit_is_killed() -> None:
    limits = {"limits": {"memory": "100Mi"}}
    found = process("stress", "--vm", "1", "--vm-bytes", "250M", resources=limits)
    assert (found.exit_code, found.exit_reason) == (137, "OOMKilled")
    assert process("stress", "--vm", "1", "--vm-bytes", "50M", resources=limits).exit_at is None


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("trap 'exit 3' TERM; while true; do sleep 1; done", 3),
        ("trap '' TERM; sleep 600", None),
        ("sleep 600", None),
    ],
)
def test_answer_to_sigterm(script: str, code: int | None) -> None:
    assert process("sh", "-c", script).stops_politely() == code


def test_words_keep_quotes_apart() -> None:
    words = [text for text, operator in shell.tokens("a 'b c' \"d e\" f\\ g # no\nh") if not operator]
    assert words == ["a", "b c", "d e", "f g", "h"]


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "registry.example/library/nginx:latest"),
        ("team/app:v1", "registry.example/team/app:v1"),
        ("localhost:5000/app:1", "localhost:5000/app:1"),
        ("ghost.example.com/a/b:c", "ghost.example.com/a/b:c"),
    ],
)
def test_references(text: str, full: str) -> None:
    assert images.parse(text).full == full


@pytest.mark.parametrize(
    "text", ["UPPER", "nginx:bad tag", "nginx::x", "a//b", "-x", "nginx:", "x@sha256:12"]
)
def test_bad_references(text: str) -> None:
    with pytest.raises(images.BadReferenceError, match="invalid reference format"):
        images.parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nginx:1.161", "not found"),
        ("nginx:doesnotexist", "not found"),
        ("ngnix", "pull access denied"),
        ("localhost:5000/a:1", "connection refused"),
        ("host.invalid/a:1", "no such host"),
        ("nginx:1.27", ""),
        ("redis:7-alpine", ""),
        ("busybox", ""),
        ("example.com/badminton:v1", ""),
        ("python:3.12-slim", ""),
    ],
)
def test_which_pulls_fail(text: str, words: str) -> None:
    problem = images.pull_problem(images.parse(text))
    assert (words in problem) if words else (problem == "")


def test_outcome_entries() -> None:
    assert outcomes.parse("oom@3; side/exit:2@1.5s\nnot-ready; ???") == [
        outcomes.Outcome("oom", "", 3.0),
        outcomes.Outcome("exit", "2", 1.5, "side"),
        outcomes.Outcome("not-ready"),
    ]


@pytest.mark.parametrize(
    ("entries", "seconds", "state"),
    [
        ("oom@3", 4, "OOMKilled"),
        ("exit:7", 2, "Error"),
        ("pull:denied", 1, "ErrImagePull"),
        ("config:no luck", 1, "CreateContainerConfigError"),
        ("crash@1", 5, "CrashLoopBackOff"),
        ("run", 60, "running"),
    ],
)
def test_scripted_outcomes(cluster: Cluster, entries: str, seconds: float, state: str) -> None:
    notes = {"annotations": {outcomes.ANNOTATION: entries}}
    image = "busybox" if entries == "run" else "nginx"
    policy = "Never" if state in ("OOMKilled", "Error") else "Always"
    cluster.pod("p", image=image, metadata=notes, spec={"restartPolicy": policy})
    cluster.clock.advance(seconds)
    assert cluster.state("p") == state


def test_outcomes_from_a_config_map(cluster: Cluster) -> None:
    rules = "image:nginx:1.99* pull:not-found\npod:slow-* not-ready"
    cluster.create("configmaps", outcomes.CONFIG_MAP, data={"rules": rules})
    probe = {"httpGet": {"path": "/", "port": 80}}
    cluster.pod("slow-1", image="nginx", readinessProbe=probe)
    cluster.pod("other", image="nginx:1.99-x", readinessProbe=probe)
    cluster.clock.advance(1)
    assert cluster.state("other") == "ErrImagePull"
    assert cluster.condition("pods", "slow-1", "Ready")["status"] == "False"


def test_logs_are_what_the_command_prints_and_say_so_otherwise(cluster: Cluster) -> None:
    cluster.pod("talk", "sh", "-c", "echo one; sleep 2; echo two; sleep 600")
    cluster.pod("serve", image="nginx")
    cluster.clock.advance(1)
    talk = cluster.get("pods", "talk")
    assert [line.text for line in log_lines(cluster.api, talk, "app")] == ["one"]
    cluster.clock.advance(3)
    assert [line.text for line in log_lines(cluster.api, talk, "app")] == ["one", "two"]
    (line,) = log_lines(cluster.api, cluster.get("pods", "serve"), "app")
    assert line.text.startswith("[simulated]")
    assert not line.known


def test_previous_log_of_a_crashed_container(cluster: Cluster) -> None:
    cluster.pod("crash", "sh", "-c", "echo starting; exit 1")
    cluster.clock.advance(4)
    crash = cluster.get("pods", "crash")
    assert [line.text for line in log_lines(cluster.api, crash, "app", previous=True)] == ["starting"]


def annotate(cluster: Cluster, pod: str, entries: str) -> None:
    notes = {outcomes.ANNOTATION: entries}
    cluster.change("pods", pod, metadata__annotations=notes)


def test_a_running_pod_follows_new_rules(cluster: Cluster) -> None:
    cluster.pod("p", image="nginx", readinessProbe={"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1})
    cluster.clock.advance(2)
    assert cluster.condition("pods", "p", "Ready")["status"] == "True"
    annotate(cluster, "p", "not-ready")
    cluster.clock.advance(5)
    assert cluster.condition("pods", "p", "Ready")["status"] == "False"
    annotate(cluster, "p", "ready")
    cluster.clock.advance(3)
    assert cluster.condition("pods", "p", "Ready")["status"] == "True"
    annotate(cluster, "p", "oom")
    cluster.clock.advance(0.5)
    assert cluster.state("p") == "OOMKilled"


@pytest.mark.parametrize(
    ("script", "policy", "message"),
    [
        ("echo sorry > /dev/termination-log; exit 1", "File", "sorry"),
        ("echo one; echo two; exit 1", "FallbackToLogsOnError", "one\ntwo"),
        ("echo one; exit 1", "File", None),
        ("echo one; exit 0", "FallbackToLogsOnError", None),
    ],
)
def test_termination_message(cluster: Cluster, script: str, policy: str, message: str | None) -> None:
    cluster.pod("p", "sh", "-c", script, terminationMessagePolicy=policy, spec={"restartPolicy": "Never"})
    cluster.clock.advance(2)
    ended = cluster.status("pods", "p")["containerStatuses"][0]["state"]["terminated"]
    assert ended.get("message") == message


@pytest.mark.parametrize(
    "script",
    [
        "for i in $(seq 9999); do for j in $(seq 9999); do :; done; done",
        "X=aaaaaaaa; " + "X=$X$X; " * 60 + "echo $X",
        "while true; do X=$X$X$X$Xaaaa; done",
        "$(" * 500 + ")" * 500,
        "(" * 5000 + ")" * 5000,
        "if " * 3000,
        "for i in $(seq 10000); do echo $i; done; " * 30,
        "echo x; " * 100_000,
    ],
)
def test_hostile_scripts_cost_little(script: str) -> None:
    started = time.perf_counter()
    found = process("sh", "-c", script)
    found.lines(1000)
    assert time.perf_counter() - started < 2
