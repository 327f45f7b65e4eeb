from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labrunner.shell.events import (
    CommandEnded,
    CommandStarted,
    DirectoryChanged,
    ShellExited,
    State,
    StateChanged,
)
from labrunner.shell.machine import TRANSITIONS, ShellMachine, Step
from labrunner.shell.marks import Mark, MarkKind

A, B, C, D, P = (Mark(MarkKind(letter)) for letter in "ABCDP")


def end(code: int | None, cwd: bytes = b"/", command: str | None = None) -> Mark:
    return Mark(MarkKind.COMMAND_END, exit_code=code, cwd=cwd, command=command)


def machine_at(state: State) -> ShellMachine:
    machine = ShellMachine(Path("/"))
    for mark in {
        State.STARTING: [],
        State.PROMPT: [B],
        State.RUNNING: [B, C],
        State.RETURNING: [B, C, end(0)],
        State.CONTINUATION: [B, P],
    }[state]:
        list(machine.mark(mark, 0))
    assert machine.state is state
    return machine


def test_a_typed_command_from_prompt_to_prompt() -> None:
    machine = machine_at(State.PROMPT)
    assert list(machine.mark(C, 10)) == [StateChanged(State.PROMPT, State.RUNNING), CommandStarted(None)]
    assert list(machine.mark(end(3, b"/tmp", "cd /tmp; false"), 12.5)) == [
        DirectoryChanged(Path("/tmp")),
        CommandEnded(None, 3, 2.5, "cd /tmp; false"),
        StateChanged(State.RUNNING, State.RETURNING),
    ]
    assert list(machine.mark(A, 13)) == []
    assert list(machine.mark(B, 13)) == [StateChanged(State.RETURNING, State.PROMPT)]
    assert machine.cwd == Path("/tmp")


def test_a_cell_is_told_from_a_typed_command() -> None:
    machine = machine_at(State.PROMPT)
    machine.expect_cell("apply")
    assert CommandStarted("apply") in list(machine.mark(C, 0))
    assert CommandEnded("apply", 0, 1, None) in list(machine.mark(end(0, command="whatever"), 1))
    list(machine.mark(B, 1))
    assert CommandStarted(None) in list(machine.mark(C, 2))


def test_a_lost_end_mark_is_made_good_by_the_prompt() -> None:
    machine = machine_at(State.RUNNING)
    assert CommandEnded(None, 4, 1, None) in list(machine.mark(Mark(MarkKind.PROMPT_START, exit_code=4), 1))
    assert machine.state is State.RETURNING


def test_marks_of_a_redrawn_prompt_and_an_empty_line_say_nothing() -> None:
    machine = machine_at(State.PROMPT)
    assert [event for mark in (A, B, end(130), A, B) for event in machine.mark(mark, 0)] == []


def test_dying_ends_the_command_first() -> None:
    machine = machine_at(State.RUNNING)
    assert list(machine.died(9, 5)) == [
        CommandEnded(None, 9, 5, None),
        StateChanged(State.RUNNING, State.DEAD),
        ShellExited(9),
    ]
    assert list(machine.restarting()) == [StateChanged(State.DEAD, State.STARTING)]


@pytest.mark.parametrize("state", [s for s in State if s is not State.DEAD])
@pytest.mark.parametrize("kind", list(MarkKind))
def test_every_pair_follows_the_table_and_nothing_else(state: State, kind: MarkKind) -> None:
    machine = machine_at(state)
    events = list(machine.mark(Mark(kind), 1))
    expected, step = TRANSITIONS.get((state, kind), (state, Step.MOVE))
    assert machine.state is expected
    assert any(isinstance(event, CommandEnded) for event in events) == (step is Step.END)
    assert any(isinstance(event, CommandStarted) for event in events) == (step is Step.BEGIN)


@given(st.lists(st.sampled_from([A, B, C, D, P, end(1)])))
def test_commands_begin_and_end_in_pairs(marks: list[Mark]) -> None:
    machine = ShellMachine(Path("/"))
    running = 0
    for now, mark in enumerate(marks):
        for event in machine.mark(mark, now):
            running += isinstance(event, CommandStarted)
            running -= isinstance(event, CommandEnded)
        assert running == (machine.state is State.RUNNING)
