"""The claims of a StatefulSet's pods: made from its templates, owned as its retention policy asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.ownership import controller_reference
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    clone,
    get_path,
    is_terminating,
    labels_of,
    meta,
    name_of,
    namespace_of,
    owner_references,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.controllers.runner import Controller

CLAIMS: Final = "persistentvolumeclaims"
_POLICY: Final = "persistentVolumeClaimRetentionPolicy"


def templates_of(owner: Obj) -> list[Obj]:
    """The claim templates of a StatefulSet."""
    return get_path(owner, "spec", "volumeClaimTemplates", default=[]) or []


def claimed_volumes(owner: Obj, pod_name: str, volumes: list[Obj]) -> list[Obj]:
    """*volumes* of a pod template with those of the claim templates before them, and instead of their namesakes."""
    names = [name_of(t) for t in templates_of(owner)]
    claimed = [{"name": n, "persistentVolumeClaim": {"claimName": f"{n}-{pod_name}"}} for n in names]
    return [*claimed, *(v for v in volumes if v.get("name") not in names)]


def create_missing(controller: Controller, owner: Obj, pod_name: str) -> str:
    """Make the claims of a pod that are not there; why not all of them could be had, empty when they could."""
    problems: list[str] = []
    for template in templates_of(owner):
        name = f"{name_of(template)}-{pod_name}"
        found = controller.api.store.get(CLAIMS, namespace_of(owner), name)
        if found is not None:
            if is_terminating(found):
                problems.append(f"pvc {name} is being deleted")
            continue
        try:
            controller.api.create(CLAIMS, _claim(owner, template, name))
        except ApiError as error:
            text = f"Create Claim {name} for Pod {pod_name} in StatefulSet {name_of(owner)} failed error: {error.message}"
            controller.event(owner, "Warning", "FailedCreate", text)
            problems.append(f"failed to create PVC {name}: {error.message}")
        else:
            text = f"Create Claim {name} Pod {pod_name} in StatefulSet {name_of(owner)} success"
            controller.event(owner, "Normal", "SuccessfulCreate", text)
    return problems[0] if len(problems) == 1 else "[" + ", ".join(problems) + "]" if problems else ""


def _claim(owner: Obj, template: Obj, name: str) -> Obj:
    labels = {**labels_of(template), **get_path(owner, "spec", "selector", "matchLabels", default={})}
    made: Obj = {
        "metadata": {"name": name, "namespace": namespace_of(owner), "labels": labels},
        "spec": clone(template.get("spec") or {}),
    }
    if meta(template).get("annotations"):
        made["metadata"]["annotations"] = dict(template["metadata"]["annotations"])
    return made


def _claims(api: Api, owner: Obj, pod_name: str) -> Iterator[Obj]:
    for template in templates_of(owner):
        found = api.store.get(CLAIMS, namespace_of(owner), f"{name_of(template)}-{pod_name}")
        if found is not None:
            yield found


def stale(api: Api, owner: Obj, pod_name: str) -> bool:
    """Whether a claim still belongs to an earlier pod of that name, with which it is going to vanish."""
    return any(
        r.get("kind") == "Pod" and r.get("name") == pod_name
        for claim in _claims(api, owner, pod_name)
        for r in owner_references(claim)
    )


def align_owners(api: Api, owner: Obj, pod: Obj, *, scaled_down: bool) -> None:
    """Make the StatefulSet, the pod or nobody own the pod's claims, by the retention policy."""
    policy = get_path(owner, "spec", _POLICY, default={}) or {}
    deletes = {when: policy.get(when) == "Delete" for when in ("whenDeleted", "whenScaled")}
    wanted: Obj | None = None
    if deletes["whenScaled"] and scaled_down:
        wanted = pod
    elif deletes["whenDeleted"]:
        wanted = owner
    for claim in _claims(api, owner, name_of(pod)):
        references = owner_references(claim)
        ours = [r for r in references if _means(r, owner) or _means(r, pod)]
        if any(r.get("uid") not in (uid_of(owner), uid_of(pod)) for r in ours):
            continue
        others = [r for r in references if r not in ours]
        foreign = any(deletes.values()) and any(r.get("controller") for r in others)
        fresh = [] if wanted is None or foreign else [controller_reference(wanted)]
        if ours != fresh:
            changed = clone(claim)
            meta(changed)["ownerReferences"] = [*others, *fresh]
            if not changed["metadata"]["ownerReferences"]:
                del changed["metadata"]["ownerReferences"]
            api.update(CLAIMS, changed)


def _means(reference: Obj, obj: Obj) -> bool:
    return (reference.get("apiVersion"), reference.get("kind"), reference.get("name")) == (
        obj["apiVersion"],
        obj["kind"],
        name_of(obj),
    )
