"""Background cells: readiness, failure, stopping, and what a crashed labrunner leaves behind."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from labrunner.shell import background_record as records
from labrunner.shell.background import BackgroundCells, BackgroundState, BackgroundStatus
from labrunner.shell.bounded_log import KEPT_BYTES, BoundedLog
from labrunner.shell.environment import LabEnvironment
from labrunner.shell.probes import parse_probe
from labrunner.shell.processes import is_running, session_members, start_time
from labrunner.shell.snapshot import ShellSnapshot

from .conftest import Shell

LISTEN = """exec {python} -c '
import socket, time
server = socket.create_server(("127.0.0.1", {port}))
print("listening", flush=True)
time.sleep(1000)'
"""


class Background:
    def __init__(self, environment: LabEnvironment) -> None:
        self.events: list[BackgroundStatus] = []
        self.changed = asyncio.Event()
        self.cells = BackgroundCells(environment.state_dir, self._event, grace=0.3)
        environment.prepare()
        self.snapshot = ShellSnapshot("bash", environment.workspace, "", environment.process_environment())
        self.directory = environment.state_dir / "background"

    def _event(self, status: BackgroundStatus) -> None:
        self.events.append(status)
        self.changed.set()
        self.changed.clear()

    def states(self) -> list[str]:
        return [event.state.value for event in self.events]

    def pid(self, label: str) -> int:
        [record] = [record for record in records.load_all(self.directory) if record.label == label]
        return record.pid

    async def until(self, state: BackgroundState) -> BackgroundStatus:
        async with asyncio.timeout(10):
            while not self.events or self.events[-1].state is not state:
                await self.changed.wait()
        return self.events[-1]

    async def start(self, source: str, ready: str | None = None, **options: object) -> BackgroundStatus:
        options = {"label": "cell", "timeout": 10.0, "snapshot": self.snapshot} | options
        return await self.cells.start(source, ready=ready, **options)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def background(environment: LabEnvironment) -> AsyncIterator[Background]:
    made = Background(environment)
    yield made
    leaders = [record.pid for record in records.load_all(made.directory)]
    await made.cells.close()
    assert [pid for leader in leaders for pid in session_members(leader)] == []
    assert records.load_all(made.directory) == []


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_a_server_is_ready_when_its_port_answers(background: Background, free_port: int) -> None:
    source = LISTEN.format(python=sys.executable, port=free_port)
    status = await background.start(source, f"port:{free_port}")
    assert status == BackgroundStatus("cell", BackgroundState.READY)
    assert background.cells.log("cell") == "listening\n"
    await background.cells.stop("cell")
    assert background.states() == ["starting", "ready", "stopped"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port))


async def test_a_port_that_is_taken_is_said_and_not_taken_for_ready(background: Background) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status = await background.start("sleep 1000", f"port:{port}")
    assert status.state is BackgroundState.FAILED
    assert f"port {port} is taken" in status.reason
    assert records.load_all(background.directory) == []


async def test_a_file_counts_once_it_has_changed(background: Background) -> None:
    (background.snapshot.cwd / "up").write_text("old")
    status = await background.start("sleep 0.2; echo new > up; exec sleep 1000", "file:up")
    assert status.state is BackgroundState.READY
    assert (background.snapshot.cwd / "up").read_text() == "new\n"


async def test_a_line_of_the_log(background: Background) -> None:
    source = "printf 'serving on '; sleep 0.2; echo port 80 >&2; exec sleep 1000"
    status = await background.start(source, r"log:^serving on port \d+$")
    assert status.state is BackgroundState.READY


async def test_an_exit_code_as_readiness(background: Background) -> None:
    assert (await background.start("exit 0", "exit:0")).state is BackgroundState.EXITED
    assert background.states() == ["starting", "ready", "exited"]
    status = await background.start("echo because >&2; exit 4", "exit:0")
    assert (status.state, status.exit_code) == (BackgroundState.FAILED, 4)
    assert status.reason == "ended with exit code 4 before it was ready: because"


async def test_not_ready_in_time_fails_and_is_stopped(background: Background, free_port: int) -> None:
    status = await background.start("echo $$ > pid; exec sleep 1000", f"port:{free_port}", timeout=0.3)
    assert status.state is BackgroundState.FAILED
    assert status.reason == f"not ready after 0.3 s: nothing accepts connections on port {free_port}"
    assert not is_running(int((background.snapshot.cwd / "pid").read_text()))


async def test_ending_later_is_an_event(background: Background) -> None:
    await background.start("read -r _ <fifo; exit 7", setup_fifo(background))
    (background.snapshot.cwd / "fifo").write_text("go\n")
    status = await background.until(BackgroundState.EXITED)
    assert status.exit_code == 7
    assert records.load_all(background.directory) == []


def setup_fifo(background: Background) -> None:
    os.mkfifo(background.snapshot.cwd / "fifo")


async def test_the_same_label_again_replaces_the_cell(background: Background) -> None:
    await background.start("exec sleep 1000")
    first = background.pid("cell")
    await background.start("exec sleep 1001")
    assert not is_running(first)
    assert is_running(background.pid("cell"))
    assert background.states() == ["starting", "ready", "stopped", "starting", "ready"]


async def test_a_stubborn_cell_and_its_children_are_killed(background: Background) -> None:
    await background.start(
        "trap '' TERM; sh -c \"trap '' TERM; sleep 1000\" & set -m; sleep 1000 & echo up; wait; wait",
        "log:up",
    )
    leader = background.pid("cell")
    assert len(session_members(leader)) >= 3
    await background.cells.stop("cell")
    assert session_members(leader) == []


async def test_children_of_a_cell_that_ended_are_stopped_too(background: Background) -> None:
    await background.start("sleep 1000 & exit 0", "exit:0")
    leader = background.pid("cell")
    assert len(session_members(leader)) == 1
    await background.cells.close()
    assert session_members(leader) == []


async def test_a_cell_sees_the_live_shells_environment(background: Background, either: Shell) -> None:
    await either.run("mkdir -p sub; cd sub; export NEW='a \"b'; not_exported=1")
    status = await background.start(
        'echo "$PWD|$NEW|${not_exported-}|$KUBECONFIG"; echo syntax ok',
        "exit:0",
        snapshot=either.session.snapshot(),
    )
    assert status.state is BackgroundState.EXITED
    kubeconfig = either.environment.state_dir / "kubeconfig"
    assert background.cells.log("cell") == f'{either.session.cwd}|a "b||{kubeconfig}\nsyntax ok\n'


async def test_a_directory_that_is_gone_is_a_failure(background: Background) -> None:
    gone = replace(background.snapshot, cwd=background.snapshot.cwd / "gone")
    status = await background.start("echo no", "exit:0", snapshot=gone)
    assert status.state is BackgroundState.FAILED
    assert "gone" in status.reason


async def test_a_cancelled_start_leaves_nothing(background: Background) -> None:
    starting = asyncio.create_task(background.start("exec sleep 1000", "file:never"))
    await background.until(BackgroundState.STARTING)
    pid = background.pid("cell")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_running(pid)


def crash(background: Background, environment: LabEnvironment) -> None:
    """What a labrunner does that starts a cell and is killed."""
    program = f"""
import asyncio, os, signal
from pathlib import Path
from labrunner.shell.background import BackgroundCells
from labrunner.shell.snapshot import ShellSnapshot
async def main():
    cells = BackgroundCells(Path({str(environment.state_dir)!r}), lambda status: None)
    snapshot = ShellSnapshot("bash", Path({str(environment.workspace)!r}), "", dict(os.environ))
    await cells.start("echo up; exec sleep 1000", label="left", snapshot=snapshot, ready="log:up")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9


async def test_a_leftover_is_found_adopted_and_stopped(
    background: Background, environment: LabEnvironment
) -> None:
    crash(background, environment)
    [record] = background.cells.leftovers()
    assert record.label == "left"
    assert background.cells.adopt(record) == BackgroundStatus("left", BackgroundState.READY)
    assert background.cells.log("left") == "up\n"
    assert background.cells.leftovers() == ()
    await background.cells.stop("left")
    assert not is_running(record.pid)
    assert background.states() == ["ready", "stopped"]


async def test_the_end_of_an_adopted_cell_is_an_event(
    background: Background, environment: LabEnvironment
) -> None:
    crash(background, environment)
    [record] = background.cells.leftovers()
    background.cells.adopt(record)
    os.kill(record.pid, 9)
    assert (await background.until(BackgroundState.EXITED)).exit_code is None


async def test_a_leftover_can_be_stopped_by_its_label(
    background: Background, environment: LabEnvironment
) -> None:
    crash(background, environment)
    [record] = background.cells.leftovers()
    await background.cells.stop("left")
    assert not is_running(record.pid)
    assert background.cells.leftovers() == ()


def start_stranger() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "1001"], start_new_session=True)


async def test_a_process_that_is_not_ours_is_never_touched(
    background: Background, environment: LabEnvironment
) -> None:
    """The pid of the record now belongs to somebody else's process."""
    crash(background, environment)
    [record] = background.cells.leftovers()
    stranger = start_stranger()
    try:
        for started in (
            record.started,
            start_time(stranger.pid),
        ):  # even with the right time, the command differs
            records.save(background.directory, replace(record, pid=stranger.pid, started=started or ""))
            await background.cells.stop("left")
            assert is_running(stranger.pid)
            assert background.cells.leftovers() == ()
    finally:
        stranger.kill()
        stranger.wait()
        os.kill(record.pid, 9)


async def test_another_labrunners_cell_is_left_alone(
    background: Background, environment: LabEnvironment
) -> None:
    await background.start("exec sleep 1000")
    pid = background.pid("cell")
    [record] = records.load_all(background.directory)
    parent = os.getppid()
    records.save(background.directory, replace(record, owner=parent, owner_started=start_time(parent) or ""))
    other = Background(environment)
    assert other.cells.leftovers() == ()
    status = await other.start("exec sleep 1000")
    assert status.state is BackgroundState.FAILED
    assert f"another labrunner (process {parent})" in status.reason
    await other.cells.stop("cell")
    assert is_running(pid)


async def test_a_broken_record_is_dropped(background: Background) -> None:
    background.directory.mkdir(parents=True)
    (background.directory / "x.json").write_text('{"label": "x"')
    assert background.cells.leftovers() == ()
    assert list(background.directory.glob("*.json")) == []


def test_a_log_stays_within_its_bound(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", max_bytes=300_000)
    log.clear()
    with log.path.open("ab") as writer:
        for number in range(100_000):
            writer.write(b"line %d\n" % number)
            if number % 10_000 == 0:
                writer.flush()
                log.trim()
                assert log.path.stat().st_size <= 300_000
    assert log.text().endswith("line 99998\nline 99999\n")
    assert log.last_line() == "line 99999"
    assert len(log.text()) <= 2 * KEPT_BYTES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8080", "use port:8080"),
        ("port:", "use port:8080"),
        ("port:http", "use a number from 1 to 65535"),
        ("port:70000", "use a number from 1 to 65535"),
        ("exit:x", "from 0 to 255"),
        ("log:(", "no regular expression"),
        ("prot:80", "no kind of readiness probe"),
    ],
)
def test_a_bad_probe_says_how_to_write_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_probe(text)


def test_hosts_of_a_port_probe() -> None:
    assert parse_probe("port:80").hosts == ("127.0.0.1", "::1")
    assert (parse_probe("port:10.0.0.1:80").hosts, parse_probe("port:10.0.0.1:80").port) == (
        ("10.0.0.1",),
        80,
    )
    assert parse_probe("port:[::1]:80").hosts == ("::1",)
