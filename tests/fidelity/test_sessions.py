"""Sessions are read with care: every mistake names its file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labrunner.fidelity import sessions
from labrunner.fidelity.sessions import Answer, SessionError


def _write(folder: Path, commands: str, answers: list[dict[str, object]] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "commands.txt").write_text(commands)
    if answers is not None:
        (folder / "recorded.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers))
    return folder


def test_commands_and_their_answers_are_read_in_order(tmp_path: Path) -> None:
    answers = [
        {"cmd": "kubectl get ns", "rc": 0, "stdout": "a\n", "stderr": ""},
        {"cmd": "kubectl proxy", "rc": -1, "stdout": "", "stderr": "b\n"},
    ]
    session = sessions.load(_write(tmp_path / "s", "# why\n\nkubectl get ns\nkubectl proxy\n", answers))
    assert session.name == "s"
    assert session.commands == ("kubectl get ns", "kubectl proxy")
    assert session.recorded == (Answer(0, "a\n", ""), Answer(None, "", "b\n"))


@pytest.mark.parametrize(
    ("commands", "answers", "said"),
    [
        ("kubectl get 'x\n", None, r"commands\.txt:1: not a command: No closing quotation"),
        ("kubectl get ns\nrm -rf x\n", None, r"commands\.txt:2: 'rm' is not replayed"),
        ("kubectl get ns\n", [], "0 answers to 1 commands"),
        ("kubectl get ns\n", [{"cmd": "kubectl get ns"}], r"recorded\.jsonl:1: not an answer"),
        (
            "kubectl get ns\n",
            [{"cmd": "kubectl get po", "rc": 0, "stdout": "", "stderr": ""}],
            r"recorded\.jsonl:1: answers 'kubectl get po', which is not command 1",
        ),
    ],
)
def test_a_broken_session_names_file_and_line(
    tmp_path: Path, commands: str, answers: list[dict[str, object]] | None, said: str
) -> None:
    with pytest.raises(SessionError, match=said) as caught:
        sessions.load(_write(tmp_path / "s", commands, answers))
    assert caught.value.remedy


def test_a_folder_without_sessions_says_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="holds no sessions"):
        sessions.load_all(tmp_path)


def test_the_shipped_sessions_keep_to_what_they_make() -> None:
    """Each works in a namespace of its own and removes it: a user runs them on a cluster of theirs."""
    shipped = sessions.load_all(sessions.shipped())
    assert len(shipped) >= 5
    for session in shipped:
        made = [
            each.split()[3]
            for each in session.commands
            if each.startswith("kubectl create namespace labrunner-")
        ]
        assert made, session.name
        assert f"kubectl delete namespace {made[0]}" in session.commands, session.name
        assert not [
            each for each in session.commands if "taint" in each or "drain" in each or "cordon" in each
        ]
