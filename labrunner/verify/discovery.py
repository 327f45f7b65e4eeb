"""Which resource serves a kind, from the server's own discovery documents. Blocking; for worker threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from labrunner.verify.api import KubeApi, NotFoundError

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource; `names` are its plural, singular and short names."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    names: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str | None) -> str:
        """Where it is listed; without a namespace, in all of them."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        middle = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{self.api_version}{middle}/{self.plural}"


class Discovery:
    """Remembers what was found, asks again for what was not. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_version: dict[str, tuple[Resource, ...]] = {}
        self._preferred: tuple[Resource, ...] = ()

    def forget(self) -> None:
        """Ask the server again from now on."""
        with self._lock:
            self._by_version.clear()
            self._preferred = ()

    def by_kind(self, api: KubeApi, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind, of the preferred version when none is named; None when nothing serves it."""
        known = self._by_version.get(api_version, ()) if api_version else self._preferred
        found = _by_kind(known, kind)
        if found is None:
            found = _by_kind(self._ask(api, api_version), kind)
        return found

    def by_name(self, api: KubeApi, name: str, group: str | None) -> Resource | None:
        """The resource that `kubectl` would take the name for: plural, singular or short, with or without group."""
        found = _by_name(self._preferred, name, group)
        return found or _by_name(self._ask(api, ""), name, group)

    def _ask(self, api: KubeApi, api_version: str) -> tuple[Resource, ...]:
        if api_version:
            resources = _of_version(api, api_version)
            with self._lock:
                self._by_version[api_version] = resources
            return resources
        resources = _preferred(api)
        with self._lock:
            self._preferred = resources
        return resources


def _by_kind(resources: Iterable[Resource], kind: str) -> Resource | None:
    folded = kind.casefold()
    listed = tuple(resources)
    return next((one for one in listed if one.kind == kind), None) or next(
        (one for one in listed if folded == one.kind.casefold() or folded in one.names), None
    )


def _by_name(resources: Iterable[Resource], name: str, group: str | None) -> Resource | None:
    folded = name.casefold()
    return next(
        (one for one in resources if folded in one.names and (group is None or one.group == group)), None
    )


def _of_version(api: KubeApi, api_version: str) -> tuple[Resource, ...]:
    root = "/apis/" if "/" in api_version else "/api/"
    try:
        listing = api.get(root + api_version)
    except NotFoundError:
        return ()
    return tuple(
        Resource(
            api_version,
            str(one.get("kind")),
            str(one.get("name")),
            bool(one.get("namespaced")),
            _names(one.get("name"), one.get("singularName") or one.get("kind"), one.get("shortNames")),
        )
        for one in listing.get("resources") or ()
        if "/" not in str(one.get("name"))
    )


def _preferred(api: KubeApi) -> tuple[Resource, ...]:
    """Every kind in its group's preferred version, core first."""
    groups = api.get("/apis", accept=_AGGREGATED)
    if groups.get("kind") != "APIGroupDiscoveryList":
        versions = [group["preferredVersion"]["groupVersion"] for group in groups.get("groups") or ()]
        return tuple(one for version in ["v1", *versions] for one in _of_version(api, version))
    found = list(_of_version(api, "v1"))
    for group in groups.get("items") or ():
        seen: set[str] = set()
        for version in group.get("versions") or ():
            api_version = f"{group['metadata']['name']}/{version['version']}"
            fresh = [one for one in version.get("resources") or () if one.get("resource") not in seen]
            seen.update(str(one.get("resource")) for one in fresh)
            found.extend(_aggregated(api_version, one) for one in fresh)
    return tuple(found)


def _aggregated(api_version: str, one: Any) -> Resource:
    kind = str((one.get("responseKind") or {}).get("kind"))
    return Resource(
        api_version,
        kind,
        str(one.get("resource")),
        one.get("scope") == "Namespaced",
        _names(one.get("resource"), one.get("singularResource") or kind, one.get("shortNames")),
    )


def _names(plural: Any, singular: Any, short: Any) -> tuple[str, ...]:
    return tuple(str(name).casefold() for name in (plural, singular, *(short or ())))
