"""Definitions to resource types: what a CustomResourceDefinition says is served while it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim.api import conversion as built_in
from labrunner.sim.api.scale import ScalePaths, paths_of
from labrunner.sim.clock import timestamp
from labrunner.sim.crd import conversion, naming
from labrunner.sim.crd.objects import reread
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, is_terminating, meta, name_of, namespace_of
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

GR: Final = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"


_GOING: Final = "CustomResource deletion is in progress"


class Definitions:
    """Keeps the registry in step with the stored definitions, and their conditions with the registry."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._served: dict[str, list[tuple[str, str, str]]] = {}
        self._versions: dict[tuple[str, str, str], Obj] = {}
        self._printers: dict[tuple[str, str, str], Printer] = {}

    def start(self) -> None:
        """Serve every definition in the store and follow changes."""
        for obj in self._api.store.list(GR):
            self._serve(obj)
        self._api.store.subscribe(GR, self._changed)
        self._api.registry.set_converter(self._convert)

    def _convert(self, obj: Obj, to: ResourceType) -> Obj:
        """*obj* in the version of *to*. Raises ApiError (500) when a webhook would have to say what that is."""
        if to.custom:
            definition = self._api.store.get(GR, "", to.gr)
            if definition is not None and conversion.asks_webhook(definition):
                raise conversion.refusal(definition, obj, self._api.store)
        return built_in.convert(obj, to)

    def refuse_new(self, rt: ResourceType) -> None:
        """Raise ApiError (405) while the definition of *rt* is on its way out."""
        definition = self._api.store.get(GR, "", rt.gr) if rt.custom else None
        if definition is not None and is_terminating(definition):
            text = "create not allowed while custom resource definition is terminating"
            raise ApiError(405, "MethodNotAllowed", text, {"group": rt.group, "kind": rt.plural})

    def version(self, rt: ResourceType) -> Obj:
        """The ``spec.versions`` entry that *rt* comes from."""
        return self._versions.get((rt.group, rt.version, rt.plural), {})

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
            return
        if is_terminating(change.new):
            self._clean_up(change.new)
            return
        self._serve(change.new)
        stored = self._api.registry.storage(name_of(change.new))
        if change.old is not None and stored is not None and _schemas(change.old) != _schemas(change.new):
            reread(stored, self._api)

    def _serve(self, definition: Obj) -> None:
        types = resource_types(definition)
        accepted = naming.judge(definition, self._api.registry.types())
        if accepted.conflict is None:
            paths = [(rt.group, rt.version, rt.plural) for rt in types]
            for path in self._served.get(name_of(definition), ()):
                if path not in paths:
                    self._api.registry.remove(*path)
            for rt in types:
                self._api.registry.add(rt)
                self._printers.pop((rt.group, rt.version, rt.plural), None)
            for version in definition["spec"]["versions"]:
                key = definition["spec"]["group"], version["name"], definition["spec"]["names"]["plural"]
                self._versions[key] = version
            self._served[name_of(definition)] = paths
        self._report(definition, accepted)

    def _withdraw(self, name: str) -> None:
        for path in self._served.pop(name, ()):
            self._api.registry.remove(*path)
            self._versions.pop(path, None)
            self._printers.pop(path, None)

    def _report(self, definition: Obj, accepted: naming.Accepted) -> None:
        """Write acceptedNames, storedVersions and the conditions NamesAccepted and Established."""
        current = self._api.store.get(GR, "", name_of(definition))
        if current is None or current is not definition:
            return
        status = clone(current.get("status") or {})
        spec = current["spec"]
        conditions: list[Obj] = status.setdefault("conditions", [])
        status["acceptedNames"] = accepted.names
        conflict = accepted.conflict
        approved = naming.approval(current)
        if approved is not None:
            self._condition(conditions, "KubernetesAPIApprovalPolicyConformant", *approved)
        if conflict is None:
            self._condition(conditions, "NamesAccepted", "True", "NoConflicts", "no conflicts found")
            established = "the initial names have been accepted"
            self._condition(conditions, "Established", "True", "InitialNamesAccepted", established)
        else:
            self._condition(conditions, "NamesAccepted", "False", *conflict)
            if not any(c["type"] == "Established" for c in conditions):
                self._condition(
                    conditions, "Established", "False", "NotAccepted", "not all names are accepted"
                )
        stored = status.setdefault("storedVersions", [])
        stored += [v["name"] for v in spec["versions"] if v.get("storage") and v["name"] not in stored]
        changed = {**current, "metadata": dict(current["metadata"]), "status": status}
        if conflict is None and CLEANUP not in (meta(current).get("finalizers") or []):
            changed["metadata"]["finalizers"] = [*(meta(current).get("finalizers") or []), CLEANUP]
        if changed != current:
            self._api.store.put(GR, changed)

    def _condition(self, conditions: list[Obj], kind: str, status: str, reason: str, message: str) -> None:
        found = next((c for c in conditions if c["type"] == kind), None)
        if found is None:
            found = {"type": kind}
            conditions.append(found)
        if found.get("status") != status:
            found["lastTransitionTime"] = timestamp(self._api.clock.now())
        found.update(status=status, reason=reason, message=message)

    def _clean_up(self, definition: Obj) -> None:
        """Delete every object of a definition that is going away, then let it go."""
        if CLEANUP not in (meta(definition).get("finalizers") or []):
            return
        gr = name_of(definition)
        marked = clone(definition)
        conditions = marked.setdefault("status", {}).setdefault("conditions", [])
        self._condition(conditions, "Terminating", "True", "InstanceDeletionInProgress", _GOING)
        if marked != definition:
            self._api.store.put(GR, marked)  # comes back here as a change
            return
        remaining = False
        for obj in self._api.store.list(gr):
            remaining = True
            if is_terminating(obj):
                continue
            try:
                self._api.delete(gr, name_of(obj), namespace_of(obj))
            except ApiError:
                self._api.store.remove(gr, namespace_of(obj), name_of(obj))  # no version serves it any more
        if remaining and self._api.store.count(gr):
            self._api.clock.call_later(0.2, lambda: self._again(name_of(definition)))
            return
        current = self._api.store.get(GR, "", name_of(definition))
        if current is None:
            return
        changed = clone(current)
        meta(changed)["finalizers"] = [f for f in meta(changed)["finalizers"] if f != CLEANUP]
        self._api.update(GR, changed)

    def _again(self, name: str) -> None:
        current = self._api.store.get(GR, "", name)
        if current is not None and is_terminating(current):
            self._clean_up(current)


def _schemas(definition: Obj) -> list[Obj]:
    return [get_path(v, "schema", default={}) for v in definition["spec"]["versions"] if v.get("storage")]


def resource_types(definition: Obj) -> list[ResourceType]:
    """The resource types a definition asks for, one per served version."""
    spec = definition["spec"]
    names, group = spec["names"], spec["group"]
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
