"""Warnings that go back with an accepted object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from labrunner.sim import gotext, names
from labrunner.sim.objects import Obj, annotations_of, get_path, name_of
from labrunner.sim.quantity import Quantity, QuantityError
from labrunner.sim.strategy.services import is_headless
from labrunner.sim.validation.syntax import parse_cidr, parse_ip

if TYPE_CHECKING:
    from labrunner.sim.resources import ResourceType

_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "pods": (),
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
_OLD_NODE_LABELS: Final = {
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


def warnings(new: Obj, old: Obj | None, rt: ResourceType, subresource: str = "") -> list[str]:
    """Warnings for the client about an object that is accepted (deprecated fields, duplicate names...)."""
    if rt.custom or subresource or get_path(new, "metadata", "deletionTimestamp") is not None:
        return []
    gr = rt.storage_gr
    out: list[str] = []
    if gr in _TEMPLATES and (old is None or new.get("spec") != old.get("spec")):
        if old is None:
            out += _hostname(name_of(new), gr)
        path = _TEMPLATES[gr]
        holder: Obj = get_path(new, *path, default={}) if path else new
        out += _pod(holder, ".".join(path))
    elif gr == "services":
        out += _service(new)
    elif gr == "ingresses.networking.k8s.io" and old is None:
        if "kubernetes.io/ingress.class" in annotations_of(new):
            text = "is deprecated, please use 'spec.ingressClassName' instead"
            out.append(f'annotation "kubernetes.io/ingress.class" {text}')
    elif gr == "persistentvolumes":
        out += _volume(new)
    elif gr == "persistentvolumeclaims":
        out += _fractional(get_path(new, "spec", "resources", default={}), "spec.resources", "storage")
    elif gr == "networkpolicies.networking.k8s.io":
        out += _network_policy(new)
    elif gr == "serviceaccounts":
        key = "kubernetes.io/enforce-mountable-secrets"
        if annotations_of(new).get(key) and (old is None or key not in annotations_of(old)):
            text = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
            out.append(f"metadata.annotations[{key}]: {text}")
    return out


def _hostname(name: str, gr: str) -> list[str]:
    problems = names.dns_label(name) if name else []
    if not problems or gr == "podtemplates":
        return []
    use = "the Pod's hostname" if gr == "pods" else "Pod names and hostnames"
    shown = " ".join(problems)
    text = f"this is used in {use}, which can result in surprising behavior; a DNS label is recommended"
    return [f"metadata.name: {text}: [{shown}]"]


def _join(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix else path


def _pod(holder: Obj, prefix: str) -> list[str]:
    spec: Obj = holder.get("spec") or {}
    out: list[str] = []
    base = _join(prefix, "spec")
    chosen = [key for key in spec.get("nodeSelector") or {} if key in _OLD_NODE_LABELS]
    out += [f"{base}.nodeSelector[{key}]: {_OLD_NODE_LABELS[key]}" for key in chosen]
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or []):
        text = _OLD_NODE_LABELS.get(constraint.get("topologyKey", ""))
        if text:
            out.append(
                f"{base}.topologySpreadConstraints[{i}].topologyKey: {constraint['topologyKey']} is {text}"
            )
    out += _annotations(holder, _join(prefix, "metadata.annotations"))
    out += _duplicates(spec.get("imagePullSecrets") or [], f"{base}.imagePullSecrets")
    for i, volume in enumerate(spec.get("volumes") or []):
        out += [f"{base}.volumes[{i}].{key}: {text}" for key, text in _OLD_VOLUMES.items() if volume.get(key)]
    seconds = spec.get("terminationGracePeriodSeconds")
    if isinstance(seconds, int) and seconds < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        out.append(f"{base}.terminationGracePeriodSeconds: {text}")
    for key in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(key) or []):
            out += _container(container, f"{base}.{key}[{i}]")
    return out


def _annotations(holder: Obj, base: str) -> list[str]:
    out = []
    for key in sorted(annotations_of(holder)):
        if key == "scheduler.alpha.kubernetes.io/critical-pod":
            out.append(f'{base}[{key}]: non-functional in v1.16+; use the "priorityClassName" field instead')
        elif key.startswith(("seccomp.security.alpha.kubernetes.io", "container.seccomp.security.alpha")):
            out.append(f'{base}[{key}]: non-functional in v1.27+; use the "seccompProfile" field instead')
        elif key.startswith("container.apparmor.security.beta.kubernetes.io/"):
            out.append(f'{base}[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead')
    return out


def _duplicates(items: list[Obj], base: str) -> list[str]:
    out, seen = [], set()
    for i, item in enumerate(items):
        name = item.get("name") or ""
        if not name:
            out.append(f'{base}[{i}].name: invalid empty name ""')
        elif name in seen:
            out.append(f"{base}[{i}].name: duplicate name {gotext.quote(name)}")
        seen.add(name)
    return out


def _container(container: Obj, base: str) -> list[str]:
    out: list[str] = []
    resources: Obj = container.get("resources") or {}
    out += _fractional(resources, f"{base}.resources", "memory", "ephemeral-storage")
    seen: set[str] = set()
    for i, variable in enumerate(container.get("env") or []):
        name = variable.get("name") or ""
        value = variable.get("value") or ""
        if name in seen and f"$({name})" not in value:
            shown = gotext.quote(name)
            text = f"hides previous definition of {shown}, which may be dropped when using apply"
            out.append(f"{base}.env[{i}]: {text}")
        seen.add(name)
    return out + _ports(container.get("ports") or [], f"{base}.ports")


def _ports(ports: list[Obj], base: str) -> list[str]:
    out: list[str] = []
    seen: dict[tuple[Any, ...], int] = {}
    for i, port in enumerate(ports):
        key = (port.get("containerPort"), port.get("protocol"), port.get("hostIP"), port.get("hostPort"))
        if key in seen and not port.get("hostPort"):
            out.append(f"{base}[{i}]: duplicate port definition with {base}[{seen[key]}]")
        seen.setdefault(key, i)
    return out


def _fractional(resources: Obj, base: str, *names_: str) -> list[str]:
    out = []
    for section in ("limits", "requests"):
        for name in names_:
            value = (resources.get(section) or {}).get(name)
            try:
                fractional = value is not None and Quantity.parse(value).nanos % 10**9 != 0
            except QuantityError:
                continue
            if fractional:
                text = f'fractional byte value "{value}" is invalid, must be an integer'
                out.append(f"{base}.{section}[{name}]: {text}")
    return out


def _service(service: Obj) -> list[str]:
    spec: Obj = service.get("spec") or {}
    out: list[str] = []
    if "service.kubernetes.io/topology-aware-hints" in annotations_of(service):
        text = "please use annotation service.kubernetes.io/topology-mode instead"
        out.append(f"metadata.annotations[service.kubernetes.io/topology-aware-hints] is deprecated, {text}")
    if is_headless(spec):
        if spec.get("loadBalancerIP"):
            out.append("spec.loadBalancerIP is ignored for headless services")
        if spec.get("externalIPs"):
            out.append("spec.externalIPs is ignored for headless services")
        if spec.get("sessionAffinity", "None") != "None":
            out.append("spec.SessionAffinity is ignored for headless services")
    if spec.get("type") == "ExternalName" and spec.get("externalIPs"):
        out.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.get("type") != "ExternalName" and spec.get("externalName"):
        out.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    return out


def _volume(volume: Obj) -> list[str]:
    spec: Obj = volume.get("spec") or {}
    out = [f"spec.{key}: {text}" for key, text in _OLD_VOLUMES.items() if spec.get(key)]
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = (
            "The Recycle reclaim policy is deprecated. "
            "Instead, the recommended approach is to use dynamic provisioning."
        )
        out.append(f"spec.persistentVolumeReclaimPolicy: {text}")
    return out


def _network_policy(policy: Obj) -> list[str]:
    out: list[str] = []
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(get_path(policy, "spec", direction, default=[])):
            for j, peer in enumerate(rule.get(peers) or []):
                block: Obj = peer.get("ipBlock") or {}
                base = f"spec.{direction}[{i}].{peers}[{j}].ipBlock"
                values = [(f"{base}.cidr", block.get("cidr") or "")]
                values += [(f"{base}.except[{k}]", v) for k, v in enumerate(block.get("except") or [])]
                for path, value in values:
                    out += _ambiguous(path, value)
    return out


def _ambiguous(path: str, value: str) -> list[str]:
    network = parse_cidr(value)
    if network is None or parse_ip(value.partition("/")[0]) == network.network_address:
        return []
    return [f'{path}: CIDR value "{value}" is ambiguous in this context (should be "{network}"?)']
