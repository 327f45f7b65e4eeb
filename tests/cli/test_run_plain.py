"""A whole lab in line mode, through the real program's standard input."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from lab.rig import await_end, write_module

from labrunner.paths import Home
from labrunner.progress.log import EventLog

from .program import Program, read_until

WHOLE_LAB = """\
all
ask
1
3
next
all
verify
next
$ kubectl -n tiny scale deploy/web --replicas=3
verify
next
"""


def test_a_whole_lab_from_a_pipe(program: Program) -> None:
    done = program.run("run", "tiny", "--plain", typed=WHOLE_LAB)
    for said in ("✓ Namespace exists", "✓ web ready", "✓ scaled", "right", "100% of the checks", "simulated"):
        assert said in done.stdout, (said, done.stdout)
    assert "3/3 steps" in program.run("list").stdout or "done" in program.run("list").stdout


def test_the_end_of_input_in_the_middle_is_not_finishing(program: Program) -> None:
    program.run("run", "tiny", "--plain", typed="all\n", code=1)


def test_leaving_with_quit_and_coming_back_where_one_was(program: Program) -> None:
    first = program.run("run", "tiny", "--plain", typed="all\nverify\nnext\nrun 2\nquit\n")
    assert "resumes here" in first.stdout
    second = program.run(
        "run", "tiny", "--plain", typed="run 1\nverify\n$ kubectl get ns tiny -o name\nquit\n"
    )
    assert "resumed" in second.stdout
    assert "2/3 Deploy" in second.stdout
    assert "✓ pass      web ready" in second.stdout
    assert "namespace/tiny" in second.stdout


def test_fresh_begins_again_with_nothing_there(program: Program) -> None:
    program.run("run", "tiny", "--plain", typed="all\nverify\nquit\n")
    again = program.run("run", "tiny", "--plain", "--fresh", typed="$ kubectl get ns tiny\nquit\n")
    assert "1/3 Make a namespace" in again.stdout
    assert "NotFound" in again.stdout


def test_a_finished_lab_done_again_begins_with_nothing_there(program: Program) -> None:
    program.run("run", "tiny", "--plain", typed=WHOLE_LAB)
    again = program.run("run", "tiny", "--plain", typed="$ kubectl get ns tiny\nquit\n")
    assert "1/3 Make a namespace" in again.stdout
    assert "NotFound" in again.stdout


def test_kill_9_right_after_a_check_was_shown_as_passed_loses_nothing(program: Program, home: Home) -> None:
    process = program.open("run", "tiny", "--plain")
    assert process.stdin is not None
    process.stdin.write("all\n")
    process.stdin.flush()
    read_until(process, "✓ Namespace exists")
    process.kill()
    process.wait(10)
    process.communicate()

    log = EventLog(home.progress_file)
    assert [record.data["check"] for record in log.of_kind("check-passed")] == ["ns-there"]
    log.close()
    after = program.run("run", "tiny", "--plain", typed="next\nquit\n")
    assert "resumed" in after.stdout
    assert "1/3 steps" in program.run("list").stdout


def test_background_cells_of_a_killed_labrunner_are_taken_over_and_ended(
    program: Program, home: Home
) -> None:
    process = program.open("run", "tiny", "--plain", "--step", "dep")
    assert process.stdin is not None
    process.stdin.write("$ kubectl create ns tiny\nrun 3\n$ echo so far\n")
    process.stdin.flush()
    read_until(process, "so far")
    process.kill()
    process.communicate(timeout=10)
    sleeping = [
        int(record["pid"])
        for record in (json.loads(path.read_text()) for path in home.lab("tiny").private.rglob("*.json"))
        if "pid" in record
    ]
    assert len(sleeping) == 1
    os.kill(sleeping[0], 0)
    program.run("run", "tiny", "--plain", typed="quit\n")
    assert await_end(sleeping[0], 5)


def test_two_labrunners_at_once_on_one_module(program: Program) -> None:
    first = program.open("run", "tiny", "--plain")
    read_until(first, "Type help")
    second = program.run("run", "tiny", "--plain", typed="quit\n", code=4)
    assert str(first.pid) in second.stderr
    assert "progress is safe" in second.stderr
    first.communicate("quit\n", timeout=20)
    assert first.returncode == 0


def test_ctrl_c_ends_it_in_order(program: Program) -> None:
    process = program.open("run", "tiny", "--plain")
    read_until(process, "Type help")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130, "without waiting for another line"
    _, trouble = process.communicate()
    assert "Traceback" not in trouble
    assert "resumed" in program.run("run", "tiny", "--plain", typed="quit\n").stdout


def test_ctrl_c_while_a_cell_runs_interrupts_the_cell_only(program: Program) -> None:
    process = program.open("run", "tiny", "--plain")
    read_until(process, "Type help")
    assert process.stdin is not None
    process.stdin.write("$ echo begun > begun; sleep 600\n")
    process.stdin.flush()
    workspace = Path(program.environment["LABRUNNER_HOME"]) / "data" / "labs" / "tiny" / "workspace"
    subprocess.run(["timeout", "10", "bash", "-c", f"until [ -e {workspace}/begun ]; do :; done"], check=True)
    process.send_signal(signal.SIGINT)
    out, trouble = process.communicate("$ echo still $((40 + 2))\nquit\n", timeout=20)
    assert "still 42" in out, trouble
    assert process.returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error(program: Program) -> None:
    process = program.open("run", "tiny", "--plain")
    read_until(process, "Tiny lab")
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    process.stdin.write("show\n" * 50)
    process.stdin.close()
    process.wait(20)
    assert process.stderr is not None
    assert "Traceback" not in (said := process.stderr.read()), said


def test_a_full_disk_stops_with_a_message_and_shows_nothing_as_done(program: Program, home: Home) -> None:
    program.run("run", "tiny", "--plain", typed="quit\n")
    with home.progress_file.open("rb") as file:
        size = len(file.read())
    # SQLite's own limit stands in for a full disk: the file may not grow by a page.
    done = subprocess.run(
        program.command("run", "tiny", "--plain"),
        input="all\nverify\nquit\n",
        capture_output=True,
        text=True,
        timeout=60,
        env={**program.environment},
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 16384), max(size, 16384))),
        ),
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 3, (done.stdout, done.stderr)
    log = EventLog(home.progress_file)
    recorded = [record.kind for record in log.of_kind("check-passed")]
    log.close()
    assert ("✓ Namespace exists" in done.stdout) == bool(recorded)


def test_an_unknown_step_is_answered_with_the_nearest(program: Program) -> None:
    done = program.run("run", "tiny", "--plain", "--step", "depp", code=2)
    assert "dep" in done.stderr


@pytest.mark.parametrize("cluster", ["moon", "context", "context:"])
def test_an_unknown_cluster_is_refused_with_the_choices(program: Program, cluster: str) -> None:
    done = program.run("run", "tiny", "--plain", "--cluster", cluster, code=3)
    assert "sim" in done.stderr and "context:NAME" in done.stderr


def test_mistyped_commands_are_answered_and_the_lab_goes_on(program: Program) -> None:
    typed = "dance\nrun\nrun 9\nrun x\ngoto nowhere\nvalue x\nconfirm\nask\nzzz\n2\n\nhint\nhint\nsolution\nprev\n?\nquit\n"
    out = program.run("run", "tiny", "--plain", typed=typed).stdout
    for said in (
        "'dance' is no command",
        "1 to 1",
        "no step 'nowhere'",
        "make it",
        "no further hints",
        "first step",
    ):
        assert said in out, (said, out)


def test_the_pack_of_a_stranger_does_not_run_its_setup(program: Program, tmp_path: Path, home: Home) -> None:
    pack = tmp_path / "strange"
    write_module(
        pack, "## One\n<!-- step: {id: one} -->\nText.\n\n```bash {setup}\ntouch harm\n```\n", name="strange"
    )
    stranger = Program(program.environment, pack)
    out = stranger.run("run", "strange", "--plain", typed="quit\n").stdout
    assert "--trust" in out
    assert not (home.lab("strange").workspace / "harm").exists()
    stranger.run("run", "strange", "--plain", "--trust", typed="quit\n")
    assert (home.lab("strange").workspace / "harm").exists()


# -- nothing of the learner's own is touched ---------------------------------------------------------------------


def test_a_whole_lab_leaves_the_learners_home_byte_for_byte(program: Program, user_home: Path) -> None:
    (user_home / ".kube").mkdir()
    contents = {
        ".kube/config": "apiVersion: v1\nkind: Config\ncurrent-context: production\ncontexts: []\n",
        ".bash_history": "secret command\n",
        ".bashrc": "export FROM_RC=yes\n",
        "own.yaml": "apiVersion: v1\nkind: Config\ncurrent-context: mine\n",
    }
    for name, text in contents.items():
        (user_home / name).write_text(text)
    typed = "$ echo rc=$FROM_RC; kubectl config current-context\n" + WHOLE_LAB
    done = program.run("run", "tiny", "--plain", typed=typed, KUBECONFIG=str(user_home / "own.yaml"))
    assert "100% of the checks" in done.stdout
    assert "production" not in done.stdout
    assert "mine" not in done.stdout.split("== One")[1].split("> ")[1]
    left = {
        str(path.relative_to(user_home)): path.read_text() for path in user_home.rglob("*") if path.is_file()
    }
    assert left == contents


def test_the_kubeconfig_is_for_its_owner_only(program: Program, home: Home) -> None:
    program.run("run", "tiny", "--plain", typed="quit\n")
    assert (home.cluster("tiny") / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_without_a_terminal_the_app_says_what_to_do_instead(program: Program) -> None:
    for arguments in ((), ("run", "tiny")):
        done = program.run(*arguments, code=2)
        assert "needs a terminal" in done.stderr
        assert "--plain" in done.stderr


def test_on_a_terminal_line_mode_ends_with_ctrl_d(program: Program) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        program.command("run", "tiny", "--plain"),
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(program.environment),
    )
    os.close(slave)
    read_until(process, "Type help")
    os.write(master, b"\x04")
    out, trouble = process.communicate(timeout=20)
    os.close(master)
    assert "resumes here" in out, trouble
