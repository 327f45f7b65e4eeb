"""Create, update and patch: from a decoded body to a stored object.

Order, as in the API server: defaults, managed fields, mutating admission, preparation, validation, validating
admission, store. Everything is synchronous, so each request is atomic and no optimistic retry is needed.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from labrunner.sim import admission, crd, defaults, errors, patch, strategy, validation
from labrunner.sim.api import metadata
from labrunner.sim.api.call import IGNORE, STRICT, Call
from labrunner.sim.clock import timestamp
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, is_terminating, meta, name_of, namespace_of
from labrunner.sim.patch import managed, ssa

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.resources import ResourceType

APPLY_PATCH: Final = "application/apply-patch+yaml"

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED_BASE: Final = 58
_GENERATE_ATTEMPTS: Final = 8


def generate_name(base: str) -> str:
    """*base* and five random characters, at most 63 long."""
    return base[:_GENERATED_BASE] + "".join(secrets.choice(_ALPHABET) for _ in range(5))


class Writer:
    """The writing verbs on one :class:`Api`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, call: Call, obj: Obj) -> Obj:
        """Store the new object *obj* (which is taken over) and return it as ``call.rt`` serves it."""
        self._complete(obj, call.rt)
        metadata.settle_namespace(obj, call)
        if not name_of(obj) and meta(obj).get("generateName"):
            meta(obj)["name"] = self._free_name(call.rt, obj)
        return self._create(call, obj)

    def _free_name(self, rt: ResourceType, obj: Obj) -> str:
        for _ in range(_GENERATE_ATTEMPTS):
            name = generate_name(meta(obj)["generateName"])
            if self._api.store.record(rt.storage_gr, namespace_of(obj), name) is None:
                break
        return name

    def _create(self, call: Call, obj: Obj, *, tracked: bool = False) -> Obj:
        api, rt = self._api, call.rt
        crd.check_creation(rt, api.store)
        given_version = meta(obj).pop("resourceVersion", "")
        moment = api.clock.now()
        metadata.without_deletion(obj)
        meta(obj).update(uid=str(uuid.uuid4()), creationTimestamp=timestamp(moment))
        call.warn(metadata.dedup_owners(obj))
        if not tracked:
            structure = crd.schema_of(rt, api.store)
            managed.track_update(obj, None, call.manager, call.subresource, rt, moment, structure)
        if call.guard is not None:
            call.guard(obj, None)
        request = self.request(call, "CREATE", name_of(obj), obj, None)
        call.warn(admission.mutate(request))
        store_rt = self._storage_type(rt)
        obj = api.registry.convert(request.object or obj, store_rt)
        if rt.custom:
            crd.prepare_create(obj, rt, api)
            problems = crd.validate_create(obj, rt, api)
        else:
            call.warn(strategy.prepare_create(obj, store_rt, api))
            problems = validation.create(obj, store_rt, rt)
        if problems:
            raise errors.invalid(rt.group_kind, name_of(obj), problems)
        call.warn(strategy.warnings(obj, None, store_rt))
        request.object = obj
        call.warn(admission.validate(request))
        if given_version not in ("", "0"):
            raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
        present = api.store.get(rt.storage_gr, namespace_of(obj), name_of(obj))
        if present is not None:
            raise errors.already_exists(rt, name_of(obj), leaving=is_terminating(present))
        if not call.dry_run:
            if (
                rt.custom
            ):  # what preparation took away, such as a status with a default, is there again when read
                crd.complete(obj, store_rt, api)
            obj = api.store.put(rt.storage_gr, metadata.ordered(obj))
        return api.registry.convert(obj, rt)

    def update(self, call: Call, name: str, obj: Obj) -> tuple[Obj, bool]:
        """Replace an object by *obj* (taken over); returns it and whether it was created instead."""
        rt = call.rt
        if call.subresource != "status" or rt.custom:
            self._complete(obj, rt)
        metadata.settle_namespace(obj, call)
        metadata.same_name(obj, name)
        current = self._api.stored(rt, call.namespace, name)
        if current is None:
            if meta(obj).get("uid"):
                raise metadata.other_uid(call, name, meta(obj)["uid"])
            if rt.gr in metadata.CREATE_ON_UPDATE and not call.subresource:
                if call.may_create is not None:
                    call.may_create()
                return self._create(call, obj), True
            raise errors.not_found(rt, name)
        return self._replace(call, current, obj), False

    def modify(self, call: Call, name: str, change: Callable[[Obj], Obj]) -> Obj:
        """Replace an object by what *change* makes of a copy of it. Raises ApiError (404) when it is missing."""
        current = self._api.stored(call.rt, call.namespace, name)
        if current is None:
            raise errors.not_found(call.rt, name)
        return self._replace(call, current, change(clone(current)))

    def patch(self, call: Call, name: str, content_type: str, body: bytes) -> tuple[Obj, bool]:
        """Apply a patch; returns the object and whether it was created (server-side apply only)."""
        current = self._api.stored(call.rt, call.namespace, name)
        if content_type == APPLY_PATCH:
            return self._apply(call, name, current, body)
        if call.force:
            detail = "may not be specified for non-apply patch"
            raise errors.invalid("PatchOptions.meta.k8s.io", "", [errors.forbidden_field("force", detail)])
        if current is None:
            raise errors.not_found(call.rt, name)
        structure = crd.schema_of(call.rt, self._api.store)
        patched = patch.apply(content_type, current, body, call.rt, structure)
        if patched.problems and call.field_validation == STRICT:
            raise patched.strict_error()
        if call.field_validation != IGNORE:
            call.warn(list(patched.problems))
        metadata.settle_namespace(patched.obj, call)
        metadata.same_name(patched.obj, name)
        self._complete(patched.obj, call.rt)
        return self._replace(call, current, patched.obj), False

    def _apply(self, call: Call, name: str, current: Obj | None, body: bytes) -> tuple[Obj, bool]:
        rt = call.rt
        if not call.options.get("fieldManager"):
            problem = errors.required("fieldManager", "is required for apply patch")
            raise errors.invalid("PatchOptions.meta.k8s.io", "", [problem])
        applied, problems = ssa.parse(body)
        if problems and call.field_validation == STRICT:
            raise errors.bad_request("error strict decoding YAML: " + ", ".join(problems))
        if call.field_validation != IGNORE:
            call.warn(problems)
        metadata.settle_namespace(applied, call)
        if meta(applied).get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        meta(applied).setdefault("name", name)
        metadata.same_name(applied, name)
        moment = self._api.clock.now()
        structure = crd.schema_of(rt, self._api.store)
        merged = ssa.apply(
            current,
            applied,
            call.manager,
            call.force,
            rt,
            moment,
            call.subresource,
            structure,
            self._in_version(rt),
        )
        if call.subresource != "status" or rt.custom:
            self._complete(merged, rt)
        if current is not None:
            return self._replace(call, current, merged, tracked=True), False
        if call.subresource:
            raise errors.not_found(rt, name)
        if meta(applied).get("uid"):
            uid = meta(applied)["uid"]
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise errors.conflict(rt, name, why)
        if call.may_create is not None:
            call.may_create()
        return self._create(call, merged, tracked=True), True

    def _replace(self, call: Call, current: Obj, obj: Obj, *, tracked: bool = False) -> Obj:
        api, rt = self._api, call.rt
        metadata.check_version(call, current, obj)
        metadata.carry_over(obj, current)
        call.warn(metadata.dedup_owners(obj))
        if not tracked:
            moment = api.clock.now()
            structure = crd.schema_of(rt, api.store)
            managed.track_update(
                obj, current, call.manager, call.subresource, rt, moment, structure, self._in_version(rt)
            )
        if call.guard is not None:
            call.guard(obj, current)
        request = self.request(call, "UPDATE", name_of(current), obj, current)
        call.warn(admission.mutate(request))
        store_rt = self._storage_type(rt)
        obj = api.registry.convert(request.object or obj, store_rt)
        old = api.registry.convert(current, store_rt)
        if rt.custom:
            crd.prepare_update(obj, old, rt, api, call.subresource)
            problems = crd.validate_update(obj, old, rt, api, call.subresource)
        else:
            strategy.prepare_update(obj, old, store_rt, api, call.subresource)
            problems = validation.update(obj, old, store_rt, call.subresource, rt)
        if problems:
            raise errors.invalid(rt.group_kind, name_of(current), problems)
        call.warn(strategy.warnings(obj, old, store_rt, call.subresource))
        request.object = obj
        call.warn(admission.validate(request))
        return api.registry.convert(self._save(call, obj, old), rt)

    def _save(self, call: Call, obj: Obj, old: Obj) -> Obj:
        store, gr = self._api.store, call.rt.storage_gr
        if call.dry_run:
            return obj
        if call.rt.custom:
            crd.complete(obj, self._storage_type(call.rt), self._api)
        if finished(obj, call.rt):
            store.remove(gr, namespace_of(old), name_of(old))
            return obj
        if metadata.unchanged(obj, old):
            return store.get(gr, namespace_of(old), name_of(old)) or old
        return store.put(gr, metadata.ordered(obj))

    def request(
        self, call: Call, operation: str, name: str, obj: Obj | None, old: Obj | None
    ) -> admission.Request:
        """What admission sees of *call*."""
        return admission.Request(
            api=self._api,
            operation=operation,
            rt=call.rt,
            name=name,
            namespace=call.namespace,
            object=obj,
            old=old,
            subresource=call.subresource,
            user=call.user,
            dry_run=call.dry_run,
            options=call.options,
        )

    def _complete(self, obj: Obj, rt: ResourceType) -> None:
        """Fill in defaults: of the built-in kind, or of the custom resource's schema."""
        if rt.custom:
            crd.complete(obj, rt, self._api)
        else:
            defaults.apply(obj, rt)

    def _in_version(self, rt: ResourceType) -> managed.Converter:
        registry = self._api.registry

        def convert(obj: Obj, version: str) -> tuple[Obj, ResourceType] | None:
            to = registry.by_api_version(version, rt.kind)
            return (registry.convert(obj, to), to) if to is not None else None

        return convert

    def _storage_type(self, rt: ResourceType) -> ResourceType:
        return self._api.registry.storage(rt.storage_gr) or rt


def finished(obj: Obj, rt: ResourceType) -> bool:
    """Whether an object under deletion has nothing left to wait for."""
    if not is_terminating(obj) or meta(obj).get("finalizers") or meta(obj).get("deletionGracePeriodSeconds"):
        return False
    return not (rt.gr == "namespaces" and (obj.get("spec") or {}).get("finalizers"))
