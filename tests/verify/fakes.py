"""A session and a cluster that tests script, and a verifier on them under a clock that stands still."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labrunner.content.checks_model import CanCheck, CheckSpec, Endpoint, LogsCheck
from labrunner.content.problems import Place
from labrunner.content.requirements import SIMULATED, Capabilities
from labrunner.verify.access import AccessAnswer
from labrunner.verify.api import ClusterError
from labrunner.verify.clock import ManualClock
from labrunner.verify.commands import CommandResult
from labrunner.verify.context import CellOutcome
from labrunner.verify.engine import Verifier
from labrunner.verify.store import Changed, Listed, Obj, Report, SourceKey, SourceState, Troubled, key_of
from labrunner.verify.verdict import CheckStatus
from labrunner.verify.watching import PodCommand

PLACE = Place(Path("checks/test.yaml"))


def spec(assertion: Any, **changes: Any) -> CheckSpec:
    """A check called `check` unless told otherwise."""
    return CheckSpec(**{"id": "check", "assertion": assertion, "place": PLACE, **changes})


@dataclass
class Session:
    """A CheckContext whose facts tests set."""

    workspace: Path
    namespace: str | None = "shop"
    capabilities: Capabilities = SIMULATED
    cells: dict[str, CellOutcome] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    attested: set[str] = field(default_factory=set)
    scores: dict[str, bool] = field(default_factory=dict)
    variants: dict[str, str] = field(default_factory=dict)
    path: str = "/nowhere"
    kubeconfig_file: Path | None = None
    trusted: bool = True
    clusters: set[str] = field(default_factory=lambda: {"main"})

    def environment(self) -> dict[str, str]:
        own = {"KUBECONFIG": str(self.kubeconfig_file)} if self.kubeconfig_file else {}
        return {"PATH": f"{self.path}:{os.environ['PATH']}", "LAB": "mine", **own}

    def kubeconfig(self, cluster: str) -> Path | None:
        return Path(f"/kubeconfigs/{cluster}") if cluster in self.clusters else None

    def cell_outcome(self, cell_id: str) -> CellOutcome | None:
        return self.cells.get(cell_id)

    def answer(self, check_id: str) -> str | None:
        return self.answers.get(check_id)

    def confirmed(self, check_id: str) -> bool:
        return check_id in self.attested

    def quiz_score(self, question_ids: Sequence[str]) -> float | None:
        if any(one not in self.scores for one in question_ids):
            return None
        return sum(self.scores[one] for one in question_ids) / len(question_ids)

    def variant(self, name: str) -> str | None:
        return self.variants.get(name)


class FakeCluster:
    """Objects by kind; every change is reported to the watches at once, as the event loop would."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, tuple[str, str]], Obj] = {}
        self.kinds: set[str] | None = None
        self.trouble: Troubled | None = None
        self.rules: Callable[[CanCheck], bool] = lambda check: False
        self.reviews = 0
        self.in_pods: Callable[[Any], Any] = lambda question: ClusterError(
            SourceState.REFUSED, "not scripted"
        )
        self.pod_questions: list[Any] = []
        self.watched: set[SourceKey] = set()
        self.silent = False
        self.closed = 0
        self._report: Callable[[SourceKey, Report], None] | None = None
        self._versions = itertools.count(1)

    def connect(self, kubeconfig: Path, report: Callable[[SourceKey, Report], None]) -> FakeCluster:
        self._report = report
        return self

    def watch(self, key: SourceKey) -> None:
        if key not in self.watched:
            self.watched.add(key)
            if not self.silent:
                self.tell(key, self._listing(key, fresh=True))

    def unwatch(self, key: SourceKey) -> None:
        self.watched.discard(key)

    async def look(self, key: SourceKey) -> Report:
        return self._listing(key, fresh=False)

    async def can(self, check: CanCheck, namespace: str | None) -> AccessAnswer:
        self.reviews += 1
        if self.trouble is not None:
            raise ClusterError(self.trouble.state, self.trouble.reason)
        return AccessAnswer(self.rules(check))

    async def logs(self, check: LogsCheck, namespace: str | None, begun: float) -> str:
        return str(self._in_pods(check))

    async def execute(self, command: PodCommand, namespace: str | None, time_limit: float) -> CommandResult:
        result = self._in_pods(command)
        assert isinstance(result, CommandResult)
        return result

    async def dialer(self, endpoint: Endpoint, namespace: str | None) -> Any:
        return self._in_pods(endpoint)

    def _in_pods(self, question: Any) -> Any:
        self.pod_questions.append(question)
        answer = self.in_pods(question)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed += 1
        self.watched.clear()

    def put(self, obj: Obj, *, told: bool = True) -> None:
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(next(self._versions))}}
        self.objects[(obj["kind"], key_of(obj))] = obj
        if told:
            self._broadcast(obj, gone=False)

    def remove(self, kind: str, name: str, namespace: str = "shop", *, told: bool = True) -> None:
        obj = self.objects.pop((kind, (namespace, name)))
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(next(self._versions))}}
        if told:
            self._broadcast(obj, gone=True)

    def away(self, reason: str = "cannot reach the cluster: connection refused") -> None:
        self.trouble = Troubled(SourceState.UNREACHABLE, reason)
        for key in list(self.watched):
            self.tell(key, self.trouble)

    def back(self) -> None:
        self.trouble = None
        self.relist()

    def relist(self) -> None:
        for key in list(self.watched):
            self.tell(key, self._listing(key, fresh=True))

    def tell(self, key: SourceKey, report: Report) -> None:
        assert self._report is not None
        self._report(key, report)

    def _listing(self, key: SourceKey, *, fresh: bool) -> Report:
        if self.trouble is not None:
            return self.trouble
        if self.kinds is not None and key.kind not in self.kinds:
            return Troubled(SourceState.NO_SUCH_KIND, f"the cluster knows no kind {key.kind}")
        found = tuple(obj for obj in self.objects.values() if self._covers(key, obj))
        return Listed(found, str(next(self._versions)), fresh=fresh)

    def _broadcast(self, obj: Obj, *, gone: bool) -> None:
        for key in list(self.watched):
            if self._covers(key, obj):
                self.tell(key, Changed(obj, gone=gone))

    @staticmethod
    def _covers(key: SourceKey, obj: Obj) -> bool:
        namespace = obj["metadata"].get("namespace")
        return key.kind == obj["kind"] and (key.namespace == "*" or namespace in (None, key.namespace))


def thing(kind: str, name: str, *, namespace: str | None = "shop", labels: Any = None, **rest: Any) -> Obj:
    """An API object."""
    meta: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    if labels:
        meta["labels"] = labels
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **rest}


@dataclass
class Rig:
    """Everything a test of the engine holds."""

    session: Session
    cluster: FakeCluster
    clock: ManualClock
    verifier: Verifier
    changes: list[CheckStatus]

    async def settle(self) -> None:
        """Let every callback and task that is ready run; child processes are waited for by `pass_through`."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()

    async def activate(self, *checks: CheckSpec, **more: Any) -> None:
        self.verifier.activate(checks, **more)
        await self.settle()

    def state(self, check_id: str = "check") -> str:
        return str(self.verifier.status(check_id).state)

    def summary(self, check_id: str = "check") -> str:
        return self.verifier.status(check_id).verdict.summary
