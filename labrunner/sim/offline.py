"""Judging manifests without a server: decoding, defaults and validation as on create, with no admission and no RBAC."""

from __future__ import annotations

from collections.abc import Iterable

from labrunner.sim import crd, defaults, kindsets, strategy, validation
from labrunner.sim.api import Api
from labrunner.sim.api.server import bootstrap
from labrunner.sim.clock import FakeClock
from labrunner.sim.errors import ApiError, FieldError
from labrunner.sim.objects import Obj, clone, meta
from labrunner.sim.resources import Registry, ResourceType
from labrunner.sim.schema import decode
from labrunner.sim.store import Store

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class OfflineServer:
    """A new cluster's API in this process. `kinds` are sets of custom kinds to serve (see `kindsets`)."""

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        self._api = Api(Store(), Registry(), FakeClock())
        bootstrap(self._api)
        crd.Definitions(self._api).start()
        for name in kinds:
            for definition in kindsets.load(name).definitions:
                self.learn(definition)

    def learn(self, definition: Obj) -> None:
        """Serve the kind of a CustomResourceDefinition; one that is wrong, or known, is passed over."""
        try:
            self._api.create(_DEFINITIONS, clone(definition))
        except ApiError:
            return

    def serves_group(self, group: str) -> bool:
        return any(found.group == group for found in self._api.registry.groups())

    def serves(self, api_version: str, kind: str) -> bool:
        return self._api.registry.by_api_version(api_version, kind) is not None

    def judge(self, manifest: str, api_version: str, kind: str) -> list[str]:
        """What the server would refuse of a YAML document of a kind that it serves, in its words."""
        rt = self._api.registry.by_api_version(api_version, kind)
        if rt is None:
            return [f'no matches for kind "{kind}" in version "{api_version}"']
        try:
            decoded = decode(manifest.encode(), rt, yaml=True, structure=crd.schema_of(rt, self._api.store))
            problems = self._invalid(decoded.obj, rt)
        except ApiError as refusal:
            return [str(refusal)]
        # The last of a custom object's errors may only say that rules were not reached.
        told = [
            each.message()
            for each in problems
            if not each.detail.startswith("some validation rules were not")
        ]
        return [*decoded.problems, *told]

    def _invalid(self, obj: Obj, rt: ResourceType) -> list[FieldError]:
        api = self._api
        if rt.namespaced:
            meta(obj).setdefault("namespace", "default")
        if rt.custom:
            crd.complete(obj, rt, api)
            crd.prepare_create(obj, rt, api)
            return crd.validate_create(obj, rt, api)
        defaults.apply(obj, rt)
        stored = api.registry.storage(rt.storage_gr) or rt
        obj = api.registry.convert(obj, stored)
        strategy.prepare_create(obj, stored, api)
        return validation.create(obj, stored, rt)
