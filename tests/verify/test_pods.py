"""`logs` and `exec`: "could not be asked" is never taken for an answer, and an answer never for trouble."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.content.checks_model import ExecCheck, GroupCheck, LogsCheck, Matcher, Target
from labrunner.content.requirements import REAL
from labrunner.verify.api import ClusterError, KubeApi
from labrunner.verify.commands import OUTPUT_LIMIT, CommandResult
from labrunner.verify.discovery import Discovery
from labrunner.verify.pod_exec import outcome, run_in_container
from labrunner.verify.pods import (
    Obstacle,
    PodTroubleError,
    container_of,
    pods_of,
    read_logs,
    running_container,
)
from labrunner.verify.store import SourceState

from .fake_api import CLOSE, FakeApi, ended, frame, pod, serving
from .fakes import Rig, spec

WEB = Target("Pod", name="web")
EXEC = ExecCheck(WEB, ("cat", "/etc/motd"))
LOGS = LogsCheck(WEB, Matcher("contains", "ready"))


def contains(text: str) -> Matcher:
    return Matcher("contains", text)


# The verdicts


@pytest.fixture
def real(rig: Rig) -> Rig:
    rig.session.capabilities = REAL
    return rig


async def test_the_simulated_cluster_cannot_be_asked_and_says_so(rig: Rig) -> None:
    await rig.activate(spec(EXEC, id="exec"), spec(LOGS, id="logs"), spec(LOGS, id="not", negate=True))
    for check_id in ("exec", "logs", "not"):
        assert rig.state(check_id) == "skipped"
        assert "containers run (it gives lifecycle)" in rig.summary(check_id)
    assert rig.cluster.pod_questions == []


@pytest.mark.parametrize(
    ("check", "result", "state", "words"),
    [
        (EXEC, CommandResult(0), "pass", "exits with 0"),
        (
            EXEC,
            CommandResult(1, stderr="no such file\n"),
            "fail",
            "the command in the pod exits with 1, wanted 0: no such file",
        ),
        (ExecCheck(WEB, ("a",), exit=Matcher("ge", 1)), CommandResult(7), "pass", ""),
        (ExecCheck(WEB, ("a",), stdout=contains("x")), CommandResult(0, "axb"), "pass", ""),
        (ExecCheck(WEB, ("a",), stdout=contains("x")), CommandResult(0, "ab"), "fail", "stdout is ab"),
        (
            ExecCheck(WEB, ("a",), json=Matcher("equals", {"a": 1})),
            CommandResult(0, '{"a": 2}'),
            "fail",
            "wanted 1",
        ),
        (EXEC, CommandResult(127, stderr="sh: jq: not found"), "error", "could not run: sh: jq: not found"),
        (EXEC, CommandResult(None, problem="the connection to the pod broke"), "error", "broke"),
        (EXEC, PodTroubleError(Obstacle.BROKEN, "Pod web has no container x"), "error", "no container x"),
        (EXEC, PodTroubleError(Obstacle.STARTING, "ContainerCreating"), "waiting", "ContainerCreating"),
        (EXEC, PodTroubleError(Obstacle.MISSING, "there is no Pod web"), "waiting", "there is no Pod web"),
        (EXEC, ClusterError(SourceState.REFUSED, "forbidden"), "error", "forbidden"),
        (EXEC, ValueError("odd"), "error", "odd"),
    ],
)
async def test_what_a_command_in_a_pod_can_come_to(
    real: Rig, check: ExecCheck, result: Any, state: str, words: str
) -> None:
    real.cluster.in_pods = lambda _: result
    await real.activate(spec(check))
    if state == "fail":
        await real.advance(31)
    assert real.state() == state
    assert words in real.summary()


@pytest.mark.parametrize("check", [EXEC, LOGS])
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (PodTroubleError(Obstacle.BROKEN, "x"), "error"),
        (PodTroubleError(Obstacle.STARTING, "x"), "error"),
        (PodTroubleError(Obstacle.MISSING, "x"), "fail"),
        (ClusterError(SourceState.UNREACHABLE, "x"), "error"),
    ],
)
async def test_trouble_is_no_pass_under_not_nor_in_groups(
    real: Rig, check: Any, answer: Any, state: str
) -> None:
    real.cluster.in_pods = lambda _: answer
    await real.activate(
        spec(check, id="not", negate=True),
        spec(GroupCheck("none", (spec(check),)), id="none"),
        spec(GroupCheck("all", (spec(GroupCheck("any", (spec(check),))),)), id="nested", negate=True),
    )
    await real.advance(31)
    for check_id in ("not", "none", "nested"):
        assert real.state(check_id) == state, check_id


async def test_a_pod_that_comes_up_is_noticed_by_itself(real: Rig) -> None:
    answers: list[Any] = [PodTroubleError(Obstacle.STARTING, "Pending"), "not yet\n", "now ready\n"]
    real.cluster.in_pods = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]
    await real.activate(spec(LOGS))
    assert (real.state(), real.summary()) == ("waiting", "Pending")
    await real.advance(1)
    assert 'logs of Pod web in namespace shop end with "not yet"' in real.summary()
    await real.advance(1)
    assert real.state() == "pass"


async def test_the_message_shows_what_was_observed(real: Rig) -> None:
    real.cluster.in_pods = lambda ask: (
        "a\nlast line\n" if isinstance(ask, LogsCheck) else CommandResult(4, "out\n")
    )
    await real.activate(
        spec(LOGS, id="logs", eventually=0.0, message="{{actual.lines}} lines, then {{actual.last}}"),
        spec(EXEC, id="exec", eventually=0.0, message="exit {{actual.exit}}: {{actual.stdout}}"),
    )
    assert real.verifier.status("logs").verdict.message == "2 lines, then last line"
    assert real.verifier.status("exec").verdict.message.strip() == "exit 4: out"


async def test_nothing_is_executed_for_an_untrusted_pack(real: Rig) -> None:
    real.session.trusted = False
    real.cluster.in_pods = lambda _: "ready"
    await real.activate(spec(EXEC, id="exec", negate=True), spec(LOGS, id="logs"))
    assert real.state("exec") == "error"
    assert "--trust" in real.summary("exec")
    assert real.state("logs") == "pass"
    assert [type(one) for one in real.cluster.pod_questions] == [LogsCheck]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x|x)*y"])
async def test_a_pattern_that_never_ends_is_the_checks_fault(real: Rig, pattern: str) -> None:
    real.cluster.in_pods = lambda _: "a" * 40_000 + "!" + "x" * 40_000
    await real.activate(spec(LogsCheck(WEB, Matcher("matches", pattern))))
    assert real.state() == "error"
    assert "took longer" in real.summary()


# The API


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


@pytest.fixture
def api(fake: FakeApi, tmp_path: Path) -> KubeApi:
    return KubeApi(fake.kubeconfig(tmp_path))


def execute(fake: FakeApi, api: KubeApi, frames: Any, *, limit: float = 5.0) -> CommandResult:
    fake.put(pod("web"))
    fake.answers["/api/v1/namespaces/shop/pods/web/exec"] = frames
    container = running_container(api, Discovery(), WEB, None, "shop")
    return run_in_container(api, container, ("sh", "-c", "x y"), limit)


def test_a_command_in_a_pod_and_its_outputs(fake: FakeApi, api: KubeApi) -> None:
    frames = frame(1, b"a\xff") + frame(2, b"oops") + frame(1, b"b") + ended(3) + CLOSE
    assert execute(fake, api, frames) == CommandResult(3, "a\ufffdb", "oops")
    path, query = fake.asked[-1]
    assert path.endswith("/web/exec")
    assert query["command"] == ["sh", "-c", "x y"]
    assert query["container"] == ["app"]
    assert execute(fake, api, frame(1, b"ok") + ended(0) + CLOSE).exit_code == 0


@pytest.mark.parametrize(
    "frames",
    [
        frame(1, b"half an answer"),
        frame(1, b"x") + CLOSE,
        b"",
        frame(2, b"command terminated with exit code 0\n") + CLOSE,
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"nonsense",
    ],
)
def test_a_connection_that_breaks_is_no_exit_code(fake: FakeApi, api: KubeApi, frames: bytes) -> None:
    result = execute(fake, api, frames)
    assert result.exit_code is None
    assert "broke before the command ended" in result.problem


def test_what_the_runtime_says_of_a_program_that_is_not_there(fake: FakeApi, api: KubeApi) -> None:
    message = (
        'OCI runtime exec failed: exec failed: exec: \\"jq\\": executable file not found in $PATH: unknown'
    )
    status = json.dumps({"status": "Failure", "reason": "InternalError", "message": message}).encode()
    result = execute(fake, api, frame(3, status) + CLOSE)
    assert (result.exit_code, result.problem) == (
        None, "the command could not start in the pod: jq: executable file not found"
    )  # fmt: skip


def test_huge_output_is_bounded_and_a_silent_pod_is_timed_out(fake: FakeApi, api: KubeApi) -> None:
    flood = b"".join(frame(1, b"x" * 100_000) for _ in range(30))
    result = execute(fake, api, flood + ended(0) + CLOSE)
    assert (result.exit_code, len(result.stdout)) == (0, OUTPUT_LIMIT)
    fake.holding = True
    assert "did not end within 0.2 s" in execute(fake, api, frame(1, b"x"), limit=0.2).problem


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        ((403, {"message": "pods is forbidden"}), ClusterError, "forbidden"),
        ((404, {"message": "gone"}), PodTroubleError, "gone"),
        ((500, {"message": 'container not found ("app")'}), PodTroubleError, "not running"),
        ((501, {"message": "NeedsRealCluster"}), PodTroubleError, "NeedsRealCluster"),
        ((200, "fine"), PodTroubleError, "200"),
    ],
)
def test_an_upgrade_that_is_refused(fake: FakeApi, api: KubeApi, refusal: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        execute(fake, api, refusal)


@given(
    st.binary(max_size=200)
    | st.from_regex(r'\{"status": ?"[A-Z]?[a-z]*"(, "reason": "NonZeroExitCode")?\}').map(str.encode)
)
def test_any_status_is_an_exit_code_or_a_problem(status: bytes) -> None:
    code, problem = outcome(status)
    assert (code is None) == bool(problem)


@pytest.mark.parametrize(
    ("one", "container", "obstacle", "words"),
    [
        (
            pod("web", state={"waiting": {"reason": "ContainerCreating"}}),
            None,
            Obstacle.STARTING,
            "ContainerCreating",
        ),
        (
            pod("web", state={"waiting": {"reason": "CrashLoopBackOff"}}),
            None,
            Obstacle.STARTING,
            "CrashLoopBackOff",
        ),
        (
            pod("web", state={"terminated": {"reason": "Completed"}}, phase="Succeeded"),
            None,
            Obstacle.BROKEN,
            "has ended",
        ),
        (pod("web", containerStatuses=[], phase="Pending"), None, Obstacle.STARTING, "Pending"),
        (pod("web", containers=("a", "b")), "c", Obstacle.BROKEN, "it has a, b"),
    ],
)
def test_containers_that_cannot_be_asked(
    fake: FakeApi, api: KubeApi, one: Any, container: str | None, obstacle: Obstacle, words: str
) -> None:
    fake.put(one)
    with pytest.raises(PodTroubleError, match=words) as raised:
        running_container(api, Discovery(), WEB, container, "shop")
    assert raised.value.obstacle is obstacle


def test_the_default_container_is_the_one_kubectl_takes() -> None:
    one = pod("web", containers=("a", "b"))
    assert container_of(one, None).name == "a"
    one["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "b"}
    assert container_of(one, None).name == "b"
    assert container_of(one, "a").name == "a"


def test_pods_by_their_owners_selector(fake: FakeApi, api: KubeApi) -> None:
    selector = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "v", "operator": "In", "values": ["1", "2"]}],
    }
    fake.answers["/apis/apps/v1"] = {
        "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]
    }
    fake.answers["/apis/apps/v1/namespaces/shop/deployments/web"] = {"spec": {"selector": selector}}
    leaving = pod("web-0")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = pod("web-2", conditions=[{"type": "Ready", "status": "True"}])
    fake.put(leaving, pod("web-1"), ready)
    target = Target("Deployment", api_version="apps/v1", name="web")
    found = pods_of(api, Discovery(), target, "shop")
    assert [one["metadata"]["name"] for one in found] == ["web-2", "web-1"]
    assert fake.asked[-1][1] == {"labelSelector": ["app=web,v in (1,2)"]}
    with pytest.raises(PodTroubleError, match="no Deployment none in namespace shop"):
        pods_of(api, Discovery(), Target("Deployment", api_version="apps/v1", name="none"), "shop")


def test_logs_and_what_is_asked_for(fake: FakeApi, api: KubeApi) -> None:
    fake.put(pod("a"), pod("b"), pod("c", state={"waiting": {"reason": "ErrImagePull"}}))
    fake.answers["/api/v1/namespaces/shop/pods/a/log"] = b"one\xff"
    fake.answers["/api/v1/namespaces/shop/pods/b/log"] = "two\n"
    by_label = Target("Pod", labels="app=web")
    check = LogsCheck(by_label, contains("x"), since=90.0, tail=5)
    assert read_logs(api, Discovery(), check, "shop", 0.0) == "one\ufffd\ntwo\n"
    asked = fake.asked[-1][1]
    assert (asked["sinceSeconds"], asked["tailLines"], asked["container"]) == (["90"], ["5"], ["app"])
    read_logs(api, Discovery(), LogsCheck(by_label, contains("x"), since="step"), "shop", 0.0)
    assert fake.asked[-1][1]["sinceTime"] == ["1970-01-01T00:00:00Z"]
    fake.answers["/api/v1/namespaces/shop/pods/b/log"] = "x" * 300_000 + "end"
    assert read_logs(api, Discovery(), check, "shop", 0.0).endswith("end\n")


def test_logs_that_are_not_there(fake: FakeApi, api: KubeApi) -> None:
    fake.put(pod("web", state={"waiting": {"reason": "ContainerCreating"}}))
    with pytest.raises(PodTroubleError, match="has not started yet: ContainerCreating") as raised:
        read_logs(api, Discovery(), LOGS, "shop", 0.0)
    assert raised.value.obstacle is Obstacle.STARTING
    fake.put(pod("web"))
    with pytest.raises(PodTroubleError, match="has not restarted") as raised:
        read_logs(api, Discovery(), LogsCheck(WEB, contains("x"), previous=True), "shop", 0.0)
    assert raised.value.obstacle is Obstacle.MISSING
    fake.put(pod("web", state={"waiting": {"reason": "CrashLoopBackOff"}}, last={"terminated": {}}))
    fake.answers["/api/v1/namespaces/shop/pods/web/log"] = "it crashed\n"
    previous = LogsCheck(WEB, contains("x"), previous=True)
    assert read_logs(api, Discovery(), previous, "shop", 0.0) == "it crashed\n"
    assert fake.asked[-1][1]["previous"] == ["true"]
    fake.answers["/api/v1/namespaces/shop/pods/web/log"] = (400, {"message": "no"})
    with pytest.raises(PodTroubleError, match="cannot be read"):
        read_logs(api, Discovery(), LOGS, "shop", 0.0)
