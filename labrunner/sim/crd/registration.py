"""Definitions to resource types: what a CustomResourceDefinition says is served while it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labrunner.sim.api.scale import ScalePaths, paths_of
from labrunner.sim.crd import conversion, naming, reading, termination
from labrunner.sim.crd.schemas import GR
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, name_of
from labrunner.sim.printers.custom import printer
from labrunner.sim.printers.text import Printer
from labrunner.sim.resources import (
    ResourceType,
    Subresource,
    make,
    scale_subresource,
    status_subresource,
    version_priority,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change


class Definitions:
    """Keeps the registry in step with the stored definitions, and their conditions with the registry."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._served: dict[str, list[tuple[str, str, str]]] = {}
        self._versions: dict[tuple[str, str, str], Obj] = {}
        self._printers: dict[tuple[str, str, str], Printer] = {}
        self._schema_since: dict[tuple[str, str, str], int] = {}

    def start(self) -> None:
        """Serve every definition in the store and follow changes."""
        self._api.registry.set_custom_reader(self.read)
        for obj in self._api.store.list(GR):
            self._serve(obj)
        self._api.store.subscribe(GR, self._changed)
        for obj in self._api.store.list(GR):
            if is_terminating(obj):
                termination.proceed(self._api, obj)

    def refuse_new(self, rt: ResourceType) -> None:
        """Raise ApiError (405) while the definition of *rt* is on its way out."""
        termination.check_creation(rt, self._api.store)

    def version(self, rt: ResourceType) -> Obj:
        """The ``spec.versions`` entry that *rt* comes from."""
        return self._versions.get((rt.group, rt.version, rt.plural), {})

    def read(self, obj: Obj, rt: ResourceType) -> Obj:
        """A stored object as *rt* shows it today. Ones written under today's schema are as they should be.

        Raises ApiError (500) when a webhook would have to say what it is in the version of *rt*.
        """
        key = rt.group, rt.version, rt.plural
        if obj.get("apiVersion") == rt.gv and obj.get("kind") == rt.kind:
            written = (obj.get("metadata") or {}).get("resourceVersion") or ""
            if not written.isdigit() or int(written) > self._schema_since.get(key, 0):
                return obj
        else:
            definition = self._api.store.get(GR, "", rt.gr)
            if definition is not None and conversion.asks_webhook(definition):
                raise conversion.refusal(definition, obj, self._api.store)
        schema = get_path(self._versions.get(key), "schema", "openAPIV3Schema")
        return reading.under(obj, schema, rt.gv, rt.kind)

    def printer(self, rt: ResourceType) -> Printer:
        """The columns of a custom resource."""
        key = rt.group, rt.version, rt.plural
        if key not in self._printers:
            self._printers[key] = printer(self.version(rt).get("additionalPrinterColumns"))
        return self._printers[key]

    def deprecation(self, rt: ResourceType) -> str | None:
        """The warning of a deprecated version."""
        found = self.version(rt)
        if not found.get("deprecated"):
            return None
        if found.get("deprecationWarning"):
            return str(found["deprecationWarning"])
        versions = sorted(
            (
                name
                for (group, name, plural), entry in self._versions.items()
                if (group, plural) == (rt.group, rt.plural)
                and entry.get("served")
                and not entry.get("deprecated")
            ),
            key=version_priority,
        )
        use = f"; use {rt.group}/{versions[0]} {rt.kind}" if versions else ""
        return f"{rt.gv} {rt.kind} is deprecated{use}"

    def scale_paths(self, rt: ResourceType) -> ScalePaths:
        """Where objects of a custom resource keep their replicas."""
        return paths_of(get_path(self.version(rt), "subresources", "scale", default={}))

    def _changed(self, change: Change) -> None:
        if change.new is None:
            self._withdraw(name_of(change.obj))
            self._reconsider(change.obj)
            return
        if is_terminating(change.new):
            termination.proceed(self._api, change.new)
            return
        self._serve(change.new)

    def _reconsider(self, freed: Obj) -> None:
        """Names may be free again for the other definitions of the group."""
        for other in self._others(freed):
            if not is_terminating(other):
                self._serve(other)

    def _others(self, definition: Obj) -> list[Obj]:
        group, name = definition["spec"]["group"], name_of(definition)
        return [d for d in self._api.store.list(GR) if d["spec"]["group"] == group and name_of(d) != name]

    def _serve(self, definition: Obj) -> None:
        accepted = naming.judge(definition, self._others(definition))
        if accepted.conflict is None or termination.is_true(definition, "Established"):
            self._register(definition, accepted.names)
        before = get_path(definition, "status", "acceptedNames")
        self._report(definition, accepted)
        if before is not None and before != accepted.names:
            self._reconsider(definition)

    def _register(self, definition: Obj, names: Obj) -> None:
        types = resource_types(definition, names)
        paths = [(rt.group, rt.version, rt.plural) for rt in types]
        for path in self._served.get(name_of(definition), ()):
            if path not in paths:
                self._api.registry.remove(*path)
        for rt in types:
            self._api.registry.add(rt)
            self._printers.pop((rt.group, rt.version, rt.plural), None)
        for version in definition["spec"]["versions"]:
            key = definition["spec"]["group"], version["name"], definition["spec"]["names"]["plural"]
            if get_path(self._versions.get(key), "schema") != version.get("schema"):
                self._schema_since[key] = int(definition["metadata"].get("resourceVersion") or 0)
            self._versions[key] = version
        self._served[name_of(definition)] = paths

    def _withdraw(self, name: str) -> None:
        for path in self._served.pop(name, ()):
            self._api.registry.remove(*path)
            self._versions.pop(path, None)
            self._printers.pop(path, None)

    def _report(self, definition: Obj, accepted: naming.Accepted) -> None:
        """Write acceptedNames, storedVersions and the conditions NamesAccepted and Established."""
        current = self._api.store.get(GR, "", name_of(definition))
        if current is None or current is not definition or is_terminating(current):
            return
        status = clone(current.get("status") or {})
        conditions: list[Obj] = status.setdefault("conditions", [])
        status["acceptedNames"] = accepted.names
        for kind, verdict in _verdicts(current, accepted):
            termination.set_condition(conditions, kind, verdict, self._api.clock.now())
        stored = status.setdefault("storedVersions", [])
        versions = current["spec"]["versions"]
        stored += [v["name"] for v in versions if v.get("storage") and v["name"] not in stored]
        changed = {**current, "status": status}
        if changed != current:
            self._api.store.put(GR, changed)


def _verdicts(definition: Obj, accepted: naming.Accepted) -> list[tuple[str, tuple[str, str, str]]]:
    """The conditions of a definition in the order in which they are first written."""
    out: list[tuple[str, tuple[str, str, str]]] = []
    approved = naming.approval(definition)
    if approved is not None:
        out.append(("KubernetesAPIApprovalPolicyConformant", approved))
    if accepted.conflict is None:
        out.append(("NamesAccepted", ("True", "NoConflicts", "no conflicts found")))
        established = "the initial names have been accepted"
        out.append(("Established", ("True", "InitialNamesAccepted", established)))
        return out
    out.append(("NamesAccepted", ("False", *accepted.conflict)))
    if not termination.is_true(definition, "Established"):
        out.append(("Established", ("False", "NotAccepted", "not all names are accepted")))
    return out


def resource_types(definition: Obj, names: Obj) -> list[ResourceType]:
    """The resource types of a definition under the names it got, one per served version."""
    spec = definition["spec"]
    group = spec["group"]
    return [
        make(
            group,
            version["name"],
            names["plural"],
            names["kind"],
            namespaced=spec.get("scope") == "Namespaced",
            singular=names.get("singular") or names["kind"].lower(),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=_subresources(version, names["kind"], group),
            storage=bool(version.get("storage")),
            custom=True,
            selectable_fields=tuple(f["jsonPath"].lstrip(".") for f in version.get("selectableFields") or ()),
            list_kind=names.get("listKind") or "",
        )
        for version in spec["versions"]
        if version.get("served")
    ]


def _subresources(version: Obj, kind: str, group: str) -> tuple[Subresource, ...]:
    wanted = version.get("subresources") or {}
    found: list[Subresource] = []
    if wanted.get("scale") is not None:
        found.append(scale_subresource())
    if wanted.get("status") is not None:
        found.append(status_subresource(kind, group, version["name"]))
    return tuple(found)
