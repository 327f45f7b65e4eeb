"""Volumes as the scheduler sees them: are the claims there, bound, or bindable where the pod would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.node_terms import reachable
from labrunner.sim.controllers.volume_matching import find_volume, is_bound, mounted_claims
from labrunner.sim.objects import (
    Obj,
    get_path,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_controller,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLASSES: Final = "storageclasses.storage.k8s.io"
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"


@dataclass(frozen=True, slots=True)
class ClaimsView:
    """What stands in the way of a pod's volumes: nothing, a refusal, or claims to be bound on the chosen node."""

    refusal: str = ""
    bound: tuple[Obj, ...] = ()
    waiting: tuple[Obj, ...] = ()
    taken_alone: bool = False


def _named(pod: Obj) -> list[tuple[str, bool]]:
    """Names of claims, and whether the claim is made for the pod."""
    names = []
    for volume in get_path(pod, "spec", "volumes", default=[]):
        if volume.get("persistentVolumeClaim"):
            names.append((volume["persistentVolumeClaim"]["claimName"], False))
        elif volume.get("ephemeral"):
            names.append((f"{name_of(pod)}-{volume['name']}", True))
    return names


def look_at_claims(api: Api, pod: Obj) -> ClaimsView:
    """Sort the claims of *pod* into bound ones and ones that wait for a node."""
    claims: list[Obj] = []
    for name, generated in _named(pod):
        claim = api.store.get(CLAIMS, namespace_of(pod), name)
        if claim is None:
            return ClaimsView(_absent(name, generated))
        problem = _claim_problem(pod, claim, generated)
        if problem:
            return ClaimsView(problem)
        claims.append(claim)
    bound: list[Obj] = []
    waiting: list[Obj] = []
    for claim in claims:
        if is_bound(claim):
            volume = api.store.get(VOLUMES, "", claim["spec"]["volumeName"])
            if volume is not None:
                bound.append(volume)
        elif _waits(api, claim):
            waiting.append(claim)
        else:
            return ClaimsView("pod has unbound immediate PersistentVolumeClaims")
    return ClaimsView("", tuple(bound), tuple(waiting), _taken_alone(api, pod, claims))


def _absent(name: str, generated: bool) -> str:
    if generated:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    return f'persistentvolumeclaim "{name}" not found'


def _claim_problem(pod: Obj, claim: Obj, generated: bool) -> str:
    name = name_of(claim)
    if get_path(claim, "status", "phase") == "Lost":
        missing = get_path(claim, "spec", "volumeName", default="")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{missing}"'
    if is_terminating(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if generated and (owner_controller(claim) or {}).get("uid") != uid_of(pod):
        where = f"{namespace_of(claim)}/{name}"
        return f"PVC {where} was not created for pod {namespace_of(pod)}/{name_of(pod)} (pod is not owner)"
    return ""


def _taken_alone(api: Api, pod: Obj, claims: list[Obj]) -> bool:
    """Whether a claim for one pod alone (ReadWriteOncePod) has its pod already."""
    alone = {
        name_of(c) for c in claims if "ReadWriteOncePod" in get_path(c, "spec", "accessModes", default=[])
    }
    return bool(alone) and any(
        uid_of(p) != uid_of(pod)
        and get_path(p, "spec", "nodeName")
        and get_path(p, "status", "phase") not in ("Succeeded", "Failed")
        and alone.intersection(mounted_claims(p))
        for p in api.store.list("pods", namespace_of(pod))
    )


def _waits(api: Api, claim: Obj) -> bool:
    found = api.store.get(CLASSES, "", get_path(claim, "spec", "storageClassName", default=""))
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def claims_problem(api: Api, view: ClaimsView, node: Obj) -> str | None:
    """Why the pod's volumes cannot be had on *node*."""
    if not all(reachable(v, node) for v in view.bound):
        return "node(s) didn't match PersistentVolume's node affinity"
    for claim in view.waiting:
        if static_volume(api, claim, node) is not None:
            continue
        found = api.store.get(CLASSES, "", claim["spec"]["storageClassName"])
        if found is None or found.get("provisioner") == NO_PROVISIONER or not _allowed(found, node):
            return "node(s) didn't find available persistent volumes to bind"
    return None


def static_volume(api: Api, claim: Obj, node: Obj) -> Obj | None:
    """A volume that exists already, can be reached from *node* and suits *claim*."""
    return find_volume(claim, [v for v in api.store.list(VOLUMES) if reachable(v, node)])


def _allowed(chosen: Obj, node: Obj) -> bool:
    """Whether volumes of a class may be made where *node* is."""
    terms = chosen.get("allowedTopologies") or []
    labels = labels_of(node)
    return not terms or any(
        all(
            labels.get(e.get("key", "")) in (e.get("values") or [])
            for e in t.get("matchLabelExpressions") or []
        )
        for t in terms
    )
