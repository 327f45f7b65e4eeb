"""The controls that *restricted* adds. As they are today, or as before: *windows* judges Windows pods too, *own_users*
lets users be who they like in pods with a user namespace.
"""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.pod_security.visit import (
    Violation,
    containers,
    context,
    is_windows,
    named,
    plural,
    quoted,
)
from labrunner.sim.objects import Obj

_VOLUMES: Final = frozenset(
    (
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    )
)
_SECCOMP: Final = ("RuntimeDefault", "Localhost")


def privilege_escalation(pod: Obj, *, windows: bool = False) -> Violation | None:
    """Containers must forgo gaining privileges."""
    spec: Obj = pod.get("spec") or {}
    if is_windows(spec) and not windows:
        return None
    bad = [
        c.get("name", "") for c in containers(spec) if context(c).get("allowPrivilegeEscalation") is not False
    ]
    if not bad:
        return None
    text = f"{named(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", text)


def capabilities(pod: Obj, *, windows: bool = False) -> Violation | None:
    """All capabilities dropped, at most NET_BIND_SERVICE added back."""
    spec: Obj = pod.get("spec") or {}
    if is_windows(spec) and not windows:
        return None
    keeping: list[str] = []
    adding: list[str] = []
    added: set[str] = set()
    for container in containers(spec):
        found: Obj = context(container).get("capabilities") or {}
        if "ALL" not in (found.get("drop") or []):
            keeping.append(container.get("name", ""))
        extra = {c for c in found.get("add") or [] if c != "NET_BIND_SERVICE"}
        if extra:
            adding.append(container.get("name", ""))
            added |= extra
    details = []
    if keeping:
        details.append(f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        text = f"{named(adding)} must not include {quoted(sorted(added))} in securityContext.capabilities.add"
        details.append(text)
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


def volumes(pod: Obj) -> Violation | None:
    """Only volumes that belong to the cluster's API."""
    bad: list[str] = []
    types: set[str] = set()
    for volume in (pod.get("spec") or {}).get("volumes") or []:
        sources = {key for key, value in volume.items() if key != "name" and value is not None}
        if sources and not sources & _VOLUMES:
            bad.append(volume.get("name", ""))
            types |= sources
    if not bad:
        return None
    use = f"{plural('uses', 'use', len(bad))} restricted volume {plural('type', 'types', len(types))}"
    return Violation(
        "restricted volume types", f"{named(bad, 'volume', 'volumes')} {use} {quoted(sorted(types))}"
    )


def non_root(pod: Obj, *, own_users: bool = True) -> Violation | None:
    """Nothing runs as root."""
    spec: Obj = pod.get("spec") or {}
    if own_users and spec.get("hostUsers") is False:
        return None
    for_pod = context(spec).get("runAsNonRoot")
    setters = ["pod"] if for_pod is False else []
    explicit = [c.get("name", "") for c in containers(spec) if context(c).get("runAsNonRoot") is False]
    if explicit:
        setters.append(named(explicit))
    if setters:
        text = f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"
        return Violation("runAsNonRoot != true", text)
    if for_pod:
        return None
    silent = [c.get("name", "") for c in containers(spec) if context(c).get("runAsNonRoot") is None]
    if not silent:
        return None
    text = f"pod or {named(silent)} must set securityContext.runAsNonRoot=true"
    return Violation("runAsNonRoot != true", text)


def user(pod: Obj, *, own_users: bool = True) -> Violation | None:
    """User 0 is root under any name."""
    spec: Obj = pod.get("spec") or {}
    if own_users and spec.get("hostUsers") is False:
        return None
    setters = ["pod"] if context(spec).get("runAsUser") == 0 else []
    bad = [c.get("name", "") for c in containers(spec) if context(c).get("runAsUser") == 0]
    if bad:
        setters.append(named(bad))
    return Violation("runAsUser=0", f"{' and '.join(setters)} must not set runAsUser=0") if setters else None


def seccomp(pod: Obj, *, windows: bool = False) -> Violation | None:
    """A seccomp profile is chosen."""
    spec: Obj = pod.get("spec") or {}
    if is_windows(spec) and not windows:
        return None
    for_pod = (context(spec).get("seccompProfile") or {}).get("type")
    setters, values = [], set()
    if for_pod and for_pod not in _SECCOMP:
        setters.append("pod")
        values.add(for_pod)
    explicit: list[str] = []
    silent: list[str] = []
    for container in containers(spec):
        own = (context(container).get("seccompProfile") or {}).get("type")
        if own and own not in _SECCOMP:
            explicit.append(container.get("name", ""))
            values.add(own)
        elif not own and for_pod not in _SECCOMP:
            silent.append(container.get("name", ""))
    if explicit:
        setters.append(named(explicit))
    if setters:
        shown = quoted(sorted(values))
        text = f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {shown}"
        return Violation("seccompProfile", text)
    if not silent:
        return None
    text = f'pod or {named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", text)
