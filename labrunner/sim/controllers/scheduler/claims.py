"""Volumes as the scheduler sees them: are the claims there, bound, or bindable where the pod would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.scheduler.matching import matches_term
from labrunner.sim.controllers.volumes import find_volume, is_bound
from labrunner.sim.objects import Obj, get_path, is_terminating, name_of, namespace_of

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


def claim_names(pod: Obj) -> list[str]:
    """The claims a pod mounts, generated ones of ephemeral volumes included."""
    names = []
    for volume in get_path(pod, "spec", "volumes", default=[]):
        if volume.get("persistentVolumeClaim"):
            names.append(volume["persistentVolumeClaim"]["claimName"])
        elif volume.get("ephemeral"):
            names.append(f"{name_of(pod)}-{volume['name']}")
    return names


def look_at_claims(api: Api, pod: Obj) -> ClaimsView:
    """Sort the claims of *pod* into bound ones and ones that wait for a node."""
    bound: list[Obj] = []
    waiting: list[Obj] = []
    for name in claim_names(pod):
        claim = api.store.get(CLAIMS, namespace_of(pod), name)
        if claim is None:
            return ClaimsView(f'persistentvolumeclaim "{name}" not found')
        if is_terminating(claim):
            return ClaimsView(f'persistentvolumeclaim "{name}" is being deleted')
        if get_path(claim, "status", "phase") == "Lost":
            missing = get_path(claim, "spec", "volumeName", default="")
            return ClaimsView(
                f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{missing}"'
            )
        if is_bound(claim):
            volume = api.store.get(VOLUMES, "", claim["spec"]["volumeName"])
            if volume is not None:
                bound.append(volume)
        elif _waits(api, claim):
            waiting.append(claim)
        else:
            return ClaimsView("pod has unbound immediate PersistentVolumeClaims")
    return ClaimsView("", tuple(bound), tuple(waiting))


def _waits(api: Api, claim: Obj) -> bool:
    found = api.store.get(CLASSES, "", get_path(claim, "spec", "storageClassName", default=""))
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def _reachable(volume: Obj, node: Obj) -> bool:
    required = get_path(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
    return required is None or any(matches_term(node, t) for t in required)


def claims_problem(api: Api, view: ClaimsView, node: Obj) -> str | None:
    """Why the pod's volumes cannot be had on *node*."""
    if not all(_reachable(v, node) for v in view.bound):
        return "node(s) didn't match PersistentVolume's node affinity"
    for claim in view.waiting:
        found = api.store.get(CLASSES, "", claim["spec"]["storageClassName"])
        if found is None or found.get("provisioner") != NO_PROVISIONER:
            continue
        volume = find_volume(claim, [v for v in api.store.list(VOLUMES) if _reachable(v, node)])
        if volume is None:
            return "node(s) didn't find available persistent volumes to bind"
    return None
