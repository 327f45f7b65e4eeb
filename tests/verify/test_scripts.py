"""`script`, and what is not run for a pack that nobody has trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labrunner.content.checks_model import (
    AnswerCheck,
    CommandCheck,
    CountCheck,
    GroupCheck,
    Matcher,
    ScriptCheck,
    Target,
)
from labrunner.verify.commands import OUTPUT_LIMIT, run_script

from .fakes import Rig, spec


def script(
    folder: Path, text: str | bytes, *, name: str = "verify.sh", arguments: tuple[str, ...] = ()
) -> ScriptCheck:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ScriptCheck(f"files/{name}", file, arguments)


async def verified(rig: Rig, check: Any, **changes: Any) -> tuple[str, str]:
    await rig.activate(spec(check, eventually=0.0, **changes))
    await rig.verifier.verify(["check"], wait=False)
    return rig.state(), rig.summary()


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("exit 0", "pass", "is content"),
        ("echo all good", "pass", "all good"),
        ("echo 'FAIL: no tea'; echo 'FAIL: no milk' >&2; echo bye; exit 1", "fail", "no tea; no milk"),
        ("echo noise >&2; echo You have no pod yet; echo; exit 3", "fail", "You have no pod yet"),
        ("echo no such thing >&2; exit 1", "fail", "no such thing"),
        ("exit 9", "fail", "exits with 9 and says nothing"),
        ("kill -9 $$", "fail", "signal 9"),
        ("#!/usr/bin/env python3\nimport sys; print('from python'); sys.exit(1)", "fail", "from python"),
        ("#!/bin/sh -e\r\nfalse", "fail", ""),
        ("#!/no/such/interpreter\n", "error", "could not be started"),
        ("no-such-program-at-all", "error", "could not run"),
        ("echo 'FAIL: tool is missing'; exit 127", "fail", "tool is missing"),
        (
            'echo "The connection to the server x was refused" >&2; exit 1',
            "error",
            "cannot reach the cluster",
        ),
        (b"printf 'FAIL: \\xff\\xfe'; exit 1", "fail", "�"),
    ],
)
async def test_what_a_script_can_come_to(
    rig: Rig, tmp_path: Path, text: str | bytes, state: str, words: str
) -> None:
    found = await verified(rig, script(tmp_path, text))
    assert found[0] == state, found
    assert words in found[1]


async def test_under_not_an_error_stays_one(rig: Rig, tmp_path: Path) -> None:
    assert (await verified(rig, script(tmp_path, "no-such-program-at-all"), negate=True))[0] == "error"
    rig.verifier.deactivate(["check"])
    assert (await verified(rig, script(tmp_path, "exit 1"), negate=True))[0] == "pass"


async def test_it_runs_where_commands_run_with_its_arguments(rig: Rig, tmp_path: Path) -> None:
    check = script(tmp_path, 'echo "$PWD $LAB $1 $2"; exit 1', arguments=("a b", "$HOME"))
    assert (await verified(rig, check))[1] == f"{rig.session.workspace} mine a b $HOME"


async def test_time_and_output_are_bounded(rig: Rig, tmp_path: Path) -> None:
    endless = script(tmp_path, "sleep 1000", name="endless.sh")
    assert (await verified(rig, endless, timeout=0.2))[0] == "error"
    assert "did not end within 0.2 s" in rig.summary()
    flood = script(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; exit 1")
    result = await run_script(
        flood.file, (), environment=rig.session.environment(), directory=tmp_path, time_limit=20.0
    )
    assert (result.exit_code, len(result.stdout)) == (1, OUTPUT_LIMIT)


async def test_a_script_that_went_away_is_an_error(rig: Rig, tmp_path: Path) -> None:
    check = script(tmp_path, "exit 0")
    check.file.unlink()
    assert (await verified(rig, check))[0] == "error"
    assert "cannot be read" in rig.summary()


TOUCH = CommandCheck("touch ran")


@pytest.mark.parametrize("negate", [False, True])
async def test_nothing_of_an_untrusted_pack_is_run(rig: Rig, tmp_path: Path, negate: bool) -> None:
    rig.session.trusted = False
    rig.session.answers["typed"] = "x"
    checks = [
        spec(TOUCH, id="command", negate=negate),
        spec(script(tmp_path, "touch ran"), id="script", negate=negate),
        spec(AnswerCheck("?", command="touch ran"), id="typed", negate=negate),
        spec(GroupCheck("all", (spec(TOUCH, id="part"),)), id="group", negate=negate),
    ]
    await rig.activate(*checks)
    found = await rig.verifier.verify([check.id for check in checks], wait=True)
    for status in found.values():
        assert status.state == "error"
        assert "--trust" in status.verdict.summary
    assert not (rig.session.workspace / "ran").exists()


async def test_untrusted_evidence_is_not_gathered_by_commands(rig: Rig) -> None:
    rig.session.trusted = False
    await rig.activate(
        spec(
            CountCheck(Target("Pod"), Matcher("equals", 3)),
            eventually=0.0,
            collect=({"command": "touch ran"},),
        )
    )
    found = await rig.verifier.verify(["check"], wait=True)
    evidence = found["check"].verdict.evidence
    assert "--trust" in evidence[0].text
    assert not (rig.session.workspace / "ran").exists()


async def test_a_literal_answer_needs_no_trust(rig: Rig) -> None:
    rig.session.trusted = False
    rig.session.answers["check"] = "4"
    assert (await verified(rig, AnswerCheck("?", accept=("4",), command="touch ran")))[0] == "pass"


async def test_evidence_targets_are_no_options(rig: Rig, tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    kubectl.chmod(0o755)
    rig.session.path = str(tmp_path)
    entries = tuple({key: "--kubeconfig=x"} for key in ("logs", "yaml", "describe"))
    await rig.activate(spec(CountCheck(Target("Pod"), Matcher("equals", 3)), eventually=0.0, collect=entries))
    found = await rig.verifier.verify(["check"], wait=True)
    for piece in found["check"].verdict.evidence:
        assert piece.text.endswith("<--><--kubeconfig=x>")
