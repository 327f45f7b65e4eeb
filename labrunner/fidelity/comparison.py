"""Every session against the simulated cluster and, where the user has one, a real cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labrunner.fidelity.replay import Target, connect, replay
from labrunner.fidelity.score import Score, score
from labrunner.fidelity.sessions import RECORDING_NODES, Answer, Session
from labrunner.sim import process

OnCommand = Callable[[str, Session, int], None]
"""Told (cluster title, session, commands answered) as a replay goes on."""

SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Compared:
    """A session's scores by cluster title. `truth` says against what: ``recorded``, or the real cluster's title."""

    session: Session
    truth: str
    scores: dict[str, Score]


def compare(session: Session, kubectl: Path, real: Target | None, on_command: OnCommand) -> Compared:
    """Replay *session* on a fresh simulated cluster, and on *real* where given.

    The truth is the recording. Without one it is what *real* answers, so that one of the two is needed.
    """
    answers: dict[str, tuple[Target, list[Answer]]] = {}
    with _simulated(kubectl) as simulated:
        for target in (simulated, *([real] if real else [])):
            said: list[Answer] = []
            for answer in replay(session, target):
                said.append(answer)
                on_command(target.title, session, len(said))
            answers[target.title] = (target, said)
    truth: tuple[Answer, ...]
    truth_nodes: tuple[str, ...]
    if session.recorded:
        truth, truth_nodes, title = session.recorded, RECORDING_NODES, "recorded"
    elif real is not None:
        target, true = answers.pop(real.title)
        truth, truth_nodes, title = tuple(true), target.nodes, real.title
    else:
        raise ValueError(f"nothing to compare {session.name} with")
    return Compared(session, title, _scores(session.commands, truth, truth_nodes, answers))


def _scores(
    commands: Sequence[str],
    truth: Sequence[Answer],
    truth_nodes: Sequence[str],
    answers: dict[str, tuple[Target, list[Answer]]],
) -> dict[str, Score]:
    return {
        title: score(commands, truth, said, truth_nodes, target.nodes)
        for title, (target, said) in answers.items()
    }


@contextmanager
def _simulated(kubectl: Path) -> Iterator[Target]:
    with tempfile.TemporaryDirectory(prefix="labrunner-compare-") as folder:
        home = Path(folder)
        running = process.start(home / "cluster")
        try:
            yield connect(SIMULATED, kubectl, running.kubeconfig, home)
        finally:
            process.stop(home / "cluster")
