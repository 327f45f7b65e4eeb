"""Running a cell when the shell is not at an empty prompt."""

from __future__ import annotations

import asyncio
import re

import pytest

from labrunner.shell.events import Outcome, State

from .conftest import Shell


@pytest.mark.parametrize(
    "keys",
    [b"half typed", b"echo a; echo b \x1bb", b"\x12his", b"\x1b[A", b"\x1b3", b"'", b"echo x \\"],
    ids=["line", "cursor inside", "search", "history", "argument", "quote", "backslash"],
)
async def test_a_half_typed_line_is_cleared(either: Shell, keys: bytes) -> None:
    await either.run("echo history", label="h")
    shown = len(either.screen)
    either.write(keys)
    await either.until(lambda: len(either.screen) > shown or keys == b"\x1b3")
    assert await either.stdout("echo clean") == "clean"
    assert "\x07" not in re.sub(r"\x1b\][^\x07]*\x07", "", either.text[shown:]), "the bell rang"
    assert await either.stdout("echo again") == "again"


async def test_vi_mode(either: Shell) -> None:
    await either.run("set -o vi" if either.session.kind == "bash" else "bindkey -v")
    for keys in (b"abc", b"abc\x1b", b"abc\x1bb", b"abc\x1bd"):
        either.write(keys)
        assert await either.stdout("echo clean") == "clean"


@pytest.mark.parametrize("line", [b"echo 'open\r", b"cat <<E\r", b"for x in 1; do\r"])
async def test_an_unfinished_command_is_given_up(either: Shell, line: bytes) -> None:
    either.write(line)
    await either.until_state(State.CONTINUATION)
    assert await either.stdout("echo clean") == "clean"


async def test_a_line_sent_just_before_is_run_first(either: Shell) -> None:
    either.write(b"v=sent\r")
    assert await either.stdout("echo $v") == "sent"
    either.write(b"\r")
    assert await either.stdout("echo $v") == "sent"


async def test_another_program_at_the_terminal_refuses_the_cell(either: Shell) -> None:
    either.write(b"cat\r")
    await either.until_state(State.RUNNING)
    result = await either.run("echo intruder")
    assert result.outcome is Outcome.NOT_AT_PROMPT
    assert result.output.size == 0
    either.write(b"typed\r")
    await either.until_shown("typed\r\ntyped\r\n")
    assert "intruder" not in either.text
    assert "7777" not in either.text
    either.write(b"\x04")
    await either.until_state(State.PROMPT)
    assert await either.stdout("echo mine again") == "mine again"


async def test_vim_keeps_the_terminal(shell: Shell) -> None:
    shell.write(b"vim -u NONE -N\r")
    await shell.until_shown("\x1b[?1049h")
    assert (await shell.run("echo intruder")).outcome is Outcome.NOT_AT_PROMPT
    shell.write(b"\x1b:q!\r")
    await shell.until_state(State.PROMPT)


async def test_a_nested_shell_is_another_program(either: Shell) -> None:
    either.write(b"PS1='nested> ' bash --norc\r")
    await either.until_shown("nested> ")
    assert (await either.run("echo intruder")).outcome is Outcome.NOT_AT_PROMPT
    either.write(b"exit 3\r")
    await either.until_state(State.PROMPT)
    assert either.ended()[-1].exit_code == 3


async def test_keys_typed_during_the_hand_over_reach_the_cell(either: Shell) -> None:
    running = asyncio.create_task(either.run('read -r line; echo "got <$line>"'))
    await asyncio.sleep(0)  # the hand-over has begun, the cell has not
    either.write(b"early\r")
    assert "got <early>" in (await running).output.text


async def test_the_size_reaches_the_programs(either: Shell) -> None:
    assert await either.stdout("stty size") == "24 80"
    either.session.resize(132, 50)
    assert await either.stdout("stty size") == "50 132"
    assert await either.stdout("echo $COLUMNS") == "132"


async def test_job_control_works(either: Shell) -> None:
    either.write(b"sh -c 'read x; echo up; exec sleep 1000'\r")
    await either.until_state(State.RUNNING)
    either.write(b"go\r")
    await either.until_shown("up\r\n")
    either.write(b"\x1a")
    await either.until_state(State.PROMPT)
    assert "sleep 1000" in await either.stdout("jobs")
    assert (await either.run("kill %1; kill -CONT %1; wait")).outcome is Outcome.ENDED
