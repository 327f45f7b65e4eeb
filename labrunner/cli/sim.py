"""`labrunner sim compare`: how true the simulated cluster is, against recordings and a real cluster."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from labrunner.cli import exit_codes
from labrunner.cli.dispatch import CommandError
from labrunner.cluster.context import ContextCluster
from labrunner.cluster.kubectl import bundled_kubectl, client_version, find_kubectl
from labrunner.fidelity import sessions
from labrunner.fidelity.comparison import SIMULATED, Compared, compare
from labrunner.fidelity.footprint import footprint
from labrunner.fidelity.replay import Target, connect
from labrunner.fidelity.score import Score
from labrunner.fidelity.sessions import Session
from labrunner.sim.process import StartError


def run(arguments: argparse.Namespace) -> int:
    chosen = _chosen(arguments.sessions or sessions.shipped(), arguments.names)
    if arguments.context is None and (silent := [each.name for each in chosen if not each.recorded]):
        raise CommandError(
            f"nobody recorded {', '.join(silent)}, so there is nothing to compare the simulated cluster with",
            "Name a real cluster with --context NAME, or recorded sessions with --sessions FOLDER.",
            exit_codes.USAGE,
        )
    try:
        compared = list(_compared(chosen, arguments))
    except StartError as error:
        raise CommandError(
            f"the simulated cluster did not start: {error}", "See whether `labrunner cluster up` works here."
        ) from error
    if arguments.json:
        print(json.dumps([_as_json(each) for each in compared], indent=2))
    else:
        _print(compared)
    alike = all(
        score.codes == score.faithful == score.commands for each in compared for score in each.scores.values()
    )
    return exit_codes.OK if alike else exit_codes.FAILED


def _chosen(folder: Path, names: Sequence[str]) -> tuple[Session, ...]:
    found = sessions.load_all(folder)
    known = {session.name: session for session in found}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"no session {', '.join(unknown)} in {folder}",
            f"There are: {', '.join(known)}.",
            exit_codes.USAGE,
        )
    return tuple(known[name] for name in names) if names else found


def _compared(chosen: Sequence[Session], arguments: argparse.Namespace) -> Iterator[Compared]:
    kubectl = _kubectl(arguments.kubectl)
    if arguments.context is None:
        with _progress() as progress:
            for session in chosen:
                yield _one(session, kubectl, None, progress)
        return
    with tempfile.TemporaryDirectory(prefix="labrunner-compare-") as folder:
        real = _real(arguments.context, kubectl, Path(folder))
        _confirm(real, chosen, arguments)
        with _leftovers_named(real), _progress() as progress:
            for session in chosen:
                yield _one(session, kubectl, real, progress)


def _kubectl(wanted: Path | None) -> Path:
    """The one that labrunner brings rather than the one on PATH: what kubectl says depends on its version."""
    kubectl = wanted or bundled_kubectl() or find_kubectl().path
    version = client_version(kubectl)
    if version is None:
        raise CommandError(
            f"{kubectl} does not answer `kubectl version --client`", "Name a kubectl with --kubectl FILE."
        )
    print(f"kubectl {version[0]}.{version[1]}: {kubectl}", file=sys.stderr)
    return kubectl


def _real(context: str, kubectl: Path, home: Path) -> Target:
    cluster = ContextCluster(context, home, kubectl)
    asyncio.run(cluster.up(lambda _: None))
    return connect(context, kubectl, cluster.kubeconfig, home)


def _confirm(real: Target, chosen: Sequence[Session], arguments: argparse.Namespace) -> None:
    """A replay changes the cluster, so its name is typed, never guessed."""
    if arguments.confirm == real.title:
        return
    print(
        f"About to run {sum(len(each.commands) for each in chosen)} kubectl commands, some of which create, change and"
        f" delete objects, on the cluster of context {real.title}:\n  {real.server}, nodes {', '.join(real.nodes)}\n"
        "Use a cluster that nobody needs, such as a fresh kind cluster.",
        file=sys.stderr,
    )
    typed = ""
    if sys.stdin.isatty() and arguments.confirm is None:
        print(f"Type {real.title} to go on: ", end="", file=sys.stderr, flush=True)
        typed = sys.stdin.readline().strip()
    if typed != real.title:
        raise CommandError(
            "not confirmed; nothing was changed",
            f"Type the name, or pass --confirm {real.title}.",
            exit_codes.USAGE,
        )


@contextmanager
def _leftovers_named(real: Target) -> Iterator[None]:
    before = footprint(real)
    try:
        yield
    finally:
        if left := sorted(footprint(real) - before):
            print(f"Left behind on {real.title} (remove them if nothing needs them):", file=sys.stderr)
            print("\n".join(f"  {name}" for name in left), file=sys.stderr)


def _one(session: Session, kubectl: Path, real: Target | None, progress: Progress) -> Compared:
    titles = (SIMULATED, *([real.title] if real else []))
    tasks = {
        title: progress.add_task(f"{session.name} on {title}", total=len(session.commands))
        for title in titles
    }
    return compare(
        session, kubectl, real, lambda title, _, answered: progress.update(tasks[title], completed=answered)
    )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _print(compared: Sequence[Compared]) -> None:
    """What differs, command by command, then both scores of each session side by side."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for each in compared:
        for title, score in each.scores.items():
            for outcome in score.differing:
                console.print(f"{each.session.name} {outcome.number}: {outcome.command}")
                console.print(f"  - {each.truth}   + {title}")
                console.print("\n".join(f"  {line}" for line in outcome.difference[:40]))
                if outcome.by_design:
                    console.print(f"  by design: {'; '.join(outcome.by_design)}")
    titles = list(dict.fromkeys(title for each in compared for title in each.scores))
    table = Table("session", "commands", "truth", *(f"{title}: exit codes, output" for title in titles))
    for each in compared:
        cells = [_figures(each.scores.get(title)) for title in titles]
        table.add_row(each.session.name, str(len(each.session.commands)), each.truth, *cells)
    console.print(table)


def _figures(score: Score | None) -> str:
    if score is None:
        return "is the truth"
    whole = f"{score.codes / score.commands:.1%}, {score.outputs / score.commands:.1%}"
    if score.faithful == score.outputs:
        return whole
    return f"{whole} ({score.faithful / score.commands:.1%} without what differs by design)"


def _as_json(compared: Compared) -> dict[str, object]:
    return {
        "session": compared.session.name,
        "commands": len(compared.session.commands),
        "truth": compared.truth,
        "scores": {
            title: {
                "codes": score.codes,
                "outputs": score.outputs,
                "outputs_but_for_design": score.faithful,
                "differing": [
                    {
                        "number": each.number,
                        "command": each.command,
                        "difference": list(each.difference),
                        "by_design": list(each.by_design),
                    }
                    for each in score.differing
                ],
            }
            for title, score in compared.scores.items()
        },
    }
