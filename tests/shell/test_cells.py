"""Cells in a live shell: what stays, what comes back, how they end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from labrunner.shell.events import CommandEnded, DirectoryChanged, Outcome, State

from .conftest import Shell


async def test_directory_variables_and_functions_stay(either: Shell, tmp_path: Path) -> None:
    result = await either.run(
        "mkdir -p a/b; cd a/b; export X=1; y=2\ngreet() { echo hello $X $y; }", label="one"
    )
    assert (result.outcome, result.exit_code, result.label) == (Outcome.ENDED, 0, "one")
    assert result.cwd == tmp_path / "workspace/a/b" == either.session.cwd
    assert await either.stdout("greet; pwd") == f"hello 1 2\n{result.cwd}"
    assert DirectoryChanged(result.cwd) in either.events


async def test_exit_codes_come_back(either: Shell) -> None:
    codes = [
        (await either.run(source)).exit_code
        for source in ("true", "(exit 7)", "nosuchcommand", "false; true")
    ]
    assert codes == [0, 7, 127, 0]


async def test_the_text_is_shown_as_typed_and_the_sourcing_is_not(either: Shell) -> None:
    await either.run("echo first\necho second")
    assert "echo first\r\n> echo second\r\n" in either.text
    assert "first\r\nsecond\r\n" in either.text
    assert "__labrunner" not in either.text
    assert "builtin" not in either.text
    history = await either.stdout("fc -l -20" if either.session.kind == "bash" else "fc -l 1")
    assert "echo second" in history
    assert "__labrunner" not in history


async def test_the_terminal_follows_the_line_editors_modes(shell: Shell) -> None:
    shell.screen.clear()
    await shell.run("echo $-")
    before_output = shell.text[: shell.text.index("him")]  # $- of an interactive shell
    assert before_output.rindex("\x1b[?2004l") > before_output.rfind("\x1b[?2004h")


async def test_here_documents_comments_and_many_lines(either: Shell) -> None:
    source = "cat <<EOF  # a comment\nhello $HOME\nEOF\nfor i in 1 2; do\n  echo $i\ndone"
    home = either.environment.inherited["HOME"]
    assert await either.stdout(source) == f"hello {home}\n1\n2"


@pytest.mark.parametrize("source", ['echo "open', "if then )", "cat <(", "case x in (", "$(", "echo 'a\nb"])
async def test_a_syntax_error_is_an_exit_code_and_never_a_hang(either: Shell, source: str) -> None:
    result = await either.run(source, timeout=5)
    assert result.outcome is Outcome.ENDED
    assert result.exit_code not in (0, None)
    assert await either.stdout("echo still here") == "still here"


async def test_duration_is_the_commands(either: Shell) -> None:
    result = await either.run("sleep 0.3")
    assert 0.25 < result.duration < 2
    assert (await either.run("true")).duration < 0.25


async def test_output_is_captured_whole_with_stderr_and_invalid_utf8(either: Shell) -> None:
    result = await either.run("printf 'a\\377b\\n'; echo err >&2; printf 'no newline'")
    assert result.output.head == b"a\xffb\r\nerr\r\nno newline"
    assert result.output.text == "a\ufffdb\nerr\nno newline"


async def test_prompt_and_learners_prompt_commands_are_not_output(make_shell, home: Path) -> None:
    (home / ".bashrc").write_text("PROMPT_COMMAND='echo HOOK $?'\nPS0='(before) '\nPS1='two\\nlines $ '\n")
    shell = await make_shell().start()
    result = await shell.run("echo out; false")
    assert result.output.text == "out\n"
    assert "HOOK 1" in shell.text
    shell.write(b"echo typed\r")
    await shell.until_shown("(before) typed")
    assert "two\r" in shell.text


async def test_a_program_printing_marks_does_not_end_the_cell(shell: Shell) -> None:
    result = await shell.run(
        "printf '\\e]133;D;0\\a\\e]133;D;0;aid=0123456789abcdef\\a\\e]133;A\\a'; sleep 0.2; echo after; (exit 5)"
    )
    assert result.exit_code == 5
    assert result.output.text == "after\n"
    assert result.duration > 0.2


async def test_ctrl_c_ends_the_whole_cell(either: Shell) -> None:
    running = asyncio.create_task(either.run("echo begun; sleep 60\necho never"))
    await either.until_shown("begun\r\n")
    await either.session.interrupt()
    result = await running
    assert (result.outcome, result.exit_code) == (Outcome.INTERRUPTED, 130)
    assert "never" not in result.output.text
    assert await either.stdout("echo usable") == "usable"


async def test_ctrl_c_typed_by_the_learner_ends_a_builtin_loop(either: Shell) -> None:
    running = asyncio.create_task(either.run("echo begun; while :; do :; done"))
    await either.until_shown("begun\r\n")
    either.write(b"\x03")
    result = await running
    assert result.outcome is Outcome.INTERRUPTED
    # Zsh may say 0 for a builtin that was interrupted: the outcome is what tells.
    assert result.exit_code in ((130,) if either.session.kind == "bash" else (130, 0))


async def test_a_cell_that_never_ends_times_out(either: Shell) -> None:
    result = await either.run("sleep 1000\necho never", timeout=0.2)
    assert (result.outcome, result.exit_code) == (Outcome.TIMEOUT, 130)
    assert "never" not in result.output.text
    assert either.state is State.PROMPT


async def test_a_cell_that_ignores_ctrl_c_is_ended_by_stronger_means(make_shell) -> None:
    shell = await make_shell(grace=0.1).start()
    result = await shell.run(
        "cat >prog <<'E'\ntrap '' INT TERM; echo up; while :; do sleep 0.1; done\nE\nbash prog", timeout=0.5
    )
    assert (result.outcome, result.exit_code) == (Outcome.TIMEOUT, 137)
    pid = shell.session.pid
    assert await shell.stdout("echo $$") == str(pid)  # the shell itself has survived
    result = await shell.run("trap '' INT; while :; do :; done", timeout=0.2)
    assert result.outcome is Outcome.TIMEOUT
    assert await shell.stdout("echo replaced") == "replaced"


async def test_a_full_screen_program_out_of_time_leaves_the_screen(make_shell) -> None:
    shell = await make_shell(grace=0.1).start()
    result = await shell.run(
        "vim -u NONE -N nofile || printf '\\e[?1049h'; stty raw; trap '' INT; sleep 100", timeout=0.5
    )
    assert result.outcome is Outcome.TIMEOUT
    assert shell.text.rindex("\x1b[?1049l") > shell.text.rindex("\x1b[?1049h")


async def test_typing_while_a_cell_runs_goes_to_the_program(either: Shell) -> None:
    running = asyncio.create_task(either.run('read -r line; echo "got <$line>"'))
    await either.until_state(State.RUNNING)
    either.write("grüße\r".encode())
    assert "got <grüße>" in (await running).output.text


async def test_a_200_kb_cell_runs_at_once(either: Shell) -> None:
    lines = [f"x{i % 50}='{'y' * 80}{i}'" for i in range(2300)]
    source = "\n".join([*lines, "echo $x0"])
    assert len(source) > 200_000
    result = await either.run(source, timeout=10)
    assert result.output.text == "y" * 80 + "2250\n"
    assert result.duration < 1
    assert len(either.screen) < 20_000
    assert "more lines" in either.text


async def test_control_characters_in_a_cell_are_drawn_harmlessly(shell: Shell) -> None:
    await shell.run("printf '%s' 'a\x1b[2Jb' >/dev/null")
    assert "a^[[2Jb" in shell.text


async def test_cwd_applies_to_one_cell(either: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other dir"
    (other / "sub").mkdir(parents=True)
    start = await either.stdout("pwd")
    result = await either.run("pwd", cwd=other)
    assert result.output.text == f"{other}\n"
    assert result.cwd == Path(start)
    assert await either.stdout("pwd") == start
    assert (await either.run("cd sub", cwd=other)).cwd == other / "sub"
    with pytest.raises(NotADirectoryError, match=r"'lost'.*nowhere"):
        await either.run("pwd", cwd=tmp_path / "nowhere", label="lost")
    assert await either.stdout("pwd") == str(other / "sub")


async def test_odd_directories_are_told_right(either: Shell) -> None:
    name = "ä b%;é'\"$x\x07"
    result = await either.run(f"mkdir odd; cd odd; mkdir {shell_quote(name)} && cd {shell_quote(name)}")
    assert result.exit_code == 0
    assert result.cwd.name == name


def shell_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


async def test_a_second_cell_is_refused_while_one_runs(either: Shell) -> None:
    running = asyncio.create_task(either.run("read -r x; echo $x"))
    await either.until_state(State.RUNNING)
    refused = await either.run("echo intruder")
    assert (refused.outcome, refused.exit_code) == (Outcome.NOT_AT_PROMPT, None)
    either.write(b"mine\r")
    assert (await running).output.text.endswith("mine\n")
    assert "intruder" not in either.text


async def test_a_cancelled_cell_is_interrupted_and_the_shell_is_usable(either: Shell) -> None:
    running = asyncio.create_task(either.run("sleep 1000"))
    await either.until_state(State.RUNNING)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await either.until_state(State.PROMPT)
    assert await either.stdout("echo usable") == "usable"


async def test_shell_options_of_a_cell_do_not_break_the_hooks(shell: Shell) -> None:
    for option in (
        "set -u",
        "set -o noclobber",
        "set -f",
        "shopt -s extglob nocasematch",
        "unset HISTIGNORE",
        "set -o posix",
    ):
        result = await shell.run(option, timeout=5)
        assert (result.outcome, result.exit_code) == (Outcome.ENDED, 0), option
    assert await shell.stdout("echo fine") == "fine"
    assert (await shell.run("set -e; ! true; true")).outcome is Outcome.ENDED
    assert await shell.stdout("set +e; echo alive") == "alive"


async def test_a_cell_may_replace_the_prompt_hook(shell: Shell) -> None:
    result = await shell.run("PROMPT_COMMAND=; PS0=; (exit 6)", timeout=5)
    assert (result.outcome, result.exit_code) == (Outcome.ENDED, 6)


async def test_learners_commands_are_events(either: Shell) -> None:
    either.write(b"echo one; (exit 4)\r")
    await either.until(lambda: bool(either.ended()) and either.state is State.PROMPT)
    [event] = either.ended()
    assert (event.label, event.exit_code, event.command) == (None, 4, "echo one; (exit 4)")
    assert 0 < event.duration < 5
    await either.run("true", label="cell")
    assert either.ended()[-1] == CommandEnded("cell", 0, either.ended()[-1].duration, None)
