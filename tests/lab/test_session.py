"""A session on a real simulated cluster: cells, checks that turn green by themselves, help, moving on, coming back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labrunner.lab import commands
from labrunner.lab.decisions import RefusedError
from labrunner.lab.events import CheckLost, LabFinished, StepCompleted, StepEntered
from labrunner.verify.verdict import CheckState

from .rig import Lab

MakeLab = Callable[..., Lab]


async def test_a_check_turns_green_by_itself_when_its_object_appears(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    assert lab.session.step.id == "ns"
    await lab.typed("kubectl create namespace tiny")
    await lab.until_passed("ns-there")
    assert lab.session.progress.step("ns").completed


async def test_a_check_is_recorded_before_it_is_shown(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.until_state("ns-there", CheckState.PASS)
    assert [record.data["check"] for record in lab.log.of_kind("check-passed")] == ["ns-there"]


async def test_cells_report_exit_output_and_whether_it_was_as_expected(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    first = await lab.session.run_cell("mk")
    again = await lab.session.run_cell("mk")
    assert (first.outcome, first.exit_code, first.output_matches) == ("ended", 0, True)
    assert "namespace/tiny created" in first.output
    assert (again.exit_code, again.output_matches) == (1, False)


async def test_the_labs_environment_reaches_its_shell(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    said = await lab.session.run_cell("say")
    assert f"hello from {lab.session.workspace.folder}" in said.output.replace("\n", "")
    await lab.until_passed("said")


async def test_the_modules_namespace_exists_and_is_the_default(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    assert (await lab.session.run_cell("where")).output_matches
    assert await lab.typed("kubectl get namespace rich -o name") == "namespace/rich"


async def test_a_prompted_cell_offers_choices_and_takes_one(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    assert lab.session.cells is not None
    assert await lab.session.cells.choices(lab.session.module.cell("pick")) == ("apple", "pear")
    with pytest.raises(RefusedError, match="FRUIT"):
        await lab.session.run_cell("pick")
    assert "picked pear; $(touch x)" in (await lab.session.run_cell("pick", "pear; $(touch x)")).output
    assert not (lab.session.workspace.folder / "x").exists()


async def test_a_file_cell_writes_the_workspace_and_shows_what_changed(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    ran = await lab.session.run_cell("note")
    assert (lab.session.workspace.folder / "notes" / "a.txt").read_text() == "first\n"
    assert "+first" in ran.output


async def test_a_cell_that_never_ends_is_stopped_at_its_timeout(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    ran = await lab.session.run_cell("endless")
    assert ran.outcome == "timeout"
    assert await lab.typed("echo still here") == "still here"


async def test_exit_in_a_cell_costs_the_shell_not_the_lab(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    ran = await lab.session.run_cell("leave")
    assert ran.outcome == "shell-exited"
    assert any("started again" in text for text in lab.troubles())
    assert await lab.typed("echo $GREETING") == "hello"


async def test_an_expected_exit_code_is_right(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start()
    ran = await lab.session.run_cell("three")
    assert (ran.outcome, ran.exit_code) == ("ended", 3)


async def test_nothing_runs_before_the_lab_is_connected(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.session.open()
    with pytest.raises(RefusedError, match="starting"):
        await lab.session.run_cell("mk")
    with pytest.raises(RefusedError):
        await lab.session.verify()
    assert lab.session.step.title == "Make a namespace", "it can be read meanwhile"


# -- help ------------------------------------------------------------------------------------------------------


async def test_hints_begin_with_what_fits_the_state_of_the_world(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="repair")
    await lab.until_state("replicas", CheckState.WAITING)
    await lab.session.verify()
    hints = [lab.session.hint() for _ in range(5)]
    assert hints == [
        "somebody scaled it to nothing",
        "scale it",
        "really scale it",
        "the step's own hint",
        None,
    ]
    assert lab.session.progress.step("repair").hints == tuple(hints[:-1])


@pytest.mark.parametrize("help_taken", ["shown", "played"])
async def test_a_step_done_with_its_solution_counts_as_assisted(make_lab: MakeLab, help_taken: str) -> None:
    lab = await make_lab("rich").start(step="repair")
    if help_taken == "played":
        assert [ran.exit_code for ran in await lab.session.play_solution()] == [0]
    else:
        (cell,) = lab.session.solution()
        await lab.typed(cell.source)
    await lab.until_passed("replicas")
    assert lab.events(StepCompleted) == [StepCompleted("repair", assisted=True)]


async def test_a_step_done_alone_is_not_assisted(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="repair")
    await lab.typed("kubectl scale deployment web --replicas=2")
    await lab.until_passed("replicas")
    assert lab.events(StepCompleted) == [StepCompleted("repair")]


# -- what checks remember --------------------------------------------------------------------------------------


async def test_a_level_check_is_lost_again_and_an_edge_check_is_not(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="gone")
    await lab.session.play_solution()
    await lab.until_passed("level")
    await lab.until_passed("gone-away")
    await lab.typed("kubectl delete configmap lamp; kubectl create configmap victim")
    await lab.until(lambda: "level" not in lab.session.progress.passed)
    assert lab.events(CheckLost) == [CheckLost("level")]
    assert "gone-away" in lab.session.progress.passed


async def test_absence_counts_only_after_presence_even_across_a_resume(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="gone")
    await lab.until(lambda: "gone-away" in lab.session.progress.baselines)
    await lab.close()
    again = await make_lab("rich").start()
    assert again.resumed
    assert again.session.step.id == "gone"
    await again.typed("kubectl delete configmap victim")
    await again.until_passed("gone-away")


async def test_setup_and_fault_cells_run_once_even_across_a_resume(make_lab: MakeLab) -> None:
    lab = await make_lab("rich").start(step="gone")
    await lab.session.go(commands.Enter("repair"))
    await lab.session.go(commands.Previous())
    await lab.close()
    again = await make_lab("rich").start()
    await again.session.go(commands.Enter("repair"))
    folder = again.session.workspace.folder
    assert (folder / "setup.log").read_text() == "prepared\n"
    assert (folder / "fault.log").read_text() == "broken\n"


async def test_an_untrusted_packs_automatic_cells_do_not_run_and_it_is_said(make_lab: MakeLab) -> None:
    lab = await make_lab("rich", trusted=False).start(step="repair")
    assert not (lab.session.workspace.folder / "fault.log").exists()
    assert any("--trust" in text for text in lab.troubles())
    assert "NotFound" in await lab.typed("kubectl get deployment web 2>&1 || true")


# -- moving on and coming back ---------------------------------------------------------------------------------


async def test_leaving_in_the_middle_and_coming_back_where_one_was(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    assert not lab.resumed
    await lab.session.run_cell("mk")
    await lab.session.go(commands.Next())
    await lab.session.run_cell("d")
    await lab.until_passed("ready")
    before = lab.session.progress
    await lab.close()

    again = await make_lab().start()
    assert again.resumed
    assert again.session.step.id == "dep"
    assert again.session.progress.passed.keys() == before.passed.keys() == {"ns-there", "ready"}
    assert again.session.progress.cells == before.cells
    assert await again.typed("kubectl -n tiny get deploy -o name") == "deployment.apps/web"


async def test_a_whole_lab_to_its_end(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    session = lab.session
    await session.run_cell("mk")
    await session.go(commands.Next())
    for cell in ("w", "d", "bg"):
        await session.run_cell(cell)
    await session.verify(wait=True)
    await session.go(commands.Next())
    with pytest.raises(RefusedError, match="Challenge"):
        await session.go(commands.Next())
    await session.play_solution()
    await session.verify(wait=True)
    await session.go(commands.Next())
    assert session.progress.finished_at is not None
    assert len(lab.events(LabFinished)) == 1


async def test_doing_it_again_begins_with_nothing_done_and_nothing_there(make_lab: MakeLab) -> None:
    lab = await make_lab().start()
    await lab.session.run_cell("mk")
    await lab.until_passed("ns-there")
    await lab.close()
    again = await make_lab().start(fresh=True)
    assert not again.resumed
    statuses = await again.session.verify()
    assert statuses["ns-there"].state is CheckState.WAITING, "the objects of the last attempt are gone"
    assert not again.session.progress.passed


async def test_reading_moves_on_by_itself_but_work_does_not_complete_by_walking_past(
    make_lab: MakeLab,
) -> None:
    lab = await make_lab("rich").start()
    for _ in range(3):
        await lab.session.go(commands.Next())
    assert [event.step for event in lab.events(StepEntered)] == ["shell", "gone", "repair", "reading"]
    with pytest.raises(RefusedError, match="Repair"):
        await lab.session.go(commands.Next())
    assert not lab.session.progress.step("repair").completed
