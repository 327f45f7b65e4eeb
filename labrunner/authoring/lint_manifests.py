"""Manifests that an API server would refuse, said before a learner meets the refusal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from labrunner.authoring.manifests import Manifest, manifests
from labrunner.content.models import Module
from labrunner.content.problems import Problem
from labrunner.content.versions import VersionedName

if TYPE_CHECKING:
    from labrunner.sim.offline import OfflineServer

_MOST = 5
"""Complaints told of one manifest."""


def manifest_problems(module: Module) -> Iterator[Problem]:
    """A warning for each complaint. Kinds of groups nobody here knows are left to the cluster that has them."""
    found = list(manifests(module))
    if not found:
        return
    from labrunner.sim.offline import OfflineServer

    definitions = [each.document for each in found if each.kind == "CustomResourceDefinition"]
    kinds = _kinds(module)
    if definitions:
        server = OfflineServer(kinds)
        for definition in definitions:
            server.learn(definition)
    else:
        server = _shared(kinds)
    for manifest in found:
        yield from _judged(manifest, server)


def _judged(manifest: Manifest, server: OfflineServer) -> Iterator[Problem]:
    group = manifest.api_version.rpartition("/")[0]
    if manifest.kind == "List" or not server.serves_group(group):
        return
    if not server.serves(manifest.api_version, manifest.kind):
        message = f"a current API server has no {manifest.kind} in {manifest.api_version}"
        yield Problem(manifest.place, "no-such-kind", message, "see `kubectl api-resources`", "warning")
        return
    name = (manifest.document.get("metadata") or {}).get("name", "")
    remedy = f"see `kubectl explain {manifest.kind.lower()}`; say expect-exit where the refusal is the lesson"
    for complaint in server.judge(manifest.text, manifest.api_version, manifest.kind)[:_MOST]:
        message = f"the API server would refuse the {manifest.kind} {name}: {complaint}"
        yield Problem(manifest.place, "bad-manifest", message, remedy, "warning")


@cache
def _shared(kinds: tuple[str, ...]) -> OfflineServer:
    """One server for all modules that bring no definitions of their own: making one takes about 50 ms."""
    from labrunner.sim.offline import OfflineServer

    return OfflineServer(kinds)


def _kinds(module: Module) -> tuple[str, ...]:
    from labrunner.sim import kindsets

    asked = {VersionedName.parse(each).name for each in module.kind_sets}
    return tuple(sorted(asked.intersection(kindsets.names())))
