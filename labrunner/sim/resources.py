"""The kinds the server serves: built-in ones from a table, custom ones while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labrunner.sim import resource_table
from labrunner.sim.objects import Obj


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource such as ``status``; ``kind``/``group``/``version`` are those of the body it takes."""

    name: str
    kind: str
    group: str
    version: str
    verbs: tuple[str, ...]

    @property
    def gv(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """One resource in one version. Compared by identity."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = resource_table.VERBS["*"]
    subresources: tuple[Subresource, ...] = ()
    storage: bool = True
    storage_gr: str = ""
    custom: bool = False
    selectable_fields: tuple[str, ...] | None = None
    list_kind_name: str = ""
    gr: str = ""
    gv: str = ""

    @property
    def list_kind(self) -> str:
        """Kind of the list, ``PodList``."""
        return self.list_kind_name or self.kind + "List"

    @property
    def gvk(self) -> tuple[str, str, str]:
        return self.group, self.version, self.kind

    @property
    def group_kind(self) -> str:
        """``Deployment.apps`` or ``Pod``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def subresource(self, name: str) -> Subresource | None:
        """The subresource called *name*."""
        for found in self.subresources:
            if found.name == name:
                return found
        return None


def make(
    group: str, version: str, plural: str, kind: str, *, namespaced: bool, singular: str = "",
    short_names: tuple[str, ...] = (), categories: tuple[str, ...] = (),
    verbs: tuple[str, ...] = resource_table.VERBS["*"], subresources: tuple[Subresource, ...] = (),
    storage: bool = True, storage_gr: str = "", custom: bool = False,
    selectable_fields: tuple[str, ...] | None = None, list_kind: str = "",
) -> ResourceType:  # fmt: skip
    """A resource type; ``gr``, ``gv``, ``singular`` and ``storage_gr`` are derived where not given."""
    gr = f"{plural}.{group}" if group else plural
    return ResourceType(
        group, version, plural, singular or kind.lower(), kind, namespaced, short_names, categories, verbs,
        subresources, storage, storage_gr or gr, custom, selectable_fields, list_kind,
        gr, f"{group}/{version}" if group else version,
    )  # fmt: skip


def status_subresource(kind: str, group: str, version: str) -> Subresource:
    """The ``status`` subresource of a kind."""
    return Subresource("status", kind, group, version, ("get", "patch", "update"))


def scale_subresource() -> Subresource:
    """The ``scale`` subresource: an ``autoscaling/v1`` Scale."""
    return Subresource("scale", "Scale", "autoscaling", "v1", ("get", "patch", "update"))


def builtin() -> Iterator[ResourceType]:
    """Every built-in resource type, in discovery order."""
    for group, version, table in resource_table.GROUPS:
        for line in table.strip().split("\n"):
            plural, kind, scope, short, categories, verbs, subs = line.split()
            stored = resource_table.STORED_ELSEWHERE.get((group, version, plural))
            yield make(
                group, version, plural, kind,
                namespaced=scope == "n",
                short_names=_split(short),
                categories=_split(categories),
                verbs=resource_table.VERBS[verbs],
                subresources=tuple(_subresource(plural, name, kind, group, version) for name in _split(subs)),
                storage=stored is None,
                storage_gr=f"{plural}.{stored[0]}" if stored and stored[0] else plural if stored else "",
            )  # fmt: skip


def _split(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(cell.split(","))


def _subresource(plural: str, name: str, kind: str, group: str, version: str) -> Subresource:
    table = resource_table.SUBRESOURCES
    own, own_group, own_version, verbs = table.get(f"{plural}/{name}") or table[f"*/{name}"]
    return Subresource(
        name, own or kind, group if own_group is None else own_group, own_version or version, verbs
    )


@dataclass(frozen=True, slots=True)
class GroupVersions:
    """A group in discovery with its versions, preferred first."""

    group: str
    versions: tuple[str, ...]


Converter = Callable[[Obj, ResourceType], Obj]


class Registry:
    """All resource types being served. ``generation`` grows with every change."""

    def __init__(self) -> None:
        self._by_path: dict[tuple[str, str, str], ResourceType] = {}
        self._by_kind: dict[tuple[str, str, str], ResourceType] = {}
        self._storage: dict[str, ResourceType] = {}
        self._versions: dict[str, list[str]] = {}
        self._builtin_groups: tuple[str, ...] = ()
        self._listeners: list[Callable[[], object]] = []
        self._converter: Converter | None = None
        self._custom_reader: Converter | None = None
        self.generation = 0
        for rt in builtin():
            self._insert(rt)
        self._builtin_groups = tuple(self._versions)

    def by_path(self, group: str, version: str, plural: str) -> ResourceType | None:
        """The type served at ``/apis/group/version/plural`` (``/api/v1/plural`` for the empty group)."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> ResourceType | None:
        """The type of a kind."""
        return self._by_kind.get((group, version, kind))

    def by_api_version(self, api_version: str, kind: str) -> ResourceType | None:
        """The type of an object's ``apiVersion`` and ``kind``."""
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, kind))

    def storage(self, gr: str) -> ResourceType | None:
        """The type, in the version that is stored, of a group-resource (``deployments.apps``)."""
        return self._storage.get(gr)

    def types(self) -> Iterator[ResourceType]:
        """All types, in discovery order."""
        for entry in self.groups():
            for version in entry.versions:
                yield from self.types_in(entry.group, version)

    def types_in(self, group: str, version: str) -> list[ResourceType]:
        """The types of one group and version, by plural."""
        found = [rt for (g, v, _), rt in self._by_path.items() if g == group and v == version]
        return sorted(found, key=lambda rt: rt.plural)

    def storage_types(self) -> list[ResourceType]:
        """The stored version of every resource that keeps objects (lists them)."""
        return [rt for rt in self._storage.values() if "list" in rt.verbs and rt.storage]

    def groups(self) -> list[GroupVersions]:
        """Groups in discovery order: the built-in ones, then custom ones by name."""
        custom = sorted(group for group in self._versions if group not in self._builtin_groups)
        return [GroupVersions(g, tuple(self._versions[g])) for g in (*self._builtin_groups, *custom)]

    def add(self, rt: ResourceType) -> None:
        """Serve *rt* from now on, replacing a type at the same path."""
        self.remove(rt.group, rt.version, rt.plural, quiet=True)
        self._insert(rt)
        self._changed()

    def remove(self, group: str, version: str, plural: str, *, quiet: bool = False) -> None:
        """Stop serving a type. Unknown types are ignored."""
        rt = self._by_path.pop((group, version, plural), None)
        if rt is None:
            return
        self._by_kind.pop(rt.gvk, None)
        if self._storage.get(rt.gr) is rt:
            del self._storage[rt.gr]
        if not any(g == group and v == version for g, v, _ in self._by_path):
            self._versions[group].remove(version)
            if not self._versions[group] and group not in self._builtin_groups:
                del self._versions[group]
        if not quiet:
            self._changed()

    def subscribe(self, fn: Callable[[], object]) -> Callable[[], None]:
        """Call *fn* after every change; returns what ends that."""
        self._listeners.append(fn)
        return lambda: self._listeners.remove(fn)

    def set_converter(self, converter: Converter) -> None:
        """Install the conversion between versions."""
        self._converter = converter

    def set_custom_reader(self, reader: Converter) -> None:
        """Install what makes a stored custom object one of its version of today."""
        self._custom_reader = reader

    def convert(self, obj: Obj, to: ResourceType) -> Obj:
        """*obj* as *to* serves it: itself when nothing changes, else a new object."""
        if to.custom and self._custom_reader is not None:
            return self._custom_reader(obj, to)
        if obj.get("apiVersion") == to.gv and obj.get("kind") == to.kind:
            return obj
        if self._converter is not None:
            return self._converter(obj, to)
        return {**obj, "apiVersion": to.gv, "kind": to.kind}

    def _insert(self, rt: ResourceType) -> None:
        self._by_path[rt.group, rt.version, rt.plural] = rt
        self._by_kind[rt.gvk] = rt
        versions = self._versions.setdefault(rt.group, [])
        if rt.version not in versions:
            versions.append(rt.version)
            if rt.custom:
                versions.sort(key=version_priority)
        if rt.storage:
            self._storage[rt.gr] = rt

    def _changed(self) -> None:
        self.generation += 1
        for listener in list(self._listeners):
            listener()


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Sort key of Kubernetes' version order: v2, v1, v1beta2, v1beta1, v1alpha1, then the rest by name."""
    number, stage = "", 0
    text = version[1:] if version.startswith("v") else ""
    for marker, rank in (("alpha", 2), ("beta", 1)):
        if marker in text:
            text, _, number = text.partition(marker)
            stage = rank
            break
    if not text.isdigit() or (stage and not number.isdigit()):
        return 3, 0, 0, version
    return stage, -int(text), -int(number or 0), version
