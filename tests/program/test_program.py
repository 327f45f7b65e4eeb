"""What a newcomer does, in the real program on a real terminal: by keyboard, at both sizes, with crashes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from json import loads
from pathlib import Path

import pytest

from tests.program.screen import Program, stop_clusters

PACK = Path(__file__).parents[1] / "lab" / "pack"
SIZES = [(80, 24), (160, 45)]

pytestmark = pytest.mark.slow


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def run(columns: int = 80, rows: int = 24, *arguments: str) -> Program:
        programs.append(
            Program(tmp_path, ["--pack", str(PACK), *(arguments or ("run", "tiny"))], columns, rows)
        )
        return programs[-1]

    yield run
    for program in programs:
        program.child.close(force=True)
    stop_clusters(tmp_path)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_lab_from_catalogue_to_summary_by_keyboard(
    start: Callable[..., Program], columns: int, rows: int
) -> None:
    program = start(columns, rows, "run", "tiny")
    program.until("Make a namespace")
    program.until(lambda text: "SIMULATED" in text and "Starting" not in text)
    program.press("\r")
    program.until("Step done: Make a namespace")
    program.press("w")
    program.until("What is a namespace?")
    program.press("1")
    program.press("\r")
    program.until("How sure")
    program.press("3")
    program.until(lambda text: "right" in text.lower())
    program.press("\r", "n")
    program.until("2/3 Deploy")
    program.press("a")
    program.until("Step done: Deploy")
    program.press("n")
    program.until("3/3 Challenge")
    program.press("s")
    program.until("Show the solution?")
    program.press("y")
    program.until("kubectl -n tiny scale")


def test_a_killed_program_resumes_where_it_was(start: Callable[..., Program]) -> None:
    program = start()
    program.until("Make a namespace")
    program.press("\r")
    program.until("Step done: Make a namespace")
    program.press("n")
    program.until("2/3 Deploy")
    program.kill()
    again = start()
    again.until("2/3 Deploy")
    again.press("p")
    again.until("1/3 Make a namespace")
    again.press("3")
    again.until(lambda text: "✓" in text and "Namespace exists" in text)


def test_a_killed_cluster_is_said_and_restarted_with_its_objects(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    program = start()
    program.until("Make a namespace")
    program.press("\r")
    program.until("Step done: Make a namespace")
    state = tmp_path / ".local/share/labrunner/clusters/tiny/server.json"
    os.kill(loads(state.read_text())["pid"], signal.SIGKILL)
    program.until("Press R to restart it")
    program.press("R")
    program.until("answers again")
    program.press("3")
    program.until(lambda text: "✓" in text and "Namespace exists" in text)


def test_a_tiny_terminal_says_so_and_loses_nothing(start: Callable[..., Program]) -> None:
    program = start()
    program.until("1/3 Make a namespace")
    program.resize(40, 10)
    program.until("40×10")
    program.resize(80, 24)
    program.until("1/3 Make a namespace")


def test_a_second_labrunner_on_the_same_module_is_told_so(start: Callable[..., Program]) -> None:
    start().until("1/3 Make a namespace")
    second = start()
    second.until("is open in another labrunner")


def test_vim_less_and_ctrl_c_work_in_the_shell(start: Callable[..., Program]) -> None:
    program = start(160, 45)
    program.until("workspace")
    program.press("\x1b[17~")
    program.press("printf 'one\\ntwo\\n' > poem; less poem\r")
    program.until(lambda text: "poem" in text and "two" in text and "END" in text)
    program.press("q")
    program.press("vim -u NONE poem\r")
    program.until("~")
    program.press("Go", "three")
    program.until("three")
    program.press(
        "\x03", ":wq\r"
    )  # Ctrl-C leaves insert mode, and no terminal takes it for the start of Alt+:
    program.press("echo before-$((40+1)); sleep 1000\r")
    program.until("before-41")
    program.press("\x03")
    program.until("^C")
    program.press("echo after-$((40+2))\r")
    program.until("after-42")
    program.press("clear; tail -1 poem\r")
    program.until(lambda text: "three" in text and "-- INSERT --" not in text)
