"""Cells whose stdout becomes a variable."""

from __future__ import annotations

import pytest

from labrunner.shell.capture import MAX_VALUE_BYTES
from labrunner.shell.events import Outcome

from .conftest import Shell


async def test_stdout_is_shown_and_exported(either: Shell) -> None:
    result = await either.run("echo one; echo two; echo err >&2; (exit 3)", capture="VALUE")
    assert result.exit_code == 3
    assert sorted(result.output.text.split()) == ["err", "one", "two"]
    assert "one\r\ntwo\r\n" in either.text
    assert await either.stdout("printenv VALUE") == "one\ntwo"


async def test_newlines_at_the_end_go_and_the_rest_stays(either: Shell) -> None:
    await either.run("printf ' a\\n\\nb \\377\\0ä\\n\\n'", capture="V")
    result = await either.run("printf '%s' \"$V\" | od -An -c | tr -d ' \\n'", timeout=5)
    assert result.output.text.strip().startswith("a\\n\\nb377")
    assert (await either.stdout("printf '%s' \"$V\" | tail -c 2")) == "ä"


async def test_the_cell_still_runs_in_the_live_shell(either: Shell) -> None:
    await either.run("mkdir -p d; cd d; x=5; echo v", capture="V")
    assert await either.stdout('echo "$x $V ${PWD##*/}"') == "5 v d"


async def test_a_process_left_behind_neither_blocks_nor_dies(either: Shell) -> None:
    await either.run("mkfifo go.fifo")
    result = await either.run("(read -r _ <go.fifo; echo late) & echo pid $!", timeout=5, capture="V")
    assert result.outcome is Outcome.ENDED
    assert (await either.stdout("echo $V")).startswith("pid ")
    await either.run("echo >go.fifo")
    await either.until_shown("late\r\n")


async def test_an_empty_output_is_an_empty_value(either: Shell) -> None:
    await either.run("V=old")
    await either.run("true", capture="V")
    assert await either.stdout('echo "<$V>"') == "<>"


async def test_a_long_output_is_cut_and_said_so(either: Shell) -> None:
    result = await either.run("head -c 300000 /dev/zero | tr '\\0' x", capture="V", timeout=20)
    assert result.output.size == 300_000
    assert await either.stdout("echo ${#V}") == str(MAX_VALUE_BYTES)
    assert "too long for a variable" in either.text


async def test_an_interrupted_cell_leaves_the_shell_usable(either: Shell) -> None:
    result = await either.run("echo begun; sleep 1000", capture="V", timeout=0.3)
    assert result.outcome is Outcome.TIMEOUT
    assert await either.stdout("echo $V") == "begun"


async def test_a_shell_that_exits_in_the_cell_is_replaced(either: Shell) -> None:
    result = await either.run("echo x; exit 4", capture="V", timeout=5)
    assert (result.outcome, result.exit_code) == (Outcome.SHELL_EXITED, 4)
    assert "x" in result.output.text
    await either.run("echo y", capture="V")
    assert await either.stdout("echo $V") == "y"


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A;id"])
async def test_a_bad_name_is_refused(shell: Shell, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a variable's name"):
        await shell.run("echo x", capture=name)
