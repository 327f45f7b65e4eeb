"""The API as the server's own parts use it: controllers, the scheduler, simulated kubelets, admission."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from labrunner.sim import errors
from labrunner.sim.api.call import Call
from labrunner.sim.api.conversion import convert
from labrunner.sim.api.deletion import DeleteOptions, Deleter
from labrunner.sim.api.events import Recorder
from labrunner.sim.api.writer import Writer
from labrunner.sim.auth import SYSTEM, Authorizer, User
from labrunner.sim.clock import Clock
from labrunner.sim.objects import Obj, clone, get_path, labels_of, name_of, namespace_of
from labrunner.sim.resources import Registry, ResourceType
from labrunner.sim.selectors import LabelSelector
from labrunner.sim.store import Store

CONTROLLER_MANAGER = "kube-controller-manager"
Objects = list[Obj]


class Api:
    """Reads give the stored objects (never change them); writes take copies and run the whole pipeline.

    No authorization. Writes raise ApiError: 404, 409 on a stale resourceVersion, 422, 403 from admission.
    """

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self.store = store
        self.registry = registry
        self.clock = clock
        self.writer = Writer(self)
        self.deleter = Deleter(self)
        self.recorder = Recorder(self)
        self.authorizer: Authorizer | None = None
        """Set by the server, for plugins and controllers that ask what a user may; None asks nobody."""
        self._last_nanos = 0
        registry.set_converter(convert)

    def type_of(self, gr: str) -> ResourceType:
        """The stored type of a resource such as ``deployments.apps``. Raises ApiError (404)."""
        rt = self.registry.storage(gr)
        if rt is None:
            raise errors.no_such_path()
        return rt

    def stored(self, rt: ResourceType, namespace: str, name: str) -> Obj | None:
        """The object as *rt* serves it, or None."""
        obj = self.store.get(rt.storage_gr, namespace if rt.namespaced else "", name)
        return self.registry.convert(obj, rt) if obj is not None else None

    def get(self, gr: str, name: str, namespace: str = "") -> Obj | None:
        """One object, or None."""
        return self.store.get(gr, namespace, name)

    def list(self, gr: str, namespace: str | None = None, selector: LabelSelector | None = None) -> Objects:
        """Objects of a resource, in one namespace (None: all) and of one label selector (None: all)."""
        found = self.store.list(gr, namespace)
        if selector is None:
            return found
        return [obj for obj in found if selector.matches(labels_of(obj))]

    def create(
        self,
        gr: str,
        obj: Obj,
        *,
        user: User = SYSTEM,
        manager: str = CONTROLLER_MANAGER,
        dry_run: bool = False,
    ) -> Obj:
        """Create an object from a copy of *obj*; returns the stored one."""
        rt = self.type_of(gr)
        fresh: Obj = {**clone(obj), "apiVersion": rt.gv, "kind": rt.kind}
        return self.writer.create(self._call(rt, namespace_of(obj), "", user, manager, dry_run), fresh)

    def update(
        self,
        gr: str,
        obj: Obj,
        *,
        subresource: str = "",
        user: User = SYSTEM,
        manager: str = CONTROLLER_MANAGER,
    ) -> Obj:
        """Replace an object by a copy of *obj*; returns the stored one (the old one when nothing changes)."""
        rt = self.type_of(gr)
        call = self._call(rt, namespace_of(obj), subresource, user, manager)
        return self.writer.update(call, name_of(obj), clone(obj))[0]

    def update_status(
        self, gr: str, obj: Obj, *, user: User = SYSTEM, manager: str = CONTROLLER_MANAGER
    ) -> Obj:
        """Like :meth:`update`, through the ``status`` subresource."""
        return self.update(gr, obj, subresource="status", user=user, manager=manager)

    def delete(
        self, gr: str, name: str, namespace: str = "", *, propagation: str | None = None,
        grace_seconds: int | None = None, uid: str | None = None, user: User = SYSTEM,
    ) -> None:  # fmt: skip
        """Delete or begin to delete. Raises ApiError (404; 409 when *uid* is another's)."""
        rt = self.type_of(gr)
        options = DeleteOptions(grace_seconds, propagation or "Background", uid=uid)
        self.deleter.delete(self._call(rt, namespace, "", user, CONTROLLER_MANAGER), name, options)

    def finalize(self, gr: str, name: str, namespace: str = "") -> None:
        """Remove an object for real, as a kubelet does when a pod has stopped. Finalizers still hold it."""
        self.deleter.finalize(self.type_of(gr), namespace, name)

    def event(
        self, about: Obj, kind: Literal["Normal", "Warning"], reason: str, message: str, *,
        component: str, host: str = "", field_path: str | None = None, action: str | None = None,
    ) -> None:  # fmt: skip
        """Record an Event about *about*; equal ones are counted up. *action* makes it an ``events.k8s.io`` one."""
        self.recorder.record(
            about, kind, reason, message, component=component, host=host, field_path=field_path, action=action
        )

    def accepts_events(self, namespace: str) -> bool:
        """Whether new objects may still be made in *namespace*."""
        found = self.store.get("namespaces", "", namespace)
        return found is not None and get_path(found, "metadata", "deletionTimestamp") is None

    def new_uid(self) -> str:
        """A fresh UID."""
        return str(uuid.uuid4())

    def unique_nanos(self, now: datetime) -> int:
        """*now* in nanoseconds since 1970, never the same twice."""
        self._last_nanos = max(int(now.timestamp() * 1_000_000) * 1000, self._last_nanos + 1)
        return self._last_nanos

    def _call(
        self,
        rt: ResourceType,
        namespace: str,
        subresource: str,
        user: User,
        manager: str,
        dry_run: bool = False,
    ) -> Call:
        return Call(rt, namespace, subresource, user, manager, dry_run, trusted=True)
