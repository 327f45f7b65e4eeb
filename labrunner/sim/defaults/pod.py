"""Defaults of pods and pod templates."""

from __future__ import annotations

import re
from typing import Final

from labrunner.sim.defaults.fill import default, default_text, items, section
from labrunner.sim.objects import Obj

FILE_MODE: Final = 0o644
TOKEN_SECONDS: Final = 3600

_VOLUME_DEFAULTS: Final[dict[str, Obj]] = {
    "secret": {"defaultMode": FILE_MODE},
    "configMap": {"defaultMode": FILE_MODE},
    "downwardAPI": {"defaultMode": FILE_MODE},
    "projected": {"defaultMode": FILE_MODE},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def pod(obj: Obj) -> None:
    """A Pod: the pod spec and what only real pods get."""
    spec = section(obj, "spec")
    pod_spec(spec)
    default(spec, "enableServiceLinks", True)
    for container in [*items(spec, "containers"), *items(spec, "initContainers")]:
        _requests_from_limits(section(container, "resources"))
    if isinstance(spec.get("resources"), dict):
        _pod_requests(spec)
    if spec.get("hostNetwork"):
        for container in [*items(spec, "containers"), *items(spec, "initContainers")]:
            for port in items(container, "ports"):
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort", 0)


def template(holder: Obj, key: str = "template") -> None:
    """A pod template at *key*."""
    found = section(holder, key)
    section(found, "metadata")
    pod_spec(section(found, "spec"))


def pod_spec(spec: Obj) -> None:
    """A PodSpec wherever it stands."""
    default_text(spec, "dnsPolicy", "ClusterFirst")
    default_text(spec, "restartPolicy", "Always")
    default(spec, "securityContext", {})
    default(spec, "terminationGracePeriodSeconds", 30)
    default_text(spec, "schedulerName", "default-scheduler")
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"]
    for volume in items(spec, "volumes"):
        _volume(volume)
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for found in items(spec, key):
            container(found)
    for constraint in items(spec, "topologySpreadConstraints"):
        if constraint.get("nodeAffinityPolicy") is None:
            constraint.pop("nodeAffinityPolicy", None)


def container(found: Obj) -> None:
    """A container of any sort."""
    default_text(found, "imagePullPolicy", _pull_policy(found.get("image") or ""))
    default_text(found, "terminationMessagePath", "/dev/termination-log")
    default_text(found, "terminationMessagePolicy", "File")
    section(found, "resources")
    for port in items(found, "ports"):
        default_text(port, "protocol", "TCP")
    for variable in items(found, "env"):
        _source_of(variable.get("valueFrom"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(found.get(probe), dict):
            _probe(found[probe])
    lifecycle = found.get("lifecycle")
    for hook in ("postStart", "preStop"):
        if isinstance(lifecycle, dict) and isinstance(lifecycle.get(hook), dict):
            _http_get(lifecycle[hook])
    context = found.get("securityContext")
    if isinstance(context, dict) and context.get("procMount") is None:
        context.pop("procMount", None)


def _pull_policy(image: str) -> str:
    """Always for ``:latest`` and untagged images, unless a digest pins them."""
    if "@" in image:
        return "IfNotPresent"
    tag = re.search(r":([^:/]+)$", image)
    return "Always" if tag is None or tag[1] == "latest" else "IfNotPresent"


def _source_of(source: Obj | None) -> None:
    if not isinstance(source, dict):
        return
    if isinstance(source.get("fieldRef"), dict):
        default_text(source["fieldRef"], "apiVersion", "v1")
    if isinstance(source.get("resourceFieldRef"), dict):
        default(source["resourceFieldRef"], "divisor", "0")


def _http_get(handler: Obj) -> None:
    action = handler.get("httpGet")
    if isinstance(action, dict):
        default_text(action, "path", "/")
        default_text(action, "scheme", "HTTP")


def _probe(probe: Obj) -> None:
    for key, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not probe.get(key):
            probe[key] = value
    _http_get(probe)
    if isinstance(probe.get("grpc"), dict):
        default(probe["grpc"], "service", "")


def _requests_from_limits(resources: Obj) -> None:
    limits = resources.get("limits")
    if isinstance(limits, dict) and limits:
        requests = section(resources, "requests")
        for name, quantity in limits.items():
            default(requests, name, quantity)


def _pod_requests(spec: Obj) -> None:
    """Requests of the pod as a whole: what its containers ask for together, else its limit."""
    from labrunner.sim.validation import pod_resources, quantities  # few pods have resources of their own

    limits = spec["resources"].get("limits")
    if not isinstance(limits, dict) or not limits:
        return
    requests = section(spec["resources"], "requests")
    needed = {name: str(quantity) for name, quantity in pod_resources.aggregate(spec, "requests").items()}
    for name, quantity in {**limits, **needed}.items():
        if not quantities.pod_resource_name(name, ""):
            default(requests, name, quantity)


def _volume(volume: Obj) -> None:
    sources = [key for key, value in volume.items() if key != "name" and value is not None]
    if not sources:
        volume["emptyDir"] = {}
        return
    for key in sources:
        source = volume[key]
        if not isinstance(source, dict):
            continue
        for name, value in _VOLUME_DEFAULTS.get(key, {}).items():
            default(source, name, value)
    for item in items(volume.get("downwardAPI") or {}, "items"):
        _source_of(item)
    for source in items(volume.get("projected") or {}, "sources"):
        token = source.get("serviceAccountToken")
        if isinstance(token, dict):
            default(token, "expirationSeconds", TOKEN_SECONDS)
        for item in items(source.get("downwardAPI") or {}, "items"):
            _source_of(item)
    if isinstance(volume.get("ephemeral"), dict):
        claim = section(volume["ephemeral"], "volumeClaimTemplate")
        default(section(claim, "spec"), "volumeMode", "Filesystem")
    if isinstance(volume.get("image"), dict):
        reference = volume["image"].get("reference") or ""
        default_text(volume["image"], "pullPolicy", _pull_policy(reference))
