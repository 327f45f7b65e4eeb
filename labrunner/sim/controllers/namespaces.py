"""Deleting a namespace: its content first, then the namespace; what remains is told in its conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.runner import EVERY, Controller, Key, Mapper
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, is_terminating, meta, name_of, namespace_of

if TYPE_CHECKING:
    from labrunner.sim.store import Change

GRACE: Final = 5.0
"""Seconds for which the content stays after a namespace was asked to go, so that every API server has heard of it."""
_LAST: Final = ("events", "serviceaccounts")


class NamespaceController(Controller):
    """Empties namespaces that are being deleted."""

    name = "namespace-controller"

    def watches(self) -> Mapping[str, Mapper]:
        return {EVERY: self._changed}

    def _changed(self, change: Change) -> Iterable[Key]:
        if change.gr == "namespaces":
            if change.new is not None and is_terminating(change.new):
                yield "", name_of(change.new)
            return
        if change.new is None or is_terminating(change.new):
            namespace = namespace_of(change.new or change.old or {})
            found = self.api.store.get("namespaces", "", namespace) if namespace else None
            if found is not None and is_terminating(found):
                yield "", namespace

    def reconcile(self, key: Key) -> float | None:
        namespace = self.api.store.get("namespaces", *key)
        if namespace is None or not is_terminating(namespace):
            return None
        asked = parse_timestamp(meta(namespace)["deletionTimestamp"])
        rest = GRACE - (self.api.clock.now() - asked).total_seconds()
        if rest > 0:
            return rest
        grs = [
            rt.storage_gr
            for rt in self.api.registry.storage_types()
            if rt.namespaced and "delete" in rt.verbs and self.api.store.count(rt.storage_gr)
        ]
        grs.sort(key=lambda gr: (gr in _LAST, gr))
        for gr in grs:
            for obj in list(self.api.store.list(gr, key[1])):
                self._delete(gr, obj)
        left = {gr: found for gr in grs if (found := self.api.store.list(gr, key[1]))}
        namespace = self.api.store.get("namespaces", *key)
        if namespace is None:
            return None
        if left:
            self._tell(namespace, left)
            return 5.0
        self._finish(namespace)
        return None

    def _delete(self, gr: str, obj: Obj) -> None:
        if is_terminating(obj):
            return
        try:
            self.api.delete(gr, name_of(obj), namespace_of(obj), propagation="Background")
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def _tell(self, namespace: Obj, left: Mapping[str, Iterable[Obj]]) -> None:
        counts = {gr: len(list(found)) for gr, found in sorted(left.items())}
        remaining = ", ".join(
            f"{gr if '.' in gr else gr + '.'} has {n} resource instances" for gr, n in counts.items()
        )
        held: Counter[str] = Counter(
            f for found in left.values() for obj in found for f in meta(obj).get("finalizers") or []
        )
        finalizers = ", ".join(f"{name} in {n} resource instances" for name, n in sorted(held.items()))
        told = [
            (
                "NamespaceDeletionDiscoveryFailure",
                False,
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                False,
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                False,
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (
                "NamespaceContentRemaining",
                True,
                "SomeResourcesRemain",
                f"Some resources are remaining: {remaining}",
            ),
        ]
        if finalizers:
            text = f"Some content in the namespace has finalizers remaining: {finalizers}"
            told.append(("NamespaceFinalizersRemaining", True, "SomeFinalizersRemain", text))
        else:
            text = "All content-preserving finalizers finished"
            told.append(("NamespaceFinalizersRemaining", False, "ContentHasNoFinalizers", text))
        self._write(namespace, told)

    def _write(self, namespace: Obj, told: list[tuple[str, bool, str, str]]) -> None:
        now = timestamp(self.api.clock.now())
        changed = clone(namespace)
        status = changed.setdefault("status", {})
        before = {c["type"]: c for c in status.get("conditions") or []}
        out: list[Obj] = []
        for kind, holds, reason, message in told:
            value = "True" if holds else "False"
            old = before.get(kind)
            since = old["lastTransitionTime"] if old and old.get("status") == value else now
            out.append(
                {
                    "type": kind,
                    "status": value,
                    "lastTransitionTime": since,
                    "reason": reason,
                    "message": message,
                }
            )
        status["conditions"] = out
        status["phase"] = "Terminating"
        if changed != namespace:
            self.api.update_status("namespaces", changed)

    def _finish(self, namespace: Obj) -> None:
        changed = clone(namespace)
        finalizers = (changed.get("spec") or {}).get("finalizers") or []
        changed["spec"] = {"finalizers": [f for f in finalizers if f != "kubernetes"]}
        if not changed["spec"]["finalizers"]:
            changed["spec"] = {}
        self.api.update("namespaces", changed, subresource="finalize")
