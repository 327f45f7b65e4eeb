"""Warnings about a pod or a pod template that is accepted, in the order in which the server finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labrunner.sim import gotext
from labrunner.sim.objects import Obj, annotations_of, get_path
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.strategy import app_armor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OLD_NODE_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
}
_OLD_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
# Fields the server's warnings name otherwise than the API does.
_FIELD_SHOWN: Final = {"storageos": "storageOS"}
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_SYSCTLS: Final = 'non-functional in v1.11+; use the "sysctls" field instead'
_OLD_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": _SYSCTLS,
    "security.alpha.kubernetes.io/unsafe-sysctls": _SYSCTLS,
}
_SECCOMP: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_MATCHES_NOTHING: Final = "a null labelSelector results in matching no pod"
_BYTES: Final = ("memory", "ephemeral-storage")


def pod_warnings(holder: Obj, prefix: str) -> list[str]:
    """Warnings about a pod (prefix "") or about the pod template found at `prefix`."""
    spec: Obj = holder.get("spec") or {}
    base = _join(prefix, "spec")
    out: list[str] = []
    out += _node_labels(spec, base)
    out += _spread(spec, base)
    notes, found = _join(prefix, "metadata.annotations"), annotations_of(holder)
    out += _annotations(holder, notes)
    out += _volumes(spec, base)
    out += _host_aliases(spec, base)
    out += _pull_secrets(spec, base)
    out += fractional_bytes(spec.get("overhead") or {}, f"{base}.overhead", *_BYTES)
    if _SECCOMP_POD in found and get_path(spec, "securityContext", "seccompProfile") is None:
        out.append(f"{notes}[{_SECCOMP_POD}]: {_SECCOMP}")
    for container, path in _containers(spec, base):
        out += _profiles(container, spec, found, notes, template=bool(prefix))
        out += _resources(container, path)
        out += _environment(container, path)
    out += _ports(spec, base)
    seconds = spec.get("terminationGracePeriodSeconds")
    if isinstance(seconds, int) and seconds < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        out.append(f"{base}.terminationGracePeriodSeconds: {text}")
    out += _pod_affinity(spec, base)
    return out


def fractional_bytes(amounts: Obj, base: str, *resources: str) -> list[str]:
    """Warnings about amounts of bytes that are not whole."""
    out = []
    for resource in resources:
        value = amounts.get(resource)
        try:
            fractional = value is not None and Quantity.parse(value).nanos % 10**9 != 0
        except QuantityError:
            continue
        if fractional:
            out.append(f'{base}[{resource}]: fractional byte value "{value}" is invalid, must be an integer')
    return out


def old_volumes(source: Obj, base: str) -> list[str]:
    """Warnings about kinds of volumes that no longer work or soon will not."""
    return [
        f"{base}.{_FIELD_SHOWN.get(key, key)}: {text}"
        for key, text in _OLD_VOLUMES.items()
        if source.get(key)
    ]


def _join(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix else path


def _containers(spec: Obj, base: str) -> Iterator[tuple[Obj, str]]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(key) or []):
            yield container, f"{base}.{key}[{i}]"


def _node_labels(spec: Obj, base: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or {}:
        if key in OLD_NODE_LABELS:
            yield f"{base}.nodeSelector[{key}]: {OLD_NODE_LABELS[key]}"
    affinity: Obj = get_path(spec, "affinity", "nodeAffinity", default={})
    path = f"{base}.affinity.nodeAffinity"
    for i, term in enumerate(get_path(affinity, _REQUIRED, "nodeSelectorTerms", default=[])):
        yield from _node_term(term, f"{path}.{_REQUIRED}.nodeSelectorTerms[{i}]")
    for i, weighted in enumerate(affinity.get(_PREFERRED) or []):
        yield from _node_term(weighted.get("preference") or {}, f"{path}.{_PREFERRED}[{i}].preference")


def _node_term(term: Obj, base: str) -> Iterator[str]:
    for i, expression in enumerate(term.get("matchExpressions") or []):
        key = expression.get("key", "")
        if key in OLD_NODE_LABELS:
            yield f"{base}.matchExpressions[{i}].key: {key} is {OLD_NODE_LABELS[key]}"


def _spread(spec: Obj, base: str) -> Iterator[str]:
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or []):
        path = f"{base}.topologySpreadConstraints[{i}]"
        key = constraint.get("topologyKey", "")
        if key in OLD_NODE_LABELS:
            yield f"{path}.topologyKey: {key} is {OLD_NODE_LABELS[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{path}.labelSelector: {_MATCHES_NOTHING}"


def _pod_affinity(spec: Obj, base: str) -> Iterator[str]:
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity: Obj = get_path(spec, "affinity", kind, default={})
        path = f"{base}.affinity.{kind}"
        for i, term in enumerate(affinity.get(_REQUIRED) or []):
            if term.get("labelSelector") is None:
                yield f"{path}.{_REQUIRED}[{i}].labelSelector: {_MATCHES_NOTHING}"
        for i, weighted in enumerate(affinity.get(_PREFERRED) or []):
            if get_path(weighted, "podAffinityTerm", "labelSelector") is None:
                yield f"{path}.{_PREFERRED}[{i}].podAffinityTerm.labelSelector: {_MATCHES_NOTHING}"


def _annotations(holder: Obj, base: str) -> Iterator[str]:
    for key, text in _OLD_ANNOTATIONS.items():
        if key in annotations_of(holder):
            yield f"{base}[{key}]: {text}"


def _profiles(
    container: Obj, spec: Obj, found: dict[str, str], base: str, *, template: bool
) -> Iterator[str]:
    """Annotations that name profiles of a container whose fields name none."""
    own: Obj = container.get("securityContext") or {}
    around: Obj = spec.get("securityContext") or {}
    key = f"{_SECCOMP_CONTAINER}{container.get('name')}"
    if key in found and own.get("seccompProfile") is None:
        yield f"{base}[{key}]: {_SECCOMP}"
    key = f"{app_armor.PREFIX}{container.get('name')}"
    # On a pod the annotation has become the field by now, with a warning of its own.
    if template and key in found and not (own.get("appArmorProfile") or around.get("appArmorProfile")):
        yield app_armor.warning(key, base)


def _volumes(spec: Obj, base: str) -> Iterator[str]:
    volumes: list[Obj] = spec.get("volumes") or []
    for i, volume in enumerate(volumes):
        yield from old_volumes(volume, f"{base}.volumes[{i}]")
        for section in ("requests", "limits"):
            claim = ("ephemeral", "volumeClaimTemplate", "spec", "resources", section)
            amounts: Obj = get_path(volume, *claim, default={})
            yield from fractional_bytes(amounts, f"{base}.volumes[{i}].{'.'.join(claim)}", "storage")
    for volume in volumes:
        yield from _overlapping(volume)


# A file a volume would write: its path and where the content comes from ("" outside projected volumes).
_File = tuple[str, str]


def _overlapping(volume: Obj) -> Iterator[str]:
    subject = f"volume {gotext.quote(volume.get('name') or '')}"
    for key, name_field, kind in (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")):
        if key in volume:
            source: Obj = volume[key] or {}
            what = f"{kind} {gotext.quote(source.get(name_field) or '')}"
            yield from _clashes(f"{subject} ({what})", _files(source, ""))
    if "downwardAPI" in volume:
        yield from _clashes(f"{subject} (DownwardAPI)", _files(volume["downwardAPI"] or {}, ""))
    sources: list[Obj] = get_path(volume, "projected", "sources", default=[])
    files = [found for source in sources for found in _projected_files(source)]
    yield from _clashes(f"{subject} (Projected)", files)


def _projected_files(source: Obj) -> Iterator[_File]:
    for key, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if key in source:
            yield from _files(source[key], f"{kind} {gotext.quote(source[key].get('name') or '')}")
    if "downwardAPI" in source:
        yield from _files(source["downwardAPI"], "DownwardAPI")
    if "serviceAccountToken" in source:
        yield source["serviceAccountToken"].get("path") or "", "ServiceAccountToken"


def _files(source: Obj, origin: str) -> list[_File]:
    return [(item.get("path") or "", origin) for item in source.get("items") or []]


def _clashes(subject: str, files: Iterable[_File]) -> Iterator[str]:
    seen: list[_File] = []
    for path, origin in files:
        path = path.rstrip("/")
        for other, other_origin in seen:
            if path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/"):
                yield f"{subject}: overlapping paths: {_shown(path, origin)} with {_shown(other, other_origin)}"
        seen.append((path, origin))


def _shown(path: str, origin: str) -> str:
    return f"{gotext.quote(path)} ({origin})" if origin else gotext.quote(path)


def _host_aliases(spec: Obj, base: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, alias in enumerate(spec.get("hostAliases") or []):
        address = alias.get("ip") or ""
        if address in seen:
            yield f"{base}.hostAliases[{i}].ip: duplicate ip {gotext.quote(address)}"
        seen.add(address)


def _pull_secrets(spec: Obj, base: str) -> Iterator[str]:
    chosen = [item.get("name") or "" for item in spec.get("imagePullSecrets") or []]
    for i, name in enumerate(chosen):
        if name and name in chosen[:i]:
            yield f"{base}.imagePullSecrets[{i}].name: duplicate name {gotext.quote(name)}"
    for i, name in enumerate(chosen):
        if not name:
            yield f'{base}.imagePullSecrets[{i}].name: invalid empty name ""'


def _resources(container: Obj, base: str) -> Iterator[str]:
    resources: Obj = container.get("resources") or {}
    for section in ("limits", "requests"):
        yield from fractional_bytes(resources.get(section) or {}, f"{base}.resources.{section}", *_BYTES)


def _environment(container: Obj, base: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, variable in enumerate(container.get("env") or []):
        name = variable.get("name") or ""
        value = variable.get("value") or ""
        reference = f"$({name})"
        if name in seen and (variable.get("valueFrom") or value == reference or reference not in value):
            text = f"hides previous definition of {gotext.quote(name)}, which may be dropped when using apply"
            yield f"{base}.env[{i}]: {text}"
        seen.add(name)


def _ports(spec: Obj, base: str) -> Iterator[str]:
    seen: dict[tuple[object, object], list[tuple[str, Obj]]] = {}
    for container, container_path in _containers(spec, base):
        for i, port in enumerate(container.get("ports") or []):
            path = f"{container_path}.ports[{i}]"
            if port.get("hostIP") and not port.get("hostPort"):
                yield f"{path}: hostIP set without hostPort: {_shown_port(port)}"
            same = seen.setdefault((port.get("containerPort"), port.get("protocol") or "TCP"), [])
            for other_path, other in same:
                problem = _port_problem(port, other)
                if problem:
                    yield f"{path}: {problem} port definition with {other_path}"
            same.append((path, port))


def _shown_port(port: Obj) -> str:
    """A port as Go prints the structure with ``%+v``."""
    name, protocol = port.get("name") or "", port.get("protocol") or "TCP"
    numbers = f"HostPort:{port.get('hostPort') or 0} ContainerPort:{port.get('containerPort') or 0}"
    return f"{{Name:{name} {numbers} Protocol:{protocol} HostIP:{port.get('hostIP') or ''}}}"


def _port_problem(port: Obj, other: Obj) -> str:
    number, other_number = port.get("hostPort") or 0, other.get("hostPort") or 0
    address, other_address = port.get("hostIP") or "", other.get("hostIP") or ""
    if number == other_number and address == other_address:
        return "duplicate"
    if not number or not other_number:
        return "overlapping"
    if number == other_number and (not address or not other_address):
        return "dangerously ambiguous"
    return ""
