"""Starting, ending and starting again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import Outcome, ShellError, ShellExited, ShellRestarted, State
from labrunner.shell.processes import is_running, session_members

from .conftest import KINDS, Shell


@pytest.mark.parametrize(
    ("source", "code"), [("exit 3", 3), ("exec true", 0), ("set -e\nfalse\necho no", 1), ("kill -9 $$", 137)]
)
async def test_a_cell_that_ends_the_shell_gets_a_new_one(either: Shell, source: str, code: int) -> None:
    first = either.session.pid
    await either.run("mkdir -p deep; cd deep; export KEPT='a b\n\"c\"'; lost=1")
    result = await either.run(source, timeout=10)
    assert (result.outcome, result.exit_code) == (Outcome.SHELL_EXITED, code)
    assert either.session.pid != first
    assert f"the shell ended with exit code {code}" in either.text
    assert result.cwd.name == "deep"
    assert await either.stdout('echo "$KEPT|${lost-}|${PWD##*/}"') == 'a b\n"c"||deep'
    assert ShellExited(code) in either.events
    assert ShellRestarted(result.cwd, learner_rc=True) in either.events


async def test_the_learner_leaves_the_shell(either: Shell) -> None:
    either.write(b"exit\r")
    await either.until(lambda: any(isinstance(event, ShellRestarted) for event in either.events))
    assert await either.stdout("echo back") == "back"


async def test_a_cell_handed_over_while_the_shell_is_replaced_waits(shell: Shell) -> None:
    assert shell.session.pid is not None
    os.kill(shell.session.pid, signal.SIGKILL)
    await shell.until_state(State.DEAD)
    assert await shell.stdout("echo patient") == "patient"


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_left_after_close(make_shell, kind: str) -> None:
    shell = await make_shell(kind).start()
    await shell.run("sleep 1000 & (trap '' HUP TERM; sleep 1000) & nohup sleep 1000 >/dev/null 2>&1 &")
    shell.write(b"cat | sleep 1000\r")
    await shell.until_state(State.RUNNING)
    leader = shell.session.pid
    members = session_members(leader)
    assert len(members) >= 4
    await shell.session.close()
    assert session_members(leader) == []
    assert not any(is_running(pid) for pid in members)
    assert list((shell.environment.state_dir / "shells").iterdir()) == []
    assert (await shell.run("echo x")).outcome is Outcome.NOT_AT_PROMPT


async def test_closing_ends_a_cell_that_runs(shell: Shell) -> None:
    import asyncio

    running = asyncio.create_task(shell.run("sleep 1000"))
    await shell.until_state(State.RUNNING)
    await shell.session.close()
    assert (await running).outcome is Outcome.SHELL_EXITED


async def test_jobs_of_a_shell_that_ended_are_ended_too(shell: Shell) -> None:
    leader = shell.session.pid
    await shell.run("sleep 1000 &")
    assert (await shell.run("exit 1")).outcome is Outcome.SHELL_EXITED
    assert leader is not None
    assert session_members(leader) == []


async def test_what_a_crashed_labrunner_left_is_removed(make_shell, environment: LabEnvironment) -> None:
    stale = environment.state_dir / "shells" / "main-abc.4194999"  # above the largest pid
    mine = environment.state_dir / "shells" / f"other-abc.{os.getpid()}"
    stale.mkdir(parents=True)
    mine.mkdir()
    await make_shell().start()
    assert not stale.exists()
    assert mine.exists()


async def test_private_files_are_private(shell: Shell) -> None:
    await shell.run("export SECRET=1")
    [directory] = (shell.environment.state_dir / "shells").iterdir()
    for path in [directory, *directory.rglob("*")]:
        if path.name != "last":
            assert path.stat().st_mode & 0o077 == 0, path


async def test_a_missing_shell_is_named(make_shell, tmp_path: Path) -> None:
    empty = LabEnvironment(tmp_path / "w", tmp_path / "s", inherited={"PATH": str(tmp_path)})
    with pytest.raises(ShellError, match="bash is not installed"):
        await make_shell(environment=empty).start()


async def test_a_variable_with_an_impossible_name_is_refused(make_shell, tmp_path: Path) -> None:
    bad = LabEnvironment(tmp_path / "w", tmp_path / "s", variables={"a;touch x": "1"})
    with pytest.raises(ShellError, match="a;touch x"):
        await make_shell(environment=bad).start()
