"""The machinery under every controller: watches that become keys, one work queue, retries and timers.

A controller says which resources it watches and which keys a change touches; the runner collects the keys,
without duplicates, and calls ``reconcile`` for each in small slices of the event loop, so that a burst of
changes never holds up a request. A refused write is retried: at once on a conflict, later and later otherwise.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.auth.identity import User, controller_user
from labrunner.sim.clock import Timer
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""

Mapper = Callable[["Change"], Iterable[Key]]
"""Which keys of a controller a change concerns."""

EVERY: Final = "*"
"""In :meth:`Controller.watches`: the changes of all resources."""
_ACCOUNTS: Final = {"daemonset-controller": "daemon-set-controller"}
"""Names of controllers in events to those of their service accounts, where they differ."""
SLICE_SECONDS: Final = 0.004
FIRST_RETRY: Final = 0.005
LAST_RETRY: Final = 1000.0


def key_of(obj: Obj) -> Key:
    """Namespace and name of *obj*."""
    return namespace_of(obj), name_of(obj)


def itself(change: Change) -> Iterable[Key]:
    """The changed object is what is to be reconciled."""
    yield key_of(change.new or change.old or {})


class Controller:
    """One reconciler. Subclasses give ``name``, :meth:`watches` and :meth:`reconcile`."""

    name: str = ""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.requeue: Callable[[Key, float], None] = lambda _key, _seconds: None

    @property
    def user(self) -> User:
        """As whom this controller makes objects that policies of the cluster's users may judge."""
        return controller_user(_ACCOUNTS.get(self.name, self.name))

    def watches(self) -> Mapping[str, Mapper]:
        """Resource (``deployments.apps``) to the mapper of its changes."""
        raise NotImplementedError

    def reconcile(self, key: Key) -> float | None:
        """Bring the world nearer to what the object asks for; seconds until the next look, or None."""
        raise NotImplementedError

    def started(self) -> None:
        """Called once, after the first changes have been queued."""

    def stopped(self) -> None:
        """Called once, when the work is over: end what goes on beside the queue."""

    def event(self, about: Obj, kind: str, reason: str, message: str) -> None:
        """Record an event as this controller."""
        self.api.event(
            about, "Warning" if kind == "Warning" else "Normal", reason, message, component=self.name
        )


class _Initial:
    """Looks like a change to the mappers: an object that was there before the controllers started."""

    __slots__ = ("gr", "new", "old", "rv", "type")

    def __init__(self, gr: str, obj: Obj) -> None:
        self.type = "ADDED"
        self.gr = gr
        self.new: Obj | None = obj
        self.old: Obj | None = None
        self.rv = 0


class Runner:
    """Feeds controllers with keys until stopped."""

    def __init__(self, api: Api, controllers: Iterable[Controller]) -> None:
        self._api = api
        self._controllers = list(controllers)
        self._queue: dict[tuple[int, Key], None] = {}
        self._timers: dict[tuple[int, Key], tuple[float, Timer]] = {}
        self._failures: dict[tuple[int, Key], int] = {}
        self._scheduled = False
        self._stopped = False
        self._routes: dict[str, list[tuple[int, Mapper]]] = {EVERY: []}
        for index, controller in enumerate(self._controllers):
            controller.requeue = self._requeue_for(index)
            for gr, mapper in controller.watches().items():
                self._routes.setdefault(gr, []).append((index, mapper))
        self._everything = self._routes.pop(EVERY)
        for routes in self._routes.values():
            routes += self._everything
        self._unsubscribe = api.store.subscribe(None, self._changed)

    def start(self) -> None:
        """Queue everything that exists."""
        self.resync()
        for controller in self._controllers:
            controller.started()

    def resync(self) -> None:
        """Look at every object again, as after a restored snapshot."""
        for gr in self._api.store.resources() if self._everything else tuple(self._routes):
            for obj in self._api.store.list(gr):
                self._changed(_Initial(gr, obj))  # type: ignore[arg-type]

    def stop(self) -> None:
        """Forget all work and timers."""
        self._stopped = True
        for controller in self._controllers:
            controller.stopped()
        self._unsubscribe()
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._queue.clear()

    def _requeue_for(self, index: int) -> Callable[[Key, float], None]:
        return lambda key, seconds: self._later((index, key), seconds)

    def _changed(self, change: Change) -> None:
        for index, mapper in self._routes.get(change.gr, self._everything):
            try:
                for key in mapper(change):
                    self._add((index, key))
            except Exception:
                sys.stderr.write(f"{self._controllers[index].name}: {traceback.format_exc()}\n")

    def _add(self, item: tuple[int, Key]) -> None:
        self._queue[item] = None
        if not self._scheduled and not self._stopped:
            self._scheduled = True
            self._api.clock.call_later(0, self._drain)

    def _later(self, item: tuple[int, Key], seconds: float) -> None:
        if seconds <= 0:
            self._add(item)
            return
        due = self._api.clock.now().timestamp() + seconds
        waiting = self._timers.get(item)
        if waiting is not None:
            if waiting[0] <= due:
                return
            waiting[1].cancel()

        def fire() -> None:
            self._timers.pop(item, None)
            self._add(item)

        self._timers[item] = (due, self._api.clock.call_later(seconds, fire))

    def _drain(self) -> None:
        self._scheduled = False
        until = time.perf_counter() + SLICE_SECONDS
        while self._queue and not self._stopped:
            item = next(iter(self._queue))
            del self._queue[item]
            self._run(item)
            if time.perf_counter() >= until:
                break
        if self._queue and not self._scheduled and not self._stopped:
            self._scheduled = True
            self._api.clock.call_later(0, self._drain)

    def _run(self, item: tuple[int, Key]) -> None:
        index, key = item
        controller = self._controllers[index]
        try:
            again = controller.reconcile(key)
        except ApiError as error:
            self._retry(item, error)
        except Exception:
            sys.stderr.write(f"{controller.name} {'/'.join(key)}: {traceback.format_exc()}\n")
            self._retry(item, None)
        else:
            self._failures.pop(item, None)
            if again is not None:
                self._later(item, again)

    def _retry(self, item: tuple[int, Key], error: ApiError | None) -> None:
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        conflict = error is not None and error.code == 409
        delay = min(LAST_RETRY, FIRST_RETRY * 2 ** min(failures, 20))
        self._later(item, 0 if conflict and failures < 3 else delay)
