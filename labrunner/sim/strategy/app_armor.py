"""The AppArmor annotations of old on a new pod: they become the fields that took their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from labrunner.sim.objects import Obj, annotations_of

PREFIX: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final[dict[str, Obj]] = {
    "unconfined": {"type": "Unconfined"},
    "runtime/default": {"type": "RuntimeDefault"},
}
_LOCAL: Final = "localhost/"
_LONGEST: Final = 4095


def warning(key: str, base: str) -> str:
    """What the server says of the annotation *key* (the annotations are at *base*) where it stands alone."""
    return f'{base}[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'


def to_fields(pod: Obj) -> list[str]:
    """Give containers the profile that only their annotation names, in place; returns the warnings."""
    found = annotations_of(pod)
    spec: Obj = pod.get("spec") or {}
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    out: list[str] = []
    for container in _containers(spec):
        key = f"{PREFIX}{container.get('name')}"
        own: Obj = container.get("securityContext") or {}
        if key not in found or own.get("appArmorProfile") is not None:
            continue
        profile = _profile(found[key])
        if profile is not None and profile == of_pod:
            continue
        if profile is not None:
            container["securityContext"] = {**own, "appArmorProfile": profile}
        out.append(warning(key, "metadata.annotations"))
    return out


def _containers(spec: Obj) -> Iterator[Obj]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or []


def _profile(annotation: str) -> Obj | None:
    name = annotation.removeprefix(_LOCAL)
    if name != annotation:
        usable = name and name == name.strip() and len(name) <= _LONGEST
        return {"type": "Localhost", "localhostProfile": name} if usable else None
    found = _PROFILES.get(annotation)
    return dict(found) if found is not None else None
