"""The verifier: active checks, kept up to date by watches, polls and what the session tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from labrunner.content.checks_model import CheckSpec
from labrunner.verify.clock import Clock, SystemClock, Timer
from labrunner.verify.clusters import Clusters, Connect
from labrunner.verify.context import CheckContext
from labrunner.verify.evaluation import evaluate, verdict_of
from labrunner.verify.evidence import Collector
from labrunner.verify.interests import InterestIndex, interests_of
from labrunner.verify.probing import ask
from labrunner.verify.scheduler import Scheduler
from labrunner.verify.store import Obj, ObjectStore, SourceKey
from labrunner.verify.verdict import CheckState, CheckStatus
from labrunner.verify.watching import KubernetesCluster
from labrunner.verify.world import World, chosen, source_key

NOTHING: Mapping[str, float] = {}


class Verifier:
    """Belongs to one event loop: make it and call it there. `on_change` is called on it, too, whenever a check's
    state or words change; `status` tells the seconds waited at any time.
    """

    def __init__(
        self,
        context: CheckContext,
        *,
        clock: Clock | None = None,
        on_change: Callable[[CheckStatus], None] | None = None,
        connect: Connect = KubernetesCluster,
    ) -> None:
        self._context = context
        self._clock: Clock = clock or SystemClock()
        self._on_change = on_change
        self._store = ObjectStore(self._object_changed)
        self._world = World(context, self._store, now=self._clock.wall)
        self._clusters = Clusters(context, self._store, connect)
        self._scheduler = Scheduler()
        self._index = InterestIndex()
        self._announced: dict[str, CheckStatus] = {}
        self._dirty: dict[str, None] = {}
        self._flushing = False
        self._timer: Timer | None = None
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._collector = Collector(context, self._announce)
        self._moved = asyncio.Event()
        self._closed = False

    def activate(
        self,
        checks: Iterable[CheckSpec],
        *,
        passed_at: Mapping[str, float] = NOTHING,
        baseline_seen: Collection[str] = (),
    ) -> None:
        """Follow these checks from now on; one that is active already starts anew.

        `passed_at` and `baseline_seen` bring back what earlier statuses of a resumed session said.
        """
        for spec in checks:
            sources = self._sources_of(spec)
            self._deactivate(spec.id, keep=sources)
            self._scheduler.add(spec, self._clock.monotonic(), passed_at=passed_at.get(spec.id))
            self._world.begun[spec.id] = self._clock.wall()
            self._follow(spec)
            if spec.id in baseline_seen:
                self._world.seen.update(ident for ident, _ in self._index.of(spec.id).disappearances)
                self._scheduler.mark_seen(spec.id)
        self._arm()

    def deactivate(self, ids: Iterable[str]) -> None:
        """Follow these checks no longer."""
        for check_id in list(ids):
            self._deactivate(check_id, keep=set())
        self._arm()

    def status(self, check_id: str) -> CheckStatus:
        """Where an active check stands. Raises KeyError for any other."""
        status = self._scheduler.status(check_id, self._clock.monotonic())
        evidence = self._collector.of(check_id)
        if not evidence or status.state is not CheckState.FAIL:
            return status
        return replace(status, verdict=replace(status.verdict, evidence=evidence))

    async def verify(self, ids: Iterable[str], *, wait: bool) -> dict[str, CheckStatus]:
        """Evaluate active checks afresh, on what the cluster says now.

        With `wait`, until each is settled: passed (and held, where `consistently` asks it) or out of time, with
        `eventually` counted from now. Raises KeyError for a check that is not active.
        """
        wanted = list(dict.fromkeys(ids))
        now = self._clock.monotonic()
        for check_id in wanted:
            if wait:
                self._scheduler.restart(check_id, now)
            else:
                self._scheduler.ask(check_id)
        await self._refresh(wanted)
        while wait and not self._closed and not self._all_settled(wanted):
            self._moved.clear()
            self._arm()
            await self._moved.wait()
        await self._collector.wait(wanted)
        left = [check_id for check_id in wanted if check_id in self._scheduler]
        for check_id in left:
            self._scheduler.ask(check_id)
        return {check_id: self.status(check_id) for check_id in left}

    def recheck(self, ids: Iterable[str]) -> None:
        """Something these checks look at may have changed."""
        for check_id in ids:
            if check_id in self._scheduler:
                self._mark(check_id)
                self._poll(check_id)

    def notify(self, fact: str) -> None:
        """A fact of the session changed (a cell, an answer, a confirmation, a quiz): every check may depend on it."""
        for check_id in self._scheduler.ids:
            self._mark(check_id)
            if fact == "answer":
                self._poll(check_id)

    async def restart_cluster(self) -> None:
        """The clusters were started, restarted or replaced: connect anew."""
        await self._clusters.restart()
        self._world.probes.clear()
        for check_id in self._scheduler.ids:
            spec = self._scheduler.spec(check_id)
            self._index.remove(check_id)
            self._follow(spec)
        self._arm()

    async def close(self) -> None:
        """Stop watching, polling and running commands, at once."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        polls = list(self._polls.values())
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        await self._collector.close()
        await self._clusters.close()
        self._moved.set()

    def _follow(self, spec: CheckSpec) -> None:
        """Watch and poll what the check asks for, on the cluster as it is now."""
        interests = interests_of(spec, self._world)
        self._index.add(spec.id, interests)
        self._scheduler.set_polled(spec.id, interests.polled)
        for interest in interests.sources:
            self._clusters.watch(interest.source)
        self._look_for_baseline(spec.id)
        self._mark(spec.id)
        if interests.polled:
            self._poll(spec.id)

    def _sources_of(self, spec: CheckSpec) -> set[SourceKey]:
        return {interest.source for interest in interests_of(spec, self._world).sources}

    def _deactivate(self, check_id: str, keep: Collection[SourceKey]) -> None:
        if check_id not in self._scheduler:
            return
        self._scheduler.remove(check_id)
        self._world.forget(check_id)
        self._collector.forget(check_id)
        for key in self._index.remove(check_id):
            if key not in keep:
                self._clusters.unwatch(key)
        self._announced.pop(check_id, None)
        self._dirty.pop(check_id, None)
        poll = self._polls.pop(check_id, None)
        if poll is not None:
            poll.cancel()
        self._moved.set()

    # What changes

    def _object_changed(self, key: SourceKey, obj: Obj | None, before: Obj | None) -> None:
        for check_id in self._index.affected(key, obj, before):
            if obj is not None:
                self._remember(check_id, key, obj)
            if obj is not None and self._scheduler.is_holding(check_id):
                self._evaluate(check_id)
            else:
                self._mark(check_id)
        for check_id in self._index.reviewers(key):
            self._poll(check_id, again=True)

    def _remember(self, check_id: str, key: SourceKey, obj: Obj) -> None:
        """Note that an object which is to disappear has been there."""
        for ident, target in self._index.of(check_id).disappearances:
            if source_key(target, self._context) == key and chosen(target, obj):
                self._world.seen.add(ident)
                self._scheduler.mark_seen(check_id)

    def _look_for_baseline(self, check_id: str) -> None:
        for _, target in self._index.of(check_id).disappearances:
            key = source_key(target, self._context)
            for obj in self._store.source(key).objects.values():
                self._remember(check_id, key, obj)

    def _mark(self, check_id: str) -> None:
        """Evaluate it once the event loop has taken in what is at hand."""
        self._dirty[check_id] = None
        if not self._flushing and not self._closed:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        dirty, self._dirty = list(self._dirty), {}
        try:
            while dirty:
                self._evaluate(dirty.pop(0))
        finally:
            for check_id in dirty:  # a listener raised: its trouble is not that of the other checks
                self._mark(check_id)
            self._arm()

    def _evaluate(self, check_id: str) -> None:
        if check_id not in self._scheduler or self._closed:
            return
        spec = self._scheduler.spec(check_id)
        found = evaluate(spec, self._world)
        verdict = verdict_of(spec, found, self._world)
        self._scheduler.observe(check_id, found, verdict, self._clock.monotonic(), self._clock.wall())
        self._announce(check_id)

    def _announce(self, check_id: str) -> None:
        status = self.status(check_id)
        known = replace(status, waited=0.0)
        if self._announced.get(check_id) != known:
            self._announced[check_id] = known
            self._collector.follow(self._scheduler.spec(check_id), status)
            self._moved.set()
            if self._on_change is not None:
                self._on_change(status)

    # What time brings

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.monotonic()
        due = None if self._closed else self._scheduler.wakeup(now)
        if due is not None:
            self._timer = self._clock.call_later(max(0.0, due - now), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._dirty:
            self._flush()
        now = self._clock.monotonic()
        self._scheduler.tick(now, self._clock.wall())
        for check_id in self._scheduler.ids:
            self._announce(check_id)
        for check_id in self._scheduler.due(now):
            self._poll(check_id)
        self._moved.set()
        self._arm()

    def _poll(self, check_id: str, *, again: bool = False) -> None:
        """Ask what only asking tells; with `again`, even when an answer to an earlier question is on its way."""
        if self._closed or check_id not in self._scheduler:
            return
        running = self._polls.get(check_id)
        if running is not None and not running.done():
            if not again:
                return
            running.cancel()
        self._polls[check_id] = asyncio.get_running_loop().create_task(self._ask(check_id))

    async def _ask(self, check_id: str) -> None:
        """Run all of a check's probes, then evaluate it."""
        limit = self._scheduler.spec(check_id).timeout
        begun = self._world.begun.get(check_id, self._clock.wall())
        asked = (
            ask(probe, check_id, self._context, self._clusters, limit, begun)
            for probe in self._index.of(check_id).probes
        )
        self._world.probes.update(one for one in await asyncio.gather(*asked) if one is not None)
        self._evaluate(check_id)
        self._arm()

    async def _refresh(self, ids: Collection[str]) -> None:
        """Bring what these checks look at up to date, and evaluate them."""
        keys = {
            interest.source
            for check_id in ids
            for interest in self._index.of(check_id).sources
            if not interest.reviews
        }
        await asyncio.gather(self._clusters.look(keys), *(self._ask(check_id) for check_id in ids))
        for check_id in ids:
            self._evaluate(check_id)

    def _all_settled(self, ids: Iterable[str]) -> bool:
        now = self._clock.monotonic()
        return all(
            check_id not in self._scheduler or self._scheduler.settled(check_id, now) for check_id in ids
        )
