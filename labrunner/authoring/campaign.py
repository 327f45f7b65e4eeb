"""Qualifying many modules, several at a time and several times over: each run in a process and a home of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from labrunner.authoring.findings import Finding, ModuleReport, Result
from labrunner.authoring.qualify import qualify
from labrunner.authoring.repeats import merged
from labrunner.cluster.driver import ClusterError
from labrunner.content.loading import load_module


@dataclass(frozen=True, slots=True)
class Assignment:
    """A module to qualify: how it is announced, its folder and pack, the cluster, the steps to test (empty: all)."""

    heading: str
    folder: Path
    pack: Path
    cluster: str
    only: tuple[str, ...] = ()


def conduct(assignment: Assignment, on_finding: Callable[[Finding], None] = lambda _: None) -> ModuleReport:
    """Qualify one module, once. What keeps it from being run at all is a finding too."""
    loaded = load_module(assignment.folder, pack=assignment.pack)
    name = assignment.folder.name
    if loaded.module is None:
        mistakes = "\n".join(str(problem) for problem in loaded.problems if problem.severity == "error")
        return _not_run(name, "it loads", f"{name} has mistakes:\n{mistakes}", on_finding)
    try:
        with tempfile.TemporaryDirectory(prefix="labrunner-test-") as folder:
            run = qualify(loaded.module, assignment.cluster, Path(folder), on_finding, assignment.only)
            return asyncio.run(run)
    except ClusterError as error:
        return _not_run(loaded.module.id, "its cluster starts", f"{error}\n{error.remedy}", on_finding)


def _not_run(module: str, promise: str, detail: str, on_finding: Callable[[Finding], None]) -> ModuleReport:
    finding = Finding("module", promise, Result.ERROR, detail)
    on_finding(finding)
    return ModuleReport(module, "no cluster", (finding,), 0.0)


def campaign(assignments: Sequence[Assignment], *, jobs: int, repeat: int) -> Iterator[ModuleReport]:
    """A report for each assignment, in order, merged from `repeat` runs; up to `jobs` runs at the same time."""
    # Forked children would share the parent's event loops and watches.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        runs = [[pool.submit(conduct, each) for _ in range(repeat)] for each in assignments]
        try:
            for futures in runs:
                yield merged([future.result() for future in futures])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
