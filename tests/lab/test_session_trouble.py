"""What a session does when things break, go back, or are left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from labrunner.lab import commands
from labrunner.lab.lock import LabBusyError
from labrunner.lab.updates import BackgroundChanged, CheckChanged, ClusterChanged
from labrunner.paths import Home
from labrunner.progress.log import ProgressError
from labrunner.verify.verdict import CheckState

from .rig import Lab, authored, processes_of

MakeLab = Callable[..., Lab]


async def cluster_pid(lab: Lab) -> int:
    return int(json.loads((lab.cluster.directory / "server.json").read_text())["pid"])


# -- reset -----------------------------------------------------------------------------------------------------


async def test_resetting_a_step_restores_objects_workspace_and_progress(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="repair")
    folder = lab.session.workspace.folder
    await lab.typed(
        "kubectl scale deployment web --replicas=2; kubectl create configmap mine; echo x > mine.txt"
    )
    await lab.until_passed("replicas")
    await lab.session.reset_step()
    assert "replicas" not in lab.session.progress.passed
    assert not lab.session.progress.step("repair").completed
    assert not (folder / "mine.txt").exists()
    assert (folder / "fault.log").read_text() == "broken\n", "the fault is there again, once"
    assert await lab.typed("kubectl get deploy web -o jsonpath={.spec.replicas}") == "0"
    assert "NotFound" in await lab.typed("kubectl get configmap mine 2>&1 || true")
    assert await lab.typed("pwd") == str(folder), "the shell still stands in the workspace"
    await lab.typed("kubectl scale deployment web --replicas=2")
    await lab.until_passed("replicas")


async def test_resetting_an_earlier_step_undoes_the_later_ones(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.session.go(commands.Next())
    await lab.session.run_cell("d")
    await lab.until_passed("ready")
    await lab.session.reset_step("ns")
    assert lab.session.step.id == "ns"
    assert not lab.session.progress.passed
    assert "NotFound" in await lab.typed("kubectl get namespace tiny 2>&1 || true")


async def test_a_step_entered_anew_after_an_earlier_reset_is_reset_to_its_new_beginning(
    make_lab: MakeLab,
) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.session.go(commands.Next())
    await lab.session.reset_step("ns")
    await lab.typed("kubectl create namespace tiny; kubectl create namespace other; touch second-time")
    await lab.session.go(commands.Next())
    await lab.session.reset_step()
    assert await lab.typed("kubectl get namespace other -o name") == "namespace/other"
    assert (lab.session.workspace.folder / "second-time").exists()


async def test_resetting_the_module_begins_a_new_attempt_on_an_empty_cluster(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.until_passed("ns-there")
    await lab.typed("touch mine.txt")
    await lab.session.reset_module()
    assert not lab.session.progress.passed
    assert lab.session.step.id == "ns"
    assert not (lab.session.workspace.folder / "mine.txt").exists()
    assert "NotFound" in await lab.typed("kubectl get namespace tiny 2>&1 || true")
    attempts = {record.attempt for record in lab.log.of_kind("lab-started")}
    assert len(attempts) == 2, "the log keeps the first attempt"


# -- background cells ------------------------------------------------------------------------------------------


async def test_a_background_cell_is_owned_and_stopped_at_the_end(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    ran = await lab.session.run_cell("server")
    assert ran.outcome == "started"
    assert lab.session.cells is not None
    assert lab.session.cells.alive("server")
    await lab.close()
    assert not lab.session.cells.alive("server")
    assert [line for line in processes_of(lab.home.data).values() if "sleep" in line] == []
    stopped = [update for update in lab.updates if isinstance(update, BackgroundChanged)]
    assert stopped[-1].state.startswith("stopped")


async def test_a_check_follows_the_background_cell_it_watches(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    await lab.session.run_cell("server")
    await lab.session.go(commands.Next())
    await lab.until_passed("serving")


# -- the cluster dies ------------------------------------------------------------------------------------------


async def test_the_cluster_killed_mid_lab_is_said_and_restarted_with_its_state(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.until_passed("ns-there")
    await lab.session.go(commands.Next())
    await lab.session.verify()
    os.kill(await cluster_pid(lab), signal.SIGKILL)
    await lab.until(lambda: not lab.session.cluster_status.running)
    assert "state is kept" in lab.session.cluster_status.detail
    await lab.until_state("ready", CheckState.ERROR)
    assert "ns-there" in lab.session.progress.passed, "what was done stays done"

    await lab.session.restart_cluster()
    assert lab.session.cluster_status.running
    changes = [update.status.running for update in lab.updates if isinstance(update, ClusterChanged)]
    assert changes[-2:] == [False, True]
    assert await lab.typed("kubectl get namespace tiny -o name") == "namespace/tiny"
    await lab.session.run_cell("d")
    await lab.until_passed("ready")


async def test_a_lab_whose_cluster_died_can_be_left_and_resumed(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.until_passed("ns-there")
    os.kill(await cluster_pid(lab), signal.SIGKILL)
    await lab.close()
    again = await make_lab().start()
    assert again.session.progress.passed.keys() == {"ns-there"}
    assert await again.typed("kubectl get namespace tiny -o name") == "namespace/tiny"


# -- two at once -----------------------------------------------------------------------------------------------


async def test_a_second_session_on_one_module_is_told_who_has_it(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.session.open()
    other = make_lab()
    other.closed = True
    with pytest.raises(LabBusyError) as caught:
        other.session.open()
    assert caught.value.holder == os.getpid()
    assert str(os.getpid()) in str(caught.value)
    assert caught.value.remedy
    await lab.close()
    other.closed = False
    other.session.open()


# -- a great deal of output ------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_hundred_megabytes_of_output_stay_bounded(make_lab: MakeLab, tmp_path, home: Home) -> None:
    text = "## Flood\n\n```bash {id=flood}\nhead -c 100000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo the end\n```\n"
    lab = await make_lab(authored(tmp_path / "pack", text)).start()
    ran = await lab.session.run_cell("flood")
    assert (ran.outcome, ran.exit_code) == ("ended", 0)
    assert ran.output.rstrip().endswith("the end")
    assert len(ran.output) <= 16 * 1024
    assert home.progress_file.stat().st_size < 1_000_000
    assert await lab.typed("echo alive") == "alive"


async def test_invalid_utf8_in_output_is_recorded_and_resumed(make_lab: MakeLab, tmp_path) -> None:
    text = "## Bytes\n\n```bash {id=bytes}\nprintf 'a\\377\\376\\0\\355\\240\\200z\\n'\n```\n"
    module = authored(tmp_path / "pack", text)
    lab = await make_lab(module).start()
    ran = await lab.session.run_cell("bytes")
    assert ran.exit_code == 0
    assert ran.output.strip().startswith("a") and ran.output.strip().endswith("z")
    await lab.close()
    again = await make_lab(module).start()
    assert again.session.progress.cells["bytes"] == ran


async def test_a_full_disk_shows_nothing_as_done_and_verifying_later_makes_up_for_it(
    make_lab: MakeLab,
) -> None:
    lab = await make_lab().start()
    db = lab.log._db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ProgressError):
        for _ in range(100):
            lab.log.append(at=0.0, module="other", attempt="a", kind="filler", data={"x": "y" * 500})
    await lab.typed("kubectl create namespace tiny")
    await lab.until(lambda: any("full" in text for text in lab.troubles()))
    shown = [update.status.state for update in lab.updates if isinstance(update, CheckChanged)]
    assert CheckState.PASS not in shown
    assert not lab.session.progress.passed

    db.execute("PRAGMA max_page_count = 100000")
    await lab.session.verify()
    assert lab.session.progress.passed.keys() == {"ns-there"}
    assert lab.session.progress.step("ns").completed
