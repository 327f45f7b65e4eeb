"""Steering the simulation itself, under ``/simulated/v1``: snapshots of the whole cluster, compaction, facts.

======  ===================================  ==========================================================================
GET     /simulated/v1                        what this is and how much it holds
GET     /simulated/v1/objects                the resource, namespace and name of everything there is
GET     /simulated/v1/snapshots              the names of all snapshots
PUT     /simulated/v1/snapshots/NAME         save the present state under NAME (replacing an older one)
GET     /simulated/v1/snapshots/NAME         the resourceVersion and number of objects of a snapshot
DELETE  /simulated/v1/snapshots/NAME         forget it
POST    /simulated/v1/snapshots/NAME/restore go back to it; watchers see the differences as changes
GET     /simulated/v1/snapshots/NAME/diff    what has changed since (``?to=OTHER``: up to another snapshot)
GET     /simulated/v1/kinds                  the ready sets of custom kinds, and whether each is installed
PUT     /simulated/v1/kinds/NAME             install a set: its kinds are served at once; harmless when they are
POST    /simulated/v1/compact                forget the history: older watches and lists end in 410
======  ===================================  ==========================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from labrunner.sim import errors, kindsets
from labrunner.sim.api.local import Api
from labrunner.sim.api.rendering import document
from labrunner.sim.api.version import GIT_VERSION
from labrunner.sim.errors import ApiError
from labrunner.sim.http import Request, Response
from labrunner.sim.http.files import write_private
from labrunner.sim.objects import Obj, name_of, namespace_of
from labrunner.sim.store import Difference, Snapshot
from labrunner.sim.store.snapshot import differences

PREFIX: Final = "/simulated/v1"
_DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Control:
    """Answers control requests. *directory* keeps the snapshots; *restored* is called after a restore is answered."""

    def __init__(self, api: Api, directory: Path, restored: Callable[[], object]) -> None:
        self._api = api
        self._directory = directory
        self._restored = restored
        self._snapshots: dict[str, Snapshot] = {}

    def answer(self, request: Request) -> Response:
        """The response. Raises ApiError."""
        parts = request.path.removeprefix(PREFIX).strip("/").split("/")
        match request.method, parts:
            case "GET", [""]:
                return document(request, self._facts())
            case "POST", ["compact"]:
                self._api.store.compact()
                return document(request, self._facts())
            case "GET", ["objects"]:
                return document(request, {"objects": self._keys()})
            case "GET", ["kinds"]:
                return document(request, {"kinds": [self._kinds(kindsets.load(n)) for n in kindsets.names()]})
            case "PUT", ["kinds", name]:
                return document(request, self._install(name))
            case "GET", ["snapshots"]:
                return document(request, {"snapshots": self._names()})
            case "PUT", ["snapshots", name]:
                return document(request, self._save(_checked(name)), 201)
            case "GET", ["snapshots", name]:
                return document(request, _summary(name, self._snapshot(name)))
            case "DELETE", ["snapshots", name]:
                self._forget(name)
                return document(request, {"name": name, "forgotten": True})
            case "POST", ["snapshots", name, "restore"]:
                return document(request, self._restore(name))
            case "GET", ["snapshots", name, "diff"]:
                return document(request, self._diff(name, request.query.get("to", "")))
        raise errors.no_such_path()

    def _facts(self) -> Obj:
        store = self._api.store
        return {
            "simulated": True,
            "version": GIT_VERSION,
            "resourceVersion": str(store.resource_version),
            "objects": {gr: store.count(gr) for gr in sorted(store.resources())},
            "snapshots": self._names(),
        }

    def _keys(self) -> list[str]:
        store = self._api.store
        return [
            f"{gr}/{namespace_of(obj)}/{name_of(obj)}"
            for gr in sorted(store.resources())
            for obj in store.list(gr)
        ]

    def _kinds(self, kinds: kindsets.KindSet) -> Obj:
        there = [name_of(crd) for crd in kinds.definitions if self._api.get(_DEFINITIONS, name_of(crd))]
        return {
            "name": kinds.name,
            "title": kinds.title,
            "version": kinds.version,
            "definitions": [name_of(crd) for crd in kinds.definitions],
            "installed": len(there) == len(kinds.definitions),
        }

    def _install(self, name: str) -> Obj:
        """A definition that is there already stays: the lab may have brought its own."""
        try:
            kinds = kindsets.load(name)
        except kindsets.UnknownSetError as error:
            raise ApiError(404, "NotFound", str(error), {"name": name, "kind": "kinds"}) from None
        for crd in kinds.definitions:
            if self._api.get(_DEFINITIONS, name_of(crd)) is None:
                self._api.create(_DEFINITIONS, crd)
        return self._kinds(kinds)

    def _names(self) -> list[str]:
        on_disk = (path.stem for path in self._directory.glob("*.jsonl"))
        return sorted({*self._snapshots, *on_disk})

    def _save(self, name: str) -> Obj:
        snapshot = self._api.store.snapshot()
        self._directory.mkdir(mode=0o700, exist_ok=True)
        try:
            write_private(self._path(name), snapshot.dump())
        except OSError as error:
            raise errors.internal(f"the snapshot cannot be written: {error.strerror}") from error
        self._snapshots[name] = snapshot
        return _summary(name, snapshot)

    def _snapshot(self, name: str) -> Snapshot:
        if name not in self._snapshots:
            try:
                self._snapshots[name] = Snapshot.load(self._path(_checked(name)).read_bytes())
            except FileNotFoundError:
                raise _unknown(name) from None
            except (ValueError, KeyError, OSError) as error:
                raise errors.internal(f"the snapshot {name} cannot be read: {error}") from error
        return self._snapshots[name]

    def _forget(self, name: str) -> None:
        known = self._snapshots.pop(name, None) is not None
        path = self._path(_checked(name))
        if not path.exists() and not known:
            raise _unknown(name)
        path.unlink(missing_ok=True)

    def _restore(self, name: str) -> Obj:
        found = self._api.store.restore(self._snapshot(name))
        self._api.recorder.forget_floods()
        self._api.clock.call_later(0, self._restored)
        return {**_summary(name, self._snapshot(name)), "changes": [_described(d) for d in found]}

    def _diff(self, name: str, to: str) -> Obj:
        after = self._snapshot(to) if to else self._api.store.snapshot()
        found = differences(self._snapshot(name), after)
        return {"from": name, "to": to or None, "changes": [_described(d) for d in found]}

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.jsonl"


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise errors.bad_request(
            "a snapshot's name has 1 to 100 letters, digits, dots, dashes or underscores"
        )
    return name


def _unknown(name: str) -> ApiError:
    return ApiError(404, "NotFound", f'snapshot "{name}" not found', {"name": name, "kind": "snapshots"})


def _summary(name: str, snapshot: Snapshot) -> Obj:
    return {"name": name, "resourceVersion": str(snapshot.rv), "objects": len(snapshot)}


def _described(difference: Difference) -> Obj:
    namespace, _, name = difference.key.partition("/")
    return {"type": difference.type, "resource": difference.gr, "namespace": namespace, "name": name}
