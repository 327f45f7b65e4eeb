"""What may change in a Pod through its ``ephemeralcontainers``, ``resize`` and ``status``."""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim import gotext, names
from labrunner.sim.errors import forbidden_field, invalid_value
from labrunner.sim.objects import Obj, annotations_of, clone
from labrunner.sim.strategy.pods import qos_class
from labrunner.sim.validation import meta, pod
from labrunner.sim.validation.pod_annotations import MIRROR
from labrunner.sim.validation.pod_update import changed_annotations, same, spec_diff
from labrunner.sim.validation.syntax import Errors, check

_WHOLE: Final = "[]"  # how the server names the object as a whole
_CPU_AND_MEMORY: Final = ("cpu", "memory")
_SYSTEM_CONDITIONS: Final = ("PodScheduled", "Ready", "Initialized")


def ephemeral_containers(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through ``ephemeralcontainers``."""
    if MIRROR in annotations_of(old):
        return [forbidden_field(_WHOLE, "static pods do not support ephemeral containers")]
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    out += changed_annotations(new, old)
    after = {c.get("name"): c for c in (new.get("spec") or {}).get("ephemeralContainers") or []}
    for container in (old.get("spec") or {}).get("ephemeralContainers") or []:
        name = container.get("name") or ""
        path = "spec.ephemeralContainers"
        if name not in after:
            text = f"existing ephemeral containers {gotext.quote(name)} may not be removed\n"
            out.append(forbidden_field(path, text))
        elif not same(after[name], container):
            diff = spec_diff(container, after[name], "EphemeralContainer")
            text = f"existing ephemeral containers {gotext.quote(name)} may not be changed\n{diff}"
            out.append(forbidden_field(path, text))
    return out


def resize(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through ``resize``: cpu and memory only."""
    out = meta.update(new, old) + pod.metadata_and_spec(new)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    if MIRROR in annotations_of(old):
        return [forbidden_field(_WHOLE, "static pods cannot be resized")]
    if (before.get("os") or {}).get("name") == "windows":
        return [forbidden_field(_WHOLE, "windows pods cannot be resized")]
    quality = (old.get("status") or {}).get("qosClass") or qos_class(old)
    if quality != qos_class(new):
        text = "Pod QOS Class may not change as a result of resizing"
        out.append(invalid_value("spec", quality, text))
    if not _node_can_resize(old):
        out.append(forbidden_field("spec", "Pod running on node without support for resize"))
    out += _whole_pod(after, before)
    reordered = _reordered(after, before)
    if reordered:
        return out + reordered
    for key in ("initContainers", "containers"):
        for i, (container, known) in enumerate(_pairs(after, before, key)):
            out += _kept(container, known, f"spec.{key}[{i}].resources")
    out += [
        forbidden_field("spec", "only cpu and memory resources are mutable")
        for container, known in _pairs(after, before, "containers")
        if not same(_without_cpu_and_memory(container, known), known)
    ]
    return out + _init_containers(after, before)


def _node_can_resize(old: Obj) -> bool:
    for status in (old.get("status") or {}).get("containerStatuses") or []:
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _whole_pod(after: Obj, before: Obj) -> Errors:
    new: Obj | None = after.get("resources")
    old: Obj | None = before.get("resources")
    if old is not None and new is None:
        return [forbidden_field("spec.resources", "pod-level resources cannot be removed")]
    out: Errors = []
    for section in ("requests", "limits"):
        if set((old or {}).get(section) or {}) - set((new or {}).get(section) or {}):
            text = f"pod-level resource {section} cannot be removed"
            out.append(forbidden_field(f"spec.resources.{section}", text))
    if not same(*(_others(resources) for resources in (new, old))):
        out.append(forbidden_field("spec", "only cpu and memory resources are mutable at pod-level"))
    return out


def _others(resources: Obj | None) -> Obj:
    """A resource list without cpu and memory."""
    found = resources or {}
    return {
        section: {k: v for k, v in (found.get(section) or {}).items() if k not in _CPU_AND_MEMORY}
        for section in ("requests", "limits")
    }


def _reordered(after: Obj, before: Obj) -> Errors:
    out: Errors = []
    for key in ("containers", "initContainers"):
        new, old = after.get(key) or [], before.get(key) or []
        if len(new) != len(old):
            out.append(forbidden_field(f"spec.{key}", f"{key} may not be added or removed on resize"))
            continue
        text = f"{key} may not be renamed or reordered on resize"
        out += [
            forbidden_field(f"spec.{key}[{i}].name", text)
            for i, (container, known) in enumerate(zip(new, old, strict=True))
            if container.get("name") != known.get("name")
        ]
    return out


def _pairs(after: Obj, before: Obj, key: str) -> list[tuple[Obj, Obj]]:
    return list(zip(after.get(key) or [], before.get(key) or [], strict=False))


def _kept(container: Obj, known: Obj, path: str) -> Errors:
    out: Errors = []
    after, before = container.get("resources") or {}, known.get("resources") or {}
    for section in ("requests", "limits"):
        if set(before.get(section) or {}) - set(after.get(section) or {}):
            out.append(forbidden_field(f"{path}.{section}", f"resource {section} cannot be removed"))
    return out


def _without_cpu_and_memory(container: Obj, known: Obj) -> Obj:
    """*container* with the cpu and memory it had before."""
    out: Obj = clone(container)
    resources: Obj = out.setdefault("resources", {})
    for section in ("requests", "limits"):
        old: Obj = (known.get("resources") or {}).get(section) or {}
        found: dict[str, Any] = dict(resources.get(section) or {})
        for name in _CPU_AND_MEMORY:
            found.pop(name, None)
            if name in old:
                found[name] = old[name]
        resources[section] = found
    return out


def _init_containers(after: Obj, before: Obj) -> Errors:
    out: Errors = []
    for i, (container, known) in enumerate(_pairs(after, before, "initContainers")):
        path = f"spec.initContainers[{i}]"
        if not same(_without_cpu_and_memory(container, known), known):
            text = "only cpu and memory resources for init or sidecar containers are mutable"
            out.append(forbidden_field(path, text))
        restarts = any(
            p.get("restartPolicy") == "RestartContainer" for p in container.get("resizePolicy") or []
        )
        if restarts and container.get("restartPolicy") != "Always" and not same(container, known):
            text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            out.append(forbidden_field(path, text))
    return out


def status(new: Obj, old: Obj) -> Errors:
    """A Pod replaced through ``status``."""
    out = meta.update(new, old) + changed_annotations(new, old)
    after, before = new.get("status") or {}, old.get("status") or {}
    for i, condition in enumerate(after.get("conditions") or []):
        if condition.get("type") not in _SYSTEM_CONDITIONS:
            here = f"metadata.conditions[{i}].Type"
            out += check(here, condition.get("type") or "", names.qualified_name)
    return out + meta.immutable("status.qosClass", after.get("qosClass"), before.get("qosClass"))
