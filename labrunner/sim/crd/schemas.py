"""The structural schema of a custom resource, as its definition in the store has it."""

from __future__ import annotations

from typing import Final, Protocol

from labrunner.sim.objects import Obj, get_path

GR: Final = "customresourcedefinitions.apiextensions.k8s.io"


class Definitions(Protocol):
    """What the look-up needs of ``store.Store``."""

    def get(self, gr: str, namespace: str, name: str) -> Obj | None: ...


class CustomType(Protocol):
    """What the look-up needs of a resource type."""

    @property
    def gr(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def custom(self) -> bool: ...


def schema_of(rt: CustomType, store: Definitions) -> Obj | None:
    """``openAPIV3Schema`` of *rt*'s version; None for built-in kinds and where there is none. Do not change it."""
    found: Obj | None = get_path(version_of(rt, store), "schema", "openAPIV3Schema")
    return found


def version_of(rt: CustomType, store: Definitions) -> Obj:
    """The ``spec.versions`` entry of *rt*; empty for built-in kinds. Do not change it."""
    if not rt.custom:
        return {}
    versions: list[Obj] = get_path(store.get(GR, "", rt.gr), "spec", "versions", default=[])
    return next((version for version in versions if version.get("name") == rt.version), {})
