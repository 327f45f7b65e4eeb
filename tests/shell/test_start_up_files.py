"""The learner's own rc files: kept when they work, survived when they do not, and their history left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labrunner.shell.environment import LabEnvironment
from labrunner.shell.events import State

from .conftest import KINDS

RC = {"bash": ".bashrc", "zsh": ".zshrc"}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_learners_rc_is_read_and_the_lab_still_wins(
    make_shell, home: Path, environment: LabEnvironment, kind: str
) -> None:
    (home / RC[kind]).write_text(
        "alias hi='echo hi there'\nmine() { echo my function; }\nexport KUBECONFIG=/secret/prod HISTFILE=~/.my_history\n"
        "PATH=/elsewhere:$PATH\nPS1='my prompt> '\nalias kubectl='kubectl --context prod'\nexport MINE=1 NS=wrong\n"
    )
    lab = replace(
        environment, path_prefix=(home / "bin",), variables={"NS": "shop", "TRICKY": "a'b $(id) `id`\n\\"}
    )
    shell = await make_shell(kind, lab).start()
    assert "my prompt> " in shell.text
    assert await shell.stdout("hi; mine; echo $MINE") == "hi there\nmy function\n1"
    assert await shell.stdout("echo $KUBECONFIG") == str(lab.state_dir / "kubeconfig")
    assert await shell.stdout("echo $HISTFILE $NS") == f"{lab.history_file} shop"
    assert (await shell.stdout("echo $PATH")).startswith(f"{home}/bin:/elsewhere:")
    assert (await shell.run("alias kubectl")).exit_code != 0
    assert await shell.stdout("printenv TRICKY") == "a'b $(id) `id`\n\\"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_learners_history_is_not_touched(
    make_shell, home: Path, environment: LabEnvironment, kind: str
) -> None:
    files = [home / ".bash_history", home / ".zsh_history", home / ".history"]
    for file in files:
        file.write_text("precious\n")
    before = [(file.read_text(), file.stat().st_mtime_ns) for file in files]
    (home / RC[kind]).write_text(
        f"HISTFILE={files[0]}\nHISTSIZE=500\nSAVEHIST=500\nPROMPT_COMMAND='history -a; history -n'\n"
    )
    shell = await make_shell(kind).start()
    await shell.run("echo in the lab")
    shell.write(b"echo typed in the lab\r")
    await shell.until(lambda: len(shell.ended()) == 2 and shell.state is State.PROMPT)
    assert "precious" not in await shell.stdout("fc -l -5" if kind == "bash" else "fc -l 1")
    await shell.session.close()
    assert [(file.read_text(), file.stat().st_mtime_ns) for file in files] == before
    saved = environment.history_file.read_text()
    assert "echo typed in the lab" in saved
    assert "__labrunner" not in saved


BROKEN = {
    "a syntax error": "if then fi (((\n",
    "a failing command": "nosuchcommand --x\nfalse\n",
    "errexit": "set -e\nfalse || :\n",
    "nounset": "set -u\n",
    "binary": "\x00\x01\x02\n",
    "xtrace": "set -x\n",
    "a function named like a builtin": "printf() { echo fooled; }\nread() { false; }\ncd() { echo no; }\n",
    "aliases of the words we use": "alias .=false source=false builtin=false history=false export=false\n",
    "a prompt hook that fails": "PROMPT_COMMAND='nosuch; false'\n",
    "a prompt hook that is nonsense": "PROMPT_COMMAND='if ((('\n",
    "a prompt hook that rewrites the prompt": "f() { PS1='x> '; PS2=y; }\nPROMPT_COMMAND=f\n",
    "a list of prompt hooks": "PROMPT_COMMAND=('echo 1' '' 'echo 2')\n",
    "an exported prompt hook": "export PROMPT_COMMAND='echo hook' PS1='$ '\n",
    "a debug trap": "trap 'echo trap >/dev/null' DEBUG ERR\n",
    "no history": "HISTSIZE=0\nset +o history\n",
    "promptvars off": "shopt -u promptvars\n",
    "noclobber and posix": "set -o noclobber -o posix\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_a_strange_bashrc_does_not_break_us(make_shell, home: Path, content: str) -> None:
    (home / ".bashrc").write_text(content)
    shell = await make_shell().start(5)
    assert "start-up file" not in shell.text
    for _ in range(2):
        result = await shell.run("echo works; (exit 3)", timeout=5)
        assert (result.exit_code, result.output.text.replace("+ echo works\n+ exit 3\n", "")) == (
            3,
            "works\n",
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["exit 1\n", "exec true\n", "sleep 1000\n", "kill -9 $$\n", "read x\n"])
async def test_a_start_up_file_without_a_prompt_is_left_out(
    make_shell, home: Path, kind: str, content: str
) -> None:
    (home / RC[kind]).write_text(content)
    shell = await make_shell(kind).start(0.7)
    assert "your shell's start-up file did not lead to a prompt; starting without it" in shell.text
    assert await shell.stdout("echo works") == "works"


async def test_a_read_only_prompt_is_survived(make_shell, home: Path) -> None:
    (home / ".bashrc").write_text("readonly PROMPT_COMMAND=x PS1='ro> '\n")
    shell = await make_shell().start(0.7)
    assert await shell.stdout("echo works") == "works"


async def test_child_shells_know_nothing_of_our_hooks(shell, home: Path) -> None:
    (home / ".bashrc").write_text("")
    assert await shell.stdout("bash -ic 'echo \"<${PROMPT_COMMAND-}>\"' 2>&1 | tail -1") == "<>"
    assert "labrunner_" not in (await shell.stdout("env")).replace("labrunner_0", "")


async def test_zdotdir_of_the_learner_is_followed(make_shell, home: Path) -> None:
    pytest.importorskip("shutil")
    import shutil

    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    (home / ".zshenv").write_text("export ZDOTDIR=$HOME/.config/zsh\n")
    (home / ".config/zsh").mkdir(parents=True)
    (home / ".config/zsh/.zshrc").write_text("alias moved='echo from zdotdir'\n")
    shell = await make_shell("zsh").start()
    assert await shell.stdout("moved; echo $ZDOTDIR") == f"from zdotdir\n{home}/.config/zsh"
