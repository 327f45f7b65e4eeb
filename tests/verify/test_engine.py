"""The verifier: asking for verdicts, polling, RBAC, commands, clusters that come and go, closing."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from labrunner.content.checks_model import (
    AnswerCheck,
    CanCheck,
    CommandCheck,
    FileCheck,
    GroupCheck,
    Matcher,
    ResourceCheck,
    Target,
)
from labrunner.verify.commands import OUTPUT_LIMIT, run_command
from labrunner.verify.engine import Verifier
from labrunner.verify.verdict import CheckState, CheckStatus

from .fakes import Rig, Session, spec, thing

WEB = Target(kind="Deployment", name="web")
THREE = ResourceCheck(WEB, {"spec": {"replicas": 3}})


def web(replicas: int) -> dict[str, Any]:
    return thing("Deployment", "web", spec={"replicas": replicas})


async def until(rig: Rig, check_id: str, state: str) -> None:
    """Wait for a state that a child process brings about."""
    for _ in range(1000):
        if rig.state(check_id) == state:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{check_id} is {rig.state(check_id)}: {rig.summary(check_id)}")


# Asking for verdicts


async def test_verify_sees_what_no_watch_has_told_yet(rig: Rig) -> None:
    rig.cluster.put(web(1))
    await rig.activate(spec(THREE))
    rig.cluster.put(web(3), told=False)
    assert rig.state() == "waiting"
    found = await rig.verifier.verify(["check"], wait=False)
    assert found["check"].state is CheckState.PASS


async def test_verify_without_waiting_tells_how_it_stands(rig: Rig) -> None:
    await rig.activate(spec(THREE))
    found = await rig.verifier.verify(["check"], wait=False)
    assert found["check"].state is CheckState.WAITING
    await rig.advance(31)
    found = await rig.verifier.verify(["check"], wait=False)
    assert found["check"].state is CheckState.FAIL


async def test_verify_with_waiting_gives_the_whole_of_eventually_again(rig: Rig) -> None:
    await rig.activate(spec(THREE, eventually=10.0))
    await rig.advance(60)
    assert rig.state() == "fail"
    asked = asyncio.create_task(rig.verifier.verify(["check"], wait=True))
    await rig.settle()
    assert rig.state() == "waiting"
    await rig.advance(9)
    assert not asked.done()
    rig.cluster.put(web(3))
    await rig.settle()
    assert (await asked)["check"].state is CheckState.PASS


async def test_verify_with_waiting_ends_at_the_deadline(rig: Rig) -> None:
    checks = [spec(THREE, eventually=10.0), spec(THREE, id="held", negate=True, consistently=3.0)]
    await rig.activate(*checks)
    asked = asyncio.create_task(rig.verifier.verify(["check", "held"], wait=True))
    await rig.settle()
    await rig.advance(9.9)
    assert not asked.done()
    await rig.advance(0.1)
    found = await asked
    assert (found["check"].state, found["held"].state) == (CheckState.FAIL, CheckState.PASS)


async def test_verify_with_waiting_ends_for_checks_without_a_deadline_and_for_errors(rig: Rig) -> None:
    rig.cluster.trouble = None
    await rig.activate(spec(THREE, eventually=None))
    asked = asyncio.create_task(rig.verifier.verify(["check"], wait=True))
    await rig.settle()
    await rig.advance(29)
    assert not asked.done()
    await rig.advance(1)
    assert (await asked)["check"].state is CheckState.FAIL
    rig.cluster.away()
    asked = asyncio.create_task(rig.verifier.verify(["check"], wait=True))
    await rig.settle()
    assert not asked.done()
    await rig.advance(30)
    assert (await asked)["check"].state is CheckState.ERROR


async def test_asking_for_an_unknown_check_is_a_key_error(rig: Rig) -> None:
    with pytest.raises(KeyError):
        await rig.verifier.verify(["nobody"], wait=False)
    with pytest.raises(KeyError):
        rig.verifier.status("nobody")


async def test_a_check_taken_away_while_waited_for_ends_the_wait(rig: Rig) -> None:
    await rig.activate(spec(THREE))
    asked = asyncio.create_task(rig.verifier.verify(["check"], wait=True))
    await rig.settle()
    rig.verifier.deactivate(["check"])
    await rig.settle()
    assert await asyncio.wait_for(asked, 5) == {}


# Sources come and go


async def test_sources_are_watched_while_a_check_needs_them(rig: Rig) -> None:
    await rig.activate(spec(THREE), spec(ResourceCheck(Target(kind="Pod", name="x"), {}), id="pod"))
    assert {key.kind for key in rig.cluster.watched} == {"Deployment", "Pod"}
    rig.verifier.deactivate(["check"])
    assert {key.kind for key in rig.cluster.watched} == {"Pod"}
    with pytest.raises(KeyError):
        rig.verifier.status("check")


async def test_a_cluster_that_starts_later_is_an_error_until_then(rig: Rig) -> None:
    rig.session.clusters.clear()
    rig.cluster.put(web(3), told=False)
    await rig.activate(spec(THREE), spec(CanCheck("eve", "get", "pods", allowed=False), id="can"))
    assert rig.state() == rig.state("can") == "error"
    assert "no cluster is running" in rig.summary()
    rig.session.clusters.add("main")
    await rig.verifier.restart_cluster()
    await rig.settle()
    assert rig.state() == rig.state("can") == "pass"


async def test_restarting_forgets_the_objects_of_the_old_cluster(rig: Rig) -> None:
    rig.cluster.put(web(3))
    await rig.activate(spec(THREE))
    assert rig.state() == "pass"
    rig.cluster.objects.clear()
    await rig.verifier.restart_cluster()
    await rig.settle()
    assert rig.cluster.closed == 1
    assert rig.state() == "fail"


async def test_a_second_activation_starts_anew(rig: Rig) -> None:
    await rig.activate(spec(THREE, eventually=5.0))
    await rig.advance(10)
    assert rig.state() == "fail"
    await rig.activate(spec(THREE, eventually=5.0))
    assert rig.state() == "waiting"
    assert len(rig.cluster.watched) == 1


# RBAC


async def test_permissions_are_asked_again_at_once_when_rbac_changes(rig: Rig) -> None:
    rig.cluster.rules = lambda check: any(kind == "RoleBinding" for kind, _ in rig.cluster.objects)
    await rig.activate(spec(CanCheck("system:serviceaccount:shop:ci", "get", "pods"), every=60.0))
    assert rig.state() == "waiting"
    assert "can system:serviceaccount:shop:ci get pods in namespace shop?: no, wanted yes" in rig.summary()
    rig.cluster.put(thing("RoleBinding", "ci"))
    await rig.settle()
    assert rig.state() == "pass"


async def test_permissions_are_asked_again_as_time_goes_by(rig: Rig) -> None:
    await rig.activate(spec(CanCheck("eve", "get", "pods"), every=1.0))
    asked = rig.cluster.reviews
    rig.cluster.rules = lambda check: True
    await rig.advance(1)
    assert rig.cluster.reviews > asked
    assert rig.state() == "pass"


# Commands


async def test_a_command_runs_in_the_labs_workspace_and_environment(rig: Rig) -> None:
    (rig.session.workspace / "seen").write_text("x")
    check = CommandCheck(
        "ls; echo $LAB >&2", stdout=Matcher("equals", "seen"), stderr=Matcher("equals", "mine")
    )
    await rig.activate(spec(check))
    await until(rig, "check", "pass")


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (CommandCheck("exit 3"), "fail", "exits with 3, wanted 0"),
        (CommandCheck("echo 'FAIL: no tea'; echo bye; exit 1"), "fail", "no tea"),
        (CommandCheck("exit 3", exit=Matcher("between", (1, 3))), "pass", ""),
        (
            CommandCheck("no-such-tool-at-all", exit=Matcher("not", Matcher("equals", 0))),
            "error",
            "not found",
        ),
        (CommandCheck("exit 127", exit=Matcher("equals", 127)), "pass", ""),
        (CommandCheck("echo '{\"a\": [1, 2]}'", json=Matcher("equals", {"a": [2]})), "pass", ""),
        (CommandCheck("echo nonsense", json=Matcher("equals", {"a": 1})), "fail", "no JSON"),
        (CommandCheck("kill -9 $$"), "fail", "signal 9"),
        (
            CommandCheck(
                "echo 'The connection to the server x was refused' >&2; exit 1", exit=Matcher("gt", 0)
            ),
            "error",
            "cannot reach the cluster",
        ),
    ],
)
async def test_what_a_command_can_come_to(rig: Rig, check: CommandCheck, state: str, words: str) -> None:
    await rig.activate(spec(check, eventually=0.0))
    await until(rig, "check", state)
    assert words in rig.summary()


async def test_a_command_that_never_ends_is_an_error_and_leaves_nothing_behind(rig: Rig) -> None:
    mark = rig.session.workspace / "pid"
    check = CommandCheck(f"sleep 1000 & echo $! > {mark}; wait")
    await rig.activate(spec(check, timeout=0.3), spec(check, id="not", negate=True, timeout=0.3))
    await until(rig, "check", "error")
    await until(rig, "not", "error")
    assert "did not end within 0.3 s" in rig.summary()
    assert _ended(int(mark.read_text()))


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_a_flood_of_output_is_bounded_and_bad_text_is_borne(tmp_path: Path) -> None:
    result = await run_command(
        "head -c 20000000 /dev/zero; printf '\\377' >&2",
        environment=dict(os.environ),
        directory=tmp_path,
        time_limit=30,
    )
    assert (result.exit_code, len(result.stdout), result.stderr) == (0, OUTPUT_LIMIT, "\ufffd")


async def test_a_child_that_keeps_the_output_open_does_not_hold_up_the_verdict(tmp_path: Path) -> None:
    begun = time.monotonic()
    result = await run_command(
        "echo done; setsid sleep 12 & disown",
        environment=dict(os.environ),
        directory=tmp_path,
        time_limit=20,
    )
    assert result.exit_code == 0
    assert time.monotonic() - begun < 8
    assert result.stdout == "done\n"


async def test_an_old_result_is_not_taken_for_a_new_one(rig: Rig) -> None:
    note = rig.session.workspace / "note"
    note.write_text("x")
    check = spec(CommandCheck("test -f note"))
    await rig.activate(check)
    await until(rig, "check", "pass")
    rig.verifier.deactivate(["check"])
    note.unlink()
    await rig.activate(check)
    assert rig.state() == "waiting"
    assert rig.verifier.status("check").passed_at is None


async def test_an_answer_is_compared_with_what_a_command_prints(rig: Rig) -> None:
    await rig.activate(spec(AnswerCheck("Whose?", command="echo $LAB; touch ran")))
    await rig.advance(5)
    assert not (rig.session.workspace / "ran").exists()
    rig.session.answers["check"] = "'mine'"
    rig.verifier.notify("answer")
    await until(rig, "check", "pass")


async def test_an_answer_within_a_group_belongs_to_the_check(rig: Rig) -> None:
    rig.session.answers["check"] = "42"
    await rig.activate(spec(GroupCheck("all", (spec(AnswerCheck("?", accept=("/4\\d/",)), id="part"),))))
    assert rig.state() == "pass"


# Files


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (FileCheck("a.yaml"), "pass", ""),
        (FileCheck("b.yaml"), "fail", "there is no file b.yaml"),
        (FileCheck("a.yaml", exists=False), "fail", "wanted it not to be"),
        (FileCheck("a.yaml", mode="0640"), "pass", ""),
        (FileCheck("a.yaml", mode="600"), "fail", "has mode 0640, wanted 600"),
        (FileCheck("a.yaml", text=Matcher("contains", "replicas: 3")), "pass", ""),
        (FileCheck("a.yaml", yaml=Matcher("equals", {"kind": "B", "when": "2024-01-01"})), "pass", ""),
        (
            FileCheck("a.yaml", yaml=Matcher("equals", {"kind": "A", "replicas": 4})),
            "fail",
            "replicas is 3, wanted 4",
        ),
        (FileCheck("bad.yaml", yaml=Matcher("exists", True)), "fail", "no valid YAML"),
        (FileCheck("a.json", json=Matcher("equals", {"x": [2]})), "pass", ""),
        (FileCheck("a.yaml", json=Matcher("exists", True)), "fail", "no valid JSON"),
        (FileCheck("../secret"), "error", "outside the lab's workspace"),
        (FileCheck("/etc/passwd"), "error", "outside the lab's workspace"),
        (FileCheck("link"), "error", "outside the lab's workspace"),
        (FileCheck("folder", text=Matcher("exists", True)), "fail", "is not a file"),
        (FileCheck("pipe", text=Matcher("exists", True)), "fail", "is not a file"),
        (FileCheck("a.yaml/b"), "fail", "there is no file"),
    ],
)
async def test_files(rig: Rig, check: FileCheck, state: str, words: str) -> None:
    root = rig.session.workspace
    (root / "a.yaml").write_text("kind: A\nreplicas: 3\n---\nkind: B\nwhen: 2024-01-01\n")
    (root / "a.yaml").chmod(0o640)
    (root / "bad.yaml").write_text("a: [")
    (root / "a.json").write_text('{"x": [1, 2]}')
    (root.parent / "secret").write_text("x")
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    await rig.activate(spec(check, eventually=0.0))
    assert rig.state() == state
    assert words in rig.summary()


# Evidence


async def test_evidence_is_gathered_when_a_check_fails_and_dropped_when_it_passes(rig: Rig) -> None:
    collect = ({"command": "echo seen; echo also >&2"}, {"command": "exit 3"})
    await rig.activate(spec(THREE, eventually=5.0, collect=collect))
    assert rig.verifier.status("check").verdict.evidence == ()
    await rig.advance(5)
    found = await rig.verifier.verify(["check"], wait=False)
    shown = [(one.title, one.text) for one in found["check"].verdict.evidence]
    assert shown == [("$ echo seen; echo also >&2", "seen\nalso"), ("$ exit 3", "nothing")]
    assert rig.changes[-1].verdict.evidence
    rig.cluster.put(web(3))
    await rig.settle()
    assert rig.verifier.status("check").verdict.evidence == ()


@pytest.mark.parametrize(
    ("entry", "command"),
    [
        ({"events": "shop"}, "--namespace shop get events --sort-by=.metadata.creationTimestamp"),
        (
            {"logs": "deploy/istiod", "namespace": "istio-system", "tail": 5, "container": "d"},
            "--namespace istio-system logs --tail=5 --container d -- deploy/istiod",
        ),
        ({"yaml": "deploy/web"}, "--namespace shop get --output=yaml -- deploy/web"),
        ({"describe": "pod/x; rm"}, "--namespace shop describe -- 'pod/x; rm'"),
    ],
)
async def test_evidence_comes_from_the_labs_own_kubectl(
    rig: Rig, entry: dict[str, Any], command: str
) -> None:
    binaries = rig.session.workspace / "bin"
    binaries.mkdir()
    (binaries / "kubectl").write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    (binaries / "kubectl").chmod(0o755)
    rig.session.path = str(binaries)
    await rig.activate(spec(THREE, eventually=0.0, collect=(entry,)))
    found = await rig.verifier.verify(["check"], wait=False)
    words = found["check"].verdict.evidence[0].text.rstrip("|").split("|")
    assert words == ["--kubeconfig", "/kubeconfigs/main", *shlex.split(command)]


# The engine itself


async def test_closing_stops_commands_and_watches_at_once(session: Session) -> None:
    from .fakes import FakeCluster

    cluster = FakeCluster()
    verifier = Verifier(session, connect=cluster.connect)
    verifier.activate([spec(CommandCheck("echo $$ > pid; sleep 1000"), timeout=600.0), spec(THREE, id="web")])
    waiting = asyncio.create_task(verifier.verify(["check"], wait=True))
    for _ in range(500):
        if (session.workspace / "pid").exists() and (session.workspace / "pid").read_text():
            break
        await asyncio.sleep(0.01)
    begun = time.monotonic()
    await verifier.close()
    assert time.monotonic() - begun < 3
    assert cluster.closed == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert _ended(int((session.workspace / "pid").read_text()))


async def test_many_checks_on_many_objects_keep_up(rig: Rig) -> None:
    """200 checks on 500 objects, with a change that affects them all: far within the 100 ms of a verdict."""
    for number in range(500):
        labels = {"app": f"a{number % 10}"}
        rig.cluster.put(thing("ConfigMap", f"c{number}", labels=labels, data={"n": str(number)}), told=False)
    checks = [
        spec(
            ResourceCheck(Target(kind="ConfigMap", labels=f"app=a{n % 10}"), {"data": {"n": "none"}}),
            id=f"k{n}",
        )
        for n in range(200)
    ]
    await rig.activate(*checks)
    begun = time.perf_counter()
    rig.cluster.put(thing("ConfigMap", "c3", labels={"app": "a3"}, data={"n": "none"}))
    await rig.settle()
    assert time.perf_counter() - begun < 2.0
    assert rig.state("k3") == "pass"
    assert rig.state("k4") == "waiting"


async def test_a_listener_that_raises_does_not_stop_other_checks(session: Session) -> None:
    from .fakes import FakeCluster

    cluster, told = FakeCluster(), list[str]()
    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context["exception"]))

    def listen(status: CheckStatus) -> None:
        told.append(status.check_id)
        if status.check_id == "a":
            raise ValueError("no room")

    cluster.put(web(3), told=False)
    verifier = Verifier(session, on_change=listen, connect=cluster.connect)
    verifier.activate([spec(THREE, id="a"), spec(THREE, id="b")])
    for _ in range(20):
        await asyncio.sleep(0)
    assert told == ["a", "b"]
    assert [str(one) for one in raised] == ["no room"]
    await verifier.close()


def test_importing_the_package_and_its_parts_imports_no_kubernetes() -> None:
    code = (
        "import sys, labrunner.verify, labrunner.verify.engine\n"
        "heavy = {'kubernetes', 'pydantic', 'httpx', 'urllib3', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_export_is_there() -> None:
    import labrunner.verify as package

    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError):
        _ = package.nothing_like_that
